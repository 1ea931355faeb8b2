"""The consultation: questions, and answers as they come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import streamlit as st

from ui import answers, follow_ups, history
from ui.components.printing import print_button
from ui.conversation import Exchange, Rating, as_json, as_markdown, turns
from ui.history import exchanges
from ui.markup import plain
from ui.session import connect, generator, generator_choice, in_words, language, patient, patient_panel, t
from yiwen.client import Client, Event, Evidence, ServiceError, Triage, Turn, Unreachable

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
    exchanges().append(Exchange(question, patient(), generator=generator()))
    st.session_state.editing = False


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
    for index, example in enumerate(EXAMPLES):
        st.button(example, key=f"example_{index}", on_click=ask, args=(example,), icon=":material/help:")


# ---------------------------------------------------------------- one exchange


def _show(exchange: Exchange, index: int, *, last: bool) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        if last and st.session_state.get("editing"):
            _edit(exchange)
        else:
            st.markdown(plain(exchange.question))
    with st.chat_message("assistant", avatar=":material/stethoscope:"):
        if exchange.state == "asking":
            _stream(exchange, index)
        elif exchange.state == "answered":
            answers.show(exchange, f"answer_{index}")
            _opinion(exchange, index)
        else:
            _show_unfinished(exchange)
        below = st.empty()  # at once: what stood below the last answer would stay while the next one is written
        if last:
            with below.container(key=f"not_printed_{index}"):
                _below(exchange, index)


def _edit(exchange: Exchange) -> None:
    with st.form("edit_form", border=False):
        changed = st.text_area(t("edit_label"), exchange.question, max_chars=2000, key="edited")
        with st.container(horizontal=True):
            sent = st.form_submit_button(t("send"), type="primary")
            left = st.form_submit_button(t("cancel"))
    if sent or left:
        st.session_state.editing = False
        if sent and changed.strip():
            exchanges()[-1] = exchange.other(changed.strip(), patient(), generator())
        st.rerun()


def _stream(exchange: Exchange, index: int) -> None:
    """Sources first, then each sentence after it was checked; what came so far survives a stop.

    Whatever else is clicked meanwhile draws the page anew: then the answer is taken up again and not asked anew.
    """
    earlier = exchange.answer_id
    exchange = exchanges()[index] = exchange.again()
    exchange.answer_id = earlier
    st.button(t("stop"), key=f"stop_{index}", on_click=_stop, args=(exchange,), icon=":material/stop_circle:")
    banner, sources, body = st.empty(), st.empty(), st.empty()
    sources.caption(t("searching"))
    try:
        with connect() as client:
            for event in _events(client, exchange, turns(exchanges()[:index]), earlier):
                match event.name:
                    case "meta":
                        exchange.text = ""
                        exchange.answer_id = str(event.data.get("answer_id", ""))
                        history.writing(exchange.answer_id)
                        exchange.triage = Triage.model_validate(event.data["triage"])
                        with banner.container():
                            answers.red_flag(exchange.triage)
                    case "evidence":
                        exchange.evidence = [Evidence.model_validate(row) for row in event.data["evidence"]]
                        sources.caption(_found(exchange.evidence))
                    case "token":
                        exchange.text += event.text
                        body.markdown(plain(exchange.text))
                    case "answer":
                        exchange.answer = event.answer
            if exchange.answer is None:
                raise Unreachable("the answer broke off")
            if exchange.state == "asking":
                exchange.state = "answered"
            exchange.suggestions = follow_ups.suggest(client, exchange.answer, [e.question for e in exchanges()])
    except (ServiceError, Unreachable) as error:
        _failed(exchange, error)
    history.writing(None)
    st.rerun()


def _events(client: Client, exchange: Exchange, said: list[Turn], earlier: str) -> Iterator[Event]:
    """Those of the answer that was being written, from its beginning; of a new one where that is gone."""
    if earlier:
        with suppress(ServiceError):
            yield from client.follow(earlier)
            return
    yield from client.stream(
        exchange.question, history=said, patient=exchange.patient, generator=exchange.generator,
        conversation=history.keep(client), instead=exchange.instead,
    )  # fmt: skip


def _failed(exchange: Exchange, error: ServiceError | Unreachable) -> None:
    if exchange.state == "asking":
        exchange.state, exchange.error = "failed", in_words(error)
    if isinstance(error, ServiceError) and error.status == 404:
        history.lost()


def _found(evidence: list[Evidence]) -> str:
    if not evidence:
        return t("found_nothing")
    titles = list(dict.fromkeys(found.source.title for found in evidence))
    shown = "；".join(titles[:3]) + ("…" if len(titles) > 3 else "")
    return t("found", count=len(evidence), sources=plain(shown))


def _stop(exchange: Exchange) -> None:
    """Keep what came; the run that still listens ends when the service closes the stream."""
    if exchange.state != "asking":
        return
    exchange.state = "stopped"
    if exchange.answer_id:
        with connect() as client, suppress(ServiceError, Unreachable):  # ended by itself, or gone
            client.stop(exchange.answer_id)


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


def _opinion(exchange: Exchange, index: int) -> None:
    """Thumbs, and the reason where one points down."""
    if exchange.answer is None:
        return
    st.feedback("thumbs", key=f"opinion_{index}", on_change=_judge, args=(exchange, index))
    if exchange.rating == "down":
        st.text_input(
            t("opinion_why"), exchange.reason, key=f"reason_{index}", max_chars=500, on_change=_judge,
            args=(exchange, index),
        )  # fmt: skip


_MOST_CITED = 50
"""Ids of evidence that the service takes with an opinion."""


def _judge(exchange: Exchange, index: int) -> None:
    """Send what is thought of an answer, or take it back."""
    if exchange.answer is None:
        return
    chosen = st.session_state.get(f"opinion_{index}")
    rating: Rating | None = None if chosen is None else "up" if chosen else "down"
    reason = str(st.session_state.get(f"reason_{index}", "")).strip() if rating == "down" else ""
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


def _below(exchange: Exchange, index: int) -> None:
    """Answers to a question that was asked back, what to ask next, and what else can be done with the last question."""
    answer = exchange.answer
    if answer is not None and answer.questions:
        st.caption(t("asked_back"))
        with st.container(horizontal=True):
            for reply in ASK_BACK:
                st.button(t(reply), key=f"{reply}_{index}", on_click=ask, args=(_SENT_BACK[reply],))
    if exchange.suggestions:
        st.caption(t("follow_ups"))
        with st.container(horizontal=True):
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
    exchanges()[index] = replace(exchanges()[index].again(), generator=generator())


def _begin_edit() -> None:
    st.session_state.editing = True
