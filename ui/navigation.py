"""The pages, and the ways from one to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from ui.session import service, t
from ui.sitemap import ICONS


def page_named(name: str, draw: Callable[[], None]) -> Any:  # noqa: ANN401 - Streamlit has no types
    """Register a page of this run."""
    made = st.Page(draw, title=t(name), icon=ICONS[name], url_path=name, default=name == "consult")
    st.session_state.setdefault("pages", {})[name] = made
    return made


def go(name: str) -> None:
    """Leave for another page."""
    st.switch_page(st.session_state["pages"][name])


def open_entity(identifier: str) -> None:
    """Show an entity in the graph."""
    st.session_state.entity = identifier
    go("graph")


def open_evidence_in_graph(identifier: str) -> None:
    """Show what evidence speaks of: the subject of a fact, the first entity of a passage."""
    with service() as client:
        found = client.evidence(identifier)
    fact = found.fact
    subject = fact.subject.id if fact is not None else next((e.id for e in found.entities), None)
    if subject is None:
        st.info(t("picture_empty"))
        return
    open_entity(subject)
