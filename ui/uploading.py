"""Files come into the knowledge base: looked at first, read by a map where no format knows them, followed as a job."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import streamlit as st

from ui.markup import plain
from ui.session import service, t, t_or
from yiwen.client import Client, Job

REJECTS_SHOWN = 200
LOOK_S = 0.5
PREVIEW_ROWS = 5
MAP_EXAMPLE = """header: 1
subject: {column: 药品, type: drug}
facts:
  - {relation: 适应证, column: 用于, type: disease}
source: {title: 院内药品目录, grade: reference}"""


def upload_form() -> None:
    """The form, the job that came of it, and the last ones."""
    with st.form("upload"):
        files = st.file_uploader(t("upload_files"), accept_multiple_files=True, key="upload_files")
        st.caption(t("upload_hint"))
        dataset = st.text_input(t("dataset"), key="dataset", placeholder="mine")
        append = st.checkbox(t("append"), key="append")
        with st.expander(t("map"), icon=":material/table:"):
            st.caption(t("map_hint"))
            table_map = st.text_area(t("map_label"), key="table_map", placeholder=MAP_EXAMPLE, height=150)
        with st.container(horizontal=True):
            look = st.form_submit_button(t("upload_preview"), icon=":material/preview:")
            sent = st.form_submit_button(t("upload_start"), type="primary", icon=":material/upload:")
    if (sent or look) and not files:
        st.warning(t("upload_nothing"))
    elif sent or look:
        with service() as client:
            st.session_state.job = client.upload(
                *((file.name, file) for file in files), dataset=dataset.strip() or None, append=append,
                table_map=table_map.strip() or None, preview=PREVIEW_ROWS if look else None,
            ).id  # fmt: skip
    if "job" in st.session_state:
        _job(st.session_state.job)
    _recent()


@st.fragment(run_every=LOOK_S)
def _job(identifier: str) -> None:
    """Looks again until the job has ended; then the whole page runs once more, to show the new version."""
    with service() as client:
        job = client.job(identifier)
        if job.ended:
            _ended(client, job)
            if st.session_state.get("job_seen") != job.id:
                st.session_state.job_seen = job.id
                st.rerun()
            return
    _running(job)


def _running(job: Job) -> None:
    progress = job.progress
    text = t_or("job", job.state)
    if progress is None:
        st.progress(0.0, text)
        return
    st.progress(min(max(progress.fraction or 0.0, 0.0), 1.0), plain(f"{text}：{progress.stage} {progress.file or ''}"))
    st.button(t("job_cancel"), key="job_cancel", on_click=_cancel, args=(job.id,))


def _cancel(identifier: str) -> None:
    with service() as client:
        client.cancel_job(identifier)


def _ended(client: Client, job: Job) -> None:
    names = "、".join(file.name for file in job.files)
    headline = f"**{t_or('job', job.state)}** {plain(names)}"
    report = job.report or {}
    if job.error is not None:
        st.error(f"{headline}  \n{plain(job.error.detail)}", icon=":material/error:")
    elif "preview" in report:
        st.info(f"{headline}  \n{t('preview_stored_nothing')}", icon=":material/preview:")
        for file in report["preview"]:
            _preview(file)
        return
    elif report:
        key = "job_unchanged" if report.get("unchanged") else "job_version"
        show = st.warning if job.state == "done_with_rejects" else st.success
        show(f"{headline}  \n{t(key, version=report.get('version'))}")
    gate = (job.error.gate if job.error else None) or report.get("gate")
    if gate:
        _gate(gate)
    if job.rejects:
        st.markdown(f"**{t('job_rejected')}** :gray[{sum(job.rejected.values())}]")
        rows = [
            {
                t("column_file"): row.get("file"),
                t("column_line"): row.get("line"),
                t("column_reason"): row.get("reason"),
                t("column_raw"): str(row.get("raw")),
            }
            for row in islice(client.rejects(job.id), REJECTS_SHOWN)
        ]
        st.dataframe(rows, hide_index=True)


def _preview(file: Mapping[str, Any]) -> None:
    """The first rows as they would be stored, the first broken ones, and how many there are in the whole file."""
    st.markdown(f"**{plain(file['file'])}** :gray[{plain(file['format'])}]")
    rows = [
        {t("column_line"): row["row"] or "—", t("column_stored"): line} for row in file["rows"] for line in row["lines"]
    ]
    if rows:
        st.dataframe(rows, hide_index=True)
    for row in file["rejects"]:
        st.markdown(f"- :red[{plain(row['reason'])}] {t('column_line')} {row['line']}: {plain(str(row['raw'])[:120])}")
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
            st.dataframe(rows, hide_index=True)


def _recent() -> None:
    with st.expander(t("job_last")), service() as client:
        items = client.jobs(limit=10).items
        if not items:
            st.caption(t("job_none"))
        for job in items:
            names = "、".join(file.name for file in job.files)
            st.markdown(f"- {job.created[:19].replace('T', ' ')} · {plain(names)} · {t_or('job', job.state)}")
