"""Domain objects as the JSON of the contract (docs/openapi.json); without FastAPI, so that commands can use it too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rag.answer.conflicts import independent
from rag.domain import (
    LABEL,
    Answer,
    Candidate,
    Citation,
    Conflict,
    Entity,
    EntityId,
    Evidence,
    Finding,
    GraphFact,
    Literal,
    Mention,
    Source,
    Triage,
)
from rag.editions import Edition
from rag.linking.names import entity_name, entity_type
from rag.ports import KnowledgeBase
from rag.register import Entry
from rag.retrieval.selection import SURE
from rag.safety.hazards import Hazard
from rag.safety.levels import LEVEL_LABELS
from rag.safety.medications import NO_RECORD, NOT_SAFE, Report
from rag.safety.warnings import DISCLAIMER
from rag.vocabulary import GRADE_LABELS, RELATIONS

Json = dict[str, object]


def source_json(source: Source) -> Json:
    """A bibliographic record."""
    return {
        "id": source.id,
        "title": source.title,
        "kind": source.kind,
        "grade": source.grade.value,
        "grade_label": GRADE_LABELS[source.grade],
        "year": source.year,
        "publisher": source.publisher,
        "doi": source.doi,
        "pmid": source.pmid,
        "url": source.url,
        "licence": source.licence,
    }


def citation_json(citation: Citation) -> Json:
    """What `[n]` stands for."""
    return {
        "n": citation.n,
        "evidence_id": citation.evidence_id,
        "kind": citation.kind,
        "quote": citation.quote,
        "span": list(citation.span),
        "source": source_json(citation.source),
    }


def triage_json(triage: Triage) -> Json:
    """The verdict of the red-flag rules."""
    return {
        "red_flag": triage.red_flag,
        "category": triage.category,
        "action": triage.action,
        "label": triage.label,
    }


def evidence_json(evidence: Evidence) -> Json:
    """A fact or passage with its score, all three arms named."""
    return {
        "id": evidence.id,
        "kind": evidence.kind,
        "text": evidence.text,
        "title": evidence.title,
        "score": evidence.score,
        "arms": {arm: evidence.arms.get(arm, 0.0) for arm in ("dense", "sparse", "graph", "rerank")},
        "source": source_json(evidence.source),
    }


def answer_json(answer: Answer, kb: KnowledgeBase | None) -> Json:
    """An answer; `kb` is the version that gave it, for the names of entities (None if it is gone)."""
    return {
        "answer_id": answer.answer_id,
        "outcome": answer.outcome.value,
        "text": answer.text,
        "citations": [citation_json(citation) for citation in answer.citations],
        **mentions_json(answer.mentions, kb),
        "warnings": [
            {"kind": w.kind, "text": w.text, "evidence_ids": list(w.evidence_ids), "severity": w.severity}
            for w in answer.warnings
        ],
        "conflicts": [_conflict_json(conflict) for conflict in answer.conflicts],
        "triage": triage_json(answer.triage),
        "questions": list(answer.questions),
        "dropped": [{"sentence": d.sentence, "reason": d.reason} for d in answer.dropped],
        "kb_version": answer.kb_version,
        "revision": answer.revision,
        "generator": answer.generator,
        "degraded": list(answer.degraded),
        "verdict": answer.verdict.value if answer.verdict else None,
        "rewritten": answer.rewritten,
        "label": answer.label,
        "disclaimer": DISCLAIMER,
        "timings_ms": dict(answer.timings_ms),
    }


def untold(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Of an answer of `answer_json` the warnings for which its text has no room; it says how many they are."""
    return [warning for warning in answer.get("warnings", ()) if warning["text"].rstrip("。") not in answer["text"]]


def _conflict_json(conflict: Conflict) -> Json:
    return {
        "subject": _named(conflict.subject, {conflict.subject: conflict.subject_name}),
        "relation": conflict.relation.value,
        "label": RELATIONS[conflict.relation].label,
        "about": conflict.about,
        "population": conflict.population,
        "independent": independent(conflict),
        "sides": [
            {
                "value": side.value,
                "evidence_ids": list(side.evidence_ids),
                "witnesses": side.witnesses,
                "sources": [source_json(source) for source in side.sources],
            }
            for side in conflict.sides
        ],
    }


def report_json(report: Report, edition: Edition, degraded: Sequence[str]) -> Json:
    """What a medication check found."""
    near = _display_names((c for medicine in report.unknown for c in medicine.near), edition.kb)
    return {
        "medicines": [
            {"given": m.given, "via": m.via, "entities": [_named(entity, report.names) for entity in m.entities]}
            for m in report.medicines
        ],
        "unknown": [{"given": m.given, "near": [_entity_row(c, near) for c in m.near]} for m in report.unknown],
        "patient": [concern.label for concern in report.concerns],
        "findings": [_hazard_json(hazard, report.names) for hazard in report.hazards],
        "evidence": [evidence_json(evidence) for evidence in report.evidence.values()],
        "unrecorded": [{"drugs": list(one.drugs), "about": one.about} for one in report.unrecorded],
        "note": f"{NO_RECORD}之处：{NOT_SAFE}",
        "kb_version": edition.pointer.version,
        "revision": edition.pointer.revision,
        "degraded": list(degraded),
        "label": LABEL,
        "disclaimer": DISCLAIMER,
    }


def _hazard_json(hazard: Hazard, names: Mapping[EntityId, str]) -> Json:
    return {
        "kind": hazard.kind.value,
        "severity": hazard.level.value,
        "severity_label": LEVEL_LABELS[hazard.level],
        "drugs": [_named(drug, names) for drug in hazard.drugs],
        "because": hazard.because,
        "text": hazard.text,
        "path": [{"text": step.text, "evidence_id": step.evidence_id} for step in hazard.path],
        "evidence_ids": list(hazard.evidence_ids),
    }


def _named(entity: EntityId, names: Mapping[EntityId, str]) -> Json:
    return {"id": entity, "name": names.get(entity, entity_name(entity)), "type": entity_type(entity).value}


def mentions_json(mentions: Sequence[Mention], kb: KnowledgeBase | None) -> Json:
    """`entities`: mentions that surely stand for one; `unsure`: those to ask about, or named with a modifier."""
    names = _display_names((c for m in mentions for c in m.candidates), kb)
    sure = [m for m in mentions if m.best.score >= SURE and not m.modifier]
    return {
        "entities": [_entity_row(m.best, names) | _place(m) for m in sure],
        "unsure": [
            _place(m) | {"modifier": m.modifier, "candidates": [_entity_row(c, names) for c in m.candidates[:5]]}
            for m in mentions
            if m not in sure
        ],
    }


def _display_names(candidates: Iterable[Candidate], kb: KnowledgeBase | None) -> Mapping[EntityId, str]:
    if kb is None:
        return {}
    return {key: entity.name for key, entity in kb.entities({c.entity for c in candidates}).items()}


def _entity_row(candidate: Candidate, names: Mapping[EntityId, str]) -> Json:
    return {
        "id": candidate.entity,
        "name": names.get(candidate.entity, candidate.name),
        "type": candidate.type.value,
    }


def _place(mention: Mention) -> Json:
    return {
        "surface": mention.surface,
        "start": mention.start,
        "end": mention.end,
        "negated": mention.negated,
        "past": mention.past,
        "third_person": mention.third_person,
        "hypothetical": mention.hypothetical,
        "carried": mention.carried,
    }


def entity_json(entity: Entity) -> Json:
    """An entity by itself."""
    return {"id": entity.id, "name": entity.name, "type": entity.type.value}


def fact_json(fact: GraphFact, entities: Mapping[EntityId, Entity]) -> Json:
    """A fact with both ends; a literal object has no id."""
    return {
        "id": fact.id,
        "relation": fact.relation.value,
        "label": RELATIONS[fact.relation].label,
        "subject": _end(fact.subject, fact.subject_name, entities),
        "object": (
            {"id": None, "name": fact.object.text, "type": fact.object.kind}
            if isinstance(fact.object, Literal)
            else _end(fact.object, fact.object_text, entities)
        ),
        "severity": fact.qualifiers.severity,
        "population": fact.qualifiers.population,
        "dose": fact.qualifiers.dose,
    }


def _end(identifier: EntityId, name: str, entities: Mapping[EntityId, Entity]) -> Json:
    known = entities.get(identifier)
    return {"id": identifier, "name": known.name if known else name, "type": identifier.partition(":")[0]}


def entry_json(entry: Entry) -> Json:
    """What the register says of one key."""
    return {"id": entry.key, "kind": entry.kind.value, "reason": entry.reason, "when": entry.when}


def finding_json(finding: Finding) -> Json:
    """What an audit rule says of a record."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "kind": finding.kind,
        "record": finding.record,
        "detail": finding.detail,
        "evidence": list(finding.evidence),
        "released": finding.released,
    }


def evidence_in_full(evidence: Evidence, kb: KnowledgeBase, withheld: Entry | None) -> Json:
    """A fact or passage with everything stored about it, and why it supports no answer, if it does not."""
    entities = kb.entities(evidence.entities)
    passage = evidence.passage
    return {
        "id": evidence.id,
        "kind": evidence.kind,
        "text": evidence.text,
        "title": evidence.title,
        "source": source_json(evidence.source),
        "withheld": entry_json(withheld) if withheld is not None else None,
        "fact": fact_json(evidence.fact, entities) if evidence.fact is not None else None,
        "passage": (
            {
                "question": passage.question,
                "locator": passage.locator,
                "about": passage.about,
                "aspect": passage.aspect,
            }
            if passage is not None
            else None
        ),
        "entities": [entity_json(entity) for entity in entities.values()],
    }
