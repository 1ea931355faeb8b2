"""How the service is, and what its knowledge base holds."""

from __future__ import annotations

import streamlit as st

from ui.markup import plain
from ui.session import service, t, t_or

COUNTS = ("fact", "passage", "entity", "alias", "source")


def page() -> None:
    """Draw the page."""
    st.title(t("status"), anchor=False)
    st.button(t("refresh"), key="refresh", icon=":material/refresh:")
    with service() as client:
        program, ready, versions = client.program(), client.ready(), client.versions()
    if ready.degraded:
        st.warning(t("degraded", names="、".join(map(plain, ready.degraded))), icon=":material/warning:")
    else:
        st.success(t("service_up"), icon=":material/check_circle:")
    current = next((version for version in versions.versions if version.version == versions.current), None)
    with st.container(horizontal=True):
        st.metric(t("service_version"), program.version, border=True)
        st.metric(t("kb_version"), ready.kb_version, border=True)
        if current is not None:
            st.metric(t("published"), current.created[:10], help=current.created, border=True)
    if current is None:
        return
    with st.container(horizontal=True):
        for kind in COUNTS:
            st.metric(t_or("count", kind), f"{current.counts.get(kind, 0):,}", border=True)
    held = "，".join(f"{t_or('count', kind)} {count}" for kind, count in current.held.items() if count)
    if held:
        st.caption(plain(t("held", text=held)))
    st.caption(plain(t("datasets", names="、".join(current.datasets))))
    st.caption(plain(f"digest {current.digest}"))
