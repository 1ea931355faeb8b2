"""Conversations outlive the page: they are found, renamed, exported and deleted, and nobody else sees them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, ask, away, beside, edit, go, journey, settled

pytestmark = pytest.mark.browser


def entry(page: Page, title: str) -> None:
    """The conversation in the list whose menu is opened."""
    row = beside(page).locator("[class*=st-key-history_]").filter(has=page.get_by_role("button", name=title))
    row.get_by_role("button", name="管理对话").click()


@journey
def test_a_reload_keeps_the_conversation(open_page: Open) -> None:
    page = open_page()
    ask(page, "偏头痛有什么症状？")
    ask(page, "那挂什么科？")
    expect(page).to_have_url(re.compile(r"conversation=[0-9a-f]{16}$"))
    page.reload()
    expect(page.locator(".answer")).to_have_count(2)
    expect(page.locator(".answer").last).to_contain_text("神经内科")
    settled(page)
    page.locator("p .cite").first.click()
    expect(page.get_by_role("region", name="出处 1").locator("mark")).not_to_be_empty()
    ask(page, "吃什么药？")
    expect(page.get_by_text("理解为：").last).to_contain_text("偏头痛")


@journey
def test_a_stored_conversation_is_renamed_searched_exported_and_deleted(open_page: Open) -> None:
    page = open_page()
    ask(page, "肝癌挂什么科？")
    beside(page).get_by_role("button", name="新对话").click()
    away(page)
    expect(page.get_by_text("有什么想了解的？")).to_be_visible()
    expect(page.get_by_text("为什么这样回答")).to_have_count(0)
    ask(page, "偏头痛有什么症状？")
    entry(page, "肝癌挂什么科？")
    page.get_by_label("标题").fill("我的体检")
    page.get_by_role("button", name="改名").click()
    renamed = page.get_by_role("button", name="我的体检")
    beside(page)
    expect(renamed).to_be_visible()
    page.get_by_label("搜索历史").fill("肝癌")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stSidebar").get_by_role("button", name="偏头痛有什么症状？")).to_have_count(0)
    entry(page, "我的体检")
    with page.expect_download() as exported:
        page.get_by_role("dialog").get_by_role("button", name="下载 Markdown").click()
    text = Path(exported.value.path()).read_text(encoding="utf-8")
    assert all(part in text for part in ("# 我的体检", "肝癌挂什么科？", "AI 生成", "不能代替医生"))
    page.get_by_text("确定删除，不能恢复").click()
    page.get_by_role("button", name="删除这段对话").click()
    expect(renamed).to_have_count(0)
    expect(page.get_by_text("没有找到")).to_be_visible()


def test_an_edited_question_takes_the_place_of_the_first(open_page: Open) -> None:
    page = open_page()
    ask(page, "肝癌挂什么科？")
    edit(page, "肝癌有什么症状？")
    expect(page.locator(".answer")).to_contain_text("症状")
    page.reload()
    expect(page.get_by_test_id("stChatMessage")).to_have_count(2)
    expect(page.get_by_test_id("stChatMessage").first).to_contain_text("肝癌有什么症状？")


def test_another_browser_sees_nothing_of_it(open_page: Open) -> None:
    page = open_page()
    ask(page, "肝癌挂什么科？")
    other = open_page(path="?" + page.url.partition("?")[2])
    expect(other.get_by_text("还没有对话")).to_be_visible()
    go(page, "评测与状态")
    beside(page).get_by_test_id("stSidebarNav").get_by_text("咨询", exact=True).click()
    expect(page.locator(".answer")).to_have_count(1)
