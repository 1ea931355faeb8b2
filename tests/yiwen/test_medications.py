"""`yiwen check` on the sample: what it prints, its JSON and its exit codes."""

from __future__ import annotations

import re

import pytest

from tests.yiwen.conftest import Yiwen

LIST = ("阿司匹林", "华法林", "布洛芬", "阿莫西林", "甘草", "甘遂")


def test_findings_are_printed_the_gravest_first_with_their_sources(on_sample: Yiwen) -> None:
    done = on_sample("check", *LIST, "--pregnant", "--allergy", "青霉素", "--condition", "肾功能不全")
    assert done.code == 0
    levels = re.findall(r"^【(.+?)】", done.out, re.MULTILINE)
    assert levels == sorted(levels, key=["禁用", "严重", "中等", "慎用", "轻微", "未分级"].index)
    assert "【禁用】青霉素过敏：阿莫西林的禁忌：青霉素过敏[" in done.out
    assert "【禁用】甘草与甘遂：甘草的配伍禁忌：甘遂[" in done.out
    said, listed = done.out.split("出处\n")
    assert set(re.findall(r"\[(\d+)\]", said)) == set(re.findall(r"^\[(\d+)\]", listed, re.MULTILINE))
    assert "AI 生成" in listed
    assert "不能代替医生的诊断和处方" in listed


def test_json_has_label_and_disclaimer(on_sample: Yiwen) -> None:
    found = on_sample("check", *LIST, "--json").json
    assert {"medicines", "unknown", "findings", "evidence", "unrecorded", "kb_version"} <= found.keys()
    assert (found["label"], "不能代替医生" in found["disclaimer"]) == ("AI 生成", True)


def test_the_order_changes_nothing(on_sample: Yiwen) -> None:
    assert on_sample("check", *LIST).out == on_sample("check", *reversed(LIST)).out


def test_no_record_is_said(on_sample: Yiwen) -> None:
    done = on_sample("check", "奥司他韦", "阿莫西林")
    assert done.code == 0
    assert "知识库无此信息：奥司他韦与阿莫西林。没有记录不等于安全" in done.out
    done = on_sample("check", "奥司他韦")
    assert "知识库无此信息。没有记录不等于安全" in done.out


def test_unknown_names_are_listed_and_told_by_the_exit_code(on_sample: Yiwen) -> None:
    done = on_sample("check", "阿司匹林", "没有这种药", "布洛")
    assert done.code == 7
    assert "未识别：没有这种药，未核查" in done.out
    assert re.search("未识别：布洛（相近的名称：.*布洛芬", done.out)
    assert len(done.err.splitlines()) == 1
    done = on_sample("check", "没有这种药")
    assert done.code == 3
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [(), ("",), (" ", "\u202e"), ("阿司匹林", "--age", "-1"), tuple(f"药{n}" for n in range(51))]
)
def test_what_cannot_be_meant_is_a_usage_error(on_sample: Yiwen, arguments: tuple[str, ...]) -> None:
    assert on_sample("check", *arguments).code == 2


@pytest.mark.parametrize("name", ["\x1b[2J阿司匹林", "<script>", "'; DROP TABLE fact; --", "\udcff布洛芬", "%s{0}"])
def test_hostile_names_are_unknown_or_cleaned(on_sample: Yiwen, name: str) -> None:
    done = on_sample("check", name, "华法林")
    assert done.code in (0, 7)
    assert "\x1b" not in done.out + done.err


def test_nothing_is_prescribed(on_sample: Yiwen) -> None:
    out = on_sample("check", *LIST, "--age", "70").out
    assert not re.search("请服用|建议服用|可以服用|放心|每次|一日", out)
