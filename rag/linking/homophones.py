"""Names that sound like what was typed: `寻麻疹`, `糖料病`. Pure.

Whoever types Chinese chooses among characters of one sound, so a slip keeps the sound. A stretch of the question that
sounds like a name is taken for it only if the stretch itself is no Chinese: one of the pairs of characters that the
slip made stands in no name of the knowledge base and in none of the everyday pairs of `rag.retrieval.weighting`. So
`咽痛` is never `眼痛`, though both sound the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import add

from rag.linking.features import compatible
from rag.linking.pinyin import characters
from rag.retrieval.weighting import default_weights

_LONG = 5
"""Names of so many characters may have two slips."""
SHORTEST, LONGEST = 3, 12
"""Names of two characters sound like too many everyday words, but for those in `_ILLNESSES`."""
_ILLNESSES = frozenset("疹疮痤痔癫痫癣疣疥疱疖痱瘘瘫湿")
"""Names of two such characters are nothing else: `湿诊` is 湿疹, `挫疮` 痤疮. With one of them, 出诊 would be 出疹."""
_HAN_NAME = re.compile("[一-鿿]+")
_AT_ONCE = 2_000
_SYLLABLE = 0xE000
"""Each syllable is one character of the private use area."""
_HEARD = re.compile("[\ue000-\uf8ff]+")
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("l", "n"))
"""Sounds that many speakers do not tell apart."""
_READ_IN_NAMES = {"调": "tiao", "曾": "zeng"}
"""Of two readings the one that names of illnesses have, or that is typed for them: `月经不条`, `乳腺曾生`."""
_PARTICLES = frozenset(
    "的了吗呢吧啊么是有我你他她在就也都还很不没和与或又及要怎什啥为何哪几能会可时后前才到去来看做吃喝打得这那被把让从完像一请以使微感值受沿组"
)

_PARTS = frozenset("头面脸眼鼻耳口唇齿牙舌咽喉颈肩胸乳心肺肝胆脾胃肾腰腹肠肛阴骨膝腿足脚手肤皮脑")
"""One part of the body typed for another is that part: `咽充血` is not of the eye (眼充血)."""


@lru_cache(maxsize=1)
def _syllables() -> Mapping[int, str]:
    """Character -> its syllable, as coarse as careless speakers say it."""
    coarse = sorted({_coarse(name) for name in characters()})
    place = {name: chr(_SYLLABLE + number) for number, name in enumerate(coarse)}
    heard = {ord(char): place[_coarse(name)] for name, chars in characters().items() for char in chars}
    return heard | {ord(char): place[_coarse(name)] for char, name in _READ_IN_NAMES.items()}


def _coarse(syllable: str) -> str:
    for heard, said in _ALIKE:
        syllable = syllable.replace(heard, said)
    return syllable


@lru_cache(maxsize=1)
def _spoken() -> Mapping[int, int]:
    """Character -> the number of its syllable, without its tone."""
    place = {name: number for number, name in enumerate(characters())}
    spoken = {ord(char): place[name] for name, chars in characters().items() for char in chars}
    return spoken | {ord(char): place[name] for char, name in _READ_IN_NAMES.items()}


def sound(text: str) -> str:
    """One character for each syllable, zh and z, n and l, -ng and -n alike; what is no Chinese character stays."""
    return text.translate(_syllables())


def _of_two(name: str) -> bool:
    return len(name) == 2 and _ILLNESSES.issuperset(name)


class Homophones:
    """The sounds of the names of one version, and the pairs of characters that occur in them."""

    def __init__(self, names: Sequence[str], rest: Callable[[], None] | None = None) -> None:
        by_sound: dict[str, list[str]] = defaultdict(list)
        pairs: set[str] = set()
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            text = "\n".join(some)  # a batch in one go costs a third of name by name
            pairs.update(map(add, text, text[1:]))
            for name, heard in zip(some, sound(text).split("\n"), strict=True):
                if (SHORTEST <= len(name) <= LONGEST or _of_two(name)) and _HEARD.fullmatch(heard):
                    by_sound[heard].append(name)
            if rest:
                rest()
        self._by_sound = dict(by_sound)
        self._pairs = pairs

    def find(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, name): stretches of normalised `text` that are a slip for `name`, all of them, in order."""
        return sorted(set(self._slips(text)))

    def _slips(self, text: str) -> Iterator[tuple[int, int, str]]:
        strange = [not self._known(text[at : at + 2]) for at in range(len(text) - 1)]
        if not any(strange):
            return
        heard = sound(text)
        for at in (place for place, odd in enumerate(strange) if odd):
            for start in range(max(0, at + 2 - LONGEST), at + 1):
                for end in range(at + 2, min(len(text), start + LONGEST) + 1):
                    for name in self._by_sound.get(heard[start:end], ()):
                        if self._is_slip(text[start:end], name, at - start) and not self._torn(text, start, end, name):
                            yield start, end, name

    def _torn(self, text: str, start: int, end: int, name: str) -> bool:
        """Whether the character that differs belongs to the word beside: 嘴唇中 of 嘴唇中间."""
        first = text[start] != name[0] and start > 0 and self._is_word(text[start - 1 : start + 1])
        return first or (text[end - 1] != name[-1] and self._is_word(text[end - 1 : end + 1]))

    def _is_word(self, pair: str) -> bool:
        return len(pair) == 2 and _HAN_NAME.fullmatch(pair) is not None and self._known(pair)

    def _known(self, pair: str) -> bool:
        return pair in self._pairs or pair in default_weights().factors or not _HAN_NAME.fullmatch(pair)

    @staticmethod
    def _is_slip(written: str, name: str, strange: int) -> bool:
        """Whether few characters differ, one of them in the strange pair, and no hard feature does."""
        places = [place for place, (a, b) in enumerate(zip(written, name, strict=True)) if a != b]
        if not places or len(places) > (1 if len(name) < _LONG else 2) or not {strange, strange + 1} & set(places):
            return False
        if any(written[place] in _PARTICLES or name[place] in _PARTICLES for place in places):
            return False
        if any(written[place] in _PARTS and name[place] in _PARTS for place in places):
            return False
        edges = {0, len(name) - 1} & set(places)
        if any(_spoken().get(ord(written[place])) != _spoken().get(ord(name[place])) for place in edges):
            return False
        return compatible(written, name)
