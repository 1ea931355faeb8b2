"""Sentences in twenty categories of emergencies."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.evaluation.sets_tables import Row, repeated, table

TEXTBOOK_WORDS = {
    "chest_pain": "胸痛 胸疼 胸口 胸闷 心前区 心梗 心绞痛",
    "stroke": "中风 脑梗 卒中 嘴歪 口歪 偏瘫 半身不遂 说话不清 口齿不清 无力",
    "breathing": "呼吸 喘不上气 哮喘 气促 憋气 窒息 缺氧 血氧",
    "anaphylaxis": "过敏 荨麻疹 风团 休克 呼吸 喉头 皮疹",
    "bleeding": "血",
    "gi_bleeding": "血 黑便 柏油 沥青 咖啡",
    "headache": "头痛 头疼 脑出血 蛛网膜",
    "seizure": "抽 惊厥 癫痫 羊角风 痉挛",
    "unconscious": "昏 晕 叫不醒 反应 意识 心跳 呼吸",
    "poisoning": "中毒 误服 误食 农药 安眠药 百草枯 一氧化碳 煤气 过量",
    "suicide": "死 自杀 自残 不想活 轻生 割腕 跳楼",
    "infant_fever": "发烧 发热 高烧 新生儿 婴儿",
    "meningitis": "发烧 发热 高烧 颈 脖子 脑膜 头痛 头疼 瘀点",
    "pregnancy": "孕 胎动 血 子痫 先兆 羊水",
    "testicular": "睾丸 阴囊 扭转",
    "cauda_equina": "马尾 失禁 会阴 马鞍 潴留 小便 大便 麻木",
    "dka": "酮 糖尿病 血糖 烂苹果 胰岛素 呼吸",
    "heat_stroke": "中暑 热射病 意识 昏 高热 胡话",
    "burns": "烧伤 烫伤 触电 电击 酸 碱 水泡 水疱",
    "head_injury_anticoagulant": "抗凝 华法林 沙班 肝素 头部 外伤",
}
"""Per category of emergencies, the words that its paraphrases do without."""


@pytest.fixture
def rows() -> list[Row]:
    return table("triage.csv")


def test_every_category_has_its_numbers(rows: list[Row]) -> None:
    assert {row["category"] for row in rows} == set(TEXTBOOK_WORDS)
    for category in TEXTBOOK_WORDS:
        count = Counter((row["part"], row["expected"]) for row in rows if row["category"] == category)
        assert min(count["main", "yes"], count["main", "no"]) >= 20
        assert count["paraphrase", "yes"] == count["played_down", "yes"] == 5
        assert count["english", "yes"] == count["english", "no"] == 2
        assert count.total() == sum(1 for row in rows if row["category"] == category)


def test_ids_and_texts_are_unique(rows: list[Row]) -> None:
    assert repeated([row["id"] for row in rows]) == []
    assert repeated([row["text"] for row in rows]) == []
    assert all(row["text"] == row["text"].strip() for row in rows)


def test_every_negative_says_which_trap_it_is(rows: list[Row]) -> None:
    traps = {"negation", "past", "story", "prevention", "knowledge", "mild", "other_meaning"}
    main = [row for row in rows if row["part"] == "main"]
    assert all((row["kind"] in traps) == (row["expected"] == "no") for row in main)
    for category in TEXTBOOK_WORDS:
        assert {row["kind"] for row in main if row["category"] == category} == {"", *traps}


def test_played_down_keeps_its_positive_and_adds_to_it(rows: list[Row]) -> None:
    positives = {row["id"]: row for row in rows if row["part"] == "main" and row["expected"] == "yes"}
    for row in (row for row in rows if row["part"] == "played_down"):
        base = positives[row["base"]]
        assert base["category"] == row["category"]
        assert base["text"] in row["text"]
        assert len(row["text"]) >= len(base["text"]) + 5
    assert all(row["base"] == "" for row in rows if row["part"] != "played_down")


def test_paraphrases_do_without_the_textbook(rows: list[Row]) -> None:
    for row in (row for row in rows if row["part"] == "paraphrase"):
        found = [word for word in TEXTBOOK_WORDS[row["category"]].split() if word in row["text"]]
        assert not found, f"{row['id']} uses {found}"


def test_patient_fields(rows: list[Row]) -> None:
    assert all(row["age_months"] == "" or 0 <= int(row["age_months"]) < 1200 for row in rows)
    assert {row["pregnant"] for row in rows} == {"", "yes"}
    assert sum(1 for row in rows if row["drugs"]) >= 3
