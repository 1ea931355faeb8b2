"""All evaluations in one go: chosen by name, run as processes, told when one breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.everything import PARTS, Part, chosen, run
from evaluation.page import names
from rag.errors import NotFoundError, YiwenError
from tests.source_tree import ROOT
from tests.yiwen.conftest import run as yiwen


def test_parts_are_chosen_by_name() -> None:
    assert chosen([]) == list(PARTS)
    assert [part.name for part in chosen(["triage", "graph"])] == ["triage", "graph"]
    with pytest.raises(NotFoundError, match="expected some of graph"):
        chosen(["grapf"])


def test_the_quality_page_has_a_place_for_each_part() -> None:
    page = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    assert sorted(names(page)) == sorted(part.name for part in PARTS)


def test_a_part_goes_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before.\n<!-- eval triage -->\nold\n<!-- end triage -->\nAfter.\n", encoding="utf-8")
    done = yiwen(["eval", "all", "--data", tmp_path, "--part", "triage", "--page", page])
    assert done.code == 0, done.err
    written = page.read_text(encoding="utf-8")
    assert written.startswith("Before.\n<!-- eval triage -->\n| part |")
    assert written.endswith("<!-- end triage -->\nAfter.\n")
    assert "old" not in written


def test_no_data_and_a_part_that_breaks_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="cmekg"):
        list(run(tmp_path, tmp_path / "kb", chosen(["graph"]), lambda _: None))
    with pytest.raises(YiwenError, match="eval nothing"):
        list(run(tmp_path, tmp_path / "kb", [Part("nothing", data=False)], lambda _: None))
