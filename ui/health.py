"""How the service is, what its knowledge base holds, and how good the answers were found to be."""

from __future__ import annotations

import streamlit as st

from ui.figures import chart, figures_of
from ui.markup import plain
from ui.session import service, t, t_or
from ui.tables import table
from yiwen.client import Report

COUNTS = ("fact", "passage", "entity", "alias", "source")


def page() -> None:
    """Draw the page."""
    st.title(t("status"), anchor=False)
    state, quality = st.tabs([t("service"), t("quality")])
    with state:
        _service()
    with quality:
        _quality()


def _service() -> None:
    st.button(t("refresh"), key="refresh", icon=":material/refresh:")
    with service() as client:
        program, ready, versions = client.program(), client.ready(), client.versions()
    if ready.degraded:
        st.warning(t("degraded", names="、".join(map(plain, ready.degraded))), icon=":material/warning:")
    else:
        st.success(t("service_up"), icon=":material/check_circle:")
    current = next((version for version in versions.versions if version.version == versions.current), None)
    with st.container(horizontal=True):
        st.metric(t("service_version"), program.version, border=True, width="content")
        st.metric(t("kb_version"), ready.kb_version, border=True, width="content")
        if current is not None:
            st.metric(t("published"), current.created[:10], help=current.created, border=True, width="content")
    if current is None:
        return
    with st.container(horizontal=True):
        for kind in COUNTS:
            st.metric(t_or("count", kind), f"{current.counts.get(kind, 0):,}", border=True, width="content")
    held = "，".join(f"{t_or('count', kind)} {count}" for kind, count in current.held.items() if count)
    if held:
        st.caption(plain(t("held", text=held)))
    st.caption(plain(t("datasets", names="、".join(current.datasets))))
    st.caption(f"{t('digest')} `{current.digest[:12]}`", help=current.digest)


def _quality() -> None:
    """Each report as a plot of its shares, and as a table for those who hear the page."""
    with service() as client:
        found = client.reports().items
    if not found:
        st.info(t("quality_none"), icon=":material/lab_research:")
    for report in found:
        _report(report)


def _report(report: Report) -> None:
    st.subheader(plain(report.name), anchor=False)
    st.caption(f"{report.written[:19].replace('T', ' ')} UTC")
    figures = figures_of(report.report or {})
    if report.error:
        st.warning(plain(report.error), icon=":material/error:")
    elif not figures:
        st.caption(t("quality_no_shares"))
    else:
        st.vega_lite_chart(chart(figures), width="stretch")
        with st.expander(t("quality_table")):
            rows = [
                {
                    t("column_name"): figure.name,
                    t("quality_share"): f"{figure.value:.1%}",
                    t("quality_interval"): f"{figure.low:.1%}–{figure.high:.1%}",
                    t("column_count"): figure.of,
                }
                for figure in figures
            ]
            table(rows)
