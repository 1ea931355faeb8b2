"""The checker's cases by evidence (`sets/checker_*.yaml`): what it supports, and kinds of what it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

import yaml

CASES = ("values", "slips", "restated", "more", "retold")
"""Files `sets/checker_NAME.yaml`, in the order in which they are told."""
SUPPORTED = "supported"
_ABOUT = frozenset({"title", "kind", "evidence"})


@dataclass(frozen=True)
class Case:
    """A sentence under the texts that it cites; `kind` ends in `SUPPORTED` or names what is wrong with it."""

    id: str
    set: str
    kind: str
    sentence: str
    titles: tuple[str, ...]
    texts: tuple[str, ...]
    form: str

    @property
    def row(self) -> Mapping[str, str]:
        """For whoever reads a wrong verdict."""
        return {"sentence": self.sentence, "evidence": " | ".join(self.texts)}


def read_cases(name: str) -> list[Case]:
    """The cases of one packaged file, those of a piece of evidence together."""
    text = (resources.files("evaluation") / "sets" / f"checker_{name}.yaml").read_text(encoding="utf-8")
    return [case for number, entry in enumerate(yaml.safe_load(text), start=1) for case in _of(name, number, entry)]


def _of(name: str, number: int, entry: Mapping[str, str | list[str]]) -> Iterator[Case]:
    titles, texts = _several(entry["title"]), _several(entry["evidence"])
    for kind, sentences in entry.items():
        for n, sentence in enumerate(_several(sentences) if kind not in _ABOUT else (), start=1):
            yield Case(f"{name}-{number}-{kind}-{n}", name, kind, sentence, titles, texts, str(entry["kind"]))


def _several(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
