"""Text as the whole product sees it: normalising, tokens, sentences, quantities.

Loading, linking, indexing and checking share these functions, so a name found in a file, in a question and in an
answer is the same string. `TEXT_VERSION` goes into every manifest; raise it when a result changes.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import Literal

import snowballstemmer

from rag.traditional import simplified

TEXT_VERSION = 2
"""2: traditional characters are read as simplified ones."""
SAME_TOKENS = (1, TEXT_VERSION)
"""Versions that cut simplified Chinese and English as this one does: what was learnt on such tokens stays valid."""

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af〇"
_HAN_RUN = re.compile(f"[{HAN}]+")
_PLAIN = re.compile("[\t\n\r\x20-\x7e\u4e00-\u9fff、。《》“”‘’！（），：；？％～·—…]*")
_SPACE_AT_HAN = re.compile(f"(?<=[{HAN}]) +| +(?=[{HAN}])")
_TOKEN = re.compile(f"[{HAN}]+|[^\\W_{HAN}]+")


# ---------------------------------------------------------------- normalising


def normalise(text: str) -> str:
    """Fold width, case, compatibility forms (NFKC) and script (traditional characters read as simplified ones).

    Invisible characters are dropped, runs of white space are one space, and none stands beside a Han character.
    """
    return simplified(_folded(text))


def _folded(text: str) -> str:
    """All of `normalise` but the script; it is text version 1."""
    if _PLAIN.fullmatch(text):
        folded = unicodedata.normalize("NFKC", text).lower()
    else:
        folded = "".join(piece for _, piece in _folded_clusters(text))
    folded = " ".join(folded.split())
    return _SPACE_AT_HAN.sub("", folded) if " " in folded else folded


def normalise_with_map(text: str) -> tuple[str, list[int]]:
    """`normalise(text)` and, for each of its characters, the offset in `text` it came from."""
    chars: list[str] = []
    origin: list[int] = []
    for start, piece in _folded_clusters(text):
        for char in piece:
            chars.append(" " if char.isspace() else char)
            origin.append(start)
    folded = "".join(chars)
    keep = [i for i, char in enumerate(folded) if char != " " or (i > 0 and folded[i - 1] != " ")]
    while keep and folded[keep[-1]] == " ":
        keep.pop()
    kept = [
        i
        for n, i in enumerate(keep)
        if folded[i] != " " or not (is_han(folded[keep[n - 1]]) or is_han(folded[keep[n + 1]]))
    ]
    return simplified("".join(folded[i] for i in kept)), [origin[i] for i in kept]


def _folded_clusters(text: str) -> Iterator[tuple[int, str]]:
    """Each base character with its combining marks, folded, and where it starts."""
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and unicodedata.combining(text[end]):
            continue
        yield start, "".join(c for c in unicodedata.normalize("NFKC", text[start:end]).lower() if not _invisible(c))
        start = end


def _invisible(char: str) -> bool:
    """Control, format (zero width, bidi), surrogate and unassigned characters; white space is kept."""
    return unicodedata.category(char)[0] == "C" and not char.isspace()


def clean(text: str) -> str:
    """Text fit to store and show: NFC, invisible characters dropped, runs of white space made one space."""
    composed = unicodedata.normalize("NFC", text)
    if not composed.isprintable():
        composed = "".join(c for c in composed if not _invisible(c))
    return " ".join(composed.split())


def is_han(char: str) -> bool:
    """True for one Han character."""
    return _HAN_RUN.fullmatch(char) is not None


# ---------------------------------------------------------------- language

Language = Literal["zh", "en"]
_HAN_CHAR = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’-][A-Za-zÀ-ɏ]+)*")


def language_of(text: str) -> Language:
    """`en` if `text` has more Latin words than Han characters, else `zh`, also where it has neither."""
    return "en" if len(_LATIN_WORD.findall(text)) > len(_HAN_CHAR.findall(text)) else "zh"


# ---------------------------------------------------------------- tokens


_STEMMER = snowballstemmer.stemmer("english")
_STEMMING = threading.Lock()
"""The stemmer keeps the word that it works on in itself."""


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    with _STEMMING:
        stem: str = _STEMMER.stemWord(word)
    return stem


def tokens(text: str, version: int = TEXT_VERSION) -> list[str]:
    """Index terms of `text`: single Han characters, overlapping Han pairs, stemmed Latin words, numbers.

    `version`: as this text version cut them, for asking an index that it made.
    """
    found: list[str] = []
    for match in _TOKEN.finditer(normalise(text) if version == TEXT_VERSION else _folded(text)):
        run = match.group()
        if is_han(run[0]):
            found.extend(run)
            found.extend(map(add, run, run[1:]))
        else:
            found.append(_stem(run))
    return found


# ---------------------------------------------------------------- sentences

_SENTENCE_END = re.compile(r"[。！？!?；;]+[”’」』）)\"']*|\n+|(?<=[a-z0-9)\]%])\.(?=\s+[A-Z(]|\s*$)")


ITEM_NUMBER = re.compile(
    r"^\s*(?:[(（]?\d{1,2}[)）]|\d{1,2}[.．、](?!\d)|[①-⑳]|"
    r"\d{1,2}[.．](?=(?!5(?!\d))\d{1,2}(?:[～~\-–—至到]\d{1,2})?\s?(?:周?岁|个月)))\s*"
)
"""The number of an item of a list. `2.6～12岁` is the second item: ages are told in whole years, or in halves."""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence of `text`, end mark included, without surrounding white space."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in [*_SENTENCE_END.finditer(text), None]:
        end = match.end() if match else len(text)
        piece = text[start:end]
        if piece.strip():
            lead = len(piece) - len(piece.lstrip())
            spans.append((start + lead, start + len(piece.rstrip())))
        start = end
    return spans


def sentences(text: str) -> list[str]:
    """The sentences of `text`."""
    return [text[start:end] for start, end in sentence_spans(text)]


# ---------------------------------------------------------------- quantities

_UNITS = (
    "mg/kg|μg/kg|ug/kg|g/kg|mg/d|g/d|mg/dl|g/dl|mmol/l|μmol/l|umol/l|nmol/l|mol/l|pg/ml|ng/ml|μg/ml|ug/ml|mg/ml|ng/l|"
    "μg/l|ug/l|g/l|mg/l|iu/l|u/l|iu/kg|u/kg|ml/kg|ml/min|ml/h|l/min|l/h|次/分钟?|单位/kg|mmhg|kpa|cmh2o|"
    "万单位|单位|毫克|微克|千克|公斤|毫升|微升|厘米|毫米|分钟|个小时|个钟头|个星期|小时|钟头|星期|个月|个疗程|疗程|"
    "周岁|月龄|"
    "micrograms?|milligrams?|grams?|milliliters?|millilitres?|mcg|percent|per cent|"
    "mg|μg|ug|kg|ng|ml|μl|ul|mm|cm|iu|kcal|kj|bpm|元|岁|天|日|周|月|年|次|片|粒|袋|盒|瓶|杯|支|喷|吸|揿|勺|丸|滴|贴|"
    "倍|例|名|"
    "人|克|升|秒|%|‰|℃|°c|g|l|u|h|d|years?|months?|weeks?|days?|hours?|minutes?|seconds?|min|patients?"
)
_DIGITS = r"\d+(?:,\d{3})*(?:\.\d+)?"
_HAN_NUMBER = "[零〇一二两三四五六七八九十百千万半]+"
_QUANTITY = re.compile(
    f"(?P<low>{_DIGITS}|{_HAN_NUMBER})"
    f"(?:(?P<u1>{_UNITS})?\\s*(?:-|~|–|—|至|到|or|to)\\s*(?P<high>{_DIGITS}|{_HAN_NUMBER}))?"
    f"\\s*(?P<unit>{_UNITS})(?![a-z])|(?P<bare>{_DIGITS})",
    re.IGNORECASE,
)
_UNIT_NAMES = {
    "毫克": "mg", "微克": "μg", "ug": "μg", "千克": "kg", "公斤": "kg", "毫升": "ml", "微升": "μl", "ul": "μl",
    "厘米": "cm", "毫米": "mm", "小时": "h", "hour": "h", "hours": "h", "d": "天", "日": "天", "day": "天",
    "days": "天", "week": "周", "weeks": "周", "month": "个月", "months": "个月", "year": "年", "years": "年",
    "周岁": "岁", "min": "分钟", "°c": "℃", "u": "单位", "iu": "单位", "ug/kg": "μg/kg", "umol/l": "μmol/l",
    "个疗程": "疗程", "个小时": "h", "个钟头": "h", "个星期": "周", "g/d": "g/天", "mg/d": "mg/天",
    "克": "g", "升": "l", "mcg": "μg", "microgram": "μg", "micrograms": "μg",
    "milligram": "mg", "milligrams": "mg", "gram": "g", "grams": "g", "milliliter": "ml", "milliliters": "ml",
    "millilitre": "ml", "millilitres": "ml", "ug/ml": "μg/ml", "ug/l": "μg/l", "percent": "%", "per cent": "%",
    "minute": "分钟", "minutes": "分钟", "second": "秒", "seconds": "秒", "星期": "周", "钟头": "h", "次/分钟": "次/分",
}  # fmt: skip
_HAN_DIGITS = dict(zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10000}


@dataclass(frozen=True)
class Quantity:
    """A number or range with its unit (canonical spelling, "" where there is none), found at text[start:end]."""

    low: float
    high: float
    unit: str
    start: int
    end: int


def quantities(text: str) -> list[Quantity]:
    """Numbers in `text`: every Arabic one, Chinese numerals only before a unit. Offsets refer to `text` itself."""
    found: list[Quantity] = []
    for match in _QUANTITY.finditer(text):
        if match["bare"] is not None:
            value = _number(match["bare"])
            found.append(Quantity(value, value, "", match.start(), match.end()))
            continue
        low = _number(match["low"])
        high = _number(match["high"]) if match["high"] else low
        if match["u1"] and _unit(match["u1"]) != _unit(match["unit"]):  # 6个月至5岁
            found.append(Quantity(low, low, _unit(match["u1"]), match.start(), match.end("u1")))
            found.append(Quantity(high, high, _unit(match["unit"]), match.start("high"), match.end()))
            continue
        found.append(Quantity(low, high, _unit(match["unit"]), match.start(), match.end()))
    return found


def _unit(name: str) -> str:
    folded = name.lower()
    return _UNIT_NAMES.get(folded, folded)


def _number(text: str) -> float:
    """The value of Arabic digits or of a Chinese numeral such as 两百五十 or 半."""
    if text[0].isdigit() and text[0].isascii():
        return float(text.replace(",", ""))
    if text == "半":
        return 0.5
    total, section, digit = 0.0, 0.0, 0.0
    for char in text:
        if char in _HAN_DIGITS:
            digit = _HAN_DIGITS[char]
        elif char == "万":
            total, section, digit = (total + section + digit) * 10000, 0.0, 0.0
        elif char in _HAN_SCALES:
            section, digit = section + (digit or 1) * _HAN_SCALES[char], 0.0
        elif char == "半":
            digit += 0.5
    return total + section + digit
