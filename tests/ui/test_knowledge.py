"""The knowledge base's page acts upon what was chosen when a button was pressed, also where it is drawn anew meanwhile.

Whoever chooses and presses at once is one run of the page ahead of it: both reach it together, as in these tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import streamlit as st
from openpyxl import Workbook
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Checkbox

from api.app import create_app
from kg_loader.jobs.table import JobTable
from kg_loader.jobs.worker import Pace, Worker
from rag.domain import Alias, AliasKind, Entity, EntityId
from rag.settings import Settings
from rag.snapshot import Library
from rag.state import open_state
from rag.vocabulary import EntityType
from tests.api.test_server import running
from tests.kb import publish, settings_for
from ui.connection import API_URL
from yiwen.client import Client

HERNIA = Entity(EntityId("disease:疝气"), EntityType.DISEASE, "疝气")
DOUBTED = [Alias(name, HERNIA.id, AliasKind.SYNONYM) for name in ("突出", "问题")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    publish(Library(tmp_path), {"book": [HERNIA, *DOUBTED]})
    return settings_for(tmp_path, pointer_poll_s=0.05)


@pytest.fixture
def client(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Of the service that the page asks."""
    st.cache_data.clear()
    with running(create_app(settings)) as address, Client(address) as client:
        monkeypatch.setenv(API_URL, address)
        yield client


@pytest.fixture
def page(client: Client) -> AppTest:
    def script() -> None:
        from ui.knowledge import page

        page()

    return AppTest.from_function(script, default_timeout=60).run()


def work(settings: Settings) -> None:
    """Do what is queued."""
    database = open_state(settings)
    Worker(settings, JobTable(database), Pace(look_s=0.1, beat_s=0.2, idle_s=0.1)).run(once=True)
    database.close()


def catalogue() -> bytes:
    """A workbook with two tables that no format knows."""
    book = Workbook()
    book.active.append(["某院目录"])
    for name, rows in {
        "药品": [["药品", "适应症"], ["试验丙片", "偏头痛"]],
        "饮片": [["药材", "又名"], ["试验参", "试验根"]],
    }.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def boxes(page: AppTest) -> list[Checkbox]:
    """Those of the findings."""
    return [box for box in page.checkbox if str(box.key).startswith("pick")]


def pressed(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click()
    page.run()
    assert not page.exception


def test_the_sheet_that_was_just_chosen_is_looked_at(page: AppTest, settings: Settings) -> None:
    page.file_uploader(key="upload_files").set_value(("目录.xlsx", catalogue(), "application/octet-stream"))
    pressed(page, "预览")
    work(settings)
    page.run()
    page.selectbox(key="map_sheet").set_value("饮片")
    pressed(page, "按此预览")
    assert "sheet: 饮片" in str(page.text_area(key="table_map").value)
    work(settings)
    page.run()
    assert any("别名 1" in caption.value for caption in page.caption)


def test_the_findings_that_were_just_chosen_are_decided(page: AppTest, client: Client, settings: Settings) -> None:
    listed = [finding.record for finding in client.findings().items]
    boxes(page)[0].check()
    page.run()
    first, second = boxes(page)
    first.uncheck()
    second.check()
    page.text_input(key="review_reason").set_value("查过教科书")
    pressed(page, "放行")
    work(settings)
    assert [finding.record for finding in client.findings().items if finding.released] == listed[1:]


def test_the_newest_version_is_compared_with_the_one_before_also_when_it_came_while_the_page_was_open(
    page: AppTest, client: Client, settings: Settings
) -> None:
    for record in [finding.record for finding in client.findings().items]:
        client.release(record, reason="查过教科书")
        work(settings)
        client.versions()
        page.run()
    pressed(page, "比较")
    assert [page.selectbox(key=f"diff_{end}_3").value for end in ("from", "to")] == [2, 3]


def test_a_pick_stays_with_its_finding_when_the_list_changes(page: AppTest, client: Client, settings: Settings) -> None:
    first, second = (finding.record for finding in client.findings().items)
    boxes(page)[1].check()
    page.run()
    client.release(first, reason="查过教科书")
    work(settings)
    page.selectbox(key="audit_severity").set_value("severe")
    page.run()
    assert [str(box.key).split()[1] for box in boxes(page) if box.value] == [second]
