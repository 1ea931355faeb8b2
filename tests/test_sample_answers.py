"""The sample in use: it loads whole, the audit finds nothing severe, questions of every kind cite what they must."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

import kg_loader
from kg_loader.ingest import ingest
from kg_loader.report import IngestReport
from rag.domain import Answer, EntityId, Outcome
from rag.pipeline import Options, Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.vocabulary import Relation
from rag.wiring import build
from tests.source_tree import ROOT
from yiwen.serve import DEMO_QUESTION

SAMPLE = Path(kg_loader.__file__).parent / "sample"
FILES = ("facts.csv", "aliases.csv", "do_not_merge.csv", "passages.jsonl")
MEGABYTE = 1_000_000
README_QUESTION = re.compile(r'yiwen ask "([^"]+)"|"question": "([^"]+)"')

ANSWERED, ASKED_BACK, NOTHING = Outcome.ANSWERED, Outcome.NEED_MORE_INFO, Outcome.NOT_IN_KB

# What the citations must speak of: entities by id, other texts as they stand in a quotation.
EXPECTED: tuple[tuple[str, Outcome, tuple[str, ...]], ...] = (
    # forward, one relation after the other
    ("急性支气管炎有什么症状？", ANSWERED, ("disease:急性支气管炎", "symptom:咳痰", "symptom:低热")),
    ("心力衰竭的病因有哪些？", ANSWERED, ("disease:心力衰竭", "disease:冠心病", "disease:心脏瓣膜病")),
    ("肾结石要做哪些检查？", ANSWERED, ("disease:肾结石", "examination:泌尿系超声")),
    ("缠腰龙挂什么科？", ANSWERED, ("disease:带状疱疹", "department:皮肤科")),
    ("骨质疏松症怎么治疗？", ANSWERED, ("treatment:负重运动", "drug:阿仑膦酸钠")),
    ("带状疱疹有哪些并发症？", ANSWERED, ("disease:带状疱疹后神经痛",)),
    ("手足口病怎么预防？", ANSWERED, ("treatment:勤洗手",)),
    ("哪些人容易得肾结石？", ANSWERED, ("disease:肾结石", "青壮年男性")),
    ("痔疮不能吃什么？", ANSWERED, ("disease:痔疮", "food:辛辣食物")),
    ("慢性肾脏病能治好吗？", ANSWERED, ("延缓进展",)),
    ("急性支气管炎多久能好？", ANSWERED, ("两到三周",)),
    ("急性阑尾炎手术要花多少钱？", ANSWERED, ("因医院和术式而异",)),
    ("肺癌怎么做病理检查？", ANSWERED, ("examination:肺穿刺活检",)),
    ("失眠症中医怎么分型？", ANSWERED, ("syndrome:心脾两虚证",)),
    ("空腹血糖正常值是多少？", ANSWERED, ("indicator:空腹血糖", "3.9～6.1mmol/L")),
    ("癌胚抗原升高见于哪些病？", ANSWERED, ("indicator:癌胚抗原", "disease:结直肠癌")),
    # reverse
    ("尿频尿急尿痛可能是什么病？", ANSWERED, ("disease:尿路感染", "symptom:尿痛")),
    ("咳嗽、咯血、胸痛是什么病？", Outcome.NEED_MORE_INFO, ("disease:肺栓塞", "disease:肺癌")),
    ("腹泻、便血、里急后重是什么病？", ANSWERED, ("disease:溃疡性结肠炎", "disease:结直肠癌")),
    # yes or no, comparison, asking back
    ("甲型肝炎会传染吗？", ANSWERED, ("disease:甲型肝炎", "粪口途径")),
    ("溃疡性结肠炎和克罗恩病有什么区别？", ANSWERED, ("disease:溃疡性结肠炎", "disease:克罗恩病")),
    ("阑尾炎有什么症状？", ASKED_BACK, ()),
    ("他汀类药物有哪些？", ANSWERED, ("drug:阿托伐他汀", "drug:辛伐他汀")),
    ("降糖药有哪些？", ANSWERED, ("drug:二甲双胍", "drug:胰岛素")),
    # drugs: doses, contraindications, groups of people, interactions
    ("氨氯地平一天吃多少？", ANSWERED, ("drug:氨氯地平", "最多一次10mg")),
    ("成人对乙酰氨基酚一次吃多少？", ANSWERED, ("24小时内不超过2g", "24小时内不超过4g")),
    ("丙戊酸钠的禁忌有哪些？", ANSWERED, ("drug:丙戊酸钠", "disease:尿素循环障碍")),
    ("孕妇能吃左氧氟沙星吗？", ANSWERED, ("drug:左氧氟沙星", "population:孕妇")),
    ("老年人能用地西泮吗？", ANSWERED, ("drug:地西泮", "population:老年人")),
    ("西地那非和硝酸甘油能一起吃吗？", ANSWERED, ("drug:西地那非", "drug:硝酸甘油", "严重")),
    ("阿仑膦酸钠有什么副作用？", ANSWERED, ("disease:颌骨坏死",)),
    # herbs and formulas
    ("小青龙汤由哪些药组成？", ANSWERED, ("formula:小青龙汤", "herb:麻黄", "herb:五味子")),
    ("独活寄生汤主治什么？", ANSWERED, ("formula:独活寄生汤", "symptom:腰痛")),
    ("肉桂的性味归经是什么？", ANSWERED, ("herb:肉桂", "性大热")),
    ("丁香和郁金能一起用吗？", ANSWERED, ("herb:丁香", "herb:郁金")),
    # literature in both languages
    ("感冒要吃抗生素吗？", Outcome.PARTIAL, ("disease:感冒", "抗生素治疗不能缩短病程")),
    ("限盐能降血压吗？", ANSWERED, ("减少食盐摄入有助于降低血压",)),
    ("Does pulmonary rehabilitation help in COPD?", ANSWERED, ("pulmonary rehabilitation improves breathlessness",)),
    ("What is the treatment of deep vein thrombosis?", ANSWERED, ("disease:深静脉血栓形成", "anticoagulation is the")),
    # what it does not hold
    ("继发性高血压吃什么药？", NOTHING, ()),
)  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[IngestReport, Pipeline]:
    """The sample ingested as `make demo` does, and the product over it."""
    settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("sample"))
    files = [SAMPLE / name for name in FILES]
    report = ingest(Library(settings.data_dir), files, dataset="sample", settings=settings)
    return report, build(settings)


@pytest.fixture(scope="module")
def sample(loaded: tuple[IngestReport, Pipeline]) -> Pipeline:
    return loaded[1]


def test_everything_loads_and_nothing_is_held(loaded: tuple[IngestReport, Pipeline]) -> None:
    report, _ = loaded
    assert report.rejected == {}
    assert report.rejects_file is None
    assert [rule for rule, counts in report.findings.items() if counts.get("severe")] == []
    assert not any(report.held.values())
    rows = (SAMPLE / "facts.csv").read_text(encoding="utf-8").splitlines()
    assert report.loaded_by_kind["fact"] == len(rows) - 1


def test_the_sample_stays_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) < 2 * MEGABYTE


def test_the_questions_of_the_readme_are_answered(sample: Pipeline) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    questions = {DEMO_QUESTION, *("".join(found) for found in README_QUESTION.findall(readme))}
    assert len(questions) >= 3
    for question in questions:
        answer = sample.ask(question)
        assert (question, answer.outcome) == (question, ANSWERED)
        assert answer.citations


@pytest.mark.parametrize(("question", "outcome", "cited"), EXPECTED, ids=[row[0] for row in EXPECTED])
def test_a_question_cites_what_it_must(
    sample: Pipeline, question: str, outcome: Outcome, cited: tuple[str, ...]
) -> None:
    answer = sample.ask(question, Options(detail="full"))
    assert answer.outcome == outcome, answer.text
    assert list(missing(sample, answer, cited)) == [], answer.text
    if outcome is ANSWERED:
        assert cited, "an answer without an expectation proves nothing"


def missing(pipeline: Pipeline, answer: Answer, cited: Iterable[str]) -> Iterable[str]:
    """What of `cited` no citation speaks of; entities of evidence, or words of its quotation."""
    ids = [citation.evidence_id for citation in answer.citations]
    evidence = pipeline.editions.current().kb.evidence(ids)
    entities: set[EntityId] = {entity for one in evidence.values() for entity in one.entities}
    quotes = [citation.quote for citation in answer.citations]
    for wanted in cited:
        if EntityId(wanted) not in entities and not any(wanted in quote for quote in quotes):
            yield wanted


def test_the_expectations_ask_for_many_relations(sample: Pipeline) -> None:
    """Thirty questions about symptoms would be thirty times the same; the facts cited are of many relations."""
    assert len(EXPECTED) >= 30
    relations: set[Relation] = set()
    for question, *_ in EXPECTED:
        answer = sample.ask(question, Options(detail="full"))
        evidence = sample.editions.current().kb.evidence([citation.evidence_id for citation in answer.citations])
        relations |= {one.fact.relation for one in evidence.values() if one.fact}
    assert len(relations) >= 25, sorted(set(Relation) - relations)
