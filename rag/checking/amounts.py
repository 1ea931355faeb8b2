"""Amounts in a text: value or range, unit, bound, and how often. Pure.

`0.03g`, `30 mg` and `三十毫克` are one amount; so are `每日3次`, `一天三次`, `tid` and `每8小时1次`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.checking.amount import PER_DAY, TIMES, Amount
from rag.checking.bounds import period_spans, with_surroundings
from rag.checking.numerals import decimals_of, value_of
from rag.text import Quantity, quantities

_BASE: Mapping[str, tuple[float, str]] = {
    "g": (1e6, "μg"), "mg": (1e3, "μg"), "kg": (1e9, "μg"), "ng": (1e-3, "μg"),
    "g/kg": (1e6, "μg/kg"), "mg/kg": (1e3, "μg/kg"),
    "g/天": (1e6, "μg/天"), "mg/天": (1e3, "μg/天"),
    "l": (1e6, "μl"), "ml": (1e3, "μl"), "l/min": (1e3, "ml/min"), "l/h": (1e3, "ml/h"),
    "mol/l": (1e9, "nmol/l"), "mmol/l": (1e6, "nmol/l"), "μmol/l": (1e3, "nmol/l"),
    "g/l": (1e6, "ng/ml"), "mg/l": (1e3, "ng/ml"), "μg/l": (1.0, "ng/ml"), "mg/ml": (1e6, "ng/ml"),
    "μg/ml": (1e3, "ng/ml"), "ng/l": (1e-3, "ng/ml"), "pg/ml": (1e-3, "ng/ml"), "mg/dl": (1e4, "ng/ml"),
    "g/dl": (1e7, "ng/ml"),
    "万单位": (1e4, "单位"), "kcal": (4.184, "kj"), "cm": (10.0, "mm"), "m": (1e3, "mm"), "‰": (0.1, "%"),
    "成": (10.0, "%"),
    "周": (7 * 24 * 60.0, "分钟"), "天": (24 * 60.0, "分钟"), "h": (60.0, "分钟"), "秒": (1 / 60, "分钟"),
    "年": (12.0, "个月"), "岁": (12.0, "个月"), "月": (1.0, "个月"), "月龄": (1.0, "个月"),
    "例": (1.0, "人"), "名": (1.0, "人"), "patients": (1.0, "人"), "patient": (1.0, "人"),
}  # fmt: skip
"""Unit -> (factor, unit of the same kind that all are told in)."""

_NUMBER = r"(?:\d+(?:\.\d+)?|[一二两三四五六七八九十半]+)"
_EVERY = re.compile(
    rf"每隔?(?P<n>{_NUMBER})(?:(?:-|~|–|—|至|到)(?P<m>{_NUMBER}))?个?(?P<unit>小时|分钟|天|日|周|星期|月|h)"
    rf"|every (?P<en>\d+)(?:(?:-|–| to | or )(?P<em>\d+))? (?P<eunit>hour|day|week|month)s?"
    rf"|\bq(?P<qn>\d+)(?P<qunit>h|d)\b"
)
_DAYS = {"分钟": 1 / 1440, "小时": 1 / 24,
         "h": 1 / 24, "hour": 1 / 24, "天": 1.0, "日": 1.0, "d": 1.0, "day": 1.0, "周": 7.0,
         "星期": 7.0, "week": 7.0, "月": 30.0, "month": 30.0}  # fmt: skip
_LATIN_RATE = re.compile(
    r"\b(?P<code>qd|bid|tid|qid|qod|qn|qw|b\.i\.d\.|t\.i\.d\.|q\.i\.d\.|q\.d\.)(?![a-z])"
    r"|\b(?P<count>once|twice|thrice|(?P<n>\d+|one|two|three|four|five|six)(?:(?:-| to | or )(?P<m>\d+|two|three|"
    r"four|five|six))? times)"
    r"(?:[ -](?P<per>daily|weekly|monthly|nightly|(?:a|per|each|every) (?:day|week|month|night)))?\b"
)
_CODES = {"qd": 1.0, "bid": 2.0, "tid": 3.0, "qid": 4.0, "qod": 0.5, "qn": 1.0, "qw": 1 / 7}
_COUNTS = {"once": 1, "twice": 2, "thrice": 3, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_SPELT = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|eighteen|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b(?= ?(?:percent|per cent|days?|weeks?|months?|years?|"
    r"hours?|minutes?|times|doses?|tablets?|patients?))"
)
_SPELT_VALUES = dict(
    zip(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen eighteen "
        "twenty thirty forty fifty sixty seventy eighty ninety".split(),
        (*range(1, 17), 18, *range(20, 100, 10)),
        strict=True,
    )
)
_SHARE = re.compile(
    r"(百|千|万|[二三四五六七八九十])分之([零一二两三四五六七八九十百]+|\d+(?:\.\d+)?)(点[零一二三四五六七八九]+)?"
)
_TENTHS = re.compile(r"([一二两三四五六七八九])成(?![人年熟分])(?:半)?")
_AND_A_HALF = re.compile(rf"({_NUMBER})个?半(小时|月|年)|({_NUMBER})(年|岁|天|周)半")


def amounts(text: str) -> list[Amount]:
    """Every amount of one clause of normalised `text`, in order. Offsets refer to `text`."""
    taken: list[Amount] = [*_rates(text), *_shares(text), *_spelt(text)]
    blocked = [(a.start, a.end) for a in taken] + period_spans(text)
    free = [part for q in quantities(text) for part in _changes(text, q)]
    free = [q for q in free if not any(start < q.end and q.start < end for start, end in blocked)]
    blocked = [m.span() for m in _NAMES.finditer(text)]
    free = [q for q in free if not _inside_a_name(text, q) and not any(a <= q.start < b for a, b in blocked)]
    found = _ranges(text, sorted([*taken, *(_amount(q) for q in free)], key=lambda a: a.start))
    return [with_surroundings(text, amount, found) for amount in found]


def _ranges(text: str, found: Sequence[Amount]) -> list[Amount]:
    """`6个月至5岁` is one range, told in two units."""
    ranges: list[Amount] = []
    for amount in found:
        first = ranges[-1] if ranges else None
        if first and _opens_range(first, amount) and _TO.fullmatch(text, first.end, amount.start):
            ranges[-1] = replace(first, high=amount.high, end=amount.end)
        else:
            ranges.append(amount)
    return ranges


def _opens_range(first: Amount, last: Amount) -> bool:
    timed = first.unit == last.unit and first.unit in ("分钟", "个月")
    return timed and first.low == first.high < last.low == last.high


def _changes(text: str, q: Quantity) -> list[Quantity]:
    """`from 3.9% to 1.4%` are two values, no range."""
    found = _TO.search(text, q.start, q.end)
    if found is None or not (q.low > q.high or text[: q.start].endswith("from ")):
        return [q]
    return [
        replace(q, high=q.low, end=found.start()),
        replace(q, low=q.high, start=found.end()),
    ]


_TO = re.compile(r"%? ?(?:to|至|到|-|~|–) ?")


def _amount(q: Quantity) -> Amount:
    factor, unit = _BASE.get(q.unit, (1.0, q.unit))
    return Amount(q.low * factor, q.high * factor, unit, q.start, q.end)


def _rates(text: str) -> list[Amount]:
    """`每8小时1次`, `tid`, `twice daily`: so many times a day."""
    found = []
    for match in _EVERY.finditer(text):
        low = value_of(match["n"] or match["en"] or match["qn"])
        high = value_of(match["m"] or match["em"] or "") or low
        days = _DAYS[match["unit"] or match["eunit"] or match["qunit"]]
        if low:
            rate = (1 / (high * days), 1 / (low * days))
            found.append(Amount(*rate, TIMES, match.start(), _once_behind(text, match.end()), per=PER_DAY))
    for match in _LATIN_RATE.finditer(text):
        if match["code"]:
            times = _CODES[match["code"].replace(".", "")]
            found.append(Amount(times, times, TIMES, match.start(), match.end(), per=PER_DAY))
            continue
        count = float(_COUNTS.get(match["n"] or match["count"]) or int(match["n"]))
        most = float(_COUNTS.get(match["m"]) or int(match["m"])) if match["m"] else count
        period = next((p for p in ("week", "month") if p in (match["per"] or "")), "day")
        per = PER_DAY if match["per"] else ""
        found.append(Amount(count / _DAYS[period], most / _DAYS[period], TIMES, match.start(), match.end(), per=per))
    return found


_NAMES = re.compile(
    r"百日咳|十滴水|[一三]日疟|一次性|千年健|万年青|百年|三伏天|一月经|一人|一名|一例|(?<!分)两次(?=用药|给药|服药|"
    r"之间|间隔)|(?<=[为是天日周月年])(?:一|1)个?疗程|两药|万一|十分(?!钟)"
)
"""Numerals that count nothing."""
_NAME_BEFORE = re.compile(r"(?:[a-zα-ω][-*]?|(?<!\d)[-*])$")
_NAME_AFTER = re.compile(r"[-*]?[a-zα-ω*]|型|期(?!间)|级|度|联|线|号")


def _inside_a_name(text: str, q: Quantity) -> bool:
    """`B12`, `HLA-B*5801`, `2型`, `71型`: part of a name."""
    if q.unit:
        return bool(re.search(r"[a-zα-ω]$|[a-z][-*]$", text[: q.start])) and not text[q.start - 1 : q.start].isspace()
    return bool(_NAME_BEFORE.search(text[: q.start]) or _NAME_AFTER.match(text, q.end))


_ONCE = re.compile(r"(?:[^，,。；;\d]{0,4}?(?:1|一)次)?")


def _once_behind(text: str, end: int) -> int:
    """Where `1次` behind `每8小时` ends: it says nothing more."""
    match = _ONCE.match(text, end)
    return match.end() if match else end


def _shares(text: str) -> list[Amount]:
    """`三成`, `百分之三十`, `三分之一` as per cent, `一个半小时` as what it is."""
    found = []
    for match in _SHARE.finditer(text):
        whole = {"百": 100.0, "千": 1000.0, "万": 10000.0}.get(match[1]) or value_of(match[1])
        value = value_of(match[2]) + (decimals_of(match[3]) if match[3] else 0.0)
        share = 100 * value / whole
        found.append(Amount(share, share, "%", match.start(), match.end()))
    for match in _TENTHS.finditer(text):
        share = 10 * value_of(match[1]) + (5 if match[0].endswith("半") else 0)
        found.append(Amount(share, share, "%", match.start(), match.end()))
    for match in _AND_A_HALF.finditer(text):
        unit = {"小时": "h", "月": "个月"}.get(match[2] or match[4], match[2] or match[4])
        number = match[1] or match[3]
        if number != "半":
            factor, base = _BASE.get(unit, (1.0, unit))
            value = (value_of(number) + 0.5) * factor
            found.append(Amount(value, value, base, match.start(), match.end()))
    return found


def _spelt(text: str) -> list[Amount]:
    """`fourteen days`: English numerals before a unit."""
    found = []
    for match in _SPELT.finditer(text):
        rest = text[match.end() :].lstrip()
        unit = re.match(r"percent|per cent|[a-z]+", rest)
        value = float(_SPELT_VALUES[match[1]])
        if unit:
            name = "%" if unit[0].startswith("per") else unit[0]
            quantity = quantities(f"1{name}" if name == "%" else f"1 {name}")
            end = match.end() + (len(text) - match.end() - len(rest)) + unit.end()
            if quantity and quantity[0].unit:
                factor, base = _BASE.get(quantity[0].unit, (1.0, quantity[0].unit))
                found.append(Amount(value * factor, value * factor, base, match.start(), end))
    return found
