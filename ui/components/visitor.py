"""A visitor's browser keeps the name under which the service stores their conversations."""

from __future__ import annotations

import streamlit as st

from ui.components import asset
from ui.session import VISITOR, visitor

KEPT_S = 400 * 86_400
"""Longer than browsers keep any cookie."""


def remember_visitor() -> None:
    """Set the cookie where the browser did not send it with this visit."""
    if st.context.cookies.get(VISITOR) == visitor():
        return
    component = st.components.v2.component("visitor", js=asset("visitor.js"))
    component(data={"name": VISITOR, "value": visitor(), "seconds": KEPT_S}, key="visitor")
