"""The consultation: questions, and answers as they come."""

from __future__ import annotations

import streamlit as st

from ui import answers, history
from ui.components.printing import print_button
from ui.conversation import Exchange, as_json, as_markdown
from ui.history import exchanges
from ui.markup import plain
from ui.opinions import opinion
from ui.session import (
    called,
    compared,
    generator,
    generator_choice,
    language,
    patient,
    patient_panel,
    t,
)
from ui.writing import stream

EXAMPLES = (
    "2型糖尿病怎么治疗？",
    "偏头痛有什么症状？",
    "孕妇偏头痛能吃布洛芬吗？",
    "我头晕，是什么病？",
    "肝癌挂什么科？",
)
ASK_BACK = ("yes", "no", "unsure")
_SENT_BACK = {"yes": "有", "no": "没有", "unsure": "不知道"}
"""What the service understands, whatever the language of the page."""


def page() -> None:
    """Draw the page."""
    history.resume()
    _sidebar()
    shown = exchanges()
    greeting = st.empty()  # a place of its own: else the examples would stand under an answer that is being written
    if not shown:
        with greeting.container():
            _welcome()
    for index, exchange in enumerate(shown):
        _show(exchange, index, last=index == len(shown) - 1)
    question = st.chat_input(t("ask"), key="question", max_chars=2000)
    if question and question.strip():
        ask(question.strip())
        st.rerun()


def ask(question: str) -> None:
    """Add a question; the next run of the page asks it."""
    exchanges().append(_question(question))
    st.session_state.editing = False


def _question(text: str, *, instead: bool = False) -> Exchange:
    """To those who are chosen now."""
    other = compared()
    rival = Exchange(text, patient(), generator=other) if other else None
    return Exchange(text, patient(), generator=generator(), instead=instead, rival=rival)


# ---------------------------------------------------------------- beside the conversation


def _sidebar() -> None:
    with st.sidebar:
        st.button(t("new"), key="new", on_click=history.begin, icon=":material/add_comment:", width="stretch")
        patient_panel()
        generator_choice()
        _export()
        history.panel()


def _export() -> None:
    shown = exchanges()
    if not any(exchange.state != "asking" for exchange in shown):
        return
    with st.expander(t("export"), icon=":material/download:"):
        st.download_button(
            t("export_markdown"), as_markdown(shown, language()), "yiwen.md", "text/markdown",
            key="export_markdown", width="stretch", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            t("export_json"), as_json(shown, language()), "yiwen.json", "application/json",
            key="export_json", width="stretch", on_click="ignore",
        )  # fmt: skip
        print_button(t("export_print"), key="export_print")


def _welcome() -> None:
    st.title(t("welcome"), anchor=False)
    st.write(t("promise"))
    st.caption(t("not_a_diagnosis"))
    st.subheader(t("examples"), anchor=False)
    with st.container(horizontal=True, gap="xsmall"):
        for index, example in enumerate(EXAMPLES):
            st.button(example, key=f"example_{index}", on_click=ask, args=(example,))


# ---------------------------------------------------------------- one exchange


def _show(exchange: Exchange, index: int, *, last: bool) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        if last and st.session_state.get("editing"):
            _edit(exchange)
        else:
            st.markdown(plain(exchange.question))
    with st.chat_message("assistant", avatar=":material/stethoscope:"):
        if exchange.rival is None:
            _reply(exchange, index)
        else:
            _side_by_side(exchange, exchange.rival, index)
        below = st.empty()  # at once: what stood below the last answer would stay while the next one is written
        if last:
            with below.container(key=f"not_printed_{index}"):
                _below(exchange, index)


def _side_by_side(exchange: Exchange, rival: Exchange, index: int) -> None:
    """The second one begins when the first has ended: on a small machine both would take longer together."""
    left, right = st.columns(2)
    for column, one in ((left, exchange), (right, rival)):
        column.markdown(f"**{plain(called(one.generator or ''))}**")
    if exchange.state == "asking":
        right.caption(t("compared_waits"))
    with left:
        _reply(exchange, index)
    with right:
        _reply(rival, index, beside=True)


def _reply(exchange: Exchange, index: int, *, beside: bool = False) -> None:
    name = f"{index}_beside" if beside else str(index)
    if exchange.state == "asking":
        stream(exchange, index, beside=beside)
    elif exchange.state == "answered":
        answers.show(exchange, f"answer_{name}")
        opinion(exchange, name)
    else:
        _show_unfinished(exchange)


def _edit(exchange: Exchange) -> None:
    with st.form("edit_form", border=False):
        changed = st.text_area(t("edit_label"), exchange.question, max_chars=2000, key="edited")
        with st.container(horizontal=True):
            sent = st.form_submit_button(t("send"), type="primary")
            left = st.form_submit_button(t("cancel"))
    if sent or left:
        st.session_state.editing = False
        if sent and changed.strip():
            exchanges()[-1] = _question(changed.strip(), instead=exchange.kept)
        st.rerun()


def _show_unfinished(exchange: Exchange) -> None:
    if exchange.triage is not None:
        answers.red_flag(exchange.triage)
    if exchange.text:
        st.markdown(plain(exchange.text))
    if exchange.error is not None:
        headline, detail = exchange.error
        st.error(f"**{plain(headline)}**  \n{detail}", icon=":material/error:")
    else:
        st.warning(t("stopped"), icon=":material/stop_circle:")


def _below(exchange: Exchange, index: int) -> None:
    """Answers to a question that was asked back, what to ask next, and what else can be done with the last question."""
    answer = exchange.answer
    if answer is not None and answer.questions:
        st.caption(t("asked_back"))
        with st.container(horizontal=True, gap="xsmall"):
            for reply in ASK_BACK:
                st.button(t(reply), key=f"{reply}_{index}", on_click=ask, args=(_SENT_BACK[reply],))
    if exchange.suggestions:
        st.caption(t("follow_ups"))
        with st.container(horizontal=True, gap="xsmall"):
            for number, suggestion in enumerate(exchange.suggestions):
                st.button(plain(suggestion), key=f"next_{index}_{number}", on_click=ask, args=(suggestion,))
    with st.container(horizontal=True):
        label = t("ask_again") if answer is not None else t("retry")
        st.button(
            label, key=f"again_{index}", on_click=_again, args=(index,), type="tertiary", icon=":material/refresh:"
        )
        st.button(t("edit"), key=f"edit_{index}", on_click=_begin_edit, type="tertiary", icon=":material/edit:")


def _again(index: int) -> None:
    """By whoever is chosen now."""
    exchanges()[index] = _question(exchanges()[index].question, instead=exchanges()[index].kept)


def _begin_edit() -> None:
    st.session_state.editing = True
