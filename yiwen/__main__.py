"""`yiwen` and `python -m yiwen`."""

from __future__ import annotations

import io
import os
import sys


def main() -> None:
    """Run the command line; always ends the process."""
    _replace_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # Chinese comes out whatever the locale says
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        from yiwen.cli import app

        app(prog_name="yiwen")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        _flush()


def _replace_closed_streams() -> None:
    """A stream that the caller closed (`>&-`) is an empty one; in this order each takes its own number again."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))


def _flush() -> None:
    """Write what is left; a reader that has gone away (`yiwen ... | head`) is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
