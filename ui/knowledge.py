"""The knowledge base: files come in, versions are compared and changed, passages are withdrawn and restored."""

from __future__ import annotations

import streamlit as st

from ui.markup import plain
from ui.reviewing import review_form
from ui.session import service, t, t_or
from ui.uploading import upload_form
from yiwen.client import Client, Version, Versions

VERSIONS_SHOWN = 5
"""At once; the others are folded up."""


def page() -> None:
    """Draw the page."""
    st.title(t("knowledge"), anchor=False)
    upload, versions, curate, audit = st.tabs([t("upload"), t("versions"), t("curate"), t("audit")])
    with upload:
        upload_form()
    with versions, service() as client:
        _versions(client)
    with curate, service() as client:
        _curate(client)
    with audit, service() as client:
        review_form(client)


# ---------------------------------------------------------------- versions


def _versions(client: Client) -> None:
    found = client.versions()
    if not found.versions:
        st.info(t("no_versions"), icon=":material/database:")
        return
    newest_first = found.versions[::-1]
    shown = [
        version for at, version in enumerate(newest_first) if at < VERSIONS_SHOWN or version.version == found.current
    ]
    for version in shown:
        _version(version, current=version.version == found.current)
    earlier = [version for version in newest_first if version not in shown]
    if earlier:
        with st.expander(t("versions_earlier", count=len(earlier))):
            for version in earlier:
                _version(version, current=False)
    if len(found.versions) > 1:
        _diff(client, found)


def _version(version: Version, *, current: bool) -> None:
    """The data sets by name for what is served; for the others how many there are, and one button."""
    counts = [f"{t_or('count', kind)} {version.counts.get(kind, 0):,}" for kind in ("fact", "passage", "entity")]
    if not current:
        counts.append(t("datasets_n", n=len(version.datasets)))
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{t('version_n', n=version.version)}**", width="content")
            if current:
                st.badge(t("serving"), color="green", icon=":material/check:")
            else:
                st.button(
                    t("roll_back", n=version.version), key=f"activate_{version.version}", on_click=_activate,
                    args=(version.version,), icon=":material/history:",
                )  # fmt: skip
        created = version.created[:19].replace("T", " ")
        st.caption(f"{created} UTC · {' · '.join(counts)} · `{version.digest[:12]}`")
        if current:
            st.caption(plain(t("datasets", names="、".join(version.datasets))))


def _activate(number: int) -> None:
    with service() as client:
        client.activate(number)
    st.toast(t("rolled_back", n=number), icon=":material/check:")


def _diff(client: Client, found: Versions) -> None:
    st.subheader(t("diff"), anchor=False)
    numbers = [version.version for version in found.versions]
    newest = numbers[-1]  # the choice begins anew when another is published
    with st.form("diff"):
        left, right = st.columns(2)
        a = left.selectbox(t("diff_from"), numbers, index=len(numbers) - 2, key=f"diff_from_{newest}")
        b = right.selectbox(t("diff_to"), numbers, index=len(numbers) - 1, key=f"diff_to_{newest}")
        sent = st.form_submit_button(t("diff_run"), icon=":material/difference:")
    if not sent:
        return
    changes = {kind: change for kind, change in client.diff(a, b).changes.items() if change.added or change.removed}
    if not changes:
        st.info(t("diff_same"))
    for kind, change in changes.items():
        st.markdown(f"**{plain(t_or('count', kind))}** :green[+{change.added}] :red[−{change.removed}]")
        for sign, samples in ((r"\+", change.added_samples), ("−", change.removed_samples)):
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
