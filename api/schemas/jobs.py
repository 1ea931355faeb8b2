"""Requests and responses of `/v1/kb/jobs`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.schemas.strict import WHOLE, Response
from kg_loader.jobs.job import State


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("expected printable characters")
    return text


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
_OF_AN_ORDER = {"dataset", "format", "encoding", "append"}
Path = Annotated[str, Field(min_length=1, max_length=4000)]


class JobOptions(BaseModel):
    """How to ingest; in a form these are fields."""

    model_config = ConfigDict(extra="forbid")

    dataset: Name | None = Field(None, description="data set that asserts the records; default: each file's stem")
    format: Name | None = Field(None, description="format of the files; default: guessed")
    encoding: Name | None = Field(None, description="encoding of the files; default: found out")
    append: bool = Field(False, description="add to the data set instead of replacing it")
    max_rejects: Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE] | None = Field(
        None, description="stop above this many broken rows"
    )
    allow_shrink: bool = Field(False, description="publish even if a data set loses more than half of its records")
    gate: Name | None = Field(None, description="what may change in the answers to YIWEN_GATE_FILE, such as 10%")
    table_map: Annotated[str, Field(min_length=1, max_length=60_000)] | None = Field(
        None, description="text of the YAML map that says what the columns of any table are (docs/data.md)"
    )

    preview: Annotated[int, Field(ge=1, le=100), WHOLE] | None = Field(
        None,
        description="only look: `report.preview` has so many rows of each file as they would be stored, "
        "or, of a table in no known format, `table` with its columns; of such a workbook one entry "
        "for each sheet that holds a table",
    )

    def further(self) -> dict[str, Any]:
        """What was said beyond data set, format, encoding and append, by the names of arguments of the ingestion."""
        return self.model_dump(include=set(JobOptions.model_fields) - _OF_AN_ORDER, exclude_defaults=True)


class JobIn(JobOptions):
    """A job over files that lie on the machine of the service, below YIWEN_JOBS_FOLDER."""

    model_config = ConfigDict(
        strict=True, extra="forbid", json_schema_extra={"examples": [{"path": "/srv/import/disease.csv"}]}
    )

    path: Path | None = Field(None, description="one file; or several in `paths`")
    paths: Annotated[list[Path], Field(max_length=100)] = []

    @model_validator(mode="after")
    def _one_of_both(self) -> JobIn:
        if (self.path is None) == (not self.paths):
            raise ValueError("give either path or paths")
        return self

    def all_paths(self) -> list[str]:
        """One or several."""
        return [self.path] if self.path is not None else self.paths


def _without_null(schema: dict[str, Any]) -> None:
    """A form cannot say null: what is not there, or empty, is not set."""
    for name, field in schema["properties"].items():
        kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
        if len(kinds) == 1:
            schema["properties"][name] = {k: v for k, v in field.items() if k not in ("anyOf", "default")} | kinds[0]
            schema["properties"][name].pop("minLength", None)


class JobForm(JobOptions):
    """An upload: one or more files as `file`, and the options."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_without_null)

    file: list[Annotated[str, Field(json_schema_extra={"format": "binary"})]]


class JobFileOut(Response):
    """One file: its name; where it lies unless it was uploaded; the checksum of an upload."""

    name: str
    size: int
    path: str | None
    sha256: str | None


class ProgressOut(Response):
    """How far a run is; `eta_s` seconds until this stage, not the job, is likely to end."""

    stage: str
    file: str | None
    done: int
    total: int | None
    fraction: float | None
    rate: float | None = Field(description="items a second")
    eta_s: float | None


class JobErrorOut(Response):
    """Why a job failed, or why it is tried again."""

    type: str
    slug: str
    title: str
    status: int
    detail: str
    exit_code: int
    gate: dict[str, Any] | None = Field(None, description="where the gate refused: which answers would change")


class JobOut(Response):
    """A job. Times are UTC; `not_before` is when it is tried again; `rejects` says whether there are rejected rows."""

    id: str
    state: State
    kind: Literal["ingest", "review"]
    files: list[JobFileOut]
    dataset: str | None
    format: str | None
    encoding: str | None
    append: bool
    options: dict[str, Any]
    submitted_by: str
    created: str
    started: str | None
    finished: str | None
    not_before: str | None
    heartbeat: str | None
    attempts: int
    progress: ProgressOut | None
    report: dict[str, Any] | None = Field(description="what `yiwen ingest --json` or `yiwen kb release --json` prints")
    error: JobErrorOut | None
    rejected: dict[str, int] = Field(description="broken rows by reason")
    rejects: bool


class JobsOut(Response):
    """A page of jobs, newest first; `next_cursor` is null on the last one."""

    items: list[JobOut]
    next_cursor: str | None
