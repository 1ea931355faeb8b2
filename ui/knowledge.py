"""The knowledge base: files come in, versions are compared and changed, passages are withdrawn and restored."""

from __future__ import annotations

from itertools import islice

import streamlit as st

from ui.markup import plain
from ui.session import service, t, t_or
from yiwen.client import Client, Job, Version, Versions

REJECTS_SHOWN = 200
LOOK_S = 0.5


def page() -> None:
    """Draw the page."""
    st.title(t("knowledge"), anchor=False)
    upload, versions, curate = st.tabs([t("upload"), t("versions"), t("curate")])
    with upload:
        _upload()
    with versions, service() as client:
        _versions(client)
    with curate, service() as client:
        _curate(client)


# ---------------------------------------------------------------- files


def _upload() -> None:
    with st.form("upload"):
        files = st.file_uploader(t("upload_files"), accept_multiple_files=True, key="upload_files")
        st.caption(t("upload_hint"))
        dataset = st.text_input(t("dataset"), key="dataset", placeholder="mine")
        append = st.checkbox(t("append"), key="append")
        sent = st.form_submit_button(t("upload_start"), type="primary", icon=":material/upload:")
    if sent and not files:
        st.warning(t("upload_nothing"))
    elif sent:
        with service() as client:
            given = [(file.name, file) for file in files]
            st.session_state.job = client.upload(*given, dataset=dataset.strip() or None, append=append).id
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
    elif report:
        key = "job_unchanged" if report.get("unchanged") else "job_version"
        show = st.warning if job.state == "done_with_rejects" else st.success
        show(f"{headline}  \n{t(key, version=report.get('version'))}")
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


def _recent() -> None:
    with st.expander(t("job_last")), service() as client:
        items = client.jobs(limit=10).items
        if not items:
            st.caption(t("job_none"))
        for job in items:
            names = "、".join(file.name for file in job.files)
            st.markdown(f"- {job.created[:19].replace('T', ' ')} · {plain(names)} · {t_or('job', job.state)}")


# ---------------------------------------------------------------- versions


def _versions(client: Client) -> None:
    found = client.versions()
    if not found.versions:
        st.info(t("no_versions"), icon=":material/database:")
        return
    for version in reversed(found.versions):
        _version(version, current=version.version == found.current)
    if len(found.versions) > 1:
        _diff(client, found)


def _version(version: Version, *, current: bool) -> None:
    with st.container(border=True):
        with st.container(horizontal=True):
            st.markdown(f"**{t('version_n', n=version.version)}**")
            if current:
                st.badge(t("serving"), color="green", icon=":material/check:")
        counts = (f"{t_or('count', kind)} {version.counts.get(kind, 0):,}" for kind in ("fact", "passage", "entity"))
        st.caption(
            f"{version.created[:19].replace('T', ' ')} UTC · {' · '.join(counts)}  \n"
            f"{plain(t('datasets', names='、'.join(version.datasets)))} · `{version.digest[:12]}`"
        )
        if not current:
            st.button(
                t("roll_back", n=version.version), key=f"activate_{version.version}", on_click=_activate,
                args=(version.version,), icon=":material/history:",
            )  # fmt: skip


def _activate(number: int) -> None:
    with service() as client:
        client.activate(number)
    st.toast(t("rolled_back", n=number), icon=":material/check:")


def _diff(client: Client, found: Versions) -> None:
    st.subheader(t("diff"), anchor=False)
    numbers = [version.version for version in found.versions]
    with st.form("diff"):
        left, right = st.columns(2)
        a = left.selectbox(t("diff_from"), numbers, index=len(numbers) - 2, key="diff_from")
        b = right.selectbox(t("diff_to"), numbers, index=len(numbers) - 1, key="diff_to")
        sent = st.form_submit_button(t("diff_run"), icon=":material/difference:")
    if not sent:
        return
    changes = {kind: change for kind, change in client.diff(a, b).changes.items() if change.added or change.removed}
    if not changes:
        st.info(t("diff_same"))
    for kind, change in changes.items():
        st.markdown(f"**{plain(t_or('count', kind))}** :green[+{change.added}] :red[−{change.removed}]")
        for sign, samples in (("+", change.added_samples), ("−", change.removed_samples)):
            for line in samples:
                st.markdown(f"- {sign} {plain(line)}")


# ---------------------------------------------------------------- curation


def _curate(client: Client) -> None:
    identifier = st.text_input(t("evidence_id"), key="curate_id", placeholder="p:… / f:…").strip()
    if identifier:
        _one(client, identifier)
    st.subheader(t("register"), anchor=False)
    entries = client.register().entries
    if not entries:
        st.caption(t("register_empty"))
    for entry in entries:
        with st.container(border=True):
            st.markdown(f"`{entry.id}` {plain(t('withheld', kind=entry.kind, reason=entry.reason))}")
            st.caption(entry.when[:19].replace("T", " "))
            if entry.kind != "erased":
                st.button(t("restore"), key=f"restore_{entry.id}", on_click=_restore, args=(entry.id,))


def _one(client: Client, identifier: str) -> None:
    found = client.evidence(identifier)
    with st.container(border=True):
        st.markdown(plain(found.text))
        st.caption(f"{plain(found.source.title)} · {found.source.year or t('no_year')} · `{found.id}`")
        if found.withheld is not None:
            st.warning(plain(t("withheld", kind=found.withheld.kind, reason=found.withheld.reason)))
            return
        reason = st.text_input(t("reason"), key="withdraw_reason", max_chars=500)
        if st.button(t("withdraw"), key="withdraw", icon=":material/block:"):
            if not reason.strip():
                st.warning(t("reason_needed"))
                return
            client.withdraw(identifier, reason.strip())
            st.toast(t("withdrawn"))
            st.rerun()


def _restore(identifier: str) -> None:
    with service() as client:
        client.restore(identifier)
    st.toast(t("restored"))
