"""`yiwen eval dialogue`: what asking back gains, with simulated patients."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yiwen.options import DataDir, Json, load_settings
from yiwen.output import document, say

if TYPE_CHECKING:
    from evaluation.dialogue import Patient

_SCRIPT = "evaluation.sets.make_simulated_patients"


def dialogue(
    context: typer.Context,
    data: Annotated[
        Path, typer.Option("--data", metavar="FOLDER", help="Folder of the raw data that the patients are made from.")
    ],
    limit: Annotated[int | None, typer.Option(min=1, help="Talk with so many patients, spread over all.")] = None,
    transcripts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write ranks and questions of each patient, as JSON Lines.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Talk with simulated patients, who reveal symptoms when asked, and judge the diseases cited before and after.

    The knowledge base should hold cmekg.jsonl and disease.csv; an emptied one is asked as well.
    """
    from evaluation.dialogue import markdown, run, write_transcripts
    from evaluation.provenance import provenance
    from rag.wiring import build

    settings = load_settings(context, data_dir)
    patients = _made_from(data)
    report = run(settings, patients[:: max(1, len(patients) // limit)][:limit] if limit else patients)
    if transcripts is not None:
        write_transcripts(report, transcripts)
    if as_json:
        document(provenance(build(settings), settings) | report.summary())
    else:
        say(markdown(report.summary()).rstrip())


def _made_from(data: Path) -> list[Patient]:
    """Patients by a script that shares nothing with the product."""
    from evaluation.dialogue import read_patients
    from rag.errors import NotFoundError, YiwenError

    if not data.is_dir():
        raise NotFoundError(f"{data}: no such folder; --data names the folder of the raw data files")
    with tempfile.TemporaryDirectory(prefix="yiwen-eval-") as folder:
        out = Path(folder) / "patients.jsonl"
        with out.open("wb") as file:
            done = subprocess.run(
                [sys.executable, "-m", _SCRIPT, str(data)], stdout=file, stderr=subprocess.PIPE, text=True, check=False
            )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise YiwenError(f"no patients could be made from {data}: {last}")
        return read_patients(out)
