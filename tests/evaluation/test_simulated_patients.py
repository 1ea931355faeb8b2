"""The simulated patients: 300, honest to the record, with rivals that asking can tell apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evaluation.sets.make_simulated_patients import said
from evaluation.sets.raw import read_diseases
from tests.evaluation.raw_data import write_raw_data
from tests.evaluation.sets_scripts import committed_digest, output, rows, sha256

SCRIPT = "make_simulated_patients.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw_data(tmp_path_factory.mktemp("raw") / "data")


def check(made: list[dict[str, Any]], data: Path) -> None:
    diseases = read_diseases(data)
    assert len(made) == 300
    assert len({row["id"] for row in made}) == 300
    assert len({(row["disease"], *sorted(row["shown"])) for row in made}) == 300
    for row in made:
        listed = said(diseases[row["disease"]])
        assert len(row["shown"]) == 2
        assert len(row["shown"]) + len(row["hidden"]) >= 6
        assert set(row["shown"]) | set(row["hidden"]) <= listed
        assert not set(row["shown"]) & set(row["hidden"])
        assert not set(row["denied"]) & listed
        assert all(symptom in row["opening"] for symptom in row["shown"])
        assert set(row["answers"]) == {*row["shown"], *row["hidden"], *row["denied"]}
        assert 2 <= len(row["rivals"]) <= 40
        for rival in row["rivals"]:
            others = said(diseases[rival])
            assert set(row["shown"]) <= others
            assert not set(row["hidden"]) <= others


def test_patients_are_honest(folder: Path) -> None:
    made = output(SCRIPT, folder)
    check(rows(made), folder)
    assert output(SCRIPT, folder, hash_seed="7") == made


@pytest.mark.real_data
def test_the_data_gives_the_committed_digest(real_data: Path) -> None:
    made = output(SCRIPT, real_data)
    check(rows(made), real_data)
    assert sha256(made) == committed_digest("simulated_patients")
