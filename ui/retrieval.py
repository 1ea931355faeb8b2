"""What each arm of the retrieval finds for a question; nothing is generated."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui.components.scored import scored
from ui.markup import plain
from ui.session import service, t, t_or
from yiwen.client import Evidence


def page() -> None:
    """Draw the page."""
    st.title(t("search"), anchor=False)
    with st.form("search"):
        question = st.text_input(t("search_label"), key="search_question", placeholder=t("search_placeholder"))
        top = st.slider(t("search_top"), 1, 50, 10, key="search_top")
        st.form_submit_button(t("search_run"), type="primary", icon=":material/manage_search:")
    if not question.strip():
        st.info(t("search_start"), icon=":material/manage_search:")
        return
    with service() as client:
        found = client.search(question.strip(), top_k=top)
    names = "、".join(f"{entity.name}（{t_or('type', entity.type)}）" for entity in found.entities)
    st.caption(f"{t('why_entities')}：{plain(names) or '—'} · {t('kb_version')} {found.kb_version}")
    if not found.evidence:
        st.warning(t("search_none"), icon=":material/search_off:")
        return
    chosen = _filtered(found.evidence)
    st.caption(t("search_shown", shown=len(chosen), count=len(found.evidence)))
    if chosen:
        scored(chosen, key="search_scored")


def _filtered(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Those of the chosen kinds, grades and years; without a choice all, with or without a year."""
    kinds, grades, years = st.columns(3)
    of_kind = kinds.multiselect(
        t("filter_kind"), sorted({one.kind for one in evidence}), format_func=lambda kind: t_or("kind", kind),
        key="search_kinds", placeholder=t("all"),
    )  # fmt: skip
    of_grade = grades.multiselect(
        t("filter_grade"), sorted({_grade(one) for one in evidence}), key="search_grades", placeholder=t("all")
    )
    since = years.number_input(t("filter_since"), 1800, 2100, value=None, step=1, key="search_since")
    return [
        one
        for one in evidence
        if (not of_kind or one.kind in of_kind)
        and (not of_grade or _grade(one) in of_grade)
        and (since is None or (one.source.year or 0) >= since)
    ]


def _grade(evidence: Evidence) -> str:
    return evidence.source.grade_label or evidence.source.grade
