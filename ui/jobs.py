"""A job as it runs and what came of it: the new version, rejected rows, the report of the gate, a preview."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

import streamlit as st

from ui.markup import plain
from ui.session import connect, language, service, t, t_or, visitor
from ui.tables import as_csv, table
from ui.words import Language, say
from yiwen.client import Client, Job

REJECTS_SHOWN = 50
RAW_SHOWN = 200
LOOK_S = 0.5


def what(job: Job) -> str:
    """What a job is about, in a few words."""
    return t("job_review") if job.kind == "review" else "、".join(file.name for file in job.files)


def follow(identifier: str) -> Job | None:
    """Show a job; when it has ended the whole page runs once more, and gets it."""
    if identifier not in st.session_state.setdefault("jobs_seen", set()):
        _watch(identifier)
        return None
    with service() as client:
        job = client.job(identifier)
        _ended(client, job)
        return job


@st.fragment(run_every=LOOK_S)
def _watch(identifier: str) -> None:
    with service() as client:
        job = client.job(identifier)
    if job.ended:
        st.session_state.jobs_seen.add(identifier)
        st.rerun()
    _running(job)


def _running(job: Job) -> None:
    progress = job.progress
    text = t_or("job", job.state)
    if progress is None:
        st.progress(0.0, text)
        return
    st.progress(min(max(progress.fraction or 0.0, 0.0), 1.0), plain(f"{text}：{progress.stage} {progress.file or ''}"))
    st.button(t("job_cancel"), key=f"cancel_{job.id}", on_click=_cancel, args=(job.id,))


def _cancel(identifier: str) -> None:
    with service() as client:
        client.cancel_job(identifier)


def _ended(client: Client, job: Job) -> None:
    headline = f"**{t_or('job', job.state)}** {plain(what(job))}"
    report = job.report or {}
    if job.error is not None:
        st.error(f"{headline}  \n{plain(job.error.detail)}", icon=":material/error:")
    elif "preview" in report:
        st.info(f"{headline}  \n{t('preview_stored_nothing')}", icon=":material/preview:")
        for file in {(file["file"], file["format"]): file for file in report["preview"]}.values():
            _preview(file)  # once for all sheets of a workbook
        return
    elif report:
        key = "job_unchanged" if report.get("unchanged") else "job_version"
        show = st.warning if job.state == "done_with_rejects" else st.success
        show(f"{headline}  \n{t(key, version=report.get('version'))}")
    gate = (job.error.gate if job.error else None) or report.get("gate")
    if gate:
        _gate(gate)
    if job.rejects:
        _rejects(client, job)


def _rejects(client: Client, job: Job) -> None:
    count = sum(job.rejected.values())
    st.markdown(f"**{t('job_rejected')}** :gray[{count:,}]")
    table([_reject(row) for row in islice(client.rejects(job.id), REJECTS_SHOWN)])
    if count > REJECTS_SHOWN:
        st.caption(t("job_rejects_shown", shown=REJECTS_SHOWN, count=f"{count:,}"))
    st.download_button(
        t("job_rejects_csv"), partial(_saved, job.id, visitor(), language()), f"rejects-{job.id}.csv", "text/csv",
        key=f"rejects_{job.id}", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _reject(row: Mapping[str, Any]) -> dict[str, object]:
    raw = _cells(str(row.get("raw")))[:RAW_SHOWN]
    found = {"file": row.get("file"), "line": row.get("line"), "reason": row.get("reason"), "raw": raw}
    return {t(f"column_{name}"): cell for name, cell in found.items()}


def _cells(raw: str) -> str:
    """The cells of a row that is written as a JSON object, without their columns; anything else as it is."""
    try:
        found = json.loads(raw)
    except ValueError:
        return raw
    return " | ".join(str(cell) for cell in found.values() if cell) if isinstance(found, dict) else raw


def _saved(identifier: str, who: str, spoken: Language) -> bytes:
    """All of each row. Called on the click, outside of a run of the page."""
    names = ("file", "line", "reason", "raw")
    with connect(who) as client:
        return as_csv(
            {say(spoken, f"column_{name}"): row.get(name) for name in names} for row in client.rejects(identifier)
        )


def _preview(file: Mapping[str, Any]) -> None:
    """The first rows as they would be stored, the first broken ones, and how many there are in the whole file."""
    if file["table"]:
        st.warning(f"**{plain(file['file'])}**  \n{t('map_unknown')}", icon=":material/table:")
        return
    st.markdown(f"**{plain(file['file'])}** :gray[{plain(file['format'])}]")
    lines = [(row["row"], line) for row in file["rows"] for line in row["lines"]]
    numbered = any(number for number, _ in lines)
    if lines:
        table(
            [
                ({t("column_line"): number or "—"} if numbered else {}) | {t("column_stored"): line}
                for number, line in lines
            ]
        )
    if file["rejects"]:
        st.markdown(f"**{t('job_rejected')}** :gray[{sum(file['rejected'].values()):,}]")
        table(
            [{name: cell for name, cell in _reject(row).items() if name != t("column_file")} for row in file["rejects"]]
        )
    counts = {kind: f"{t_or('count', kind)} {count:,}" for kind, count in file["records"].items()}
    left_out = [f"{reason} {count:,}" for name in ("skipped", "rejected") for reason, count in file[name].items()]
    st.caption(plain(" · ".join([*counts.values(), *left_out])))


def _gate(gate: Mapping[str, Any]) -> None:
    """How the answers to the pinned questions changed."""
    passed = bool(gate["passed"])
    with st.expander(t("gate_passed" if passed else "gate_refused", count=gate["questions"]), expanded=not passed):
        st.caption("，".join(f"{t_or('gate', kind)} {count}" for kind, count in gate["changed"].items()))
        rows = [
            {
                t("search_label"): change["question"],
                t("gate_outcome"): " → ".join(t_or("outcome", one) if one else "—" for one in change["outcome"]),
                t("gate_lost"): len(change["lost"]),
                t("gate_gained"): len(change["gained"]),
                t("column_reason"): "，".join(change["failed"] or [t_or("gate", kind) for kind in change["kinds"]]),
            }
            for change in gate["changes"]
        ]
        if rows:
            table(rows)
