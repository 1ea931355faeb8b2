"""What every page must be: readable for everybody in light and dark, quick to appear, good on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import PHONE, TABLET, Open, ask, go

pytestmark = pytest.mark.browser

FIRST_PAINT_MS = 2_000
LOADED = 3
"""The machine is shared with another worker and the service; docs/benchmarks.md has the figure of an idle one."""
SERIOUS = ("serious", "critical")


def _greeting(page: Page) -> None:
    expect(page.get_by_text("试试这些问题")).to_be_visible()


def _answer(page: Page) -> None:
    ask(page, "孕妇偏头痛能吃布洛芬吗？")
    page.locator("p .cite").first.click()
    page.get_by_text("为什么这样回答").click()


def _emergency(page: Page) -> None:
    ask(page, "胸口压榨样疼痛，出冷汗")


def _graph(page: Page) -> None:
    go(page, "知识图谱")
    page.get_by_label("搜索名称").fill("偏头痛")
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="关系图").click()
    expect(page.locator(".network .node").first).to_be_visible()


def _medications(page: Page) -> None:
    go(page, "用药核对")
    page.get_by_label("药物、中药或食物").fill("华法林\n布洛芬")
    page.get_by_role("button", name="核对", exact=True).click()
    expect(page.get_by_text("华法林 + 布洛芬").first).to_be_visible()


def _search(page: Page) -> None:
    go(page, "检索测试")
    page.get_by_label("问题").fill("布洛芬能缓解偏头痛吗")
    page.get_by_role("button", name="检索", exact=True).click()
    expect(page.locator(".scored li").first).to_be_visible()


def _knowledge(page: Page) -> None:
    go(page, "知识库")
    page.get_by_role("tab", name="审查").click()
    expect(page.get_by_role("heading", name="别名")).to_be_visible()


def _status(page: Page) -> None:
    go(page, "评测与状态")


def _versions(page: Page) -> None:
    go(page, "知识库")
    page.get_by_role("tab", name="版本").click()
    expect(page.get_by_text("正在使用")).to_be_visible()


VIEWS = (_greeting, _answer, _emergency, _graph, _medications, _knowledge, _versions, _search, _status)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__.strip("_"))
def test_axe_has_nothing_serious_to_say(open_page: Open, view: Callable[[Page], None], scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    view(page)
    page.wait_for_timeout(500)  # colours fade in
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS] == []


@pytest.mark.parametrize("viewport", [PHONE, TABLET], ids=["360", "768"])
def test_the_first_paint_is_quick(open_page: Open, viewport: dict[str, int]) -> None:
    page = open_page(viewport)
    paint: float = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert paint < LOADED * FIRST_PAINT_MS


def test_on_paper_there_are_label_and_sources_and_no_controls(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    ask(page, "偏头痛有什么症状？")
    ask(page, "孕妇偏头痛能吃布洛芬吗？")
    page.get_by_text("导出", exact=True).click()
    expect(page.get_by_role("button", name="打印或存为 PDF")).to_be_visible()
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    reader = PdfReader(tmp_path / "page.pdf")
    text = "".join(normalize("NFKC", paper.extract_text()) for paper in reader.pages)
    text = "".join(text.split())
    for part in ("偏头痛有什么症状", "孕妇偏头痛能吃布洛芬吗", "AI生成", "不能代替医生", "全部出处", "编者整理"):
        assert part in text, part
    for part in ("新对话", "重新回答", "输入您的医学问题", "为什么这样回答", "接着问"):
        assert part not in text, part
