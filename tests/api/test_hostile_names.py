"""Two thousand names made to be run (B20): on a real snapshot they are looked for, and nothing else happens."""

from __future__ import annotations

import random
from pathlib import Path

from api.app import create_app
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build
from tests.api.conftest import local_client
from tests.api.records import SMALL
from tests.kb import publish

PARTS = (
    "'", '"', "`", ";", "--", "/*", "*/", ")", "(", "}", "{", "\\", "%", "_", "*", ":", "^", "~", "[", "]", "$", "|",
    "OR 1=1", "UNION SELECT", "DROP TABLE facts", "DETACH DELETE n", "MATCH (n)", "CALL dbms.", "NEAR(", "AND", "NOT",
    "$name", "${x}", "\\u0027", "title:", "text:*", "+偏头痛", "-偏头痛", "偏头痛", "disease", "HAS_SYMPTOM",
    "\n", "\x01",
)  # fmt: skip


def hostile(count: int) -> list[str]:
    rng = random.Random(20)
    return [" ".join(rng.choices(PARTS, k=rng.randint(1, 6))) for _ in range(count)]


def test_names_are_only_looked_for(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, embedder="none")
    publish(Library(tmp_path), {"small": SMALL})
    records = next(tmp_path.rglob("records.sqlite"))
    before = records.read_bytes()
    with local_client(create_app(settings, build(settings))) as client:
        for number, name in enumerate(hostile(2000)):
            statuses = [client.get("/v1/entities", params={"q": name}).status_code]
            if number % 10 == 0:
                statuses += [
                    client.post("/v1/search", json={"question": name}).status_code,
                    client.post("/v1/ask", json={"question": f"{name}有什么症状"}).status_code,
                    client.get("/v1/paths", params={"from": f"disease:{name}", "to": "disease:偏头痛"}).status_code,
                    client.post("/v1/medications/check", json={"drugs": [name]}).status_code,
                    client.get("/v1/conversations", params={"q": name}).status_code,
                ]
            assert set(statuses) <= {200, 404, 422}, name
        assert client.post("/v1/ask", json={"question": "偏头痛有什么症状"}).json()["outcome"] == "answered"
    assert records.read_bytes() == before
