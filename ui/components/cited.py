"""An answer with its numbered sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.components import asset
from ui.session import t
from yiwen.client import Citation, Evidence, SafetyWarning

_WARNING = "注意："
_GRAVE = ("contraindicated", "major")


def cited(
    text: str,
    citations: Sequence[Citation],
    evidence: Sequence[Evidence],
    warnings: Sequence[SafetyWarning],
    *,
    fresh: bool,
    key: str,
) -> str | None:
    """Show `text`; a fresh one is scrolled to its start.

    The id of the evidence whose place in the graph was asked for, or None.
    """
    texts = {found.id: found.text for found in evidence}
    data = {
        "fresh": fresh,
        "lines": [_line(line, warnings) for line in text.splitlines() if line.strip()],
        "citations": [_citation(citation, texts.get(citation.evidence_id)) for citation in citations],
        "words": {
            "source": t("source_n", n="{n}"),
            "sources": t("sources"),
            "close": t("close"),
            "graph": t("open_graph"),
            "original": t("open_source"),
        },
    }
    component = st.components.v2.component(
        "cited", html='<div class="answer"></div>', css=asset("cited.css"), js=asset("cited.js")
    )
    wanted: str | None = component(data=data, key=key, on_graph_change=lambda: None).graph
    return wanted


def _line(line: str, warnings: Sequence[SafetyWarning]) -> dict[str, str]:
    if not line.startswith(_WARNING):
        return {"text": line, "kind": ""}
    grave = any(warning.severity in _GRAVE and warning.text.rstrip("。") in line for warning in warnings)
    return {"text": line, "kind": "warning grave" if grave else "warning"}


def _citation(citation: Citation, text: str | None) -> dict[str, Any]:
    source = citation.source
    return {
        "n": citation.n,
        "evidence_id": citation.evidence_id,
        "kind": t("fact") if citation.kind == "fact" else t("passage"),
        "quote": citation.quote,
        "span": list(citation.span),
        "text": text,
        "title": source.title,
        "year": str(source.year or t("no_year")),
        "grade": source.grade_label or source.grade,
        "url": source.url,
    }
