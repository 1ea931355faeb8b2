"""Fields of textbook entries: asked for by name, told under the disease that is named, quoted whole."""

from __future__ import annotations

import json

import pytest

from kg_loader.ingest import ingest
from rag.domain import Outcome
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build
from tests.kb import SAMPLE


def _book(chapters: dict[str, list[dict[str, object]]]) -> str:
    return json.dumps(
        {
            "categories": [{"id": "c", "name": "卷", "subCategoryIds": list(chapters)}],
            "subCategories": [{"id": name, "name": name, "categoryId": "c", "herbIds": []} for name in chapters],
            "herbs": [
                {"id": f"{name}{n}", "subCategoryId": name, **entry}
                for name, entries in chapters.items()
                for n, entry in enumerate(entries)
            ],
            "searchIndex": [],
        },
        ensure_ascii=False,
    )


def _syndrome(name: str, formula: str, mechanism: str, signs: str = "口干，脉细。") -> dict[str, object]:
    return {
        "name": name,
        "properties": {
            "临床表现": signs,
            "证机概要": mechanism,
            "治法": "补虚。",
            "代表方": formula,
            "常用药": "甲草。",
        },
    }


BOOKS = {
    "internal.json": _book(
        {
            "心悸": [_syndrome("心血不足", "归脾汤。", "血不养心。"), _syndrome("心阳不振", "参附汤。", "阳气不振。")],
            "失眠": [_syndrome("心血不足", "酸枣仁汤。", "心失所养。")],
        }
    ),
    "points.json": _book(
        {
            "某经": [
                {"name": "甲谷", "properties": {"定位": "俗称“虎口”处（图3-6)。", "操作": "直刺0.5寸。孕妇禁针。"}}
            ]
        }
    ),
    "needles.json": _book(
        {
            "内科": [
                {
                    "name": "失眠",
                    "properties": {
                        "概述": "失眠是难以入睡的病证。",
                        "治疗": "1. 基本治疗\n(1) 虚证\n治法补虚安神。\n主穴 甲谷 乙泽\n配穴血虚配丙池。\n操作补法。\n"
                        "(2) 实证\n主穴 丁冲 戊门\n2. 其他治疗\n(1)耳针法心、肾。每周2次。",
                    },
                }
            ]
        }
    ),
    "formulas.json": _book(
        {"安神": [{"name": "甲乙汤", "properties": {"方解": "白术为君药。", "方歌": "甲乙汤用术参芪，"}}]}
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("textbooks")
    settings = Settings(_env_file=None, data_dir=folder / "data")
    ingest(Library(settings.data_dir), [SAMPLE / "facts.csv"], dataset="sample", settings=settings)
    for name, text in BOOKS.items():
        (folder / name).write_text(text, encoding="utf-8")
        ingest(Library(settings.data_dir), [folder / name], dataset=name, settings=settings)
    return build(settings)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("心悸心血不足证的病机", "教材，心悸·心血不足证的病机：“血不养心”[1]。"),
        ("失眠心血不足证用什么方", "教材，失眠·心血不足证的药物治疗：“酸枣仁汤”[1]。"),
        ("甲乙汤的方解", "教材，甲乙汤的方解：“白术为君药”[1]。"),
        ("甲乙汤的方歌", "教材，甲乙汤的方歌：“甲乙汤用术参芪”[1]。"),
        ("甲谷穴孕妇能扎吗", "教材，甲谷的操作：“直刺0.5寸。孕妇禁针”[1]。"),
        ("孕妇甲谷穴能针灸吗", "教材，甲谷的操作：“直刺0.5寸。孕妇禁针”[1]。"),
        ("甲谷穴在哪里", "教材，甲谷的定位：“俗称‘虎口’处”[1]。"),
    ],
)  # fmt: skip
def test_a_field_is_quoted_whole_and_nothing_beside_it(clinic: Pipeline, question: str, text: str) -> None:
    answer = clinic.ask(question)
    assert (answer.outcome, answer.text) == (Outcome.ANSWERED, text)


def test_the_points_of_each_form_of_an_illness(clinic: Pipeline) -> None:
    assert sorted(clinic.ask("失眠针灸怎么治").text.split("\n")) == [
        "教材，失眠的针灸取穴：“实证：主穴：丁冲 戊门”[2]。",
        "教材，失眠的针灸取穴：“虚证：主穴：甲谷 乙泽；配穴：血虚配丙池”[1]。",
    ]


def test_the_mechanism_of_a_disease_is_that_of_its_syndromes(clinic: Pipeline) -> None:
    told = clinic.ask("心悸的病机").text.split("\n")
    assert sorted(line.split("：")[0] for line in told) == [
        "教材，心悸·心血不足证的病机",
        "教材，心悸·心阳不振证的病机",
    ]


def test_a_syndrome_alone_is_told_under_every_disease_that_has_it(clinic: Pipeline) -> None:
    text = clinic.ask("心血不足证的治法").text
    assert "心悸·心血不足证的治疗方案：“补虚”" in text
    assert "失眠·心血不足证的治疗方案：“补虚”" in text


def test_a_quotation_in_the_source_is_cited_where_it_stands(clinic: Pipeline) -> None:
    """The marks of the source become single ones in the answer; the citation quotes what the source wrote."""
    cited = clinic.ask("甲谷穴在哪里").citations[0]
    assert cited.quote == "俗称“虎口”处"
