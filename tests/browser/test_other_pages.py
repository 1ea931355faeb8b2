"""Journeys through the graph, the medication check, the knowledge base, the retrieval test and the status."""

from __future__ import annotations

import csv
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Error, Locator, Page, expect

from rag.snapshot import Library
from tests.api.test_reviews import EVERYDAY, HERNIA
from tests.browser.conftest import PHONE, Open, Service, ask, eventually, go, journey, pages
from tests.browser.test_consultation import no_sideways_scrolling
from tests.kb import BOOK, publish
from tests.ui.test_knowledge import catalogue
from yiwen.client import Client, Versions

pytestmark = pytest.mark.browser

MAP = """header: 1
subject: {column: 药品, type: drug}
facts: [{relation: 适应证, column: 用于, type: disease}]
source: {title: 试验目录, grade: reference}
"""
INGESTION_MS = 60_000
"""A process reads the files at low priority, beside whatever else the machine does."""
HEAD = "subject,subject_type,relation,object,object_type,source\n"


@journey
def test_an_entity_is_found_by_an_alias_and_walked_from(open_page: Open) -> None:
    page = open_page()
    go(page, "知识图谱")
    page.get_by_label("搜索名称").fill("migraine")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="偏头痛", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="畏光")).to_be_visible()
    page.get_by_role("tab", name="关系图").click()
    node = page.locator(".network .node").filter(has_text="布洛芬")
    node.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="布洛芬", exact=True)).to_be_visible()


@journey
def test_an_entity_is_found_by_its_initials(open_page: Open) -> None:
    page = open_page()
    go(page, "知识图谱")
    page.get_by_label("搜索名称").fill("ptt")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="偏头痛", exact=True)).to_be_visible()


@journey
def test_paths_between_two_entities_are_shown(open_page: Open) -> None:
    page = open_page()
    go(page, "知识图谱")
    page.get_by_label("从", exact=True).fill("偏头痛")
    page.get_by_label("到", exact=True).fill("华法林")
    page.get_by_role("button", name="查找路径").click()
    expect(page.get_by_role("listitem").filter(has_text="相互作用").first).to_contain_text("华法林")


def test_a_citation_leads_to_the_graph(open_page: Open) -> None:
    page = open_page()
    ask(page, "偏头痛有什么症状？")
    page.locator("p .cite").first.click()
    page.get_by_role("button", name="在知识图谱中查看").click()
    expect(page.get_by_role("heading", name="偏头痛", exact=True)).to_be_visible()


def test_medications_are_checked_the_gravest_first(open_page: Open) -> None:
    page = open_page(PHONE)
    go(page, "用药核对")
    page.get_by_label("药物、中药或食物").fill("华法林\n布洛芬\n没有这种药")
    page.get_by_role("button", name="核对", exact=True).click()
    expect(page.get_by_text("知识库不认识：没有这种药")).to_be_visible()
    expect(page.get_by_text("华法林 + 布洛芬").first).to_be_visible()
    assert no_sideways_scrolling(page)


@journey
def test_a_file_with_a_bad_row_comes_in_and_is_rolled_back(open_page: Open, service: Service, tmp_path: Path) -> None:
    before = versions(service)
    disease = f"试验{secrets.token_hex(4)}病"  # new each time: what is known already publishes nothing
    file = tmp_path / "facts.csv"
    good = f"{disease},disease,has_symptom,头晕,symptom,editorial\n"
    bad = f"{disease},disease,no_such_relation,头晕,symptom,editorial\n"
    file.write_text(HEAD + good + bad, encoding="utf-8")
    page = open_page()
    go(page, "知识库")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Remove facts.csv").wait_for()
    page.get_by_label("数据集名称").fill("trial")
    page.get_by_role("button", name="开始入库").click()
    expect(page.get_by_text(re.compile(r"已发布版本 \d+"))).to_be_visible(timeout=INGESTION_MS)
    after = versions(service)
    assert after.current != before.current
    expect(page.get_by_text("被拒绝的行")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="下载全部（CSV）").click()
    head, row = csv.reader(saved.value.path().read_text(encoding="utf-8-sig").splitlines())
    assert head == ["文件", "行", "原因", "原始内容"]
    assert "no_such_relation" in row[-1]
    page.get_by_role("tab", name="版本").click()
    page.get_by_role("button", name="比较", exact=True).click()
    gained = page.get_by_role("listitem").filter(has_text=re.compile(rf"^\+ .*{disease}"))
    expect(gained.first).to_be_visible()
    page.get_by_role("button", name=f"切换到版本 {before.current}", exact=True).click()
    expect(page.get_by_role("button", name=f"切换到版本 {after.current}", exact=True)).to_be_visible()


def versions(service: Service) -> Versions:
    """What it holds and which it serves."""
    with Client(service.url) as client:
        return client.versions()


def chosen(page: Page, label: str, option: str, then: Locator) -> bool:
    """Type into a list, take what it finds and see what it leads to; a page that is drawn anew meanwhile closes it."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.press("Control+a")
    box.press_sequentially(option)
    try:
        page.get_by_role("option", name=option, exact=True).click(timeout=2000)
        then.wait_for(timeout=4000)
    except Error:
        return False
    return True


@pytest.mark.timeout(240)
def test_the_columns_of_an_unknown_table_are_chosen_before_it_is_stored(open_page: Open, tmp_path: Path) -> None:
    file = tmp_path / "目录.csv"
    file.write_text("药品,用于,备注\n试验乙片,试验乙病,x\n", encoding="utf-8")
    page = open_page()
    go(page, "知识库")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Remove 目录.csv").wait_for()
    page.get_by_role("button", name="预览", exact=True).click()
    expect(page.get_by_role("heading", name="每一列是什么")).to_be_visible(timeout=INGESTION_MS)
    assert eventually(lambda: chosen(page, "用于（试验乙病）", "适应证", page.get_by_label("对象类型")))
    page.get_by_role("button", name="按此预览").click()
    expect(page.get_by_text("图谱事实 1")).to_be_visible(timeout=INGESTION_MS)
    page.get_by_text("列映射（高级）").click()
    expect(page.get_by_label("列映射（YAML）")).to_have_value(re.compile("relation: indicated_for"))


@pytest.mark.timeout(240)
def test_of_a_workbook_with_several_sheets_one_is_chosen(open_page: Open, tmp_path: Path) -> None:
    file = tmp_path / "目录.xlsx"
    file.write_bytes(catalogue())
    page = open_page()
    go(page, "知识库")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Remove 目录.xlsx").wait_for()
    page.get_by_role("button", name="预览", exact=True).click()
    expect(page.get_by_role("heading", name="每一列是什么")).to_be_visible(timeout=INGESTION_MS)
    expect(page.get_by_test_id("stTable")).to_contain_text("试验丙片")
    herbs = page.get_by_test_id("stTable").filter(has_text="试验根")
    assert eventually(lambda: chosen(page, "工作表", "饮片", herbs))
    page.get_by_role("button", name="按此预览").click()
    expect(page.get_by_text("别名 1")).to_be_visible(timeout=INGESTION_MS)
    page.get_by_text("列映射（高级）").click()
    expect(page.get_by_label("列映射（YAML）")).to_have_value(re.compile("sheet: 饮片"))


def test_a_table_is_looked_at_with_a_map_before_it_is_stored(open_page: Open, tmp_path: Path) -> None:
    file = tmp_path / "目录.csv"
    file.write_text("药品,用于\n试验乙片,试验乙病\n", encoding="utf-8")
    page = open_page()
    go(page, "知识库")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Remove 目录.csv").wait_for()
    page.get_by_text("列映射（高级）").click()
    page.get_by_label("列映射（YAML）").fill(MAP)
    page.get_by_role("button", name="预览", exact=True).click()
    expect(page.get_by_text("仅预览，没有存入任何内容。")).to_be_visible(timeout=INGESTION_MS)
    expect(page.get_by_text("图谱事实 1")).to_be_visible()
    page.get_by_role("tab", name="审查").click()
    expect(page.get_by_role("checkbox").first).to_be_visible()


@pytest.fixture
def quarantine(tmp_path: Path) -> Iterator[str]:
    """The pages of a knowledge base with a held alias."""
    publish(Library(tmp_path), {"book": [BOOK, HERNIA, EVERYDAY]})
    service = Service(tmp_path)
    service.start()
    with pages(service.url) as address:
        yield address
    service.stop()


@pytest.mark.timeout(240)
def test_a_held_alias_is_approved_and_held_again(quarantine: str, open_page: Open) -> None:
    page = open_page(at=quarantine)
    go(page, "知识库")
    page.get_by_role("tab", name="审查").click()
    expect(page.get_by_text("别名是日常用语").first).to_be_visible()
    page.get_by_role("button", name="批准", exact=True).click()
    expect(page.get_by_text("已发布版本 2")).to_be_visible(timeout=INGESTION_MS)
    expect(page.get_by_text("没有这样的别名。")).to_be_visible()
    page.get_by_role("radio", name="已批准").click()
    expect(page.get_by_text("突出 → 疝气")).to_be_visible()
    page.get_by_role("button", name="扣留", exact=True).first.click()
    expect(page.get_by_text("请写明原因。")).to_be_visible()
    page.get_by_label("理由（扣留时必填）").fill("不是病名")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="扣留", exact=True).first.click()
    expect(page.get_by_text("已发布版本 3")).to_be_visible(timeout=INGESTION_MS)
    page.get_by_role("radio", name="已扣留").click()
    expect(page.get_by_text("人工扣留").first).to_be_visible()


@pytest.mark.parametrize("path", ["", "graph", "medications", "knowledge", "search", "status"])
def test_a_page_opens_by_its_own_address(open_page: Open, address: str, path: str) -> None:
    """Nothing is asked for that is not there, and the policy of the document lets everything work: see `open_page`."""
    page = open_page(path=path, ready="知识图谱")
    page.get_by_role("heading").first.wait_for()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.reload()
    page.get_by_role("heading").first.wait_for()
    assert "default-src 'self'" in httpx.get(address + path).headers["content-security-policy"]


@journey
def test_the_menu_speaks_chinese(open_page: Open) -> None:
    page = open_page()
    page.get_by_test_id("stMainMenuButton").click()
    shown = "e => [getComputedStyle(e).fontSize, getComputedStyle(e, '::after').content]"
    dark = page.get_by_test_id("stMainMenuItem-theme-Dark")
    assert eventually(lambda: dark.evaluate(shown) == ["0px", '"深色"'])
    expect(page.get_by_text("Made with Streamlit")).to_be_hidden()
    dark.click()
    background = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    assert eventually(lambda: page.evaluate(background) == "rgb(15, 23, 25)")


def test_the_uploader_speaks_chinese(open_page: Open) -> None:
    page = open_page(path="knowledge", ready="上传资料")
    words = page.get_by_test_id("stFileUploaderDropzone").locator("button p")
    shown = "e => [getComputedStyle(e).fontSize, getComputedStyle(e, '::after').content]"
    assert eventually(lambda: words.evaluate(shown) == ["0px", '"选择文件"'])
    english = open_page(path="knowledge?lang=en", ready="Upload")
    assert english.get_by_test_id("stFileUploaderDropzone").locator("button p").evaluate(shown)[1] == "none"


@journey
def test_evidence_is_withdrawn_and_restored(open_page: Open) -> None:
    page = open_page()
    ask(page, "偏头痛有什么症状？")
    page.locator("p .cite").first.click()
    identifier = page.get_by_role("region", name="出处 1").locator("code").inner_text()
    go(page, "知识库")
    page.get_by_role("tab", name="撤回与恢复").click()
    page.get_by_label("资料编号").fill(identifier)
    page.keyboard.press("Enter")
    page.get_by_label("原因").fill("来源更正")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="撤回", exact=True).click()
    expect(page.get_by_text("已停用（withdrawn）：来源更正").first).to_be_visible()
    page.get_by_role("button", name="恢复", exact=True).click()
    expect(page.get_by_text("没有撤回任何内容。")).to_be_visible()


@journey
def test_retrieval_shows_the_score_of_every_arm(open_page: Open) -> None:
    page = open_page()
    go(page, "检索测试")
    page.get_by_label("问题").fill("布洛芬能缓解偏头痛吗")
    page.get_by_role("button", name="检索", exact=True).click()
    expect(page.get_by_text("布洛芬（药物）")).to_be_visible()
    expect(page.locator(".scored li").first).to_contain_text("关键词")
    expect(page.get_by_text(re.compile(r"显示 (\d+) 条中的 \1 条"))).to_be_visible()
    page.get_by_label("不早于（年）").fill("2100")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"显示 \d+ 条中的 0 条"))).to_be_visible()


def test_the_status_tells_what_is_served(open_page: Open, service: Service) -> None:
    found = versions(service)
    (served,) = (version for version in found.versions if version.version == found.current)
    page = open_page(color_scheme="dark")
    go(page, "评测与状态")
    expect(page.get_by_text("服务正常")).to_be_visible()
    expect(page.get_by_text(f"{served.counts['fact']:,}")).to_be_visible()


def test_reports_of_the_evaluation_are_plotted(open_page: Open, service: Service) -> None:
    folder = service.data_dir / "reports"
    folder.mkdir(exist_ok=True)
    share = {"value": 0.9, "low": 0.8, "high": 0.95, "right": 9, "of": 10}
    (folder / "linking.json").write_text(json.dumps({"linking": {"link_recall": share}}), encoding="utf-8")
    page = open_page()
    go(page, "评测与状态")
    page.get_by_role("tab", name="评测", exact=True).click()
    expect(page.get_by_role("heading", name="linking")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
