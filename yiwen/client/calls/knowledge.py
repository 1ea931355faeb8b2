"""What the knowledge base holds, and its versions."""

from __future__ import annotations

from urllib.parse import quote

from yiwen.client.calls.connection import Connection
from yiwen.client.replies.entities import Entities, EntityInFull, Graph, Paths
from yiwen.client.replies.evidence import Evidence
from yiwen.client.replies.knowledge import Activated, Difference, Versions, Vocabulary
from yiwen.client.transport import given


class KnowledgeCalls(Connection):
    """Read it, and choose a version."""

    def entities(self, query: str, *, limit: int | None = None, cursor: str | None = None) -> Entities:
        """Entities whose name begins with or contains `query`."""
        return self._get("/v1/entities", Entities, given(q=query, limit=limit, cursor=cursor))

    def entity(self, identifier: str, *, limit: int | None = None) -> EntityInFull:
        """An entity with its names and its facts, at most `limit` of each relation and direction."""
        return self._get(f"/v1/entities/{quote(identifier, safe='')}", EntityInFull, given(limit=limit))

    def graph(self, identifier: str, *, limit: int | None = None) -> Graph:
        """What lies one step around an entity, at most `limit` facts of each relation and direction."""
        return self._get(f"/v1/entities/{quote(identifier, safe='')}/graph", Graph, given(limit=limit))

    def paths(self, start: str, end: str, *, max_hops: int | None = None, limit: int | None = None) -> Paths:
        """Shortest chains of facts between two entities, named by id."""
        return self._get("/v1/paths", Paths, given(**{"from": start, "to": end}, max_hops=max_hops, limit=limit))

    def evidence(self, identifier: str, *, kb_version: int | None = None) -> Evidence:
        """What a citation opens."""
        return self._get(f"/v1/evidence/{identifier}", Evidence, given(kb_version=kb_version))

    def versions(self) -> Versions:
        """All versions."""
        return self._get("/v1/kb/versions", Versions, {})

    def activate(self, version: int) -> Activated:
        """Serve another version; needs the key where the service has one."""
        return self._post(f"/v1/kb/versions/{version}/activate", None, Activated)

    def diff(self, a: int, b: int, *, samples: int = 5) -> Difference:
        """What version `b` has that `a` has not, and the reverse."""
        return self._get("/v1/kb/diff", Difference, {"a": a, "b": b, "samples": samples})

    def vocabulary(self) -> Vocabulary:
        """What facts, sources and maps of tables are made of."""
        return self._get("/v1/kb/vocabulary", Vocabulary, {})
