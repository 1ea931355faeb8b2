"""`GET /v1/evidence/{id}`: what a citation opens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.openapi import problems
from api.rendering import Json, evidence_in_full, finding_json
from api.schemas.evidence import EvidenceInFullOut
from api.schemas.strict import DIGITS
from api.service import Service, service_of
from rag.answer.rendering import fact_evidence
from rag.domain import EDITOR
from rag.errors import NotFoundError
from rag.ports import KnowledgeBase

router = APIRouter(tags=["evidence"])


@router.get(
    "/v1/evidence/{evidence_id}",
    operation_id="getEvidence",
    response_class=Response,
    responses=problems(404, 410, 422, 503) | {200: {"model": EvidenceInFullOut}},
)
async def get(
    service: Annotated[Service, Depends(service_of)],
    evidence_id: str,
    kb_version: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="look in this version only"), DIGITS
    ] = None,
) -> Response:
    """A fact or passage with its source: from the current version, else from the newest retained one that has it.

    What was withdrawn or retracted still opens, with `withheld` saying why it supports no answer.
    What an editor drew in the live graph opens too once it was shown, adopted or not.
    One in quarantine opens with `held` and the findings that keep it out of answers.
    """

    def work() -> Json:
        register = service.catalogue.decisions()
        register.require_kept(evidence_id)
        current = service.edition().pointer.version
        for version, kb in _retained(service, current, kb_version):
            place: Json = {"kb_version": version, "current": version == current}
            if (found := kb.evidence([evidence_id]).get(evidence_id)) is not None:
                return evidence_in_full(found, kb, register.of(found)) | {"held": False, "findings": []} | place
            if (held := kb.held([evidence_id]).get(evidence_id)) is not None:
                shown = evidence_in_full(held.evidence, kb, register.of(held.evidence))
                return shown | {"held": True, "findings": [finding_json(one) for one in held.findings]} | place
        drawn = service.catalogue.drawn_fact(evidence_id)
        if drawn is not None and kb_version in (None, drawn.version):
            found = fact_evidence(drawn.fact, EDITOR)
            shown = evidence_in_full(found, service.edition().kb, register.of(found)) | {"held": False, "findings": []}
            return shown | {"kb_version": drawn.version, "current": drawn.version == current}
        where = f"version {kb_version}" if kb_version else "any retained version"
        raise NotFoundError(f"no evidence {evidence_id!r} in {where}; ids are `f:` or `p:` and 16 hex digits")

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")


def _retained(service: Service, current: int, only: int | None) -> Iterator[tuple[int, KnowledgeBase]]:
    """The version asked for; else the current one, then the others, newest first."""
    if only is not None and only != current:
        yield only, service.catalogue.knowledge_base(only)
        return
    yield current, service.edition().kb
    if only is None:
        for manifest in reversed(service.catalogue.versions()):
            if manifest.version != current:
                yield manifest.version, service.catalogue.knowledge_base(manifest.version)
