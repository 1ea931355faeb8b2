"""What an answer says in our words, in English for whoever asks in English. Pure.

Sentences are made and checked in Chinese, the language of most records; this is done last, to what leaves. Quotations,
names of the knowledge base and marks stay as they are. The table (`english.toml`) says what becomes of each sentence.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from rag.domain import Mention, Turn
from rag.linking.names import OWN_NAME
from rag.question.patient import SURE
from rag.text import is_han, language_of, normalise

_PLACE = re.compile(r"\{(\w+)\}")
_QUOTATION = re.compile(r"“[^”]*”")
_END = re.compile(r"[。.]?\s*$")
_JOINED = re.compile("[、与]")
_ALLERGY = re.compile("(.+)过敏")
_AGE = re.compile(r"([\d.]+)(岁|个月)")
_ITEM = re.compile(r"^([^\[\]]+)((?:\[\d+\])+)$")
_LIMITS = re.compile("（([^（）]*)）")


def wanted(question: str, history: Sequence[Turn], language: str) -> bool:
    """Whether an answer is to be in English: asked for, or the language of what the user wrote so far."""
    said = [turn.content for turn in history if turn.role == "user"]
    return language == "en" or language_of("\n".join((*said, question))) == "en"


def spelt(mentions: Sequence[Mention]) -> bool:
    """Whether Latin letters only spell Chinese names (`gaoxueya`)."""
    return any(
        m.candidates and m.best.via == OWN_NAME and not any(map(is_han, m.surface)) and any(map(is_han, m.best.name))
        for m in mentions
    )


@dataclass(frozen=True)
class English:
    """`names`: names of the knowledge base -> how the question calls them."""

    names: Mapping[str, str]

    @classmethod
    def of(cls, mentions: Sequence[Mention]) -> English:
        """With the English names that the question has for what it surely means."""
        told = [m for m in mentions if not any(map(is_han, m.surface))]
        return cls({c.name: m.surface for m in told for c in m.candidates if c.score >= SURE})

    def sentence(self, text: str) -> str:
        """A sentence or several, each in English where the table has it; the end of a line stays."""
        ending = text[len(text.rstrip()) :]
        told = self._whole(text.strip())
        return (told[:1].upper() + told[1:] if told != text.strip() else told) + ending

    def _whole(self, text: str) -> str:
        """By the first row that fits all of it, else sentence by sentence and clause by clause."""
        bare = _END.sub("", text)
        dot = "." if text.endswith("。") else ""
        if (found := self._row(bare)) is not None:
            return found + ("" if found.endswith("?") else dot)
        for mark, joint in (("。", ". "), ("；", "; ")):
            parts = _split(bare, mark)
            if len(parts) > 1:
                told = [self._whole(part) for part in parts]
                changed = any(a != b for a, b in zip(parts, told, strict=True))
                return joint.join(told) + dot if changed else text
        return text

    def _row(self, text: str) -> str | None:
        table = _table()
        for pattern, template in table.rows:
            match = pattern.fullmatch(text)
            parts = match.groupdict() if match else {}
            if match and all(label in table.labels for label in _JOINED.split(parts.get("labels", "症状"))):
                return template.format(**{name: _PLACES[name](self, part) for name, part in parts.items()})
        return None

    def _named(self, text: str) -> str:
        return ", ".join(self._name(name) for name in text.split("、"))

    def _name(self, name: str) -> str:
        bare = name.strip("“”")
        if allergy := _ALLERGY.fullmatch(bare):
            return f"an allergy to {self._name(allergy[1])}"
        if age := _AGE.fullmatch(bare):
            return f"age {age[1]} {'months' if age[2] == '个月' else 'years'}"
        said = self.names.get(normalise(bare), _table().words.get(bare))
        return f"{said} ({bare})" if said and normalise(said) != normalise(bare) else bare

    def _pairs(self, text: str) -> str:
        pairs = (" and ".join(self._name(name) for name in pair.split("与")) for pair in text.split("；"))
        return "; ".join(pairs)

    def _listed(self, text: str) -> str:
        """Objects behind one another: what joins and limits them in English, all between quotation marks as it is."""
        rest = text.removesuffix("等")
        said = _outside(rest, self._joined)
        return f"{said} and others" if rest != text else said

    def _joined(self, text: str) -> str:
        """What stands outside quotation marks: limits and joints in English, groups and departments beside it."""
        limited = _LIMITS.sub(lambda m: f" ({self._limits(m[1])})", text)
        told = (_ITEM.sub(lambda m: f"{_both(m[1])}{m[2]}", item) for item in limited.split("、"))
        return ", ".join(told).replace("；", "; ")

    def _limits(self, text: str) -> str:
        pairs = (part.partition("：") for part in text.split("；"))
        return "; ".join(f"{_word(key)}: {_word(value)}" if value else _word(key) for key, _, value in pairs)


def _labels(_: English, text: str) -> str:
    return ", ".join(_table().labels[label] for label in _JOINED.split(text))


def _choices(_: English, text: str) -> str:
    return text.replace("、", ", ")


def _as_is(_: English, text: str) -> str:
    return text


def _words(_: English, text: str) -> str:
    return ", ".join(map(_both, text.split("、")))


def _both(word: str) -> str:
    return f"{_word(word)} ({word})" if _word(word) != word else word


def _word(text: str) -> str:
    return _table().words.get(text, text)


def _split(text: str, mark: str) -> list[str]:
    """Cut at `mark` outside quotation marks and brackets."""
    shown = _LIMITS.sub(lambda m: "\n" * len(m[0]), _QUOTATION.sub(lambda m: "\n" * len(m[0]), text))
    ends = [i for i, char in enumerate(shown) if char == mark]
    return [text[a:b] for a, b in zip([0, *(i + 1 for i in ends)], [*ends, len(text)], strict=True) if text[a:b]]


def _outside(text: str, change: Callable[[str], str]) -> str:
    """`text` with what stands outside quotation marks changed."""
    pieces = re.split(r"(“[^”]*”)", text)
    return "".join(piece if piece.startswith("“") else change(piece) for piece in pieces)


_PLACES: Mapping[str, Callable[[English, str], str]] = {
    "names": English._named,
    "named": English._named,
    "pairs": English._pairs,
    "labels": _labels,
    "list": English._listed,
    "sides": English._listed,
    "limits": English._limits,
    "quoted": _as_is,
    "any": _as_is,
    "choices": _choices,
    "text": English._whole,
    "words": _words,
}
_CLAUSE = "(?:“[^”]*”|（[^（）]*）|[^；“”（）])+"
_TAKES = {"quoted": "“.+", "list": _CLAUSE, "sides": ".+", "text": ".+", "labels": "[^：，。；]+?"}
"""What a place may hold; all others the shortest that fits, without quotation marks or the end of a clause."""


@dataclass(frozen=True)
class _Table:
    rows: tuple[tuple[re.Pattern[str], str], ...]
    labels: Mapping[str, str]
    words: Mapping[str, str]


@lru_cache(maxsize=1)
def _table() -> _Table:
    table = tomllib.loads((files("rag.answer") / "english.toml").read_text(encoding="utf-8"))
    rows = tuple((_pattern(row["zh"]), row["en"]) for row in table["said"])
    return _Table(rows, table["labels"], table["words"])


def _pattern(zh: str) -> re.Pattern[str]:
    pieces = _PLACE.split(zh)
    made = (
        f"(?P<{piece}>{_TAKES.get(piece, '[^：。]+?')})" if n % 2 else re.escape(piece)
        for n, piece in enumerate(pieces)
    )
    return re.compile("".join(made), re.DOTALL)
