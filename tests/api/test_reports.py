"""Reports of the evaluation are listed from a folder, whatever lies there."""

from __future__ import annotations

import json
import os

from fastapi.testclient import TestClient

from api.routes.reports import LARGEST_BYTES
from api.schemas.reports import ReportsOut
from rag.settings import Settings


def test_the_newest_report_comes_first_and_a_broken_one_says_so(client: TestClient, settings: Settings) -> None:
    assert client.get("/v1/reports").json() == {"items": []}
    folder = settings.data_dir / "reports"
    folder.mkdir(parents=True)
    contents = {"linking": json.dumps({"recall": 0.9}), "cut": "{", "list": "[]", "large": " " * (LARGEST_BYTES + 1)}
    for age, (name, text) in enumerate(contents.items()):
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
        os.utime(folder / f"{name}.json", (1_000_000 - age, 1_000_000 - age))
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    items = ReportsOut.model_validate(client.get("/v1/reports").json()).items
    assert [item.name for item in items] == ["linking", "cut", "list", "large"]
    assert items[0].report == {"recall": 0.9}
    assert items[0].written == "1970-01-12T13:46:40.000Z"
    assert [bool(item.error) for item in items] == [False, True, True, True]
