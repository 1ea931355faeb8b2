"""The ablation in small: training names nothing that is asked about, answers are judged right, no arm is missing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from finetune.ablation.__main__ import main
from finetune.ablation.invented import MANY
from finetune.ablation.judging import COLUMNS, Asked
from finetune.ablation.material import apart, closed_book, named, texts_of
from finetune.ablation.measuring import ADAPTERS, Ablation, Scale, measure, questions
from finetune.ablation.tiny import Shape
from finetune.ablation.training import Learning
from rag.errors import DataError
from rag.settings import Settings
from rag.wiring import build

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(180)]
FEW = Learning(2, 1e-3, 512)
SMALL = Scale(
    questions=5, subjects=6, texts=40, dialogues=20, rows=12, times=2, shape=Shape(width=32, layers=1, looks_back=4.0),
    pretraining=FEW, open_answers=FEW, adapter=FEW,
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ablation]:
    folder = tmp_path_factory.mktemp("ablation")
    return folder, measure(folder, SMALL)


@pytest.fixture(scope="module")
def asked(run: tuple[Path, Ablation]) -> Asked:
    """A question with evidence about other things in between."""
    folder, _ = run
    learnt = named([(folder / "learnt.csv").read_text(encoding="utf-8")])
    found = questions(build(Settings(_env_file=None, data_dir=folder / "kb")), learnt, SMALL)
    assert all(len(one.mixed.evidence) > len(one.served.evidence) for one in found)
    return found[0]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_no_training_row_names_what_is_asked_about(run: tuple[Path, Ablation]) -> None:
    folder, _ = run
    held_out = named([(folder / "asked.csv").read_text(encoding="utf-8")])
    assert len(held_out) == SMALL.questions * 6
    for name in ("pt", "sft", "closed", "grounded"):
        found = lines(folder / f"{name}.jsonl")
        assert found
        text = "\n".join(texts_of(found))
        assert [name for name in held_out if name in text] == []
    one = next(iter(held_out))
    with pytest.raises(DataError, match="held out"):
        apart([{"text": f"说到{one}，症状有{one}"}], held_out)


def test_the_closed_book_says_the_same_without_evidence(run: tuple[Path, Ablation]) -> None:
    folder, _ = run
    grounded, closed = lines(folder / "grounded.jsonl"), lines(folder / "closed.jsonl")
    assert len(grounded) == len(closed) == SMALL.rows * SMALL.times
    assert closed == list(closed_book(grounded))
    assert "[1]" in "".join(texts_of(grounded))
    assert "[" not in "".join(texts_of(closed))


def test_the_table_is_complete(run: tuple[Path, Ablation]) -> None:
    _, found = run
    assert list(found.arms) == ["base", "LoRA", "KB", "KB + LoRA", "extractive, as served"]
    summary = json.loads(json.dumps(found.summary()))
    for arm in summary["arms"].values():
        assert list(arm) == list(COLUMNS)
        assert all(0 <= low <= value <= high <= 1 for value, low, high in arm.values())
    assert set(summary["gains"]) == {"base", "LoRA", "KB"}
    assert all(len(arm.answers) == SMALL.questions for arm in found.arms.values())
    served = found.arms["extractive, as served"]
    assert served.share("both").value == 1, "the fifth arm quotes what it is given"
    assert served.answers[0] not in found.arms["KB"].answers, "nothing stands in for a model that fails"
    for name in found.arms:
        assert f"| {name} |" in found.markdown()


def test_the_adapters_have_the_same_rank(run: tuple[Path, Ablation]) -> None:
    folder, _ = run
    ranks = [json.loads((folder / "adapters" / name / "adapter_config.json").read_text())["r"] for name in ADAPTERS]
    assert ranks == [SMALL.rank] * 2


def test_answers_are_judged(asked: Asked) -> None:
    said, request = asked.subject + "的症状有", asked.mixed
    place = 1 + next(n for n, evidence in enumerate(request.evidence) if evidence.id == asked.fact)
    other = MANY[0] + MANY[1]
    assert asked.judge(f"{said}{asked.gold}[{place}]。", request) == (True, True)
    assert asked.judge(f"{said}{asked.gold}。", request) == (True, False)
    assert asked.judge(f"{said}{asked.gold}[{place + 1}]。", request) == (True, False)
    assert asked.judge(f"{said}{asked.gold}[{place}][{place + 1}]。", request) == (True, False)
    assert asked.judge(f"{said}{asked.gold}、{other}[{place}]。", request) == (False, True)
    assert asked.judge(f"{said}{other}[{place}]。", request) == (False, True)
    assert asked.judge("", request) == (False, False)
    assert asked.judge(f"{said}{asked.gold}[1]。", asked.alone) == (True, False), "nothing was shown"


def test_a_folder_that_exists_is_left_alone(
    run: tuple[Path, Ablation], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = run
    before = sorted(folder.iterdir())
    monkeypatch.setattr(sys, "argv", ["ablation", "--out", str(folder)])
    assert main() == 1
    assert f"error: {folder} exists already; name another folder" in capsys.readouterr().err.splitlines()
    assert sorted(folder.iterdir()) == before
