"""How a command ends: the exit codes, and one line on stderr instead of a traceback.

| code | meaning |
|---|---|
| 0 | done |
| 1 | failure |
| 2 | the command cannot be meant as written |
| 3 | something named does not exist |
| 4 | locked, or changed by somebody else |
| 5 | invalid or corrupt data |
| 6 | something needed is down or missing |
| 7 | done in part: some rows were rejected |
| 130 | interrupted |
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from rag.errors import YiwenError

FAILURE, INVALID, UNAVAILABLE, PARTIAL, INTERRUPTED = 1, 5, 6, 7, 130
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Commands(TyperGroup):
    """The group at the root; every error of every command passes here."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer keeps the class of a context to itself
        """Run a command and turn what it raises into a line and an exit code."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except YiwenError as error:
            fail(str(error), error.exit_code)
        except (KeyboardInterrupt, typer.Abort):
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _let_go_of_stdout()
            raise typer.Exit(0) from None
        except Exception as error:
            if isinstance(error, OSError) and error.filename is None and error.errno in _DISK:
                _let_go_of_stdout()
                fail(f"cannot write the result: {error.strerror}; free some space or write it elsewhere", UNAVAILABLE)
            if hasattr(error, "exit_code"):  # typer's own: an exit, or a usage error that it prints itself
                raise
            if ctx.params.get("verbose"):
                traceback.print_exc(file=sys.stderr)
            _fail_unexpectedly(error)


def fail(message: str, code: int) -> NoReturn:
    """End with one line on stderr."""
    line = " ".join(message.split())
    typer.echo(f"yiwen: {line}", err=True)
    raise typer.Exit(code) from None


def _fail_unexpectedly(error: Exception) -> NoReturn:
    what = " ".join(str(error).split())[:300]
    if isinstance(error, RecursionError):
        fail("something given is nested more deeply than can be read; look at its brackets", INVALID)
    fail(f"unexpected {type(error).__name__}: {what}; `yiwen -v ...` shows where it happened", FAILURE)


def _let_go_of_stdout() -> None:
    """Nobody reads any more: what is still buffered goes nowhere."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # a stdout that is no file, as in tests
        return
