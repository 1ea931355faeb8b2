"""What each arm of the retrieval finds for a question; nothing is generated."""

from __future__ import annotations

import streamlit as st

from ui.answers import evidence_table
from ui.markup import plain
from ui.session import service, t, t_or


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
    evidence_table(found.evidence)
