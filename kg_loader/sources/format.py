"""What a data format is, and what all readers share: skipping, rejecting, guessing by keys."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg_loader.reading import Row, reject
from rag.domain import Entity, EntityId, Fact, Literal, Record, Rejected, Skipped, Source
from rag.snapshot.rows import Told, is_id, is_text
from rag.vocabulary import Relation

Item = Record | Rejected | Skipped


@dataclass(frozen=True)
class Facts:
    """All that a source states of one subject, as one item, because files of records state hundreds of thousands.

    The entities that are objects are stated by it too, the subject and the source before it.
    """

    subject: EntityId
    source: str
    things: Mapping[Relation, Sequence[Entity]]
    texts: Mapping[Relation, Sequence[Literal]]

    def __len__(self) -> int:
        return sum(map(len, self.things.values())) + sum(map(len, self.texts.values()))

    def wording(self) -> str:
        """All its texts, one behind the other."""
        return "".join([one.text for texts in self.texts.values() for one in texts])

    def sound(self) -> bool:
        """Whether all of it can be stored, given that the entities that are objects can."""
        return is_id(self.subject) and is_text(self.subject) and is_text(self.wording())

    def told(self) -> Told:
        """All of it as plain values."""
        things = {relation.value: [one.id for one in objects] for relation, objects in self.things.items()}
        texts = {relation.value: [(one.text, one.kind) for one in said] for relation, said in self.texts.items()}
        return self.subject, self.source, things, texts

    def each(self) -> Iterator[Entity | Fact]:
        """What it states, one by one."""
        for relation, objects in self.things.items():
            for thing in objects:
                yield thing
                yield Fact(self.subject, relation, thing.id, self.source)
        for relation, texts in self.texts.items():
            for text in texts:
                yield Fact(self.subject, relation, text, self.source)


_KEY = re.compile(r'"((?:[^"\\\n]|\\u[0-9a-fA-F]{4}){1,60})"\s*:')


@dataclass(frozen=True)
class ReadContext:
    """How to read a file: the dataset it asserts, its encoding if named, a source in place of the reader's own.

    `table_map` is the text of the map that the format `mapped` reads by.
    """

    dataset: str
    encoding: str | None = None
    source: Source | None = None
    table_map: str | None = None


@dataclass(frozen=True)
class Format:
    """A data format: its name on the command line, whether a file looks like it, and its reader."""

    name: str
    guess: Callable[[Path, bytes], bool]
    stated: Callable[[Path, ReadContext], Iterator[Item | Facts]]

    def read(self, path: Path, context: ReadContext) -> Iterator[Item]:
        """What is stated in a file, one by one."""
        for item in self.stated(path, context):
            if isinstance(item, Facts):
                yield from item.each()
            else:
                yield item


class RowError(ValueError):
    """A row that does not say what its format asks for; the message is a countable reason."""


def rejected(path: Path, row: Row, reason: str) -> Rejected:
    """`row` refused for `reason`."""
    return reject(path, row.number, reason, row.value)


def each_row(path: Path, rows: Iterable[Row | Rejected], records: Callable[[Row], Iterable[Item]]) -> Iterator[Item]:
    """The records of every row; a row that `records` raises RowError for is rejected and reading goes on."""
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            yield from records(row)
        except RowError as error:
            yield rejected(path, row, str(error))


def head_text(head: bytes) -> str:
    """The beginning of a file as text, good enough to see keys and column names."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", "ignore")
    rest = head.removeprefix(codecs.BOM_UTF8)
    for codec in ("utf-8", "gb18030"):
        try:
            return rest.decode(codec)
        except UnicodeDecodeError as error:
            if error.start >= len(rest) - 4:  # a character cut in two by the edge of the head
                return rest[: error.start].decode(codec)
    return rest.decode("utf-8", "ignore")


def head_keys(head: bytes) -> set[str]:
    """JSON keys that occur in the beginning of a file, escapes resolved; empty unless it begins like JSON."""
    text = head_text(head).lstrip("\ufeff \t\r\n")
    if not text.startswith(("{", "[")):
        return set()
    return {json.loads(f'"{key}"') if "\\u" in key else key for key in _KEY.findall(text)}


def head_columns(head: bytes) -> set[str]:
    """Column names in the first line that is not blank."""
    text = head_text(head).lstrip("\ufeff \t\r\n")
    first = text.splitlines()[0] if text else ""
    return {cell.strip(' "').lower() for cell in re.split("[,\t;|]", first)}
