"""Conversations that the service keeps: found again after a reload, opened, searched, renamed, exported, deleted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from ui.conversation import Exchange, exchanges_of
from ui.markup import plain
from ui.session import connect, in_words, t, visitor
from yiwen.client import Client, Conversation, ServiceError, Unreachable

SHOWN = 12
"""At first; so many more with each click."""
_TITLE = 22
CONVERSATION, ANSWER = "conversation", "answer"
"""What the address of the page says: which conversation, and which answer is being written."""


def exchanges() -> list[Exchange]:
    """The conversation that is shown."""
    found: list[Exchange] = st.session_state.setdefault("exchanges", [])
    return found


def current() -> str | None:
    """The id under which the service keeps it; None before the first question, or where nothing can be kept."""
    found: str | None = st.session_state.get(CONVERSATION)
    return found


def resume() -> None:
    """Open what the address names, in a session that has nothing yet; let the address name what is shown."""
    named = st.query_params.get(CONVERSATION)
    if named and named != current() and not exchanges():
        answer = st.query_params.get(ANSWER)
        _open(named)
        if answer and exchanges() and exchanges()[-1].answer is None:
            question = exchanges()[-1].question
            exchanges()[-1] = Exchange(question, answer_id=answer, instead=True)
    _name_in_address(CONVERSATION, current())


def writing(answer_id: str | None) -> None:
    """Let the address name the answer that is being written, so that a reload takes it up again."""
    _name_in_address(ANSWER, answer_id)


def _name_in_address(name: str, value: str | None) -> None:
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def keep(client: Client) -> str | None:
    """The conversation that keeps the next question. Where none can be made the question is asked all the same."""
    if current() is None:
        with suppress(ServiceError, Unreachable):
            st.session_state[CONVERSATION] = client.create_conversation().id
            _name_in_address(CONVERSATION, current())
    return current()


def lost() -> None:
    """The service knows the conversation no more: the next question begins another."""
    st.session_state[CONVERSATION] = None


def begin() -> None:
    """Leave the conversation; the service keeps it."""
    st.session_state.exchanges = []
    st.session_state[CONVERSATION] = None
    st.session_state.editing = False
    _name_in_address(CONVERSATION, None)
    writing(None)


def _open(identifier: str) -> None:
    begin()
    try:
        with connect() as client:
            found = client.conversation(identifier)
    except (ServiceError, Unreachable) as error:
        st.toast(f"{t('history_lost')}{in_words(error)[0]}", icon=":material/error:")
        return
    st.session_state.exchanges = exchanges_of(found.messages)
    st.session_state[CONVERSATION] = found.id


# ---------------------------------------------------------------- beside the conversation


def panel() -> None:
    """The list, below a field that searches titles and messages."""
    st.subheader(t("history"), anchor=False)
    query = st.text_input(
        t("history_search"), key="history_search", placeholder=t("history_search"), label_visibility="collapsed",
        icon=":material/search:", max_chars=200,
    ).strip()  # fmt: skip
    limit = st.session_state.get("history_limit", SHOWN)
    try:
        with connect() as client:
            found = client.conversations(query, limit=limit)
    except (ServiceError, Unreachable) as error:
        st.caption(f"{t('history_lost')}{in_words(error)[0]}")
        return
    if not found.items:
        st.caption(t("history_none" if query else "history_empty"))
    for conversation in found.items:
        _row(conversation)
    if found.next_cursor:
        st.button(t("history_more"), key="history_more", on_click=_more, type="tertiary")


def _more() -> None:
    st.session_state.history_limit = st.session_state.get("history_limit", SHOWN) + SHOWN


def _row(conversation: Conversation) -> None:
    title = conversation.title or t("untitled")
    shown = title if len(title) <= _TITLE else title[: _TITLE - 1] + "…"
    open_now = conversation.id == current()
    with st.container(horizontal=True, gap="small", key=f"history_{conversation.id}"):
        st.button(
            f"**{plain(shown)}**" if open_now else plain(shown), key=f"open_{conversation.id}", on_click=_open,
            args=(conversation.id,), width="stretch", help=f"{plain(title)}  \n{_when(conversation)}", type="tertiary",
        )  # fmt: skip
        if st.button(
            t("history_manage"), key=f"manage_{conversation.id}", icon=":material/more_horiz:", type="tertiary"
        ):
            _manage(conversation)


def _when(conversation: Conversation) -> str:
    return datetime.fromisoformat(conversation.updated).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _manage(conversation: Conversation) -> None:
    """Rename, export or delete, in a dialogue of its own."""
    st.dialog(t("history_manage"))(_management)(conversation)


def _management(conversation: Conversation) -> None:
    title = st.text_input(t("history_title"), conversation.title, key=f"title_{conversation.id}", max_chars=200)
    if st.button(t("history_rename"), key="rename", type="primary", icon=":material/edit:"):
        _change(lambda client: client.rename_conversation(conversation.id, title.strip() or conversation.title))
    st.download_button(
        t("export_markdown"), partial(_exported, conversation.id, visitor()), f"{conversation.id}.md", "text/markdown",
        key="export_stored", icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    st.divider()
    sure = st.checkbox(t("history_sure"), key=f"sure_{conversation.id}")
    if st.button(t("history_delete"), key="delete", disabled=not sure, icon=":material/delete:"):
        if conversation.id == current():
            begin()
        _change(lambda client: client.delete_conversation(conversation.id))


def _exported(identifier: str, who: str) -> str:
    """Called on the click, outside of a run of the page."""
    with connect(who) as client:
        return client.export_conversation(identifier)


def _change(change: Callable[[Client], object]) -> None:
    try:
        with connect() as client:
            change(client)
    except (ServiceError, Unreachable) as error:
        st.error(f"**{plain(in_words(error)[0])}**  \n{in_words(error)[1]}", icon=":material/error:")
        return
    st.rerun()
