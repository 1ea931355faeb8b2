"""What stands beside an amount: its bound (`至少`, `以内`) and its period (`每日`, `睡前`). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.checking.amount import IN_DAYS, PER_DAY, PER_DOSE, PER_MORNING, PER_NIGHT, TIMES, Amount

_PERIOD = re.compile(
    r"(?P<dose>每次|单次|每回|(?<![\d日天周月时h每])1次(?= ?\d)|"
    r"一次(?=[^，,。；;]{0,6}?[\d一二两三四五六七八九十半])|一回(?=[^，,。；;]{0,6}?\d)|"
    r"per dose|each dose)"
    r"|(?P<night>每晚|每夜|晚上|睡前|nightly|each evening|every evening|each night|every night|at bedtime)"
    r"|(?P<morning>每早|每晨|晨服|晨起|早上|早晨|清晨|each morning|every morning)"
    r"|(?P<day>每日|每天|一[日天](?=[^，,。；;]{0,8}?[\d一二两三四五六七八九十])|日服|"
    r"(?<![\d一二两三四五六七八九十至第每隔])日(?=[一二三四两\d]次)|/日|/天|/d(?![a-z])|"
    r"\bdaily\b|\bper day\b|\ba day\b|"
    r"\beach day\b|\bevery day\b)"
    r"|(?P<week>每周|每星期|一周(?=[一二两三四五六七\d]*次)|/周|\bweekly\b|\bper week\b|\ba week\b|\beach week\b|"
    r"\bevery week\b)"
    r"|(?P<month>每月|每个月|\bmonthly\b|\bper month\b|\ba month\b|\bevery month\b)"
    r"|(?P<year>每年|\byearly\b|\bper year\b|\ba year\b)"
    r"|(?P<hour>每小时|/小时|\bper hour\b|\bhourly\b|\ban hour\b)|(?P<minute>每分钟?|/分钟?|\bper minute\b)"
    r"|(?P<alternate>隔日|隔天|every other day)"
)
_PERIOD_NAMES = {"dose": PER_DOSE, "night": PER_NIGHT, "morning": PER_MORNING, "day": PER_DAY, "week": "周",
                 "month": "月", "year": "年", "hour": "小时", "minute": "分", "alternate": "隔日"}  # fmt: skip

_TAKEN = (
    "(?:要|需要?|须|应该?|得)?(?:连续|坚持|持续)?"
    "(?:[用服给停]药|服用|使用|应用|治疗|观察|随访|休息|[间相]?隔|相距|错开|隔开|监测|摄入|[用服吃饮喝补])?"
)
"""What may stand between a bound and its amount: `至少要用药4周`."""
_AT_MOST_BEFORE = re.compile(
    r"(?:(?:最多|至多)?不(?:得|能|可|应|宜|要)?(?:超过|多于|大于|高于|长于|晚于)|勿超过|未超过|最多|至多|(?:最大|最高)(?:每日|单次|"
    r"日)?(?:剂量|用量|量)?|极量|上限|低于|小于|少于|不足|不到|不满|未满|"
    r"[<≤]|at most|up to|no more than|not more than|not exceed(?:ing)?|below|under|less than|fewer than|"
    r"maximum(?: (?!is)[a-z]+){0,4}(?: is)?|no more than|"
    rf"younger than|within|lower than)[为是约用服吃饮输补:]?{_TAKEN}(?:每日|每天|一日)? ?$"
)
_AT_LEAST_BEFORE = re.compile(
    r"(?:不(?:得|能|可|应|宜)?(?:少于|低于|小于|短于|早于)|至少|起码|"
    r"(?<![未不胀充肥])满|最少|最低|超过|大于|高于|多于|逾|[>≥]|at least|"
    r"no less than|not less than|"
    rf"more than|over|above|exceed(?:s|ing)?|older than|higher than|greater than|beyond)[为是约:]?{_TAKEN}"
    r"(?:每日|每天|一日)? ?$"
)
_COMPARED_BEFORE = re.compile("(?<![不得能可应宜要])(?:高于|低于|多于|少于|大于|小于|优于|长于|短于)$")
_COMPARED_AFTER = re.compile(r"^ ?(?:的(?=\d)|组|疗[法程])")
"""`高于10天的86.1%` compares with what lasted ten days."""
_AFTER = re.compile(r"^ ?(?:的?(?:时间|时)?(?:以|之)?后|later|after)")
_BEFORE = re.compile(r"^ ?(?:的?(?:时间)?(?:以|之)?前|before|earlier|ago)")
_WITHIN = re.compile(r"^ ?(?:的?(?:以|之)?内|(?:时间)内)")
_AT_MOST_AFTER = re.compile(
    r"^ ?(?:的?(?:及|或)?以下|(?:或|甚至)更[低少小短]|or (?:younger|less|below|under|fewer|lower))"
)
_AT_LEAST_AFTER = re.compile(
    r"^ ?(?:的?(?:及|或)?(?:以上)|(?:或|甚至)更[高多大长]|or (?:older|more|above|over|higher)|"
    r"and (?:older|over|above)|(?:of age )?or older)"
)
_REACHED_BEFORE = re.compile(r"(?<![可最未])达到?$")
_REACHED_AFTER = re.compile(r"^ ?(?:或以上|时|者|的(?:患者|病人|人)|或[^，,\d]{1,6}达到?\d[^，,]{0,8}[时者])")
"""`收缩压达到160mmHg时`; not `体温可达40℃`."""
_AFTER_WORD = re.compile(r"\bafter (?:the )?(?:first )?$")
_BEFORE_WORD = re.compile(r"\bbefore (?:the )?$")


def with_surroundings(text: str, amount: Amount, found: Sequence[Amount]) -> Amount:
    """`amount` with its bound and its period; `found` are all amounts of normalised `text`."""
    return _with_period(text, replace(amount, bound=_bound(text, amount)), found)


def _bound(text: str, amount: Amount) -> str:
    before, after = text[: amount.start], text[amount.end :]
    if _COMPARED_BEFORE.search(before) and _COMPARED_AFTER.match(after):
        return ""
    if _AT_LEAST_AFTER.match(after) or (_REACHED_BEFORE.search(before) and _REACHED_AFTER.match(after)):
        return ">"
    if _AT_MOST_AFTER.match(after):
        return "<"
    if _WITHIN.match(after):
        return "内"
    if _AFTER.match(after) or _AFTER_WORD.search(before):
        return "后"
    if _BEFORE.match(after) or _BEFORE_WORD.search(before):
        return "前"
    most, least = _AT_MOST_BEFORE.search(before), _AT_LEAST_BEFORE.search(before)
    if most and least:  # `不少于` holds `少于`, `不超过` holds `超过`
        return "<" if most.start() < least.start() else ">"
    return "<" if most else ">" if least else ""


def _with_period(text: str, amount: Amount, found: Sequence[Amount]) -> Amount:
    """`per` from the nearest period before the amount, else from the one right behind it."""
    if amount.per or (amount.unit in ("", "%") and not _PERIOD.match(text, amount.end)):
        return amount
    if amount.unit == TIMES and text[: amount.start].endswith("分"):
        return replace(amount, per=PER_DAY)
    if amount.unit in ("分钟", "个月") and amount.bound:
        return amount
    before = [m for m in _PERIOD.finditer(text) if m.end() <= amount.start]
    if amount.unit in ("分钟", "个月"):  # `每日3次连用7天`: so often, not so long a day
        rates = [other for other in found if other.unit == TIMES]
        before = [m for m in before if not any(o.start <= m.end() + 1 and m.start() < o.end for o in rates)]
    behind = _PERIOD.match(text, _blank(text, amount.end)) or _latin_period(text, amount, found)
    chosen = (
        behind if behind and (not before or text[behind.start()] not in "每一") else (before[-1] if before else None)
    )
    if chosen is None:
        rated = any(o.unit == TIMES and 0 <= o.start - amount.end <= 2 for o in found)
        return replace(amount, per=PER_DOSE) if rated and amount.unit != TIMES else amount
    per = _PERIOD_NAMES[str(chosen.lastgroup)]
    if amount.unit == TIMES and per in IN_DAYS:
        days = IN_DAYS[per]
        return replace(amount, low=amount.low / days, high=amount.high / days, per=PER_DAY)
    return replace(amount, per=per)


def _latin_period(text: str, amount: Amount, found: Sequence[Amount]) -> re.Match[str] | None:
    """`30 mL of lactulose daily`: in English the period may stand further behind, before the next amount."""
    stop = min((o.start for o in found if o.start >= amount.end), default=len(text))
    match = _PERIOD.search(text, amount.end, stop)
    return match if match and match[0].isascii() and match[0][0] != "/" else None


def periods(text: str) -> frozenset[str]:
    """The periods that normalised `text` names, such as `天` for `每日` and `daily`."""
    return frozenset(_PERIOD_NAMES[str(match.lastgroup)] for match in _PERIOD.finditer(text))


def period_spans(text: str) -> list[tuple[int, int]]:
    """Where periods are told in words, not behind a stroke as part of a unit."""
    return [match.span() for match in _PERIOD.finditer(text) if match[0][0] != "/"]


def _blank(text: str, at: int) -> int:
    return at + 1 if text[at : at + 1] == " " else at


def without_amounts(text: str, found: Sequence[Amount]) -> str:
    """`text` with a space for each amount, its bound and its period."""
    pieces, last = [], 0
    for start, end in sorted(spans_of(text, found)):
        if start >= last:
            pieces += [text[last:start], " "]
        last = max(last, end)
    return "".join([*pieces, text[last:]])


def spans_of(text: str, found: Sequence[Amount]) -> list[tuple[int, int]]:
    """Where the amounts stand, their bounds and their periods."""
    spans = [(amount.start, amount.end) for amount in found]
    spans += [match.span() for match in _PERIOD.finditer(text)] if any(a.per for a in found) else []
    return spans + [span for amount in found for span in _bound_spans(text, amount)]


def _bound_spans(text: str, amount: Amount) -> Iterator[tuple[int, int]]:
    if not amount.bound:
        return
    before, after = text[: amount.start], text[amount.end :]
    for pattern in (_AT_LEAST_AFTER, _AT_MOST_AFTER, _WITHIN, _AFTER, _BEFORE):
        if match := pattern.match(after):
            yield amount.end, amount.end + match.end()
    for pattern in (_AT_MOST_BEFORE, _AT_LEAST_BEFORE, _AFTER_WORD, _BEFORE_WORD):
        if match := pattern.search(before):
            yield match.span()
