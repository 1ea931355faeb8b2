"""Classics of Chinese medicine in the `<篇名>` / `<目录>` markup that text collections pass on, usually GB18030.

A book becomes one source, each chapter passages of at most 300 characters with the place they stand in. Lines are
wrapped at a fixed width, so a paragraph ends where a line is short and ends like a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kg_loader.reading import Row, reject, require_content, text_lines
from kg_loader.sections import pieces
from kg_loader.sources.format import Format, Item, ReadContext, head_text
from rag.domain import Passage, PassageKind, Rejected, Skipped, Source
from rag.text import clean
from rag.vocabulary import Grade

PREFACE = "preface"
EMPTY = "empty chapter"

_MOST = 300
_FEWEST = 20
"""Characters: what stands under a heading and is shorter goes with what follows."""
_NARROW = 0.8
"""Of the widest line so far: a shorter line may end a paragraph."""
_FEWEST_COLUMNS = 20
_TAG = re.compile(r"\s*<(?P<tag>篇名|目录)>(?P<value>.*)")
_ABOUT_BOOK = re.compile(r"(?P<key>书名|作者|朝代|年份)[:：](?P<value>.*)")
_BODY = re.compile(r"^(?:内容|属性)[:：]\s*")
_FIGURE = re.compile(r"\\r.*?\\r|\\p\S*")
_MARKED_HEADING = re.compile(r"\\x(?P<name>[^\\]{1,40})\\x\s*(?P<rest>.*)")
_BRACKET_HEADING = re.compile(r"【(?P<name>[^】]{1,12})】\s*(?P<rest>.*)")
_PRESCRIPTION = re.compile(r"(?:方剂|又方)[:：](?P<name>.{1,20})(?P<rest>)$")
_SEPARATOR = re.compile(r"[@＠*＊=\-—]{3,}")
_ITEM = re.compile(r"(?P<number>\d{1,4})[．.、](?!\d)\s*")
_BEGINS = re.compile(
    r"[〔【]|[一二三四五六七八九十]{1,3}[、．]|(?:主治|组成|用法|又方)[:：]|右.{1,3}味|上.{1,3}味|问曰|答曰|一　"
)
_ENDS = re.compile(r"[。！？!?）)〕」』”]$")
_PREFACE = re.compile(
    r"(?:《[^》]+》)?(?:(?!.*[次顺]序)[\u4e00-\u9fff]{0,6}序|[自原后总]?叙|[由后自]?跋|凡例|目录|.{2,4}题词|后记)"
)


@dataclass
class _Block:
    """Consecutive paragraphs under one heading, or one numbered item."""

    heading: str | None = None
    item: str | None = None
    paragraphs: list[str] = field(default_factory=list)


@dataclass
class _Reading:
    """Where the reader stands in the book."""

    about: dict[str, str] = field(default_factory=dict)
    source: Source | None = None
    part: str = ""
    chapter: str = ""
    widest: int = _FEWEST_COLUMNS
    blocks: list[_Block] = field(default_factory=list)
    open_line: str = ""
    body_seen: bool = False
    spoiled: bool = False
    """A line of the paragraph is lost: it may have held the 不 of the sentence."""

    def begin_chapter(self, name: str) -> None:
        """A new chapter; the part of the book stays."""
        self.chapter, self.blocks, self.open_line, self.body_seen = name, [], "", False


def guess(path: Path, head: bytes) -> bool:
    """By the tag before every chapter."""
    return re.search(r"(?m)^\s*<篇名>", head_text(head)[:4000]) is not None


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """The book, then the passages of chapter after chapter."""
    require_content(path, context.encoding)
    state = _Reading()
    for row in text_lines(path, context.encoding):
        if isinstance(row, Rejected):
            state.spoiled = True
            yield row
            continue
        match = _TAG.match(row.value)
        if match is None:
            if (stray := _take(state, row)) is not None:
                yield reject(path, row.number, stray, row.value)
            continue
        yield from _finish_chapter(state, path, context)
        _enter(state, match["tag"], clean(match["value"]))
    yield from _finish_chapter(state, path, context)


def _enter(state: _Reading, tag: str, value: str) -> None:
    if tag == "目录":
        state.part = " · ".join(part.strip() for part in value.split("\\") if part.strip())
        state.begin_chapter("")
    else:
        state.begin_chapter(value)


# ---------------------------------------------------------------- lines to paragraphs


def _take(state: _Reading, row: Row) -> str | None:
    """Adds a line to the chapter; the reason if it stands where no text belongs."""
    line = _FIGURE.sub("", row.value).replace("∶", "：").strip(" \t\u3000")
    about = _ABOUT_BOOK.fullmatch(line)
    if about and state.source is None and not state.body_seen:
        state.about.setdefault(about["key"], clean(about["value"]))
        return None
    if not line or _SEPARATOR.fullmatch(line):
        _end_paragraph(state)
        if line:
            state.blocks.append(_Block())
        return None
    if not state.chapter and not state.part:
        return "text before the first chapter"
    state.body_seen = True
    _add_line(state, _BODY.sub("", line))
    return None


def _add_line(state: _Reading, line: str) -> None:
    heading = _MARKED_HEADING.fullmatch(line) or _BRACKET_HEADING.fullmatch(line) or _PRESCRIPTION.fullmatch(line)
    item = _ITEM.match(line)
    if heading:
        _end_paragraph(state)
        state.blocks.append(_Block(heading=clean(heading["name"])))
        line = heading["rest"]
    elif item:
        _end_paragraph(state)
        state.blocks.append(_Block(item=item["number"]))
        line = line[item.end() :]
    elif _BEGINS.match(line):
        _end_paragraph(state)
    line = line.replace("\\k", "").replace("\\x", "")
    if not line:
        return
    state.open_line += line
    state.widest = max(state.widest, min(len(line), 80))
    if len(line) < _NARROW * state.widest and _ENDS.search(line):
        _end_paragraph(state)


def _end_paragraph(state: _Reading) -> None:
    if state.open_line and not state.spoiled:
        if not state.blocks:
            state.blocks.append(_Block())
        state.blocks[-1].paragraphs.append(clean(state.open_line))
    state.open_line, state.spoiled = "", False


# ---------------------------------------------------------------- chapters to passages


def _finish_chapter(state: _Reading, path: Path, context: ReadContext) -> Iterator[Item]:
    _end_paragraph(state)
    if not state.chapter or (not state.body_seen and state.source is None):
        return
    if _PREFACE.fullmatch(state.chapter):
        yield Skipped(PREFACE)
        return
    if not any(block.paragraphs for block in state.blocks):
        yield Skipped(EMPTY)
        return
    if state.source is None:
        state.source = context.source or _book(state, path)
        yield state.source
    for block in _sizeable(state.blocks):
        for text in _merged(block.paragraphs):
            yield _passage(state, state.source.id, block, text)


def _sizeable(blocks: Iterable[_Block]) -> Iterator[_Block]:
    """Blocks with text; a few words under a heading join the next block, each part with its heading in brackets."""
    held: list[str] = []
    for block in blocks:
        size = sum(map(len, block.paragraphs))
        if not size:
            continue
        if block.item is None and size < _FEWEST:
            held += _labelled(block)
        elif held:
            yield _Block(item=block.item, paragraphs=[*held, *_labelled(block)])
            held = []
        else:
            yield block
    if held:
        yield _Block(paragraphs=held)


def _labelled(block: _Block) -> list[str]:
    label = f"【{block.heading}】" if block.heading else ""
    return [label + block.paragraphs[0], *block.paragraphs[1:]]


def _merged(paragraphs: Iterable[str]) -> Iterator[str]:
    """Neighbouring paragraphs together while they stay within the limit, longer ones cut between sentences."""
    held = ""
    for paragraph in (piece for whole in paragraphs for piece in pieces(whole, _MOST)):
        if held and len(held) + len(paragraph) > _MOST:
            yield held
            held = ""
        held += paragraph
    if held:
        yield held


def _passage(state: _Reading, source: str, block: _Block, text: str) -> Passage:
    place = [state.part, state.chapter, block.heading, f"第{block.item}条" if block.item else None]
    return Passage(
        text=text,
        kind=PassageKind.CLASSIC,
        source=source,
        title=" · ".join(part for part in (state.chapter, block.heading) if part),
        locator=" · ".join(part for part in place if part),
    )


def _book(state: _Reading, path: Path) -> Source:
    title = state.about.get("书名") or re.sub(r"^[\d\s_.\-]+", "", path.stem) or path.stem
    era, author = (state.about.get(key, "") for key in ("朝代", "作者"))
    return Source(
        title=title,
        kind="classic",
        grade=Grade.CLASSIC,
        year=_year(state.about.get("年份", "")),
        publisher=" ".join(part for part in (era, author) if part) or None,
    )


def _year(written: str) -> int | None:
    """`公元1578年` is a year, `公元1644-1911年` an age."""
    match = re.search(r"公元(\d{1,4})年", written)
    return int(match[1]) if match else None


FORMAT = Format("classics", guess, read)
