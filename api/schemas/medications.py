"""The check of a list of medicines."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from api.schemas.answers import EvidenceOut, PatientIn
from api.schemas.records import EntityOut
from api.schemas.strict import Few, Request, Response, VersionNumber


class MedicationsIn(Request):
    """Drugs, herbs, formulas and foods by name, and who takes them; what the patient takes already is `patient.drugs`.

    At most 50 names in all; a dose behind a name is left out.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"drugs": ["阿司匹林", "华法林", "布洛芬"], "patient": {"age": 70, "allergies": ["青霉素"]}}]
        }
    )

    drugs: Few
    patient: PatientIn | None = None
    kb_version: VersionNumber | None = Field(None, description="an older version; the current one if absent")
    min_revision: VersionNumber | None = Field(None, description="wait (2 s) until this revision is served, else 503")


class MedicineOut(Response):
    """A name of the list and what it stands for."""

    given: str
    via: str = Field(description="`name`, a kind of alias, `base`: its form left out, `several`: all that list it")
    entities: list[EntityOut]


class UnknownMedicineOut(Response):
    """A name that surely stands for nothing in the knowledge base, with names near to it."""

    given: str
    near: list[EntityOut]


class StepOut(Response):
    """What one record says; `evidence_id` is null where only names are compared."""

    text: str
    evidence_id: str | None


class HazardOut(Response):
    """What speaks against one drug or two together: `because` of another drug, or of what the patient is or has."""

    kind: Literal["contraindication", "caution", "interaction", "incompatibility", "allergy", "duplicate"]
    severity: Literal["contraindicated", "major", "moderate", "caution", "minor", "unknown"]
    severity_label: str
    drugs: list[EntityOut]
    because: str
    text: str
    path: list[StepOut]
    evidence_ids: list[str]


class UnrecordedOut(Response):
    """Two drugs, or a drug and something known of the patient (`about`), on which nothing is recorded."""

    drugs: list[str]
    about: str | None


class MedicationsOut(Response):
    """Everything found, the gravest first, with its records; no finding means that nothing is recorded, not safety."""

    medicines: list[MedicineOut]
    unknown: list[UnknownMedicineOut]
    patient: list[str] = Field(description="what was looked up for the patient")
    findings: list[HazardOut]
    evidence: list[EvidenceOut]
    unrecorded: list[UnrecordedOut]
    note: str = Field(description="says that no record is not safety")
    kb_version: int
    revision: int
    degraded: list[str] = Field(description="`live-graph` where the snapshot's own graph had to answer")
    label: str
    disclaimer: str
