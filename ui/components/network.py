"""The graph around one entity as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui.components import asset
from ui.drawing import Drawing


def network(wide: Drawing, narrow: Drawing, kinds: Mapping[str, str], label: str, *, key: str) -> str | None:
    """Show the one that fits; `kinds` names the types of nodes. The id of the entity that was chosen, or None."""
    data = {"label": label, "wide": _shown(wide, kinds), "narrow": _shown(narrow, kinds)}
    component = st.components.v2.component(
        "network", html='<div class="network"></div>', css=asset("network.css"), js=asset("network.js")
    )
    chosen: str | None = component(data=data, key=key, on_entity_change=lambda: None).entity
    return chosen


def _shown(drawing: Drawing, kinds: Mapping[str, str]) -> dict[str, Any]:
    nodes = [node | {"kind": kinds.get(str(node["type"]), str(node["type"]))} for node in drawing.nodes]
    return {
        "width": drawing.width, "height": drawing.height, "nodes": nodes, "edges": drawing.edges,
        "labels": drawing.labels,
    }  # fmt: skip
