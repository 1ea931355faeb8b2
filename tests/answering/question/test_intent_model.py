"""A trained classifier of intents: it is heard where the rules are silent, and travels in one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.intents import Label, read_labels
from finetune.classify import train
from finetune.intent import cross_validated, read_examples, run
from finetune.intent_own import ASKS, NONE, REVERSE, SURE, fitted, wordings
from rag.classifier import Classifier
from rag.domain import Intent
from rag.errors import ConfigurationError, DataError
from rag.linking.linker import Linker
from rag.question.intent import read_intent
from rag.question.intent_model import IntentModel, Reading
from rag.settings import Settings
from rag.vocabulary import Relation
from rag.wiring import build
from tests.answering.records import names

LINKER = Linker(names())
LABELS = {
    "科室": Label("科室", (Relation.DEPARTMENT,), reverse=False),
    "诊断": Label("诊断", (), reverse=True),
    "闲谈": Label("闲谈", (), reverse=False),
}
WORDS = {"科室": "该往哪边走路过去", "诊断": "身上难受得厉害想不通", "闲谈": "天气晴朗出门散步"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of three labels that share no characters."""
    folder = tmp_path_factory.mktemp("intent")
    rows = [f"{word}{n},{label}" for label, word in WORDS.items() for n in range(8)]
    (folder / "examples.csv").write_text("\n".join(["query,label", *rows]), encoding="utf-8")
    learnt = run([folder / "examples.csv"], LABELS, folder / "model.safetensors", sure=0.4)
    assert (learnt.questions, dict(learnt.labels)) == (24, dict.fromkeys(sorted(LABELS), 8))
    return folder / "model.safetensors"


def considered(file: Path, question: str) -> tuple[tuple[Relation, ...], bool]:
    mentions = LINKER.link(question)
    found = IntentModel.load(file).consider(question, mentions, read_intent(question, mentions))
    return found.relations, found.reverse


def test_it_speaks_where_no_cue_does(file: Path) -> None:
    assert considered(file, "偏头痛该往哪边走路过去") == ((Relation.DEPARTMENT,), False)
    assert considered(file, "恶心身上难受得厉害想不通") == ((), True)


def test_rules_come_first(file: Path) -> None:
    assert considered(file, "偏头痛吃什么药，该往哪边走路过去")[0] == (Relation.DRUG,)


def test_what_asks_for_nothing_or_of_nothing_changes_nothing(file: Path) -> None:
    for question in ("偏头痛天气晴朗出门散步", "该往哪边走路过去", "难受得厉害想不通身上"):
        mentions = LINKER.link(question)
        intent = read_intent(question, mentions)
        assert IntentModel.load(file).consider(question, mentions, intent) == intent


def test_an_unsure_model_is_not_heard(file: Path) -> None:
    model = IntentModel.load(file)
    unsure = IntentModel(model.classifier, model.asks, model.reverse, sure=1.0)
    question = "偏头痛该往哪边走路过去"
    mentions = LINKER.link(question)
    intent = read_intent(question, mentions)
    assert unsure.consider(question, mentions, intent) == intent


def test_what_the_rules_found_of_another_kind_of_thing_does_not_count(file: Path) -> None:
    question = "偏头痛该往哪边走路过去"
    mentions = LINKER.link(question)
    odd = Intent((Relation.DOSAGE,), ((Relation.DOSAGE,),))
    found = IntentModel.load(file).consider(question, mentions, odd)
    assert (found.relations, found.guessed) == ((Relation.DEPARTMENT,), True)


@pytest.mark.parametrize(
    ("question", "relation"),
    [
        ("偏头痛归哪个大夫瞧", Relation.DEPARTMENT),
        ("布洛芬是哪一类的药品呀", Relation.DRUG_CLASS),
        ("谁爱得偏头痛", Relation.POPULATION),
        ("偏头痛还会引出啥", Relation.COMPLICATION),
    ],
)
def test_the_packaged_one_knows_other_wordings(question: str, relation: Relation) -> None:
    mentions = LINKER.link(question)
    found = IntentModel.packaged().consider(question, mentions, read_intent(question, mentions))
    assert relation in found.relations


@pytest.mark.parametrize("question", ["你好", "偏头痛哪个医院权威", "布洛芬图片"])
def test_the_packaged_one_leaves_what_asks_for_nothing(question: str) -> None:
    mentions = LINKER.link(question)
    intent = read_intent(question, mentions)
    assert IntentModel.packaged().consider(question, mentions, intent) == intent


def test_the_packaged_model_is_the_one_that_its_wordings_make() -> None:
    found = wordings()
    assert sum(map(len, found.values())) > 700
    assert set(found) == {*ASKS, NONE, REVERSE}
    made = IntentModel(fitted(found), ASKS, frozenset({REVERSE}), SURE, Reading.MARKS)
    assert made.classifier.labels == IntentModel.packaged().classifier.labels
    assert abs(made.classifier.weights.astype(int) - IntentModel.packaged().classifier.weights).max() <= 2


def test_the_setting_names_the_file(file: Path, tmp_path: Path) -> None:
    packaged = build(Settings(_env_file=None, data_dir=tmp_path)).intents
    assert packaged is not None
    assert packaged.reading is Reading.MARKS
    pipeline = build(Settings(_env_file=None, data_dir=tmp_path, intent_model=file))
    assert pipeline.intents is not None
    assert pipeline.intents.asks["科室"] == (Relation.DEPARTMENT,)
    with pytest.raises(ConfigurationError, match="train intent"):
        build(Settings(_env_file=None, data_dir=tmp_path, intent_model=tmp_path / "none"))


def test_another_classifier_is_refused(file: Path, tmp_path: Path) -> None:
    model = IntentModel.load(file).classifier
    Classifier(model.labels, model.shape, model.idf, model.weights, model.scale, model.bias).save(tmp_path / "bare")
    with pytest.raises(ConfigurationError, match="none of intents"):
        IntentModel.load(tmp_path / "bare")


def test_examples_are_read_from_three_kinds_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("query,label\n怎么治,甲\n怎么治,甲\n", encoding="utf-8")
    (tmp_path / "b.json").write_text('[{"query": "多少钱", "label": "乙"}]', encoding="utf-8")
    (tmp_path / "c.jsonl").write_text('{"text": "挂什么科", "intent": "丙"}\n', encoding="utf-8")
    files = [tmp_path / name for name in ("a.csv", "b.json", "c.jsonl")]
    assert read_examples(files) == [("怎么治", "甲"), ("多少钱", "乙"), ("挂什么科", "丙")]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "query,answer\n怎么治,甲\n", "expected a question"),
        ("a.json", "{}", "expected an array"),
        ("a.json", "[", "line 1: not JSON"),
        ("a.csv", "query,label\n怎么治,没有的\n", "no relations are known for the label '没有的'"),
        ("a.csv", "query,label\n怎么治,科室\n多少钱,闲谈\n", "needs 5 texts"),
    ],
)
def test_files_that_teach_nothing_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        run([tmp_path / name], LABELS, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_no_example_is_judged_by_a_model_that_learnt_it() -> None:
    """One question under two labels in equal parts: a model that had seen it would know which."""
    examples = [(f"{word}{n}", label) for label, word in WORDS.items() for n in range(10)]
    examples += [("全新的一句话", "科室")] * 6
    shares = cross_validated(examples, [text for text, _ in examples])
    assert [max(share, key=lambda name: share[name]) for share in shares[:30]] == [label for _, label in examples[:30]]
    assert all(share["科室"] < 0.6 for share in shares[30:])


def test_the_packaged_map_names_relations() -> None:
    labels = read_labels()
    assert labels["医疗费用"].relations == (Relation.COST, Relation.INSURANCE)
    assert labels["病情诊断"].reverse
    assert labels["其他"].relations == ()


def test_it_reads_words_and_marks_in_training_as_in_answering(tmp_path: Path) -> None:
    """Of an illness that it never saw it knows by the marks what is asked; the words say which illness it is."""
    rows = [f"偏头痛{word}{n},{label}" for label, word in WORDS.items() for n in range(8)]
    (tmp_path / "examples.csv").write_text("\n".join(["query,label", *rows]), encoding="utf-8")
    linker = Linker(names(("新病", "disease:新病", "name")))
    seen = []

    def read(text: str) -> str:
        seen.append(Reading.BOTH.of(text, linker.link(text)))
        return seen[-1]

    run([tmp_path / "examples.csv"], LABELS, tmp_path / "model", read=read)
    assert seen[0] == f"{rows[0].split(',')[0]}\n□{rows[0].split(',')[0].removeprefix('偏头痛')}"
    model = IntentModel.load(tmp_path / "model")
    assert model.reading is Reading.BOTH
    mentions = linker.link("新病该往哪")
    assert model.consider("新病该往哪", mentions, read_intent("新病该往哪", mentions)).relations == (
        Relation.DEPARTMENT,
    )


def test_no_wording_is_judged_by_a_model_that_learnt_it_around_another_name() -> None:
    """Two labels for one wording, told apart by the name alone: a model that had seen the pair would know which."""
    examples = [(f"{word}{n}", label) for label, word in WORDS.items() for n in range(10)]
    wordings = [text for text, _ in examples]
    examples += [("甲病独特的说法甲病", "科室")] * 5 + [("乙病独特的说法乙病", "科室")] * 5
    shares = cross_validated(examples, wordings + ["□独特的说法□"] * 10)
    assert all(share["科室"] < 0.6 for share in shares[len(wordings) :])


@pytest.mark.parametrize(("older", "reading"), [("True", Reading.MARKS), ("False", Reading.WORDS)])
def test_models_from_before_there_were_readings_are_read_as_they_learnt(
    file: Path, tmp_path: Path, older: str, reading: Reading
) -> None:
    model = IntentModel.load(file)
    model.save(tmp_path / "model")
    classifier = Classifier.load(tmp_path / "model")
    notes = {name: value for name, value in classifier.notes.items() if name != "reading"} | {"marked": older}
    replace(classifier, notes=notes).save(tmp_path / "model")
    assert IntentModel.load(tmp_path / "model").reading is reading


def test_naive_bayes_counts_as_much_as_it_is_told_to() -> None:
    texts, labels = [f"{word}{n}" for word in WORDS.values() for n in range(8)], [k for k in WORDS for _ in range(8)]
    plain, mixed = (train(texts, labels, strength=1.0, bayes=share) for share in (0.0, 0.5))
    for label, word in WORDS.items():
        assert mixed.probabilities(word)[label] > plain.probabilities(word)[label]


def test_rare_n_grams_are_left_out_of_the_vector() -> None:
    texts, labels = [f"{word}{n}" for word in WORDS.values() for n in range(8)], [k for k in WORDS for _ in range(8)]
    model = train(texts, labels, strength=1.0, rarest=2)
    word = WORDS["科室"]
    assert model.probabilities(f"{word}鼂") == pytest.approx(model.probabilities(f"{word}驫"))
    assert model.probabilities("鼂驫") == pytest.approx(model.probabilities("驫"))
