"""Files come into the knowledge base: looked at first, read by a map where no format knows them, followed as a job."""

from __future__ import annotations

import streamlit as st

from ui.jobs import follow, what
from ui.mapping import mapping_form
from ui.markup import plain
from ui.session import service, t, t_or
from yiwen.client import Job

PREVIEW_ROWS = 5
MAP_EXAMPLE = """header: 1
subject: {column: 药品, type: drug}
facts:
  - {relation: 适应证, column: 用于, type: disease}
source: {title: 院内药品目录, grade: reference}"""


def upload_form() -> None:
    """The form, the job that came of it, what its columns are if no format knows it, and the last jobs."""
    look_again = "map_tried" in st.session_state
    if look_again:  # where an advanced person would write it
        st.session_state.table_map = st.session_state.pop("map_tried")
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
    look = look or look_again
    if (sent or look) and not files:
        st.warning(t("upload_nothing"))
    elif sent or look:
        with service() as client:
            st.session_state.job = client.upload(
                *((file.name, file) for file in files), dataset=dataset.strip() or None, append=append,
                table_map=table_map.strip() or None, preview=PREVIEW_ROWS if look else None,
            ).id  # fmt: skip
    job = follow(st.session_state.job) if "job" in st.session_state else None
    _columns(job, [file.name for file in files])
    _recent()


def _columns(job: Job | None, files: list[str]) -> None:
    """Ask for the columns of the table that was looked at last, as long as its file is chosen."""
    found = [file for file in (job.report or {}).get("preview", ()) if file.get("table")] if job else []
    if found:
        last = found[-1]["file"]
        st.session_state.unknown_table = (_name(last), [one["table"] for one in found if one["file"] == last])
    name, sheets = st.session_state.get("unknown_table", ("", ()))
    if name not in files:
        return
    with st.container(border=True):
        text = mapping_form(name, sheets)
        st.button(t("map_try"), key="map_try", type="primary", icon=":material/preview:", on_click=_try)
    if st.session_state.pop("map_wanted", False):
        st.session_state.map_tried = text
        st.rerun()


def _try() -> None:
    """Ask for a look with the map that the form gives now: what it gave when drawn may lack the last choice."""
    st.session_state.map_wanted = True


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _recent() -> None:
    with st.expander(t("job_last")), service() as client:
        items = client.jobs(limit=10).items
        if not items:
            st.caption(t("job_none"))
        for job in items:
            st.markdown(f"- {job.created[:19].replace('T', ' ')} · {plain(what(job))} · {t_or('job', job.state)}")
