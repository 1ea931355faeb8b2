"""Which remedies bring something about: what treats it would be the opposite of an answer."""

from __future__ import annotations

import orjson
import pytest

from kg_loader.ingest import ingest
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build

FACTS = """subject,subject_type,relation,object,object_type,source
甲肝炎,disease,treated_with_drug,护肝片,drug,记录
肝损伤,disease,treated_with_drug,护肝片,drug,记录
甲酚片,drug,adverse_effect,肝损伤,disease,说明书
头痛,disease,has_symptom,太阳穴胀,symptom,记录
偏头痛,disease,has_symptom,搏动性头痛,symptom,记录
丙病,disease,has_symptom,头痛,symptom,记录
丙病,disease,has_symptom,偏头痛,symptom,记录
"""
MONOGRAPHS = {"乙霉素": "可见皮疹、肝损伤。", "丁霉素": "未见肝损伤。"}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("bringing")
    facts, texts = folder / "facts.csv", folder / "passages.jsonl"
    facts.write_text(FACTS, encoding="utf-8")
    rows = (
        {"kind": "monograph", "source": "说明书", "title": drug, "text": said,
         "about": {"entity": f"drug:{drug}", "aspect": "不良反应"}}
        for drug, said in MONOGRAPHS.items()
    )  # fmt: skip
    texts.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    settings = Settings(_env_file=None, data_dir=folder / "data")
    ingest(Library(settings.data_dir), [facts, texts], dataset="bringing", settings=settings)
    return build(settings)


@pytest.mark.parametrize("question", ["哪些药会引起肝损伤", "导致肝损伤的药物有哪些", "什么药物可能造成肝损伤？"])
def test_adverse_effects_are_read_the_other_way_round(pipeline: Pipeline, question: str) -> None:
    text = pipeline.ask(question).text
    assert "甲酚片的不良反应：肝损伤[1]" in text
    assert "乙霉素的不良反应：“可见皮疹、肝损伤”" in text
    assert "护肝片" not in text
    assert "丁霉素" not in text
    assert "不要自行停" in text


def test_none_on_record_is_said(pipeline: Pipeline) -> None:
    assert "没有写明哪些药物会引起它" in pipeline.ask("哪些药会引起丙病").text


def test_what_treats_it_is_told_where_that_is_asked(pipeline: Pipeline) -> None:
    assert "护肝片" in pipeline.ask("肝损伤吃什么药").text


def test_complaints_are_compared_and_not_taken_for_those_of_somebody(pipeline: Pipeline) -> None:
    text = pipeline.ask("头痛和偏头痛有什么不同").text
    assert "丙病" not in text
    assert "太阳穴胀" in text
    assert "搏动性头痛" in text
