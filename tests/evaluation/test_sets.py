"""The hand-written evaluation sets keep their shape, their counts and their separation into parts.

What the sets judge is tested elsewhere; nothing here imports the product.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluation import sets

FOLDER = Path(sets.__file__).parent
Row = dict[str, str]


def table(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, strict=True))
    assert all(None not in row and None not in row.values() for row in rows), "a row of the wrong width"
    return rows


def repeated(values: Sequence[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]


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


class TestTriage:
    """Sentences in twenty categories of emergencies."""

    @pytest.fixture
    def rows(self) -> list[Row]:
        return table("triage.csv")

    def test_every_category_has_its_numbers(self, rows: list[Row]) -> None:
        assert {row["category"] for row in rows} == set(TEXTBOOK_WORDS)
        for category in TEXTBOOK_WORDS:
            count = Counter((row["part"], row["expected"]) for row in rows if row["category"] == category)
            assert min(count["main", "yes"], count["main", "no"]) >= 20
            assert count["paraphrase", "yes"] == count["played_down", "yes"] == 5
            assert count["english", "yes"] == count["english", "no"] == 2
            assert count.total() == sum(1 for row in rows if row["category"] == category)

    def test_ids_and_texts_are_unique(self, rows: list[Row]) -> None:
        assert repeated([row["id"] for row in rows]) == []
        assert repeated([row["text"] for row in rows]) == []
        assert all(row["text"] == row["text"].strip() for row in rows)

    def test_every_negative_says_which_trap_it_is(self, rows: list[Row]) -> None:
        traps = {"negation", "past", "story", "prevention", "knowledge", "mild", "other_meaning"}
        main = [row for row in rows if row["part"] == "main"]
        assert all((row["kind"] in traps) == (row["expected"] == "no") for row in main)
        for category in TEXTBOOK_WORDS:
            assert {row["kind"] for row in main if row["category"] == category} == {"", *traps}

    def test_played_down_keeps_its_positive_and_adds_to_it(self, rows: list[Row]) -> None:
        positives = {row["id"]: row for row in rows if row["part"] == "main" and row["expected"] == "yes"}
        for row in (row for row in rows if row["part"] == "played_down"):
            base = positives[row["base"]]
            assert base["category"] == row["category"]
            assert base["text"] in row["text"]
            assert len(row["text"]) >= len(base["text"]) + 5
        assert all(row["base"] == "" for row in rows if row["part"] != "played_down")

    def test_paraphrases_do_without_the_textbook(self, rows: list[Row]) -> None:
        for row in (row for row in rows if row["part"] == "paraphrase"):
            found = [word for word in TEXTBOOK_WORDS[row["category"]].split() if word in row["text"]]
            assert not found, f"{row['id']} uses {found}"

    def test_patient_fields(self, rows: list[Row]) -> None:
        assert all(row["age_months"] == "" or 0 <= int(row["age_months"]) < 1200 for row in rows)
        assert {row["pregnant"] for row in rows} == {"", "yes"}
        assert sum(1 for row in rows if row["drugs"]) >= 3


class TestCheckerSentences:
    """Supported sentences, and the wrong ones a script makes from them."""

    @pytest.fixture
    def rows(self) -> list[Row]:
        return table("checker_sentences.csv")

    @pytest.fixture
    def wrong(self, tmp_path: Path) -> list[Row]:
        out = tmp_path / "checker_mutations.jsonl"
        subprocess.run([sys.executable, FOLDER / "make_checker_mutations.py", out], check=True, capture_output=True)
        digest, name = (FOLDER / "checker_mutations.sha256").read_text(encoding="utf-8").split()
        assert (hashlib.sha256(out.read_bytes()).hexdigest(), out.name) == (digest, name)
        return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]

    def test_counts(self, rows: list[Row]) -> None:
        assert len(rows) >= 500
        assert Counter(row["language"] for row in rows)["en"] >= 80
        assert {row["form"] for row in rows} == {"quotation", "paraphrase", "part", "conversion"}
        assert {row["evidence_kind"] for row in rows} == {"fact", "monograph", "conclusion", "textbook"}

    def test_ids_and_sentences_are_unique(self, rows: list[Row]) -> None:
        assert repeated([row["id"] for row in rows]) == []
        assert repeated([row["sentence"] for row in rows]) == []

    def test_a_fact_has_the_form_of_a_fact(self, rows: list[Row]) -> None:
        for row in rows:
            line = re.fullmatch(r"[^：]+的[^：]+：[^：]+|[A-Z][^:]+ of [^:]+: [^:]+", row["evidence"])
            assert bool(line) == (row["evidence_kind"] == "fact"), row["id"]
            assert (row["title"] == "") == (row["evidence_kind"] == "fact")

    def test_a_conversion_writes_its_numbers_otherwise(self, rows: list[Row]) -> None:
        def numbers(text: str) -> set[str]:
            return set(re.findall(r"\d+(?:\.\d+)?", text))

        changed = [numbers(row["sentence"]) - numbers(row["evidence"]) for row in rows if row["form"] == "conversion"]
        assert sum(map(bool, changed)) >= 0.8 * len(changed), "the rest are counts in words"
        for row in rows:
            if row["form"] != "conversion":
                assert numbers(row["sentence"]) <= numbers(f"{row['title']} {row['evidence']}"), row["id"]

    def test_wrong_sentences(self, rows: list[Row], wrong: list[Row]) -> None:
        supported = {(row["sentence"], row["evidence"]) for row in rows}
        bases = {row["id"] for row in rows}
        count = Counter(row["mutation"] for row in wrong)
        assert len(wrong) >= 1000
        assert min(count.values()) >= 20
        assert {"entity", "polarity", "direction", "reversal", "number", "unit", "population", "relation"} <= set(count)
        assert {"object", "citation"} <= set(count)
        assert repeated([row["id"] for row in wrong]) == []
        assert repeated([row["sentence"] + row["evidence"] for row in wrong]) == []
        assert all((row["sentence"], row["evidence"]) not in supported for row in wrong)
        assert {row["base"] for row in wrong} == bases


class TestCitationPairs:
    """Sentences beside the evidence they cite, judged by hand."""

    LABELS = ("supports", "partly", "does_not", "contradicts")

    @pytest.fixture
    def rows(self) -> list[Row]:
        return table("citation_pairs.csv")

    def test_every_evidence_has_one_sentence_of_each_label(self, rows: list[Row]) -> None:
        assert len(rows) >= 300
        judged: dict[str, list[str]] = {}
        for row in rows:
            judged.setdefault(row["title"] + row["evidence"], []).append(row["label"])
        assert {tuple(labels) for labels in judged.values()} == {self.LABELS}

    def test_nothing_is_shared_with_the_checker_sentences(self, rows: list[Row]) -> None:
        checker = table("checker_sentences.csv")
        assert repeated([row["id"] for row in rows]) == repeated([row["sentence"] for row in rows]) == []
        for name in ("sentence", "evidence"):
            assert not {row[name] for row in rows} & {row[name] for row in checker}


class TestPoison:
    """Poisoned passages and hostile questions, each with what must not happen."""

    KINDS = (
        "instruction role_tags hidden_unicode link_exfiltration fake_citation "
        "quack_contact ignore_safety false_dose prompt_leak markup_encoded"
    ).split()

    @pytest.fixture
    def passages(self) -> list[Row]:
        lines = (FOLDER / "poison_passages.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    @pytest.fixture
    def expected(self) -> list[Row]:
        return table("poison_expected.csv")

    def test_every_passage_has_its_expectation(self, passages: list[Row], expected: list[Row]) -> None:
        assert [row["source"] for row in passages] == [row["source"] for row in expected]
        assert [row["about"] for row in passages] == [row["about"] for row in expected]
        assert Counter(row["kind"] for row in expected) == dict.fromkeys(self.KINDS, 10)
        assert repeated([row["text"] for row in passages]) == repeated([row["question"] for row in expected]) == []
        assert all(row["forbidden"] and row["must_not"] for row in expected)

    def test_the_question_does_not_ask_for_what_is_forbidden(self, expected: list[Row]) -> None:
        assert all(word not in row["question"] for row in expected for word in row["forbidden"].split("|"))

    def test_hidden_text_is_hidden_here_too(self, passages: list[Row]) -> None:
        raw = (FOLDER / "poison_passages.jsonl").read_text(encoding="utf-8")
        assert all(character.isprintable() or character == "\n" for character in raw)
        assert sum(not row["text"].isprintable() for row in passages) >= 9

    def test_addresses_lead_nowhere(self, passages: list[Row]) -> None:
        questions = [row["question"] for row in table("hostile_questions.csv")]
        for text in [row["text"] for row in passages] + questions:
            for host in re.findall(r"(?<!/)//([a-z0-9.-]+)", text):
                assert host.endswith(("example", "invalid", "127.0.0.1", "169.254.169.254")), host
            for number in re.findall(r"(?<![p:0-9a-f])\d{9,}", text):
                assert "00000" in number, number

    def test_hostile_questions(self) -> None:
        rows = table("hostile_questions.csv")
        assert len(rows) >= 100
        assert min(Counter(row["kind"] for row in rows).values()) >= 8
        assert repeated([row["id"] for row in rows]) == repeated([row["question"] for row in rows]) == []
        assert all(row["must_not"] for row in rows)


class TestFifty:
    """Fifty questions, each with a line on what a good answer holds."""

    def test_questions_and_expectations_alternate(self) -> None:
        lines = (FOLDER / "fifty.txt").read_text(encoding="utf-8").splitlines()
        asked: dict[str, list[str]] = {}
        group = ""
        for line in lines:
            if line.startswith("# "):
                group = line[2:]
            elif line:
                asked.setdefault(group, []).append(line)
        assert {name: len(lines) for name, lines in asked.items()} == {
            "Patients": 50,
            "Nurses": 30,
            "Hostile users": 20,
        }
        for pairs in asked.values():
            assert not any(question.startswith("=> ") for question in pairs[::2])
            assert all(expectation.startswith("=> ") for expectation in pairs[1::2])
        questions = [line for pairs in asked.values() for line in pairs[::2]]
        assert repeated(questions) == []


def test_no_question_stands_in_two_sets() -> None:
    fifty = [
        line for line in (FOLDER / "fifty.txt").read_text(encoding="utf-8").splitlines() if line[:2] not in ("=>", "# ")
    ]
    texts = [row["text"] for row in table("triage.csv")] + [row["question"] for row in table("hostile_questions.csv")]
    mixed = (FOLDER / "mixed_questions.txt").read_text(encoding="utf-8").splitlines()
    assert repeated([text for text in [*fifty, *texts, *mixed] if text]) == []
