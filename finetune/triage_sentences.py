"""Sentences to train the second look of the triage on: phrases in frames, and whole sentences written by hand."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

NONE = "none"
"""The label of what needs no emergency action."""
FOLDER = Path(__file__).parent / "triage"
_PHRASES = ("phrases_a.yaml", "phrases_b.yaml")
_CASES = tuple(f"cases_{number}.csv" for number in range(1, 8))
_VARIANTS = 9
"""Sentences made of one phrase."""
_FRAMED: Mapping[str, int] = {"general": 40, "negated": 50, "past": 40, "told": 40, "supposed": 25}
"""Sentences of each kind that is no emergency, for each category."""


@dataclass(frozen=True)
class Sentence:
    """What somebody writes, and the category of emergency that it is, or `none`; `weight`: how much it counts."""

    text: str
    category: str
    weight: float = 1.0


def by_hand(folder: Path = FOLDER) -> list[Sentence]:
    """The sentences that were written as a whole."""
    found = []
    for name in _CASES:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            found += [Sentence(row["text"], row["category"]) for row in csv.DictReader(file)]
    return found


def composed(seed: int = 1, folder: Path = FOLDER) -> list[Sentence]:
    """Phrases in frames; the same seed gives the same sentences."""
    frames: Mapping[str, Sequence[str]] = yaml.safe_load((folder / "frames.yaml").read_text(encoding="utf-8"))
    chance = random.Random(seed)
    found: dict[Sentence, None] = {}
    for name in _PHRASES:
        for category, phrases in yaml.safe_load((folder / name).read_text(encoding="utf-8")).items():
            emergency = (Sentence(text, category) for text in _emergencies(phrases["now"], frames, chance))
            harmless = (Sentence(text, NONE) for text in _harmless(phrases, frames, chance))
            found |= dict.fromkeys([*emergency, *harmless])
    return list(found)


def _emergencies(phrases: Sequence[str], frames: Mapping[str, Sequence[str]], chance: random.Random) -> Iterator[str]:
    """Each phrase alone, and with people, times, questions and reassurance around it."""
    for phrase in phrases:
        yield phrase
        for _ in range(_VARIANTS):
            text = phrase
            if chance.random() < 0.6:
                text = chance.choice(frames["who"]) + (chance.choice(frames["when"]) * chance.randrange(2)) + text
            elif chance.random() < 0.4:
                text = chance.choice(frames["when"]) + text
            text = _added(text, chance.random(), phrases, frames, chance)
            if chance.random() < 0.15:
                text = chance.choice(frames["greets"]) + text
            yield text.replace("，", " ") if chance.random() < 0.1 else text


def _added(
    text: str, draw: float, phrases: Sequence[str], frames: Mapping[str, Sequence[str]], chance: random.Random
) -> str:
    if draw < 0.35:
        return text + chance.choice("，。 ") + chance.choice(frames["asks"])
    if draw < 0.50:
        return f"{text}，{chance.choice(frames['played_down'])}"
    if draw < 0.58:
        return f"{chance.choice(frames['played_down'])}，但是{text}"
    return f"{text}，{chance.choice(phrases)}" if draw < 0.68 else text


def _harmless(
    phrases: Mapping[str, Sequence[str]], frames: Mapping[str, Sequence[str]], chance: random.Random
) -> Iterator[str]:
    """Signs asked about, denied, over, told or supposed; and what sounds alike and is mild."""
    for kind, count in _FRAMED.items():
        for _ in range(count):
            yield chance.choice(frames[kind]).format(
                s=chance.choice(phrases["signs"]), n=chance.choice(phrases["now"]), m=chance.choice(phrases["mild"])
            )
    for phrase in phrases["mild"]:
        yield phrase
        for _ in range(4):
            text = chance.choice(frames["who"]) + phrase if chance.random() < 0.5 else phrase
            if chance.random() < 0.5:
                text += chance.choice("，。 ") + chance.choice(frames["asks_mildly"])
            yield chance.choice(frames["greets"]) + text if chance.random() < 0.15 else text
