"""Requests and responses of `/v1/kb/aliases` and `/v1/kb/reviews`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from api.schemas.evidence import FindingOut
from api.schemas.records import EntityOut
from api.schemas.strict import Request, Response


class ReviewIn(Request):
    """What is decided about records: to let answers use them, or to keep them out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"verdict": "release", "records": ["a:fbb22efade44f317"], "reason": "查过教科书"}]
        }
    )

    verdict: Literal["release", "hold"]
    records: Annotated[list[Annotated[str, Field(min_length=1, max_length=500)]], Field(min_length=1, max_length=200)]
    reason: Annotated[str, Field(max_length=500, description="why; `hold` needs one")] = ""

    @model_validator(mode="after")
    def _holding_needs_a_reason(self) -> ReviewIn:
        if self.verdict == "hold" and not self.reason.strip():
            raise ValueError("say in `reason` why; it is shown as the finding")
        return self


class DoubtedAliasOut(Response):
    """An alias, the entity that it stands for, the data sets that assert it, and what the audit says."""

    id: str
    name: str
    kind: str
    entity: EntityOut
    datasets: list[str]
    findings: list[FindingOut]


class AliasesOut(Response):
    """A page of doubted aliases; `next_offset` is null on the last one."""

    items: list[DoubtedAliasOut]
    next_offset: int | None
    kb_version: int
