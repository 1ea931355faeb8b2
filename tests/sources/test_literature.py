from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg_loader.sections import conclusion_of
from rag.domain import PassageKind
from rag.vocabulary import Grade
from tests.sources.collect import Collected, collect, json_lines

ARTICLE = {
    "QUESTION": "Does rest help migraine?",
    "LONG_ANSWER": "Rest helped most patients.",
    "YEAR": "2015",
    "MESHES": ["Migraine"],
}


def _pubmed(tmp_path: Path, articles: object) -> Collected:
    path = tmp_path / "pubmed.json"
    path.write_text(json.dumps(articles), encoding="utf-8")
    return collect("pubmedqa", path)


def test_an_article_is_a_source_and_its_conclusion(tmp_path: Path) -> None:
    found = _pubmed(tmp_path, {"123": ARTICLE})
    (source,), (passage,) = found.sources, found.passages
    assert (source.title, source.year, source.pmid, source.grade) == (
        "Does rest help migraine?",
        2015,
        "123",
        Grade.STUDY,
    )
    assert (passage.text, passage.kind, passage.locator) == (
        "Rest helped most patients.",
        PassageKind.CONCLUSION,
        "CONCLUSION",
    )
    assert passage.question == source.title
    assert passage.title is None


@pytest.mark.parametrize("year", [None, "", "unknown", 12, "99999", []])
def test_a_year_that_is_none(tmp_path: Path, year: object) -> None:
    assert [one.year for one in _pubmed(tmp_path, {"1": ARTICLE | {"YEAR": year}}).sources] == [None]


@pytest.mark.parametrize(
    "article", [None, [], "text", {}, {"QUESTION": "x"}, ARTICLE | {"LONG_ANSWER": None}, ARTICLE | {"QUESTION": 3}]
)
def test_a_broken_article_is_refused(tmp_path: Path, article: object) -> None:
    found = _pubmed(tmp_path, {"1": article, "2": ARTICLE})
    assert [line for line, _ in found.reasons] == [1]
    assert len(found.passages) == 1


def test_a_key_that_is_no_pmid(tmp_path: Path) -> None:
    assert _pubmed(tmp_path, {"PMC12": ARTICLE}).reasons == [(1, "the key is not a PMID")]


def test_indexing_words_are_not_part_of_a_conclusion(tmp_path: Path) -> None:
    answer = "Rest helped. Medical Subject Headings (MeSH): migraine, rest."
    assert [one.text for one in _pubmed(tmp_path, {"1": ARTICLE | {"LONG_ANSWER": answer}}).passages] == [
        "Rest helped."
    ]


def test_an_article_without_conclusion_is_skipped(tmp_path: Path) -> None:
    assert _pubmed(tmp_path, {"1": ARTICLE | {"LONG_ANSWER": " "}}).skipped == {"no conclusion": 1}


# ---------------------------------------------------------------- CSL

BODY = "目的 观察静息治疗偏头痛的疗效。方法 将60例患者随机分组。结果 差异显著（P＜0.05）。"
CLOSING = "静息能够减轻偏头痛患者的头痛程度。"


@pytest.mark.parametrize(
    "heading",
    [
        "结论:",
        "结论：",
        "结论 ",
        "结论",
        "[结论]",
        "【结论】",
        "［结论］ ",
        "结 论：",
        "Conclusion: ",
        "结果与结论:",
        "结论?? ",
    ],
)
def test_the_conclusion_is_found_under_every_heading(heading: str) -> None:
    assert conclusion_of(f"{BODY}{heading}{CLOSING}") == CLOSING


@pytest.mark.parametrize(
    "after", ["关键词：偏头痛；静息", "【关键词】偏头痛", "Key words: migraine", "中图分类号：R74"]
)
def test_the_conclusion_ends_at_the_next_heading(after: str) -> None:
    assert conclusion_of(f"{BODY}结论:{CLOSING}{after}") == CLOSING


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        "得出如下结论:静息能够减轻偏头痛患者的头痛程度。",
        "文章最后给出了结论。静息能够减轻偏头痛患者的头痛程度。",
        f"{BODY}结论与前人的研究一致而且可信可靠。",
        f"{BODY}结论:好。",
    ],
)
def test_the_word_alone_is_no_heading(text: str) -> None:
    assert conclusion_of(text) is None


def _csl(tmp_path: Path, *rows: object) -> Collected:
    return collect("csl", json_lines(tmp_path / "csl.jsonl", rows))


def test_each_reason_to_skip_is_counted(tmp_path: Path) -> None:
    found = _csl(
        tmp_path,
        {"id": 1, "abst": f"{BODY}结论:{CLOSING}", "keyword": ["真假不明"], "label": "0"},
        {"id": 2, "content": f"{BODY}结论:{CLOSING}"},
        {"id": 3, "abst": BODY},
        {"id": 4, "abst": "目的 比较玉米品种的产量。方法 田间试验。结论:甲品种的产量明显高于乙品种和丙品种。"},
        {"id": 5, "abst": None},
        {"id": 6},
        [],
    )
    assert [one.text for one in found.passages] == [CLOSING]
    assert found.skipped == {"duplicate": 1, "no conclusion": 1, "no medical entity": 1}
    assert [line for line, _ in found.reasons] == [5, 6, 7]
    assert all("真假不明" not in one.title for one in found.sources)


def test_the_aim_says_what_a_conclusion_speaks_of(tmp_path: Path) -> None:
    found = _csl(tmp_path, {"id": 1, "abst": f"{BODY}结论:{CLOSING}"})
    assert [(one.title, one.locator) for one in found.passages] == [("观察静息治疗偏头痛的疗效", "结论")]


def test_the_same_abstract_in_two_files_is_the_same_source_and_passage(tmp_path: Path) -> None:
    first = _csl(tmp_path, {"id": 1, "abst": f"{BODY}结论:{CLOSING}", "keyword": ["甲"]})
    second = _csl(tmp_path, {"id": 9, "content": f"{BODY}结论:{CLOSING}", "label": "医学"})
    assert (first.sources, first.passages) == (second.sources, second.passages)


@pytest.mark.parametrize(
    "text",
    [
        "目的 研究不同播期对水稻籽粒灌浆的影响。方法 田间试验。结论:适当早播能够提高水稻的结实率和千粒重。",
        "目的 研究仔猪饲料中添加酵母的作用。方法 饲养试验。结论:添加酵母能够降低仔猪腹泻率并提高日增重。",
        "目的 分析世界三人制篮球赛事体系。方法 文献资料法。结论:国际篮球已经建立起完整的三人制篮球赛事体系。",
        "目的 建立测定感冒清片中穿心莲内酯含量的方法。方法 采用高效液相色谱法。结论:该方法简便准确,可用于含量测定。",
        "目的 研究钛合金表面改性工艺。方法 微弧氧化。结论:经过改性的表面硬度和耐蚀性能都有明显提高。",
        "目的 分析卫生资源配置的公平性。方法 计算基尼系数。结论:县级卫生资源配置不均衡,应当加大财政投入力度。",
    ],
)
def test_other_sciences_are_left_out(tmp_path: Path, text: str) -> None:
    assert _csl(tmp_path, {"id": 1, "abst": text}).skipped == {"no medical entity": 1}


@pytest.mark.parametrize(
    "text",
    [
        "目的 观察针刺治疗坐骨神经痛的疗效。方法 随机对照。结论:针刺治疗坐骨神经痛疗效显著,值得推广应用。",
        "目的 探讨芹菜素对大鼠心肌缺血的保护作用。方法 结扎冠脉。结论:芹菜素的保护效应可能与抑制心肌细胞凋亡有关。",
        "目的 比较含氟涂料和含氟泡沫的防龋效果。方法 随机分组。结论:含氟涂料对儿童龋病的预防效果优于含氟泡沫。",
        "目的 了解医院感染病原菌的耐药情况。方法 回顾分析。结论:病原菌耐药率较高,应当根据药敏结果合理使用抗菌药物。",
    ],
)
def test_medicine_is_kept(tmp_path: Path, text: str) -> None:
    assert len(_csl(tmp_path, {"id": 1, "abst": text}).passages) == 1
