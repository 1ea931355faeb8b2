"""The readers over the real files: counts in sane ranges, nothing lost, bounded memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from kg_loader.sources import guess_format
from rag.domain import Fact
from tests.sources.collect import collect

pytestmark = pytest.mark.real_data


def test_centre_word_records(real_data: Path) -> None:
    path = real_data / "kg" / "cmekg.jsonl"
    assert guess_format(path) == "cmekg"
    found = collect("cmekg", path)
    assert found.rejected == []
    assert 160_000 < len(found.facts) < 170_000
    assert 8_800 < len(found.aliases) < 9_100
    assert 700 < found.skipped["truncated name"] < 800
    assert 1_900 < found.skipped["placeholder"] < 2_600
    assert 1_000 < found.skipped["site boilerplate"] < 1_600
    names = {one.split(":", 1)[1] for one in found.entities}
    assert names.isdisjoint({"3个月", "2-10天", "终身治疗", "?耳", ">>", "应该如何用药?用什么药?", "暂无相关资料"})
    assert found.aliases.keys().isdisjoint({"病", "小", "口", "胃", "淋", "老年人", "综合征", "第三", "of", "-"})
    assert not any(name.endswith(("...", "…")) for name in names)


def test_every_value_of_a_record_is_stored_or_counted(real_data: Path, tmp_path: Path) -> None:
    lines = (real_data / "kg" / "cmekg.jsonl").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "one.jsonl"
    for line in lines[::400]:
        path.write_text(line, encoding="utf-8")
        found = collect("cmekg", path)
        if not found.entities:
            continue
        values = [
            one
            for key, value in json.loads(line).items()
            if key != "中心词"
            for one in ([value] if isinstance(value, str) else value)
        ]
        # A value may hold several names, and several Latin words may be one name again.
        kept = len(found.facts) + len(found.aliases) + sum(found.skipped.values()) + len(found.rejected)
        assert kept >= len(values) or "of" in line


def test_drug_monographs(real_data: Path) -> None:
    path = real_data / "kg" / "drug.json"
    assert guess_format(path) == "drug-json"
    found = collect("drug-json", path)
    assert [reason for _, reason in found.reasons] == ["first line is a field, not a name"] * 5
    assert 9_000 < len(found.passages) < 11_000
    assert max(len(one.text) for one in found.passages) <= 450
    assert 2_350 < len([one for one in found.entities if one.startswith("drug:")]) < 2_450
    assert found.aliases["速尿"] in ("trade", "synonym")
    assert not any("×10/L" in one.text for one in found.passages)


def test_pubmedqa(real_data: Path) -> None:
    path = real_data / "literature" / "pubmedqa_dev.json"
    assert guess_format(path) == "pubmedqa"
    found = collect("pubmedqa", path)
    assert (len(found.passages), len(found.sources)) == (500, 500)
    assert (found.rejected, found.skipped) == ([], {})


def test_csl_conclusions(real_data: Path) -> None:
    texts: set[str] = set()
    lines = rows = 0
    for path in sorted((real_data / "literature").glob("csl*.jsonl")):
        assert guess_format(path) == "csl"
        found = collect("csl", path)
        assert found.rejected == []
        rows += len(found.passages) + sum(found.skipped.values())
        lines += path.read_bytes().count(b"\n")
        texts |= {one.text for one in found.passages}
    assert rows == lines == 14_885
    assert 380 < len(texts) < 470


def test_classics(real_data: Path) -> None:
    books = sorted((real_data / "literature" / "classics").glob("*.txt"))
    passages = 0
    for path in books:
        assert guess_format(path) == "classics"
        found = collect("classics", path)
        assert found.rejected == []
        assert len(found.sources) == 1
        assert max(len(one.text) for one in found.passages) <= 300
        kept = sum(len(one.text) for one in found.passages)
        assert kept > 0.7 * len(path.read_bytes().decode("gb18030"))
        passages += len(found.passages)
    assert len(books) == 15
    assert 30_000 < passages < 38_000


def test_a_reader_holds_little(real_data: Path) -> None:
    path = real_data / "qa" / "consult_qa.jsonl"
    assert guess_format(path) == "qa-jsonl"
    tracemalloc.start()
    count = len(collect("qa-jsonl", path).passages)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3_006
    assert peak < 60 << 20


def test_disease_table(real_data: Path) -> None:
    path = real_data / "kg" / "disease.csv"
    assert guess_format(path) == "disease-csv"
    found = collect("disease-csv", path)
    assert found.rejected == []
    assert 210_000 < len({one.id for one in found.records if isinstance(one, Fact)}) < 220_000
    assert found.sources == collect("cmekg", real_data / "kg" / "cmekg.jsonl").sources
    names = {one.split(":", 1)[1] for one in found.entities}
    assert not any("详细" in name or name.endswith("...") for name in names)
    assert names.isdisjoint({"3个月", "2-10天", "终身治疗", "?耳"})
    stated = {text for name, verb, text in found.facts if (name, verb) == ("破伤风", "infectivity")}
    assert len(stated) > 1


def test_drug_interactions(real_data: Path) -> None:
    path = real_data / "kg" / "ddinter_A.csv"
    assert guess_format(path) == "ddinter"
    found = collect("ddinter", path)
    assert found.rejected == []
    drugs = {one for one in found.entities if one.startswith("drug:")}
    assert 56_000 < len(found.facts) < 56_500
    assert found.skipped["drug without a Chinese name"] < 0.65 * len(drugs)


@pytest.mark.parametrize(
    ("name", "format_name", "entities", "facts", "passages"),
    [
        ("textbook_herbs", "tcm-textbook", (430, 480), (1_400, 1_600), (1_500, 1_800)),
        ("textbook_formulas", "tcm-textbook", (270, 310), (270, 310), (1_900, 2_300)),
        ("textbook_acupoints", "tcm-textbook", (900, 980), (2_300, 2_500), (1_500, 1_700)),
        ("textbook_acupuncture", "tcm-textbook", (230, 270), (420, 480), (600, 660)),
        ("textbook_internal_medicine", "tcm-textbook", (2_000, 2_300), (3_300, 3_700), (1_600, 1_750)),
        ("szjg-tcm-formula-standard", "tcm-lexicon", (1_400, 1_500), (6_300, 6_500), (690, 703)),
        ("tcm-syndrome-lexicon", "tcm-lexicon", (2_000, 2_060), (0, 0), (0, 0)),
        ("tcm-disease-lexicon", "tcm-lexicon", (1_200, 1_267), (0, 0), (0, 0)),
        ("tcm-herb-identity-catalog", "tcm-lexicon", (630, 850), (40, 50), (2, 2)),
    ],
)
def test_chinese_medicine(
    real_data: Path,
    name: str,
    format_name: str,
    entities: tuple[int, int],
    facts: tuple[int, int],
    passages: tuple[int, int],
) -> None:
    path = real_data / "kg" / "tcm" / f"{name}.json"
    assert guess_format(path) == format_name
    found = collect(format_name, path)
    assert found.rejected == []
    for (low, high), count in (
        (entities, len(found.entities)),
        (facts, len(found.facts)),
        (passages, len(found.passages)),
    ):
        assert low <= count <= high


@pytest.mark.parametrize(
    ("name", "entities", "rejects"), [("icd10.csv", 11_700, 4), ("icd10_beijing_v601.xlsx", 34_500, 99)]
)
def test_codes(real_data: Path, name: str, entities: int, rejects: int) -> None:
    path = real_data / "kg" / "codes" / name
    assert guess_format(path) == "icd10"
    found = collect("icd10", path)
    assert len(found.entities) > entities
    assert len(found.rejected) <= rejects
    assert all("." in alias for alias in found.aliases)


def test_names_departments_and_questions(real_data: Path) -> None:
    for path in sorted((real_data / "kg" / "dict").glob("*.txt")):
        assert guess_format(path) == "word-list"
        found = collect("word-list", path)
        lines = len([line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()])
        assert found.rejected == []
        assert len(found.entities) + sum(found.skipped.values()) == lines
    assert len(collect("departments", real_data / "kg" / "departments.json").entities) == 56
    path = real_data / "qa" / "internal_medicine_qa.csv"
    assert guess_format(path) == "qa-csv"
    found = collect("qa-csv", path)
    assert (len(found.passages) + sum(found.skipped.values()), found.rejected) == (3_873, [])
