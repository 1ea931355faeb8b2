"""From the section `data` of a run to packs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from finetune.data.characters import Characters
from finetune.data.config import DataConfig, DatasetUse
from finetune.data.handing_over import read, write
from finetune.data.preferring import prepare_preferences, prepare_questions
from finetune.data.prepared import Prepared, PreparedPreferences
from finetune.data.preparing import prepare
from rag.errors import ConfigurationError, DataError


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two data sets in a registry: `a` of 40 rows, `b` of 20, one of them without an answer."""
    for name, count in (("a", 40), ("b", 20)):
        rows = [{"instruction": f"{name}问{n}", "input": "", "output": f"{name}答{n}"} for n in range(count)]
        if name == "b":
            rows[5]["output"] = ""
        (tmp_path / f"{name}.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    registry = {"a": {"file": "a.json", "licence": "CC BY 4.0"}, "b": {"file_name": "b.json"}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(registry))
    return tmp_path


def _config(files: Path, **more: object) -> DataConfig:
    config = DataConfig(("a", "b"), files, cutoff=128, pack_length=512)
    return replace(config, **more)  # type: ignore[arg-type] # as the test says


def test_packs_hold_every_row_once_and_losses_are_listed(files: Path) -> None:
    made = prepare(_config(files), Characters())
    rows = [document.row for one in made.train for document in one]
    assert sorted(rows) == list(range(59))
    assert rows != sorted(rows)
    assert made.places is not None
    assert [made.places[row] for row in (0, 44, 45)] == [
        f"{files / 'a.json'}, row 1", f"{files / 'b.json'}, row 5", f"{files / 'b.json'}, row 7"
    ]  # fmt: skip
    assert not made.ordered
    assert [str(left) for left in made.losses.rows] == [f"{files / 'b.json'}, row 6: empty answer"]
    assert [(origin.name, origin.rows, origin.licence) for origin in made.origins] == [
        ("a", 40, "CC BY 4.0"), ("b", 19, ""),
    ]  # fmt: skip
    assert all(len(origin.sha256) == 64 for origin in made.origins)
    assert made.fill == sum(len(d) for one in made.train for d in one) / (len(made.train) * 512)


def test_rows_held_out_are_not_learnt(files: Path) -> None:
    made = prepare(_config(files, validation_rows=7), Characters())
    assert sum(map(len, made.held_out)) == 7
    assert sum(map(len, made.train)) == 52
    share = prepare(_config(files, validation_share=0.1), Characters())
    assert sum(map(len, share.held_out)) == 6


def test_priority_goes_through_packing_in_order(files: Path) -> None:
    uses = (DatasetUse("a", priority=1e9), DatasetUse("b", priority=1e-9, epochs=3))
    made = prepare(_config(files, datasets=uses, mixing="priority"), Characters())
    assert made.ordered
    assert made.schedule is not None
    rows = [document.row for one in made.train for document in one]
    assert len(rows) == 40 + 3 * 19
    first_b = min(number for number, one in enumerate(made.train) if any(document.row >= 40 for document in one))
    last_a = max(number for number, one in enumerate(made.train) if any(document.row < 40 for document in one))
    assert last_a - first_b < made.schedule.curve(1).sum()
    assert [document.row >= 40 for document in made.train[0]] == [False] * len(made.train[0])
    assert all(document.row >= 40 for document in made.train[-1])


def test_without_packing_each_row_is_alone(files: Path) -> None:
    made = prepare(_config(files, packing=False, shuffle=False), Characters())
    assert [len(one) for one in made.train] == [1] * 59
    assert [one[0].row for one in made.train] == list(range(59))


def test_the_template_goes_to_the_tokenizer_that_is_saved(files: Path) -> None:
    tokenizer = Characters()
    prepare(_config(files, template="huatuogpt2"), tokenizer)
    said = [{"role": "user", "content": "问"}]
    assert tokenizer.apply_chat_template(said, add_generation_prompt=True) == "<问>：问\n<答>："


def test_a_bad_row_can_end_the_run(files: Path) -> None:
    with pytest.raises(DataError, match=r"b\.json, row 6: empty answer; correct the row"):
        prepare(_config(files, bad_rows="stop"), Characters())


def test_a_file_may_be_named_without_a_registry(files: Path) -> None:
    made = prepare(DataConfig((str(files / "a.json"),), max_samples=5, cutoff=128), Characters())
    assert sum(map(len, made.train)) == 5


def test_nothing_left_to_train_on_says_why(files: Path) -> None:
    with pytest.raises(DataError, match=r"no row is left to train on; .*nothing left to learn"):
        prepare(_config(files, cutoff=3), Characters())


def test_preferences_become_messages(tmp_path: Path) -> None:
    rows = [{"instruction": "问", "input": str(n), "output": ["好", "坏"]} for n in range(5)]
    (tmp_path / "p.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    config = DataConfig((str(tmp_path / "p.json"),), validation_rows=1, shuffle=False)
    made = prepare_preferences(config, Characters())
    assert len(made.train) == 4
    assert len(made.held_out) == 1
    assert made.train[0]["chosen"] == [{"role": "assistant", "content": "好"}]
    assert made.train[0]["prompt"][0]["content"].startswith("问\n")
    with pytest.raises(DataError, match=r"p\.json, row 1 is a preference"):
        prepare(config, Characters())


def test_rules_of_preferences_get_a_place(tmp_path: Path) -> None:
    said = [{"role": "system", "content": "只看证据"}, {"role": "user", "content": "问"}]
    row = {
        "prompt": said,
        "chosen": [{"role": "assistant", "content": "好"}],
        "rejected": [{"role": "assistant", "content": "坏"}],
    }
    (tmp_path / "p.json").write_text(json.dumps([row], ensure_ascii=False), encoding="utf-8")
    prompts = [
        prepare_preferences(DataConfig((str(tmp_path / "p.json"),), template=name), Characters()).train[0]["prompt"]
        for name in ("chatml", "huatuogpt2")
    ]
    assert prompts == [said, [{"role": "user", "content": "只看证据\n\n问"}]]


def test_a_pair_that_is_too_long_is_left_out_whole_and_listed(tmp_path: Path) -> None:
    pairs = [("好", "坏"), ("好" * 90, "坏"), ("好", "坏" * 90), ("<|im_end|>", "坏")]
    rows = [{"prompt": "问", "chosen": chosen, "rejected": rejected} for chosen, rejected in pairs]
    (tmp_path / "p.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    made = prepare_preferences(DataConfig((str(tmp_path / "p.json"),), cutoff=64, template="chatml"), Characters())
    assert [row["rejected"][0]["content"] for row in made.train] == ["坏"]
    assert [(left.number, left.reason) for left in made.losses.rows] == [
        (2, "left out: longer than the cutoff"),
        (3, "left out: longer than the cutoff"),
        (4, "a special token of the tokenizer in a message"),
    ]
    with pytest.raises(DataError, match="no row is left to train on; 3 left out"):
        prepare_preferences(DataConfig((str(tmp_path / "p.json"),), cutoff=5), Characters())
    with pytest.raises(DataError, match="beyond the model's vocabulary of 9"):
        prepare_preferences(DataConfig((str(tmp_path / "p.json"),)), Characters(), vocabulary=9)


def test_questions_come_from_dialogues_preferences_and_texts(files: Path) -> None:
    (files / "q.txt").write_text("一问\n二问\n", encoding="utf-8")
    config = _config(files, datasets=("a", str(files / "q.txt")), max_samples=2, shuffle=False, template="huatuogpt2")
    tokenizer = Characters()
    made = prepare_questions(config, tokenizer)
    assert [row["prompt"][-1]["content"] for row in made.train] == ["a问0", "a问1", "一问", "二问"]
    assert {key for row in made.train for key in row} == {"prompt"}
    assert "<问>" in str(tokenizer.chat_template)


def test_dialogues_are_no_preferences(files: Path) -> None:
    with pytest.raises(DataError, match="has no pair of answers"):
        prepare_preferences(_config(files), Characters())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("cutoff", 1024, "a row must fit into a pack"),
        ("window", 0, "data.window is 0"),
        ("validation_share", 1.0, "validation_share"),
        ("validation_rows", 59, "59 rows are to be held out, but there are 59"),
        ("datasets", (), "data.datasets is empty"),
    ],
)
def test_configurations_that_cannot_be_meant(files: Path, key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        prepare(_config(files, **{key: value}), Characters())


def test_what_was_prepared_is_handed_over_in_a_file(files: Path) -> None:
    config = _config(files, validation_rows=5, datasets=(DatasetUse("a", epochs=2), "b"))
    made = prepare(config, Characters())
    write(made, files / "sub" / "made")
    found = read(files / "sub" / "made")
    assert isinstance(found, Prepared)
    assert (found.ordered, found.fill) == (made.ordered, made.fill)
    for before, after in ((made.train, found.train), (made.held_out, found.held_out)):
        assert len(before) == len(after) > 0
        for one, other in zip(before, after, strict=True):
            assert [piece.row for piece in one] == [piece.row for piece in other]
            for piece, same in zip(one, other, strict=True):
                assert piece.input_ids.tolist() == same.input_ids.tolist()
                assert piece.supervised.tolist() == same.supervised.tolist()
    pairs = PreparedPreferences([{"prompt": [{"role": "user", "content": "问“一”"}]}], [])
    write(pairs, files / "pairs")
    assert read(files / "pairs") == pairs
