"""A remedy and something that is no known name: only a record that names both answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_loader.ingest import ingest
from rag.domain import Outcome
from rag.linking.linker import Linker
from rag.pipeline import Pipeline
from rag.question.intent import read_intent
from rag.question.partners import ALCOHOL, speaks_of
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build
from tests.answering.records import names

FACTS = """subject,subject_type,relation,object,object_type,severity,source
甲沙坦,drug,interacts_with,乙司林,drug,中等,药物表
甲沙坦,drug,interacts_with,螺内酯类保钾利尿剂,drug,严重,药物表
甲沙坦,drug,contraindicated_for,孕妇,population,,药物表
甲病,disease,avoided_food,虾蟹,food,,药物表
甲病,disease,treated_with_drug,乙司林,drug,,药物表
"""


@pytest.fixture(scope="module")
def pharmacy(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder: Path = tmp_path_factory.mktemp("partners")
    (folder / "facts.csv").write_text(FACTS, encoding="utf-8")
    settings = Settings(_env_file=None, data_dir=folder / "data")
    ingest(Library(settings.data_dir), [folder / "facts.csv"], dataset="pharmacy", settings=settings)
    return build(settings)


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("甲沙坦和丁泡饮能一起吃吗", "丁泡饮"),
        ("丁泡饮跟甲沙坦可以同时吃吗", "丁泡饮"),
        ("吃甲沙坦能喝泡腾饮吗", "泡腾饮"),
        ("服用甲沙坦期间可以打丁甲针吗", "丁甲针"),
        ("甲沙坦可以和丁泡饮一起喝吗", "丁泡饮"),
        ("甲沙坦能跟虾蟹一起吃吗", "虾蟹"),
    ],
)
def test_what_no_record_names_is_said_to_be_unknown(pharmacy: Pipeline, question: str, other: str) -> None:
    answer = pharmacy.ask(question)
    assert answer.outcome is Outcome.NOT_IN_KB
    assert f"知识库未收录甲沙坦与“{other}”之间的相互作用；没有记录不等于安全。" in answer.text
    assert answer.citations == ()


def test_a_record_that_names_it_answers(pharmacy: Pipeline) -> None:
    text = pharmacy.ask("甲沙坦和保钾药能一起吃吗").text
    assert "螺内酯类保钾利尿剂" in text
    assert "乙司林" not in text


@pytest.mark.parametrize(
    "question", ["甲沙坦和什么药能一起吃", "甲沙坦能和别的药一起吃吗", "甲沙坦和乙司林能一起吃吗", "孕妇能吃甲沙坦吗"]
)
def test_questions_about_what_is_known_or_about_anything(pharmacy: Pipeline, question: str) -> None:
    assert pharmacy.ask(question).citations


def test_the_form_of_a_medicine_is_no_part_of_its_name() -> None:
    assert speaks_of("不可与补钾制剂合用", "补钾药")
    assert not speaks_of("不可与补钙制剂合用", "补钾药")


LINKER = Linker(names(("甲沙坦", "drug:甲沙坦", "name"), ("喝酒", "cause:饮酒", "synonym")))


@pytest.mark.parametrize(
    "question",
    [
        "甲病药可以和牛奶一起吃吗",
        "吃甲病药能喝酒吗",
        "吃了甲病药还能吃虾蟹吗",
        "牛奶能和甲病药一起喝吗",
        "甲病药和丁泡饮能一起吃吗",
    ],
)
def test_remedies_named_by_the_illness_are_not_the_illness(pharmacy: Pipeline, question: str) -> None:
    answer = pharmacy.ask(question)
    assert answer.outcome is Outcome.NOT_IN_KB
    assert "“甲病药”" in answer.text
    assert "通用名称" in answer.text
    assert "食物" not in answer.text


def test_the_other_side_of_two_ends_before_what_asks(pharmacy: Pipeline) -> None:
    assert "甲沙坦与“甲病药”之间" in pharmacy.ask("甲病药能和甲沙坦一起吃吗").text


def test_remedies_of_an_illness_are_still_told(pharmacy: Pipeline) -> None:
    assert "乙司林" in pharmacy.ask("甲病药有哪些").text


@pytest.mark.parametrize(
    "question",
    ["喝酒后能吃甲沙坦吗", "甲沙坦能和酒一起吃吗", "吃甲沙坦可以喝点啤酒吗", "吃了甲沙坦能喝酒吗", "酒后吃甲沙坦行吗",
     "Can I drink alcohol with 甲沙坦?"],
)  # fmt: skip
def test_alcohol_beside_a_remedy(question: str) -> None:
    assert read_intent(question, LINKER.link(question)).beside == ALCOHOL


@pytest.mark.parametrize("question", ["甲沙坦用酒精擦吗", "甲沙坦一天吃几次", "喝酒后头痛怎么办"])
def test_no_alcohol_beside_a_remedy(question: str) -> None:
    assert read_intent(question, LINKER.link(question)).beside != ALCOHOL


def test_how_records_call_alcohol() -> None:
    assert speaks_of("乙醇可加强本药的作用", ALCOHOL)
    assert speaks_of("酒精可加强出血", ALCOHOL)
    assert speaks_of("用药期间不得饮酒", ALCOHOL)
    assert not speaks_of("酒石酸美托洛尔", ALCOHOL)
