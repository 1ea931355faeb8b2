"""What is written into an answer: checked sentences with their marks, warnings and notes. Emitted text is final."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from rag.answer.conflicts import side_by_side
from rag.answer.english import English
from rag.checking.checker import Checker
from rag.checking.cutting import cut_sentences
from rag.checking.quotations import MARK
from rag.checking.quoting import citation_for
from rag.domain import (
    Answer,
    Citation,
    Conflict,
    Dropped,
    Evidence,
    GenerationRequest,
    Outcome,
    SafetyWarning,
    Triage,
)


@dataclass(frozen=True)
class Token:
    """Checked text."""

    text: str


@dataclass
class Draft:
    """What grows while an answer is written."""

    answer_id: str = field(default_factory=lambda: secrets.token_hex(8))
    text: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    number: dict[str, int] = field(default_factory=dict)
    dropped: list[Dropped] = field(default_factory=list)
    cited: list[Evidence] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)
    generator: str = ""
    version: int = 0
    revision: int = 0
    written: int = 0
    """Characters that generators wrote."""
    full: bool = False
    """Whether a sentence was left out for its length."""
    english: English | None = None
    """Set where the answer is in English."""

    def worded(self, text: str) -> str:
        """Text of ours in the language of the answer."""
        return self.english.sentence(text) if self.english is not None else text

    @property
    def length(self) -> int:
        """Characters written so far."""
        return sum(map(len, self.text))

    def answer(self, outcome: Outcome, verdict: Triage) -> Answer:
        """What is written so far, as an answer."""
        return Answer(
            answer_id=self.answer_id, outcome=outcome, text="".join(self.text).strip(),
            citations=tuple(self.citations), mentions=(), triage=verdict,
            kb_version=self.version, revision=self.revision, generator=self.generator,
            dropped=tuple(self.dropped), degraded=tuple(self.degraded), timings_ms=self.timings,
        )  # fmt: skip


def emit_warnings(
    draft: Draft, warnings: Sequence[SafetyWarning], evidence: Sequence[Evidence], room: int | None
) -> Iterator[Token]:
    """As many as fit into `room` characters, at least one; how many more there are is said."""
    by_id = {e.id: n for n, e in enumerate(evidence, start=1)}
    first = draft.length
    for said, warning in enumerate(warnings):
        marks = "".join(f"[{by_id[name]}]" for name in warning.evidence_ids if name in by_id)
        text = f"注意：{plain(warning.text.rstrip('。'))}{marks}。\n"
        if said and room is not None and draft.length - first + len(text) > room:
            yield say(draft, f"另有{len(warnings) - said}条用药警示，见警示列表。\n")
            return
        if marks:
            yield cite(draft, text, evidence)
        elif not warning.evidence_ids:
            yield say(draft, text)  # what two names have in common states no fact of medicine


def emit_conflicts(
    draft: Draft, conflicts: Sequence[Conflict], evidence: Sequence[Evidence], room: int | None
) -> Iterator[Token]:
    """What sources disagree on, as many as fit into `room` characters; all are in the answer's `conflicts`."""
    by_id = {e.id: n for n, e in enumerate(evidence, start=1)}
    first = draft.length
    for conflict in conflicts:
        text = side_by_side(conflict, by_id)
        if room is None or draft.length - first + len(text) <= room:
            yield cite(draft, text, evidence)


def checked(
    pieces: Iterable[str],
    request: GenerationRequest,
    checker: Checker,
    draft: Draft,
    known: Set[str] = frozenset(),
    failed: Sequence[Exception] = (),
) -> Iterator[Token | Dropped]:
    """Sentences that pass the checker and fit; none whose evidence is all in `known`, which is cited already.

    What is left when `failed` has something is no whole sentence and is not looked at.
    """
    for sentence in cut_sentences(pieces):
        if failed:
            return
        reason = checker.check(sentence, request.evidence)
        shorter = _as_far_as_it_holds(sentence, request.evidence, checker) if reason is not None else None
        if shorter is not None:
            sentence, reason = shorter, None
        if reason is not None:
            dropped = Dropped(MARK.sub("", sentence).strip(), reason)
            draft.dropped.append(dropped)
            yield dropped
        elif not {request.evidence[int(n) - 1].id for n in MARK.findall(sentence)} <= known:
            if (
                request.limits.detail != "full"
                and len(draft.worded(sentence)) > request.limits.characters - draft.written
            ):
                draft.full = True
                return
            token = cite(draft, sentence, request.evidence)
            draft.written += len(token.text)
            yield token


def _as_far_as_it_holds(sentence: str, evidence: Sequence[Evidence], checker: Checker) -> str | None:
    """A list (`甲的症状有：乙[1]、丙[2]。`) without the items that do not pass; None where fewer than two do.

    One odd name among ten would else cost the other nine.
    """
    match = _LIST.fullmatch(sentence)
    if match is None:
        return None
    kept: list[str] = []
    for item in _ITEM.findall(match["items"]):
        if checker.check(_listed(match["opening"], [*kept, item], match["end"]), evidence) is None:
            kept.append(item)
    return _listed(match["opening"], kept, match["end"]) if len(kept) > 1 else None


def _listed(opening: str, items: Sequence[str], end: str) -> str:
    return f"{opening}{'、'.join(items)}{end}"


_LIST = re.compile(r"(?P<opening>[^：“”\[\]]+：)(?P<items>(?:[^：“”\[\]、]+(?:\[\d+\])+、?){3,})(?P<end>等?。\s*)")
_ITEM = re.compile(r"([^\[\]、]+(?:\[\d+\])+)")


def emit_notes(draft: Draft, notes: Sequence[str], limit: int | None) -> Iterator[Token]:
    """The notes that fit; the first one always, for an answer without text says nothing."""
    for note in notes:
        text = plain(note)
        if limit is None or not draft.text or draft.length + len(draft.worded(text).rstrip()) <= limit:
            yield say(draft, text)


def say(draft: Draft, text: str) -> Token:
    """Text of ours that states no fact of medicine."""
    text = draft.worded(text)
    draft.text.append(text)
    return Token(text)


def cite(draft: Draft, sentence: str, evidence: Sequence[Evidence]) -> Token:
    """A checked sentence, its marks renumbered in the order in which evidence is first cited."""

    def renumber(mark_text: str) -> str:
        source = evidence[int(mark_text) - 1]
        if source.id not in draft.number:
            draft.number[source.id] = len(draft.number) + 1
            draft.citations.append(citation_for(draft.number[source.id], source, sentence))
            draft.cited.append(source)
        return f"[{draft.number[source.id]}]"

    return say(draft, MARK.sub(lambda match: renumber(match[1]), sentence))


def plain(text: str) -> str:
    """Numbers in brackets inside a name: no citation, so not shown as one."""
    return MARK.sub(r"［\1］", text)
