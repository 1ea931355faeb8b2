"""Questions and their answers, evidence without one, a check of medications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from yiwen.client.calls.connection import Connection
from yiwen.client.replies.answers import Answer, Event, Found, Patient, Turn
from yiwen.client.replies.medications import Medications
from yiwen.client.transport import given, raise_for, reachable


class QuestionCalls(Connection):
    """Ask."""

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        patient: Patient | None = None,
        kb_version: int | None = None,
        top_k: int | None = None,
        detail: Literal["short", "full"] = "short",
        conversation: str | None = None,
        instead: bool = False,
        generator: str | None = None,
    ) -> Answer:
        """The whole answer at once; `conversation` keeps it, `generator` (one of `models`) writes it.

        `instead`: in the place of the last question of the conversation.
        """
        body = _ask_body(question, history, patient, kb_version, top_k, detail, conversation, instead, generator)
        return self._post("/ask", body, Answer)

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        patient: Patient | None = None,
        kb_version: int | None = None,
        top_k: int | None = None,
        detail: Literal["short", "full"] = "short",
        conversation: str | None = None,
        instead: bool = False,
        generator: str | None = None,
    ) -> Iterator[Event]:
        """The events of an answer as they come; one that is left goes on for 15 s, unless `stop` ends it."""
        body = _ask_body(question, history, patient, kb_version, top_k, detail, conversation, instead, generator)
        yield from self._events("POST", "/ask", body, {})

    def follow(self, answer_id: str, *, after: int = 0) -> Iterator[Event]:
        """The events of an answer that was cut off less than 15 s ago, behind the first `after`."""
        yield from self._events("GET", f"/v1/answers/{answer_id}/events", None, {"Last-Event-ID": str(after)})

    def stop(self, answer_id: str) -> None:
        """End an answer that is being streamed; what is written stays."""
        with reachable():
            raise_for(self._http.delete(f"/v1/answers/{answer_id}"))

    def search(self, question: str, *, top_k: int | None = None, kb_version: int | None = None) -> Found:
        """Evidence without an answer."""
        return self._post("/v1/search", given(question=question, top_k=top_k, kb_version=kb_version), Found)

    def check_medications(
        self, drugs: Sequence[str], *, patient: Patient | None = None, kb_version: int | None = None
    ) -> Medications:
        """What the knowledge base holds against a list of drugs for a patient."""
        known = patient.model_dump(exclude_none=True) if patient else None
        body = given(drugs=list(drugs), patient=known, kb_version=kb_version)
        return self._post("/v1/medications/check", body, Medications)


def _ask_body(
    question: str,
    history: Sequence[Turn],
    patient: Patient | None,
    kb_version: int | None,
    top_k: int | None,
    detail: str,
    conversation: str | None,
    instead: bool,
    generator: str | None,
) -> dict[str, Any]:
    turns = [turn.model_dump() for turn in history] or None
    who = patient.model_dump(exclude_none=True) if patient else None
    return given(
        question=question, history=turns, patient=who, kb_version=kb_version, top_k=top_k, detail=detail,
        conversation=conversation, instead=instead or None, generator=generator,
    )  # fmt: skip
