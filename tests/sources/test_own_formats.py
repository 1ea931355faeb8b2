from __future__ import annotations

from pathlib import Path

import pytest

from kg_loader.sources import FORMATS, ReadContext, guess_format
from rag.domain import PassageKind
from rag.errors import DataError, NotFoundError, UsageError
from rag.vocabulary import Grade
from tests.sources.collect import ANY_MAP, Collected, collect, json_lines, text_file

FACTS = "subject,subject_type,relation,object,object_type,source,severity,population,dose,year,grade,url\n"


def _facts(tmp_path: Path, *rows: str, header: str = FACTS) -> Collected:
    return collect("facts-csv", text_file(tmp_path / "facts.csv", header + "".join(f"{row}\n" for row in rows)))


def test_a_fact_by_id_and_by_chinese_label(tmp_path: Path) -> None:
    found = _facts(
        tmp_path,
        "偏头痛,disease,has_symptom,恶心,symptom,头痛指南,,,,2020,guideline,https://example.org/a",
        "偏头痛,疾病,症状,畏光,症状,头痛指南,,,,２０２０,临床指南,",
        "偏头痛,disease,治愈率,多数可以控制,literal,editorial,,,,,,",
    )
    assert found.facts == {
        ("偏头痛", "has_symptom", "恶心"),
        ("偏头痛", "has_symptom", "畏光"),
        ("偏头痛", "cure_rate", "多数可以控制"),
    }
    assert {(one.title, one.grade, one.year) for one in found.sources} == {
        ("头痛指南", Grade.GUIDELINE, 2020),
        ("编者整理", Grade.EDITORIAL, None),
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("偏头痛,disease,爱好,恶心,symptom,书,,,,,,", "unknown relation, see docs/data.md for their names"),
        (
            "偏头痛,drug,has_symptom,恶心,symptom,书,,,,,,",
            "has_symptom with a subject of type drug, expected disease or symptom or syndrome",
        ),
        ("偏头痛,disease,has_symptom,恶心,drug,书,,,,,,", "has_symptom with an object of type drug, expected symptom"),
        ("偏头痛,disease,has_symptom,恶心,literal,书,,,,,,", "unknown type 'literal'"),
        ("偏头痛,disease,has_symptom,恶心,,书,,,,,,", "no object_type"),
        ("偏头痛,disease,has_symptom,,symptom,书,,,,,,", "no object"),
        ("偏头痛,disease,cure_rate,高,symptom,书,,,,,,", "cure_rate needs a literal, not an entity"),
        (",disease,has_symptom,恶心,symptom,书,,,,,,", "no subject"),
        ("偏头痛,disease,has_symptom,恶心,symptom,,,,,,,", "no source"),
        ("偏头痛,illness,has_symptom,恶心,symptom,书,,,,,,", "unknown type 'illness'"),
        ("偏头痛,disease,has_symptom,恶心,symptom,书,,,,19,,", "year is not a year between 1000 and 2100"),
        ("偏头痛,disease,has_symptom,恶心,symptom,书,,,,,best,", "unknown grade 'best'"),
        ("偏头痛,disease,has_symptom,恶心,symptom,书,,,,,,ftp://x", "url is not http(s)://…"),
        ("!!!,disease,has_symptom,恶心,symptom,书,,,,,,", "not a name"),
        ("布洛芬,drug,dosage,每次0.2g,literal,editorial,,,,,,", "a dose needs a named source, not editorial"),
        ("偏头痛,disease,has_symptom,恶心,symptom,书,,,,,,,多", "more cells than columns"),
        ("偏头痛,disease", "fewer cells than columns, no relation"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, row: str, reason: str) -> None:
    found = _facts(tmp_path, "痛风,disease,has_symptom,关节痛,symptom,书,,,,,,", row)
    assert len(found.facts) == 1
    assert [line for line, _ in found.reasons] == [3]
    assert found.rejected[0].reason.startswith(reason)


def test_a_literal_column_in_place_of_object(tmp_path: Path) -> None:
    header = "subject,subject_type,relation,literal,source\n"
    found = _facts(tmp_path, "痛风,disease,cure_rate,可以控制,书", "痛风,disease,has_symptom,红肿,书", header=header)
    assert found.facts == {("痛风", "cure_rate", "可以控制")}
    assert found.reasons == [(3, "has_symptom needs an object of type symptom, not a literal")]


def test_formulas_markup_and_queries_in_names_are_only_text(tmp_path: Path) -> None:
    names = ["=1+1甲", "<script>甲</script>", "甲'; DROP TABLE x;--", "甲}) DETACH DELETE n //"]
    found = _facts(tmp_path, *(f"{name},disease,has_symptom,恶心,symptom,书,,,,,," for name in names))
    assert {subject for subject, _, _ in found.facts} == set(names)


@pytest.mark.parametrize("codec", ["utf-8-sig", "gb18030", "utf-16"])
def test_facts_in_other_encodings(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "facts.csv"
    path.write_bytes((FACTS + "偏头痛,疾病,症状,恶心,症状,头痛诊疗指南,,,,,,\r\n").encode(codec))
    assert collect("facts-csv", path).facts == {("偏头痛", "has_symptom", "恶心")}


# ---------------------------------------------------------------- passages

PASSAGE = {"text": "静息有助于缓解偏头痛。", "kind": "conclusion", "source": "头痛研究"}


def _passages(tmp_path: Path, *rows: object) -> Collected:
    return collect("passages", json_lines(tmp_path / "p.jsonl", rows))


def test_a_passage_with_everything(tmp_path: Path) -> None:
    found = _passages(
        tmp_path,
        PASSAGE
        | {
            "title": "静息",
            "question": "静息有用吗",
            "locator": "结论",
            "about": {"entity": "disease:偏头痛", "aspect": "治疗"},
        }
        | {
            "year": 2015,
            "journal": "头痛杂志",
            "pmid": 123,
            "doi": "10.1000/x",
            "url": "https://example.org",
            "licence": "CC BY",
            "grade": "trial",
        },
    )
    (source,), (passage,) = found.sources, found.passages
    assert (source.pmid, source.publisher, source.grade) == ("123", "头痛杂志", Grade.TRIAL)
    assert (passage.about, passage.aspect, passage.kind) == ("disease:偏头痛", "治疗", PassageKind.CONCLUSION)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"text": ""}, "no text"),
        ({"text": 3}, "text is not a text"),
        ({"kind": "poem"}, "unknown kind 'poem'"),
        ({"source": None}, "no source"),
        ({"about": "偏头痛"}, "an entity is written type:name"),
        ({"about": "illness:偏头痛"}, "unknown type 'illness'"),
        ({"about": 3}, "about is neither"),
        ({"about": {"entity": "disease:偏头痛", "x": 1}}, "about is neither"),
        ({"pmid": "PMC1"}, "pmid is not a number"),
        ({"doi": "x"}, "doi is not"),
        ({"year": True}, "year is not"),
        ({"colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_a_bad_passage_is_refused_with_its_line(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    found = _passages(tmp_path, PASSAGE, PASSAGE | change)
    assert [line for line, _ in found.reasons] == [2]
    assert found.rejected[0].reason.startswith(reason)


def test_a_passage_that_is_no_object(tmp_path: Path) -> None:
    assert _passages(tmp_path, [1], "x", PASSAGE).reasons == [(1, "not a JSON object"), (2, "not a JSON object")]


# ---------------------------------------------------------------- aliases, pairs, questions


def test_aliases_and_what_is_wrong_with_them(tmp_path: Path) -> None:
    text = (
        "entity,type,name,kind,source\n偏头痛,disease,migraine,english,editorial\n偏头痛,疾病,偏头风,colloquial,\n"
        "偏头痛,disease,病,synonym,\n偏头痛,disease,偏头痛,synonym,\n偏头痛,disease,x2,nickname,\n偏头痛,disease,,synonym,\n"
        "偏头痛,ill,头风,synonym,\n老年人,population,老人,synonym,\n"
    )
    found = collect("aliases-csv", text_file(tmp_path / "a.csv", text))
    assert found.aliases == {"migraine": "english", "偏头风": "colloquial", "老人": "synonym"}
    assert found.skipped == {"unsafe alias": 1, "duplicate": 1}
    assert [line for line, _ in found.reasons] == [6, 7, 8]


def test_pairs_are_ordered_and_known_by_name(tmp_path: Path) -> None:
    rows = ("氯雷他定,地氯雷他定,drug,代谢物", "甲肝,甲肝,disease,同名", "甲肝,乙肝,disease,", "甲肝,乙肝,x,不同")
    text = "\n".join(("a,b,type,reason", *rows))
    found = collect("do-not-merge-csv", text_file(tmp_path / "d.csv", text))
    assert [(one.a, one.b) for one in found.pairs] == [("drug:地氯雷他定", "drug:氯雷他定")]
    assert found.entities == {"drug:地氯雷他定", "drug:氯雷他定"}
    assert [line for line, _ in found.reasons] == [3, 4, 5]


def test_questions_and_answers(tmp_path: Path) -> None:
    rows = [
        {"questions": "头痛怎么办？", "answers": "多休息。"},
        {"question": ["怕光怎么办？"], "answer": ["避光。"]},
        {"question": "x", "answer": " "},
        {"question": ["a", "b"], "answer": "c"},
        {"question": None, "answer": "c"},
        {"answer": "c"},
        [],
    ]
    found = collect("qa-jsonl", json_lines(tmp_path / "q.jsonl", rows))
    assert [(one.question, one.text) for one in found.passages] == [
        ("头痛怎么办？", "多休息。"),
        ("怕光怎么办？", "避光。"),
        ("a", "c"),
    ]
    assert found.skipped == {"placeholder": 1}
    assert [line for line, _ in found.reasons] == [5, 6, 7]


# ---------------------------------------------------------------- guessing


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cmekg", '{"中心词": "痛风", "检查": []}'),
        ("cmekg", '{"\\u4e2d\\u5fc3\\u8bcd": "x"}'),
        ("cmekg", '\ufeff[\n{"别名": [], "中心词": "痛风"}]'),
        ("drug-json", '["甲\\n适应证:乙\\n剂型:丙"]'),
        ("pubmedqa", '{"1": {"QUESTION": "q", "LONG_ANSWER": "a"}}'),
        ("csl", '{"id": 1, "abst": "x"}'),
        ("csl", '{"content": "x", "label": "y", "id": 2}'),
        ("facts-csv", FACTS),
        ("facts-csv", '"subject","relation","subject_type"\n'),
        ("passages", '{"source": "s", "kind": "qa", "text": "t"}'),
        ("aliases-csv", "entity,type,name,kind,source\n"),
        ("do-not-merge-csv", "a,b,type,reason\n"),
        ("qa-jsonl", '{"questions": "q", "answers": "a"}'),
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-16"])
def test_a_format_is_known_by_its_content(tmp_path: Path, name: str, text: str, codec: str) -> None:
    path = tmp_path / "some.file"
    path.write_bytes(text.encode(codec))
    assert guess_format(path) == name


@pytest.mark.parametrize("text", ["hello", "a,b\n1,2\n", '[{"content": "x"}]', "{}", '{"instruction": "x"}'])
def test_what_is_no_known_format_lists_them(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"--format, one of: .*cmekg.*passages"):
        guess_format(text_file(tmp_path / "x", text))


def test_what_cannot_be_guessed_at_all(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        guess_format(tmp_path / "absent")
    with pytest.raises(UsageError):
        guess_format(tmp_path)
    with pytest.raises(DataError, match="0 bytes"):
        guess_format(text_file(tmp_path / "empty", ""))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_reader_says_what_is_wrong_with_a_file(tmp_path: Path, name: str) -> None:
    context = ReadContext("x", table_map=ANY_MAP)
    for path, error in ((tmp_path / "absent", NotFoundError), (tmp_path, UsageError)):
        with pytest.raises(error):
            collect(name, path, context)
    with pytest.raises(DataError):
        collect(name, text_file(tmp_path / "empty", ""), context)
