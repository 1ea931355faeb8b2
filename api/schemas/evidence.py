"""Evidence in full, what the audit found, and what is withheld."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.schemas.records import EntityOut, FactOut, SourceOut
from api.schemas.strict import Request, Response


class WithdrawIn(Request):
    """Why something must no longer support an answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "剂量有误，等待来源更正"}]})

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class PassageOut(Response):
    """What is stored of a passage beside its text."""

    question: str | None
    locator: str | None
    about: str | None
    aspect: str | None


class EntryOut(Response):
    """What the register says of an id, a `pmid:...` or a `doi:...`."""

    id: str
    kind: Literal["withdrawn", "retracted", "erased"]
    reason: str
    when: str = Field(description="UTC, ISO 8601")


class FindingOut(Response):
    """What an audit rule says of one record; a severe one that is not released keeps it out of answers."""

    rule: str
    severity: Literal["info", "warning", "severe"]
    kind: str
    record: str
    detail: str
    evidence: list[str]
    released: bool


class FindingsOut(Response):
    """A page of what the audit of one version found, the severest first; `next_offset` is null on the last one."""

    items: list[FindingOut]
    next_offset: int | None
    kb_version: int


class EvidenceInFullOut(Response):
    """A fact or passage, the version it was found in, and whether that is the current one.

    `held`: it is in quarantine for `findings` and supports no answer.
    """

    id: str
    kind: str
    text: str
    title: str | None
    source: SourceOut
    withheld: EntryOut | None = Field(description="why it supports no answer; null where it may")
    fact: FactOut | None
    passage: PassageOut | None
    entities: list[EntityOut]
    held: bool
    findings: list[FindingOut]
    kb_version: int
    current: bool


class RegisterOut(Response):
    """What was withdrawn, retracted or erased, oldest first; `revision` grows with every change."""

    revision: int
    entries: list[EntryOut]


class ExtentOut(Response):
    """How much of the current version an id stands for."""

    facts: int
    passages: int


class CuratedOut(EntryOut):
    """The entry that was made or taken out, and the revision of the register since."""

    revision: int
    current_version: ExtentOut
