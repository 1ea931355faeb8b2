"""What `/v1/evidence/{id}` says of a record in quarantine, from a real data folder."""

from __future__ import annotations

from pathlib import Path

from api.app import create_app
from api.schemas.evidence import EvidenceInFullOut, FindingsOut
from rag.snapshot import Library
from tests.api.conftest import local_client
from tests.audit.test_quarantine import FINE, HELD, JUNK, KEPT, OF_JUNK, YES
from tests.kb import publish, settings_for


def test_a_held_record_opens_with_its_findings(tmp_path: Path) -> None:
    publish(Library(tmp_path), {"a": [*KEPT, *HELD]})
    with local_client(create_app(settings_for(tmp_path))) as client:
        held = EvidenceInFullOut.model_validate(client.get(f"/v1/evidence/{YES.id}").json())
        assert (held.held, held.current) == (True, True)
        assert [(one.rule, one.severity, one.record) for one in held.findings] == [("contradiction", "severe", YES.id)]
        with_entity = client.get(f"/v1/evidence/{OF_JUNK.id}").json()
        assert [one["rule"] for one in with_entity["findings"]] == ["junk-name"]
        free = client.get(f"/v1/evidence/{FINE.id}").json()
        assert (free["held"], free["findings"]) == (False, [])
        assert client.get("/v1/evidence/f:0000000000000000").status_code == 404


def test_findings_are_listed_page_by_page(tmp_path: Path) -> None:
    publish(Library(tmp_path), {"a": [*KEPT, *HELD]})
    with local_client(create_app(settings_for(tmp_path))) as client:
        whole = FindingsOut.model_validate(client.get("/v1/kb/findings").json())
        assert (whole.kb_version, whole.next_offset) == (1, None)
        assert {one.record for one in whole.items} >= {YES.id, JUNK.id}
        paged = []
        offset: int | None = 0
        while offset is not None:
            page = client.get("/v1/kb/findings", params={"limit": 2, "offset": offset}).json()
            paged += page["items"]
            offset = page["next_offset"]
        assert paged == [one.model_dump() for one in whole.items]
        junk = client.get("/v1/kb/findings", params={"rule": "junk-name", "severity": "severe"}).json()
        assert [one["record"] for one in junk["items"]] == [JUNK.id]
        assert client.get("/v1/kb/findings", params={"severity": "dreadful"}).status_code == 422
        assert client.get("/v1/kb/findings", params={"kb_version": 7}).status_code == 404


def test_what_is_held_now_is_not_looked_up_in_an_older_version(tmp_path: Path) -> None:
    library = Library(tmp_path)
    publish(library, {"a": [*KEPT, YES]})
    publish(library, {"a": [*KEPT, *HELD]})
    with local_client(create_app(settings_for(tmp_path))) as client:
        assert client.get(f"/v1/evidence/{YES.id}").json()["held"] is True
        assert client.get(f"/v1/evidence/{YES.id}", params={"kb_version": 1}).json()["held"] is False
