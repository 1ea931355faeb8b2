"""What every sentence keeps to: the characters that are left, and texts that may stand in a sentence."""

from __future__ import annotations

import re

from rag.checking.cutting import cut_sentences
from rag.domain import Evidence, GenerationRequest

Numbered = tuple[int, Evidence]
"""Evidence with the number that cites it."""
_BRACKETED = re.compile(r"[\[［【]\s*\d[\d\s,，、;；\-–]*[\]］】]")
"""What a reader would take for a citation."""


class Budget:
    """Characters left; `full` answers have no limit."""

    def __init__(self, request: GenerationRequest) -> None:
        self.full = request.limits.detail == "full"
        self.left = request.limits.characters

    def takes(self, sentence: str) -> bool:
        """Spend the length of `sentence` if it fits."""
        if self.full:
            return True
        if len(sentence) > self.left:
            return False
        self.left -= len(sentence)
        return True


def sayable(text: str) -> str | None:
    """`text` as a sentence may hold it: in quotation marks if the sentence would end in it, None if it cannot stand."""
    if _BRACKETED.search(text) or set(text) & {"“", "”"}:
        return None
    return text if len(list(cut_sentences([f"有{text}[1]等"]))) == 1 else f"“{text}”"


def stands_bare(name: str) -> bool:
    """Whether a name can stand in a sentence as it is."""
    return sayable(name) == name
