"""`GET /v1/kb/vocabulary`: the closed sets that facts, sources and maps of tables are made of."""

from __future__ import annotations

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from api.openapi import problems
from api.rendering import Json
from api.schemas.kb import VocabularyOut
from rag.domain import AliasKind, PassageKind
from rag.vocabulary import GRADE_LABELS, RELATIONS, TYPE_LABELS, EntityType, RelationInfo

router = APIRouter(tags=["knowledge base"])


@router.get(
    "/v1/kb/vocabulary",
    operation_id="getVocabulary",
    response_class=Response,
    responses=problems() | {200: {"model": VocabularyOut}},
)
async def vocabulary() -> Response:
    """Types of entities, relations with the types that they join, grades of evidence, kinds of alias and passage."""
    found = {
        "types": [{"id": one.value, "label": label} for one, label in TYPE_LABELS.items()],
        "relations": [_relation_json(info) for info in RELATIONS.values()],
        "grades": [{"id": one.value, "label": label} for one, label in GRADE_LABELS.items()],
        "alias_kinds": [one.value for one in AliasKind],
        "passage_kinds": [one.value for one in PassageKind],
    }
    return Response(orjson.dumps(found), media_type="application/json")


def _relation_json(info: RelationInfo) -> Json:
    return {
        "id": info.relation.value,
        "label": info.label,
        "aliases": list(info.aliases),
        "subjects": [one.value for one in EntityType if one in info.subjects],
        "objects": [one.value for one in EntityType if one in info.objects],
    }
