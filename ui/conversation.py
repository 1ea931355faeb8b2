"""A conversation as the session holds it, and as it is exported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ui.words import Language, say
from yiwen.client import Answer, Citation, Evidence, Message, Patient, SafetyWarning, Triage, Turn

State = Literal["asking", "answered", "stopped", "failed"]
Rating = Literal["up", "down"]
MAX_TURNS = 20
"""How many earlier messages go with a question; the service takes at most 50."""


@dataclass
class Exchange:
    """A question and what became of it; `text` is what was shown so far, `fresh` an answer not shown before."""

    question: str
    patient: Patient | None = None
    state: State = "asking"
    answer_id: str = ""
    text: str = ""
    triage: Triage | None = None
    evidence: list[Evidence] = field(default_factory=list)
    answer: Answer | None = None
    error: tuple[str, str] | None = None
    suggestions: list[str] | None = None
    fresh: bool = True
    rating: Rating | None = None
    reason: str = ""
    generator: str | None = None
    instead: bool = False
    rival: Exchange | None = None
    """The same question to another generator; shown beside, and kept nowhere."""

    def again(self) -> Exchange:
        """The same question anew; whoever still writes into this one does no harm."""
        return Exchange(self.question, self.patient, generator=self.generator, instead=self.kept, rival=self.rival)

    @property
    def kept(self) -> bool:
        """Whether the service holds this question in a conversation, so that the next attempt takes its place."""
        return self.instead or bool(self.answer_id)


def exchanges_of(messages: Sequence[Message]) -> list[Exchange]:
    """What a stored conversation was; a question without an answer was stopped, one that came again counts once."""
    found: list[Exchange] = []
    for message in messages:
        if message.role == "user":
            if found and found[-1].answer is None and found[-1].question == message.content:
                found.pop()
            found.append(Exchange(message.content, state="stopped", fresh=False, instead=True))
        elif found and message.answer is not None:
            found[-1] = _answered(found[-1].question, message.answer)
    return found


def _answered(question: str, answer: Answer) -> Exchange:
    """The evidence is that which is cited: the rest is not kept."""
    evidence = [Evidence(id=c.evidence_id, kind=c.kind, text=c.quote, source=c.source) for c in answer.citations]
    stopped = "cancelled" in answer.degraded
    return Exchange(
        question, state="stopped" if stopped else "answered", answer_id=answer.answer_id, text=answer.text,
        triage=answer.triage, evidence=evidence, answer=answer, fresh=False,
    )  # fmt: skip


def turns(exchanges: Sequence[Exchange]) -> list[Turn]:
    """The history that goes with the next question: what was answered, newest last."""
    found: list[Turn] = []
    for exchange in exchanges:
        if exchange.answer is not None:
            found.append(Turn(role="user", content=exchange.question))
            found.append(Turn(role="assistant", content=exchange.answer.text))
    return found[-MAX_TURNS:]


def body_of(answer: Answer) -> str:
    """The text of an answer without the action of the triage, which stands in a banner of its own."""
    action = answer.triage.action or ""
    return answer.text.removeprefix(action).lstrip() if answer.triage.red_flag else answer.text


def untold(answer: Answer) -> list[SafetyWarning]:
    """The warnings for which the text has no room; it says how many they are."""
    return [warning for warning in answer.warnings if warning.text.rstrip("。") not in answer.text]


def as_json(exchanges: Sequence[Exchange], language: Language) -> str:
    """A document with every answer as the service gave it, label and note included."""
    document = {
        "title": say(language, "export_title"),
        "label": label_of(exchanges),
        "disclaimer": say(language, "not_a_diagnosis"),
        "exchanges": [_row(exchange) for exchange in exchanges],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _row(exchange: Exchange) -> dict[str, Any]:
    return {
        "question": exchange.question,
        "patient": exchange.patient.model_dump(exclude_none=True) if exchange.patient else None,
        "state": exchange.state,
        "text": exchange.answer.text if exchange.answer else exchange.text,
        "answer": exchange.answer.model_dump(mode="json") if exchange.answer else None,
        "beside": _row(exchange.rival) if exchange.rival else None,
    }


def label_of(exchanges: Sequence[Exchange]) -> str:
    """The label that says that a program wrote this."""
    return next((e.answer.label for e in exchanges if e.answer), "AI 生成")


def as_markdown(exchanges: Sequence[Exchange], language: Language) -> str:
    """A document to read and print: label, note, and each answer with its sources."""
    lines = [
        f"# {say(language, 'export_title')}",
        "",
        f"> **{label_of(exchanges)}** · {say(language, 'not_a_diagnosis')}",
        "",
    ]
    for exchange in exchanges:
        lines += [f"## {say(language, 'export_question')}：{' '.join(exchange.question.split())}", ""]
        lines += [*_answer_lines(exchange, language), ""]
        if exchange.rival is not None:
            lines += [*_answer_lines(exchange.rival, language), ""]
    return "\n".join(lines)


def _answer_lines(exchange: Exchange, language: Language) -> list[str]:
    answer = exchange.answer
    if answer is None:
        key = "export_failed" if exchange.state == "failed" else "export_stopped"
        return [*_paragraphs(exchange.text), say(language, key)]
    lines = [] if not answer.rewritten else [say(language, "rewritten", text=answer.rewritten), ""]
    lines += _paragraphs(answer.text)
    if rest := untold(answer):
        lines += [f"### {say(language, 'warnings_rest', count=len(rest))}", ""]
        lines += [f"- {warning.text} `{'、'.join(warning.evidence_ids)}`" for warning in rest] + [""]
    if answer.citations:
        lines += [f"### {say(language, 'export_sources')}", ""]
        lines += [_source_line(citation, language) for citation in answer.citations] + [""]
    outcome = say(language, f"outcome_{answer.outcome}")
    lines.append(
        say(language, "provenance", label=answer.label, outcome=outcome, version=answer.kb_version,
            generator=answer.generator)
    )  # fmt: skip
    if answer.disclaimer:
        lines.append(f"\n{answer.disclaimer}")
    return lines


def _paragraphs(text: str) -> list[str]:
    return [line for paragraph in text.splitlines() if paragraph for line in (paragraph, "")]


def _source_line(citation: Citation, language: Language) -> str:
    source = citation.source
    about = [str(source.year or say(language, "no_year")), source.grade_label or source.grade]
    url = f" {source.url}" if source.url else ""
    return f"- [{citation.n}] {source.title}（{'，'.join(about)}）“{citation.quote}” `{citation.evidence_id}`{url}"
