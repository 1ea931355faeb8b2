"""Journeys through the consultation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Service, ask, away, beside, edit, eventually, journey, sizes
from yiwen.client import Client

pytestmark = pytest.mark.browser

HEADER_PX = 56
"""Covers what is above it."""


def no_sideways_scrolling(page: Page) -> bool:
    found: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return found


@sizes
def test_a_citation_of_an_answer_opens_its_source(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="偏头痛有什么症状？").click()
    number = page.locator("p .cite").first
    number.click()
    card = page.get_by_role("region", name="出处 1")
    expect(card).to_be_visible()
    expect(card.locator("mark")).not_to_be_empty()
    expect(number).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_text("不能代替医生的诊断和处方").last).to_be_visible()
    assert no_sideways_scrolling(page)
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(number).to_be_focused()


def test_an_opinion_is_kept_with_its_reason_and_taken_back(open_page: Open, service: Service) -> None:
    page = open_page()
    ask(page, "偏头痛吃什么药？")
    thumbs = page.get_by_test_id("stFeedback").get_by_role("radio")
    thumbs.nth(1).click()
    expect(page.get_by_text("已记下您的意见")).to_be_visible()
    why = page.get_by_label("哪里不好")
    why.fill("没有说剂量")
    why.press("Enter")
    with Client(service.url) as client:
        assert eventually(
            lambda: [(f.rating, f.reason) for f in client.feedback(everybody=True).items] == [("down", "没有说剂量")]
        )
        assert client.feedback(everybody=True).items[0].evidence_ids
        page.get_by_test_id("stFeedback").get_by_role("radio").nth(1).click()
        assert eventually(lambda: not client.feedback(everybody=True).items)


@sizes
def test_a_red_flag_stands_before_everything(open_page: Open) -> None:
    page = open_page()
    ask(page, "胸口压榨样疼痛，出冷汗")
    banner = page.get_by_role("alert").filter(has_text="立即拨打120")
    expect(banner).to_be_in_viewport(ratio=1)
    assert eventually(lambda: banner.evaluate("element => element.getBoundingClientRect().top") > HEADER_PX)
    icons = ("stethoscope", "emergency")
    lines = page.get_by_test_id("stChatMessage").nth(1).inner_text().splitlines()
    assert next(line for line in lines if line.strip() and line not in icons).startswith("紧急：")
    assert page.get_by_text("立即拨打120").count() == 1


@journey
def test_warnings_stand_out_with_their_evidence(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="孕妇偏头痛能吃布洛芬吗？").click()
    warning = page.locator("p.warning.grave").first
    expect(warning).to_contain_text("布洛芬的禁忌：妊娠晚期")
    warning.locator(".cite").click()
    expect(page.get_by_role("region", name="出处 1")).to_contain_text("妊娠晚期")


@journey
def test_a_follow_up_is_understood_and_suggested(open_page: Open) -> None:
    page = open_page()
    ask(page, "偏头痛有什么症状？")
    ask(page, "那挂什么科？")
    expect(page.get_by_text("理解为：").last).to_contain_text("偏头痛")
    expect(page.locator(".answer").last).to_contain_text("神经内科")
    page.get_by_role("button", name="偏头痛吃什么药？").last.click()
    expect(page.locator(".answer").nth(2)).to_contain_text("布洛芬")


@journey
def test_asking_back_is_answered_with_a_button(open_page: Open) -> None:
    page = open_page()
    ask(page, "我头晕，是什么病？")
    page.get_by_role("button", name="没有", exact=True).click()
    expect(page.locator(".answer")).to_have_count(2)
    expect(page.get_by_test_id("stChatMessage").nth(2)).to_contain_text("没有")


def test_why_lists_names_scores_and_dropped_sentences(open_page: Open) -> None:
    page = open_page()
    ask(page, "偏头痛吃什么药？")
    page.get_by_text("为什么这样回答").click()
    expect(page.get_by_text("用到的关系：")).to_contain_text("药物治疗")
    expect(page.get_by_text("没有句子被删去。")).to_be_visible()


@journey
def test_a_question_can_be_edited_and_a_conversation_left_and_found_again(open_page: Open) -> None:
    page = open_page()
    ask(page, "肝癌挂什么科？")
    edit(page, "肝癌有什么症状？")
    expect(page.locator(".answer")).to_contain_text("症状")
    beside(page).get_by_role("button", name="新对话").click()
    away(page)
    expect(page.get_by_text("有什么想了解的？")).to_be_visible()
    beside(page).get_by_role("button", name="肝癌有什么症状？").click()
    expect(page.locator(".answer")).to_contain_text("肝癌")


@journey
def test_the_patient_goes_with_the_question(open_page: Open) -> None:
    page = open_page()
    beside(page).get_by_text("患者信息（可选）").click()
    page.get_by_label("过敏").fill("青霉素")
    page.keyboard.press("Enter")
    away(page)
    ask(page, "阿莫西林有什么作用？")
    expect(page.locator("p.warning").first).to_contain_text("青霉素")


@journey
def test_a_conversation_is_exported_with_label_and_sources(open_page: Open) -> None:
    page = open_page()
    ask(page, "偏头痛有什么症状？")
    beside(page).get_by_text("导出", exact=True).click()
    with page.expect_download() as markdown:
        page.get_by_role("button", name="下载 Markdown").click()
    text = Path(markdown.value.path()).read_text(encoding="utf-8")
    for part in ("AI 生成", "不能代替医生", "[1]", "出处", "f:"):
        assert part in text
    with page.expect_download() as document:
        page.get_by_role("button", name="下载 JSON").click()
    exported = json.loads(Path(document.value.path()).read_text(encoding="utf-8"))
    assert exported["label"] == "AI 生成"
    assert exported["exchanges"][0]["answer"]["citations"][0]["source"]["title"]


@journey
def test_the_language_can_be_changed_and_linked_to(open_page: Open) -> None:
    page = open_page()
    beside(page).get_by_text("English").click()
    away(page)
    expect(page.get_by_text("What would you like to know?")).to_be_visible()
    english = open_page(path="?lang=en", ready="What would you like to know?")
    expect(beside(english).get_by_text("New conversation")).to_be_visible()
    away(english)
    english.get_by_role("button", name="What are the symptoms of migraine?").click()
    expect(english.locator(".answer")).to_contain_text("畏光")


@journey
def test_a_service_that_is_down_is_said_so_and_the_question_asked_again(open_page: Open, service: Service) -> None:
    page = open_page()
    service.stop()
    try:
        page.get_by_placeholder("输入您的医学问题").fill("偏头痛有什么症状？")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("连接不到服务")
    finally:
        service.start()
    page.get_by_role("button", name="重试").click()
    expect(page.locator(".answer")).to_contain_text("畏光")
