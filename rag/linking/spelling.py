"""Spellings of one name that mean the same: numerals, 疼 and 痛, the 症 that people leave out. Pure.

Stored names stay as they are (`rag.text.normalise`); this folds a name and a question alike for one look-up. Nothing
here touches a hard feature: a numeral gets another script, never another value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.text import HAN

_DIGITS = dict(zip("一二三四五六七八九", "123456789", strict=True)) | {
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
}  # fmt: skip
_GREEK = {"阿尔法": "α", "贝塔": "β", "伽马": "γ", "伽玛": "γ", "alpha": "α", "beta": "β", "gamma": "γ"}
_WORDS = {
    "疼": "痛", "综合症": "综合征", "症候群": "综合征", "梗塞": "梗死", "浮肿": "水肿", "罗音": "啰音", "甙": "苷",
    "淤": "瘀", "粘": "黏", "返流": "反流", "食道": "食管", "机能": "功能", "低下": "减退",
    "腰间盘": "腰椎间盘", "维他命": "维生素", "糖原累积": "糖原贮积", "磁共振": "核磁共振",
    "核磁共振": "核磁共振", "返酸": "反酸", "心原性": "心源性", "幽门螺旋": "幽门螺",
    "口腔炎": "口炎", "伴有": "伴",
}  # fmt: skip
_PLACES = re.compile(
    "|".join(
        (
            r"(?P<number>(?<![a-z一二三四五六七八九十0-9])(?:viii|vii|vi|iv|iii|ii|ix|i|v|[一二三四五六七八九])(?=[型度期级]))",
            r"(?P<last>(?<=型)(?:viii|vii|vi|iv|iii|ii|ix|i|v)(?![a-z]))",
            rf"(?P<greek>{'|'.join(_GREEK)})",
            rf"(?P<dash>(?<=[α-ω0-9a-z])[-－‐](?=[{HAN}])|(?<=[{HAN}])-(?=[{HAN}0-9]))",
            r"(?P<name>(?<=[一-鿿]{2})氏(?=病|综合|症))",
            rf"(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))})",
        )
    )
)
_LAST = re.compile(rf"(?<=[{HAN}]{{3}})(?<![癌炎重发遗应忌病毒急])症$")
_HAN_CHAR = re.compile(f"[{HAN}]")


def folded(text: str) -> tuple[str, list[int]]:
    """Normalised `text` with one spelling for each of the pairs, and for each of its characters the offset in `text`.

    The list has one more element, the length of `text`.
    """
    pieces: list[str] = []
    origin: list[int] = []
    last = 0
    for found in _PLACES.finditer(text):
        into = _into(found)
        pieces += (text[last : found.start()], into)
        origin += range(last, found.start())
        origin += [min(found.start() + n, found.end() - 1) for n in range(len(into))]
        last = found.end()
    pieces.append(text[last:])
    origin += range(last, len(text) + 1)
    return "".join(pieces), origin


def _into(found: re.Match[str]) -> str:
    text = found.group()
    if found.lastgroup in ("number", "last"):
        return _DIGITS[text]
    if found.lastgroup == "greek":
        return _GREEK[text]
    return _WORDS[text] if found.lastgroup == "word" else ""


def spellings(name: str) -> Iterator[str]:
    """Folded spellings of a normalised name under which a folded question may hold it, other than `name` itself."""
    if not (name.endswith("症") or _PLACES.search(name)) or _HAN_CHAR.search(name) is None:
        return
    plain, _ = folded(name)
    found = {plain}
    found |= {_LAST.sub("", one) for one in found}
    found.discard(name)
    yield from sorted(found)
