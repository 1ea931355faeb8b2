"""Training the static embedding: it learns, is seeded, reads the files it says it reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finetune.embed import EmbedOptions, _contrast, run, train
from finetune.pairs import read_pairs, read_texts
from rag.embedders.static import StaticEmbedder
from rag.errors import DataError, NotFoundError

OPTIONS = EmbedOptions(dimension=16, epochs=10, batch_pairs=8, min_texts_han=1, min_texts_other=1)
THINGS = [("头痛", "止痛片"), ("发热", "退烧药"), ("咳嗽", "止咳糖浆"), ("失眠", "安神丸"), ("皮疹", "炉甘石")]
PAIRS = [(f"{a}{tail}", f"可以用{b}") for a, b in THINGS for tail in ("怎么办", "吃什么", "要紧吗", "几天了")]


def test_questions_move_to_their_answers(tmp_path: Path) -> None:
    train(PAIRS, options=OPTIONS).save(tmp_path)
    embedder = StaticEmbedder.load(tmp_path)
    questions = embedder.encode([a for a, _ in THINGS], kind="query")
    answers = embedder.encode([b for _, b in THINGS], kind="passage")
    assert (questions @ answers.T).argmax(axis=1).tolist() == list(range(len(THINGS)))


def test_the_seed_decides(tmp_path: Path) -> None:
    one, two = train(PAIRS, options=OPTIONS), train(PAIRS, options=OPTIONS)
    np.testing.assert_array_equal(one.rows, two.rows)
    other = train(PAIRS, options=replace(OPTIONS, seed=1))
    assert not np.array_equal(one.rows, other.rows)


def test_texts_widen_the_vocabulary() -> None:
    assert "艾灸" in train(PAIRS, ["艾灸"], OPTIONS).vocabulary
    assert "艾灸" not in train(PAIRS, [], OPTIONS).vocabulary


def test_rare_tokens_are_left_out() -> None:
    model = train([*PAIRS, ("zebra 独一", "可以用止痛片")], [], replace(OPTIONS, min_texts_han=2, min_texts_other=2))
    assert "zebra" not in model.vocabulary
    assert "独一" not in model.vocabulary


def test_the_vocabulary_is_bounded() -> None:
    assert len(train(PAIRS, [], replace(OPTIONS, max_vocabulary=12)).vocabulary) == 12


@pytest.mark.parametrize("pairs", [[], [("头痛", "止痛片")], [("", "a"), ("b", "")]])
def test_too_little_is_an_error(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(DataError, match="at least 2"):
        train(pairs, options=OPTIONS)


def test_the_gradient_is_that_of_the_loss() -> None:
    random = np.random.default_rng(0)
    left, right = (random.standard_normal((4, 5)).astype(np.float32) for _ in range(2))
    groups = np.array([0, 1, 1, 2])
    _, gradient = _contrast(left, right, groups, 0.5)
    step = np.float32(1e-2)
    for row, column in ((0, 0), (1, 3), (3, 4)):
        up, down = left.copy(), left.copy()
        up[row, column] += step
        down[row, column] -= step
        slope = (_contrast(up, right, groups, 0.5)[0] - _contrast(down, right, groups, 0.5)[0]) / (2 * step)
        assert gradient[row, column] / len(left) == pytest.approx(slope, abs=2e-3)


def test_run_writes_a_model_and_says_what_it_did(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text("".join(f'{{"question": "{q}", "answer": "{a}"}}\n' for q, a in PAIRS), "utf-8")
    seen: list[tuple[int, int]] = []
    report = run(pairs, [], tmp_path / "out", OPTIONS, lambda done, total: seen.append((done, total)))
    assert report.pairs == len(PAIRS)
    assert report.identity == StaticEmbedder.load(tmp_path / "out").identity
    assert report.size_bytes == sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    assert seen[-1] == (seen[-1][1], seen[-1][1])


def test_csv_in_gb18030_gives_long_and_short_questions(tmp_path: Path) -> None:
    path = tmp_path / "qa.csv"
    path.write_bytes(
        "department,title,ask,answer\n内科,高血压,我血压高,少吃盐\n内科,头痛,无,多休息\n".encode("gb18030")
    )
    assert list(read_pairs(path)) == [
        ("高血压\n我血压高", "少吃盐"),
        ("高血压", "少吃盐"),
        ("我血压高", "少吃盐"),
        ("头痛", "多休息"),
    ]


def test_names_of_one_thing_are_pairs(tmp_path: Path) -> None:
    path = tmp_path / "terms.csv"
    path.write_text("entity,type,name,kind,source\n高血压,disease,hypertension,english,editorial\n", "utf-8")
    assert list(read_pairs(path)) == [("高血压", "hypertension")]


def test_json_lines_take_lists(tmp_path: Path) -> None:
    path = tmp_path / "qa.jsonl"
    path.write_text('{"questions": ["一", "二"], "answers": "三"}\n\n', "utf-8-sig")
    assert list(read_pairs(path)) == [("一\n二", "三")]


def test_texts_are_fields_or_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("一\n\n二\n", "utf-8")
    (tmp_path / "b.csv").write_text("x,y\n三,四\n", "utf-8")
    assert [*read_texts(tmp_path / "a.txt"), *read_texts(tmp_path / "b.csv")] == ["一", "二", "三", "四"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"x,y\n1,2\n", "columns x, y"),
        ("a.csv", b"", "no rows"),
        ("a.jsonl", b"{\n", "line 1"),
        ("a.jsonl", b"[1]\n", "list"),
        ("a.csv", b"question,answer\n\xff\xff,1\n", "neither UTF-8 nor GB18030"),
    ],
)
def test_files_that_are_no_pairs_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read_pairs(tmp_path / name))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"absent\.csv"):
        list(read_pairs(tmp_path / "absent.csv"))
