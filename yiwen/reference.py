"""`python -m yiwen.reference` prints what docs/commands.md must hold: every command with its help."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import typer

from yiwen import failures
from yiwen.cli import app

_HEAD = """\
# Commands

Written from the code by `python -m yiwen.reference > docs/commands.md`; a test compares the two.

Results go to stdout, progress and errors to stderr. With `--json` a command prints one JSON document. An error is one
line, `yiwen: ...`, and an exit code:

"""
_SETTINGS: dict[str, Any] = {"terminal_width": 100, "max_content_width": 100, "help_option_names": ["-h", "--help"]}


def text() -> str:
    """The page."""
    codes = inspect.getdoc(failures) or ""
    sections = [_section(path, command) for path, command in commands()]
    return _HEAD + codes.partition("\n\n")[2].strip() + "\n\n" + "\n".join(sections)


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that can be run, with the words that call it; the root is the empty path."""
    root = typer.main.get_command(app)
    yield (), root
    yield from _below((), root)


def _below(path: tuple[str, ...], group: Any) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - typer's own
    for name, command in group.commands.items():
        inner = (*path, name)
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield inner, command
            yield from _below(inner, command)
        else:
            yield inner, command


def _section(path: tuple[str, ...], command: Any) -> str:  # noqa: ANN401 - typer keeps its classes to itself
    name = " ".join(("yiwen", *path))
    with command.make_context(name, [], resilient_parsing=True, **_SETTINGS) as ctx:
        lines = [line.rstrip() for line in command.get_help(ctx).splitlines()]
    return f"## {name}\n\n```text\n" + "\n".join(lines).strip() + "\n```\n"


if __name__ == "__main__":
    sys.stdout.write(text())
