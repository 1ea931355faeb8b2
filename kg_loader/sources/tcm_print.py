"""What printing leaves in a textbook's text: running heads, page numbers, figure references, labels without a colon.

And the points of an acupuncture treatment, which stand in it as lines of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from rag.text import HAN

_ENTRIES = 3
"""In so many entries the same line is a running head: no two remedies are told in the same words."""
_LABEL = re.compile(r"(?P<label>治\s?法|主\s?穴|配\s?穴|方\s?义|操\s?作)[:：]?\s*(?=\S)")
_OPENS = re.compile(rf"\d{{1,2}}[.．、](?!\d)|[（(]\d{{1,2}}[)）]|[①-⑳]|[{HAN}]{{2,8}}[:：]")
_HEAD = re.compile(rf"\d{{0,4}}\s*(?P<head>第[一二三四五六七八九十]+[章节][{HAN}\s]*|[{HAN}]{{2,16}})\s*\d{{0,4}}")
_FIGURE = re.compile(r"[（(][^（）()]{0,4}图\s*\d+\s*[-－—–~～]\s*\d+[^（）()]{0,6}[)）]")
_CAPTION = re.compile(r"图\s*\d+\s*[-－—–]\s*\d+.{0,16}|#+\s.*")
_STOPS = "。；;，,、：:！？!?"


def running_heads(texts: Iterable[str]) -> frozenset[str]:
    """Lines that stand in several of `texts`, one text an entry."""
    counted = Counter(head for text in texts for head in {_head(line) for line in text.split("\n")} if head)
    return frozenset(head for head, count in counted.items() if count >= _ENTRIES)


def as_printed(text: str, heads: frozenset[str]) -> str:
    """`text` in one line without what the page around it had; what opens an item begins a sentence of its own."""
    joined = ""
    for line in text.split("\n"):
        line = line.strip()
        if not line or _head(line) in heads or _CAPTION.fullmatch(line):
            continue
        label = _LABEL.match(line)
        if label is not None:
            line = f"{label['label'].replace(' ', '')}：{line[label.end() :]}"
        opens = label is not None or _OPENS.match(line)
        joined += ("。" if opens and joined and joined[-1] not in _STOPS else "") + line
    return _FIGURE.sub("", joined)


def _head(line: str) -> str:
    """The line without its page number, if it may be a head; `主穴 阿是穴` is none, though many entries have it."""
    found = _HEAD.fullmatch(line.strip())
    return found["head"].strip() if found is not None and not _LABEL.match(line.strip()) else ""


_SECTION = re.compile(rf"(?:\d{{1,2}}[.．、]|[（(]\d{{1,2}}[)）])\s*(?P<name>[{HAN}]{{2,8}})")
_WHOLE = frozenset({"基本治疗", "治疗", "针灸治疗"})


def points_told(text: str, heads: frozenset[str]) -> Iterator[str]:
    """`实证：主穴：中极 地机；配穴：…` for each part of a treatment that names its main points."""
    section, told = "", ""
    for line in (line.strip() for line in text.split("\n")):
        label = _LABEL.match(line)
        heading = _SECTION.fullmatch(line)
        name = label["label"].replace(" ", "") if label is not None else ""
        if told and (heading is not None or (name and name != "配穴")):
            yield told.rstrip(_STOPS) + "。"
            told = ""
        if heading is not None:
            section = "" if heading["name"] in _WHOLE else f"{heading['name']}："
        elif not line or _head(line) in heads or _CAPTION.fullmatch(line):
            continue
        elif name == "主穴" and label is not None:
            told = f"{section}主穴：{line[label.end() :]}"
        elif told and (label is not None or _OPENS.match(line)):
            told = f"{told.rstrip(_STOPS)}；{f'{name}：' if label else ''}{line[label.end() if label else 0 :]}"
        elif told:
            told += line
    if told:
        yield told.rstrip(_STOPS) + "。"
