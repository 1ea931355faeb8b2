"""A button that prints the page."""

from __future__ import annotations

import streamlit as st

from ui.components import asset


def print_button(label: str, *, key: str) -> None:
    """Opens the browser's dialogue, which can also save a PDF."""
    component = st.components.v2.component(
        "printing", html='<button type="button"></button>', css=asset("printing.css"), js=asset("printing.js")
    )
    component(data={"label": label}, key=key)
