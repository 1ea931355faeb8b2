"""What a reader thinks of an answer."""

from __future__ import annotations

import streamlit as st

from ui.conversation import Exchange, Rating
from ui.session import connect, in_words, t
from yiwen.client import ServiceError, Unreachable


def opinion(exchange: Exchange, name: str) -> None:
    """Thumbs, and the reason where one points down."""
    if exchange.answer is None:
        return
    st.feedback("thumbs", key=f"opinion_{name}", on_change=_judge, args=(exchange, name))
    if exchange.rating == "down":
        st.text_input(
            t("opinion_why"), exchange.reason, key=f"reason_{name}", max_chars=500, on_change=_judge,
            args=(exchange, name),
        )  # fmt: skip


_MOST_CITED = 50
"""Ids of evidence that the service takes with an opinion."""


def _judge(exchange: Exchange, name: str) -> None:
    """Send what is thought of an answer, or take it back."""
    if exchange.answer is None:
        return
    chosen = st.session_state.get(f"opinion_{name}")
    rating: Rating | None = None if chosen is None else "up" if chosen else "down"
    reason = str(st.session_state.get(f"reason_{name}", "")).strip() if rating == "down" else ""
    try:
        with connect() as client:
            if rating is None:
                client.delete_feedback(exchange.answer.answer_id)
            else:
                cited = [citation.evidence_id for citation in exchange.answer.citations][:_MOST_CITED]
                client.give_feedback(exchange.answer.answer_id, rating, reason=reason, evidence_ids=cited)
    except (ServiceError, Unreachable) as error:
        st.toast(f"{t('opinion_lost')}{in_words(error)[0]}", icon=":material/error:")
        return
    exchange.rating, exchange.reason = rating, reason
    st.toast(t("opinion_kept") if rating else t("opinion_gone"))
