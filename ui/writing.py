"""An answer while it is written: followed, stopped, taken up again after whatever else was clicked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import streamlit as st

from ui import answers, follow_ups, history
from ui.conversation import Exchange, turns
from ui.history import exchanges
from ui.markup import plain
from ui.session import connect, in_words, t
from yiwen.client import Client, Event, Evidence, ServiceError, Triage, Turn, Unreachable


def stream(exchange: Exchange, index: int, *, beside: bool) -> None:
    """Sources first, then each sentence after it was checked; what came so far survives a stop.

    Whatever else is clicked meanwhile draws the page anew: then the answer is taken up again and not asked anew.
    """
    earlier = exchange.answer_id
    exchange = exchange.again()
    exchange.answer_id = earlier
    if beside:
        exchanges()[index].rival = exchange
    else:
        exchanges()[index] = exchange
    st.button(t("stop"), key=f"stop_{index}_{beside}", on_click=_stop, args=(exchange,), icon=":material/stop_circle:")
    banner, sources, body = st.empty(), st.empty(), st.empty()
    sources.caption(t("searching"))
    try:
        with connect() as client:
            kept_in = None if beside else history.keep(client)
            for event in _events(client, exchange, turns(exchanges()[:index]), earlier, kept_in):
                match event.name:
                    case "meta":
                        exchange.text = ""
                        exchange.answer_id = str(event.data.get("answer_id", ""))
                        history.writing(None if beside else exchange.answer_id)
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


def _events(client: Client, exchange: Exchange, said: list[Turn], earlier: str, kept_in: str | None) -> Iterator[Event]:
    """Those of the answer that was being written, from its beginning; of a new one where that is gone."""
    if earlier:
        with suppress(ServiceError):
            yield from client.follow(earlier)
            return
    yield from client.stream(
        exchange.question, history=said, patient=exchange.patient, generator=exchange.generator,
        conversation=kept_in, instead=exchange.instead and kept_in is not None,
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
