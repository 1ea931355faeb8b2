"""The command line: which commands there are. Whatever is slow to import is imported inside the commands."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from yiwen import (
    ask,
    audit,
    bench,
    curation,
    data,
    data_grounded,
    doctor,
    evaluate,
    export,
    fetch,
    gate,
    ingest,
    jobs,
    kb,
    keys,
    live,
    medications,
    models,
    pages,
    replay,
    serve,
    train,
    worker,
)  # fmt: skip
from yiwen.failures import Commands
from yiwen.options import Invocation, Json
from yiwen.output import document, say

app = typer.Typer(
    cls=Commands,
    help="Medical questions answered from your knowledge base, every sentence cited.",
    epilog="Exit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 locked or conflict, 5 invalid data, "
    "6 something needed is down, 7 some rows rejected, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(serve.demo)
app.command("ingest")(ingest.ingest)
app.add_typer(fetch.app, name="fetch")
app.command("ask")(ask.ask)
app.command("chat")(ask.chat)
app.command("replay")(replay.replay)
app.command("check")(medications.check)
app.command("serve")(serve.serve)
app.command("ui")(pages.ui)
app.command("worker")(worker.worker)
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
for command in (live.adopt, export.export, curation.withdraw, curation.restore, curation.register, curation.erase):
    kb.app.command()(command)
kb.app.command("gate")(gate.compare)
app.add_typer(kb.app, name="kb")
kb.app.command("audit")(audit.audit)
kb.app.command("release")(audit.release)
kb.app.command("hold")(audit.hold)
app.add_typer(data.app, name="data")
data.app.command("grounded")(data_grounded.grounded)
app.add_typer(train.app, name="train")
app.command("merge")(models.merge)
app.add_typer(models.delta_app, name="delta")
app.add_typer(models.adapter_app, name="adapter")
app.command("batch")(models.batch)
app.add_typer(evaluate.app, name="eval")
app.add_typer(bench.app, name="bench")
app.command("doctor")(doctor.doctor)


@app.callback()
def before(
    context: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="FOLDER", help="Folder of everything that is written (YIWEN_DATA_DIR)."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log to stderr; show tracebacks.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")] = False,
) -> None:
    """Options that go before the name of the command."""
    context.obj = Invocation(data_dir, quiet)
    if verbose:
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    else:
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it misses kernels that nothing here uses


@app.command()
def version(as_json: Json = False) -> None:
    """Print the version of the program."""
    import platform
    from importlib import metadata

    found = {"name": "yiwen", "version": metadata.version("yiwen"), "python": platform.python_version()}
    if as_json:
        document(found)
    else:
        say(f"yiwen {found['version']} (Python {found['python']})")
