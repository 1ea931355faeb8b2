"""Interactions of a drug: the grave ones first, however many there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_loader.ingest import ingest
from rag.domain import Outcome
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build

FACTS = """subject,subject_type,relation,object,object_type,severity,source
甲司林,drug,interacts_with,乙伐林,drug,,药物表
甲司林,drug,interacts_with,丙洛尔,drug,轻微,药物表
甲司林,drug,interacts_with,丁沙班,drug,严重,药物表
戊普利,drug,interacts_with,甲司林,drug,中等,药物表
甲司林,drug,drug_class,止痛药,,,药物表
"""


@pytest.mark.parametrize("question", ["甲司林和什么药相互作用", "甲司林 interacts with which drugs"])
def test_the_grave_ones_stand_first(tmp_path: Path, question: str) -> None:
    path = tmp_path / "facts.csv"
    path.write_text(FACTS, encoding="utf-8")
    settings = Settings(_env_file=None, data_dir=tmp_path / "data")
    ingest(Library(settings.data_dir), [path], dataset="pairs", settings=settings)
    first, *_ = build(settings).ask(question).text.split("\n")
    names = ("丁沙班", "丙洛尔", "乙伐林")
    assert sorted(names, key=first.index) == list(names)
    assert "止痛药" not in first


def test_what_is_drunk_beside_a_remedy_and_what_only_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "facts.csv"
    more = "甲司林,drug,interacts_with,酒,food,严重,药物表\n己平片,drug,interacts_with,庚平片,drug,,药物表\n"
    path.write_text(FACTS + more, encoding="utf-8")
    settings = Settings(_env_file=None, data_dir=tmp_path / "data")
    ingest(Library(settings.data_dir), [path], dataset="pairs", settings=settings)
    pipeline = build(settings)
    drunk = pipeline.ask("甲司林能喝酒吗")
    assert [citation.quote for citation in drunk.citations] == ["甲司林的相互作用：酒（严重程度：严重）"]
    compared = pipeline.ask("己平片和庚平片哪个好")
    assert compared.outcome is Outcome.PARTIAL
    assert "没有可以用来比较它们的资料" in compared.text
    status = pipeline.ask("甲司林是处方药吗")
    assert status.outcome is Outcome.PARTIAL
    assert "没有写明是处方药还是非处方药" in status.text
