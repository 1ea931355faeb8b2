"""The script that Streamlit runs for every visitor and every interaction: language, pages, the chosen page."""

from __future__ import annotations

import streamlit as st

from ui import consult, explore, health, knowledge, medication_check, retrieval
from ui.components import asset
from ui.components.logo import logo
from ui.components.visitor import remember_visitor
from ui.navigation import page_named
from ui.session import keep_chosen, t
from ui.words import LANGUAGES


def main() -> None:
    """Run once."""
    if "language" not in st.session_state:
        asked_for = st.query_params.get("lang", "zh")
        st.session_state.language = asked_for if asked_for in LANGUAGES else "zh"
    st.set_page_config(page_title=t("product"), page_icon="🩺")
    keep_chosen()
    st.html(f"<style>{asset('page.css')}{asset('chinese.css') if st.session_state.language == 'zh' else ''}</style>")
    remember_visitor()
    st.logo(logo(t("product")), size="large", icon_image=logo(""))
    chosen = st.navigation(
        [
            page_named("consult", consult.page),
            page_named("graph", explore.page),
            page_named("medications", medication_check.page),
            page_named("knowledge", knowledge.page),
            page_named("search", retrieval.page),
            page_named("status", health.page),
        ]
    )
    with st.sidebar:
        st.segmented_control(
            t("language"), list(LANGUAGES), format_func=LANGUAGES.__getitem__, key="language", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
    chosen.run()


main()
