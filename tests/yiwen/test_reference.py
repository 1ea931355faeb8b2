"""Every command has a help and stands in docs/commands.md as it is."""

from __future__ import annotations

import pytest

from tests.source_tree import ROOT
from tests.yiwen.conftest import run
from yiwen.reference import commands, text

COMMANDS = dict(commands())
PATHS = list(COMMANDS)
PROMISED = {
    "demo", "ui", "ingest", "fetch pubmed", "ask", "chat", "check", "replay", "serve", "kb info", "kb versions",
    "kb diff", "kb activate", "kb adopt", "kb gate", "kb mirror", "kb prune", "kb reindex", "kb verify", "kb export",
    "kb withdraw", "kb restore", "kb register", "kb erase", "train embed", "train intent", "train new", "train run",
    "merge", "delta make", "delta apply", "adapter import", "adapter register", "batch", "eval retrieval", "eval graph",
    "eval answers", "eval medications", "eval dialogue", "eval linking", "eval relations", "eval intent",
    "eval checker", "eval hostile", "eval all", "eval triage", "eval refusal", "eval evidence", "eval tune", "bench",
    "bench train", "doctor", "version", "kb audit", "kb release", "kb hold", "worker", "jobs submit", "jobs list",
    "jobs show", "jobs cancel", "jobs retry", "jobs delete", "data preview", "data stats", "data check",
    "data grounded", "jobs rejects", "jobs watch", "keys create", "keys list", "keys rotate", "keys revoke",
}  # fmt: skip


def test_the_commands_are_those_that_were_promised() -> None:
    assert {" ".join(path) for path in PATHS if path} == PROMISED


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    done = run([*path, "--help"])
    assert done.code == 0
    assert done.out.startswith("Usage: ")


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_option_is_described(path: tuple[str, ...]) -> None:
    assert [parameter.name for parameter in COMMANDS[path].params if not getattr(parameter, "help", "")] == []


def test_the_page_is_what_the_code_says() -> None:
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == text(), "run `python -m yiwen.reference > docs/commands.md`"
