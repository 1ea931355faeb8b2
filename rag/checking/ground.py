"""What a sentence may rest on: the passages that it cites, read into segments, with their titles. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rag.checking.amount import Amount
from rag.checking.amounts import amounts
from rag.checking.clauses import GAP, WORDS, Segment, canonical, content_of, read
from rag.checking.contexts import Held
from rag.checking.stretches import held_in
from rag.text import is_han, normalise

_FORBIDS = re.compile("禁忌[证症]?|使用禁忌|用药禁忌|contraindications?")
"""An aspect under which what is listed must not be, though no item says so."""


@dataclass(frozen=True)
class Text:
    """One of the texts cited."""

    segments: tuple[Segment, ...]
    name: str
    title: frozenset[str]
    text: frozenset[str]
    """Its first title, content of all its titles, and of itself."""


@dataclass(frozen=True)
class Ground:
    """All that may support a sentence: passages with their titles."""

    segments: tuple[Segment, ...]
    title: str
    """Canonical titles, aspects and the like: they support words of any clause."""
    passages: tuple[Text, ...]

    @cached_property
    def title_content(self) -> frozenset[str]:
        """Content of the titles."""
        return content_of(self.title)

    @cached_property
    def text_content(self) -> frozenset[str]:
        """Content of the texts."""
        return frozenset().union(*(segment.content for segment in self.segments))

    @cached_property
    def text(self) -> str:
        """Titles and texts."""
        return GAP.join([self.title, *(segment.text for segment in self.segments)])

    @cached_property
    def content(self) -> frozenset[str]:
        """Content of titles and texts."""
        return self.title_content.union(*(segment.content for segment in self.segments))

    @cached_property
    def title_amounts(self) -> tuple[Amount, ...]:
        """Amounts in the titles."""
        return tuple(amounts(self.title))

    @cached_property
    def held(self) -> tuple[Held, ...]:
        """Every value with what it belongs to."""
        return held_in(self.segments)

    @cached_property
    def labels(self) -> str:
        """What stands before colons: it names the subject of what follows, also behind a semicolon."""
        return GAP.join(part.text for segment in self.segments for part in segment.clauses if part.label)

    @cached_property
    def words(self) -> frozenset[str]:
        """Latin words and numbers."""
        return frozenset(word for word in WORDS.findall(self.text) if not is_han(word[0]))


@lru_cache(maxsize=512)
def ground_of(cited: tuple[tuple[str, tuple[str, ...]], ...]) -> Ground:
    """What texts, each with its titles, may support; an answer asks again and again of the same."""
    passages = tuple(_passage(text, titles) for text, titles in cited)
    segments = tuple(segment for passage in passages for segment in passage.segments)
    titles = dict.fromkeys(title for _, titles in cited for title in titles)
    return Ground(segments, canonical(normalise(GAP.join(titles))), passages)


def _passage(text: str, titles: tuple[str, ...]) -> Text:
    heading = next((normalise(title) for title in titles[1:] if _FORBIDS.fullmatch(normalise(title))), "")
    segments = read(text, heading)
    content = frozenset().union(*(segment.content for segment in segments))
    return Text(segments, titles[0] if titles else "", content_of(canonical(normalise(GAP.join(titles)))), content)
