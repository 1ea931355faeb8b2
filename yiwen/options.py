"""Options that many commands share, and the settings of one invocation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import ConfigurationError

if TYPE_CHECKING:
    from rag.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="FOLDER", help="Folder of everything that is written (YIWEN_DATA_DIR)."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
RawData = Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Folder of the raw data files.")]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on (YIWEN_HOST).")]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port to listen on (YIWEN_PORT); 0 takes a free one.")
]


@dataclass(frozen=True)
class Invocation:
    """What was said before the name of the command."""

    data_dir: Path | None = None
    quiet: bool = False


def quiet(context: typer.Context) -> bool:
    """Whether progress is unwanted."""
    return isinstance(context.obj, Invocation) and context.obj.quiet


def load_settings(context: typer.Context, data_dir: Path | None = None, **given: object) -> Settings:
    """Arguments before environment before `.env` before defaults; None is not given. Raises ConfigurationError."""
    from pydantic import ValidationError

    from rag.settings import Settings

    before = context.obj.data_dir if isinstance(context.obj, Invocation) else None
    values = {"data_dir": data_dir or before, **given}
    try:
        return Settings(**{name: value for name, value in values.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigurationError(_problems(error.errors(include_url=False))) from None
    except (ValueError, OSError) as error:  # an unreadable `.env`
        raise ConfigurationError(f"the settings cannot be read: {error}; see .env.example") from None


def _problems(found: object) -> str:
    """`YIWEN_PORT=abc: input should be ...` for each setting that is wrong."""
    lines = []
    for problem in found if isinstance(found, list) else []:
        name = "YIWEN_" + "_".join(str(part).upper() for part in problem["loc"])
        lines.append(f"{name}={problem['input']!s:.80}: {problem['msg']}")
    return "; ".join(lines) + "; .env.example lists every setting"
