"""Evidence with its score and those of each arm of the retrieval."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui.components import asset
from ui.session import t
from yiwen.client import Evidence

ARMS = ("graph", "sparse", "dense")


def scored(evidence: Sequence[Evidence], *, key: str) -> None:
    """In the order of the service; each bar is drawn beside the longest of its kind."""
    scores = {"score": [found.score or 0.0 for found in evidence]}
    scores |= {arm: [found.arms.get(arm, 0.0) for found in evidence] for arm in ARMS}
    longest = {name: max(1.0, *values) for name, values in scores.items()}
    rows = [
        {
            "text": found.text,
            "source": f"{found.source.title} · {found.source.year or t('no_year')}",
            "id": found.id,
            "scores": [
                {"name": t(f"column_{name}"), "value": values[at], "share": values[at] / longest[name]}
                for name, values in scores.items()
            ],
        }
        for at, found in enumerate(evidence)
    ]
    component = st.components.v2.component(
        "scored", html='<ol class="scored"></ol>', css=asset("scored.css"), js=asset("scored.js")
    )
    component(data={"rows": rows}, key=key)
