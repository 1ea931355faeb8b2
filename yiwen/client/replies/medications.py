"""A list of drugs, checked."""

from __future__ import annotations

from yiwen.client.replies.evidence import Entity, Evidence
from yiwen.client.replies.reply import Reply


class Medicine(Reply):
    """A name of a list of drugs, and what it stands for."""

    given: str
    entities: tuple[Entity, ...]


class UnknownMedicine(Reply):
    """A name that the knowledge base does not know, and near ones."""

    given: str
    near: tuple[Entity, ...]


class Hazard(Reply):
    """What speaks against one drug or two together, with the records on which it rests."""

    kind: str
    severity: str
    severity_label: str
    drugs: tuple[Entity, ...]
    because: str
    text: str
    evidence_ids: tuple[str, ...]


class Unrecorded(Reply):
    """Two drugs, or a drug and something known of the patient, without a record; that is not safety."""

    drugs: tuple[str, ...]
    about: str | None = None


class Medications(Reply):
    """What speaks against a list of drugs, the gravest first."""

    medicines: tuple[Medicine, ...]
    unknown: tuple[UnknownMedicine, ...]
    findings: tuple[Hazard, ...]
    evidence: tuple[Evidence, ...]
    unrecorded: tuple[Unrecorded, ...]
    note: str
    kb_version: int
    label: str
    disclaimer: str
