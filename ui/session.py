"""What one visitor's session holds, and how its pages reach the service."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

import streamlit as st

from ui.connection import service_key, service_url
from ui.markup import names_in, plain
from ui.words import Language, say, say_or
from yiwen.client import Client, Patient, ServiceError, Unreachable

GENERATOR, COMPARED = "generator", "compared"
VISITOR = "yiwen_visitor"
_VISITOR = re.compile(r"[\w-]{16,64}", re.ASCII)
MODELS_S = 10.0
"""How long the list of generators is believed: adapters come and go."""
PATIENT = ("patient_age", "patient_sex", "patient_pregnant", "patient_allergies", "patient_drugs", "patient_conditions")


def language() -> Language:
    """What the visitor reads."""
    return cast(Language, st.session_state.get("language") or "zh")


def t(key: str, **values: object) -> str:
    """What `key` stands for, in the visitor's language."""
    return say(language(), key, **values)


def t_or(prefix: str, name: str) -> str:
    """The text of a word of the service, or the word itself where it is not known here."""
    return say_or(language(), prefix, name)


def connect(who: str | None = None) -> Client:
    """A client of the service; close it, or use it as a context manager. Outside of a run name `who` asks."""
    return Client(service_url(), key=service_key(), visitor=who or visitor())


def visitor() -> str:
    """Whose conversations these are: the browser's cookie, or a new name that `ui.components.visitor` puts there."""
    if VISITOR not in st.session_state:
        known = str(st.context.cookies.get(VISITOR, ""))
        st.session_state[VISITOR] = known if _VISITOR.fullmatch(known) else secrets.token_urlsafe(24)
    found: str = st.session_state[VISITOR]
    return found


@contextmanager
def service() -> Iterator[Client]:
    """A client; what goes wrong is told with a way to try again, and the rest of the page is left out."""
    try:
        with connect() as client:
            yield client
    except (ServiceError, Unreachable) as error:
        tell(error)
        st.stop()


def tell(error: ServiceError | Unreachable) -> None:
    """Say what went wrong in plain words; the button runs the page again."""
    headline, detail = in_words(error)
    st.error(f"**{plain(headline)}**  \n{detail}", icon=":material/error:")
    st.button(t("retry"), key="retry", icon=":material/refresh:")


def in_words(error: ServiceError | Unreachable) -> tuple[str, str]:
    """A headline, and Markdown that says what to do."""
    if isinstance(error, Unreachable):
        return t("error_unreachable"), t("error_unreachable_help", url=service_url())
    known = error.status in (401, 403, 404, 410, 413, 422, 429, 503, 504)
    headline = t(f"error_{error.status}" if known else "error_other")
    lines = [plain(error.detail or error.title)]
    if error.request_id:
        lines.append(t("request_id", id=f"`{error.request_id}`"))
    return headline, "  \n".join(lines)


def keep_chosen() -> None:
    """Streamlit forgets the value of a widget on pages that do not show it."""
    for key in (*PATIENT, GENERATOR, COMPARED):
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


@st.cache_data(ttl=MODELS_S, show_spinner=False)
def _generators(url: str) -> tuple[str, ...]:
    """Those of the service at `url`, the default one first; none where it does not say."""
    with suppress(ServiceError, Unreachable), connect() as client:
        return client.models()
    return ()


def generator_choice() -> None:
    """Who writes the answers, where the service has more than one to offer."""
    names = _generators(service_url())
    for key in (GENERATOR, COMPARED):
        if st.session_state.get(key) not in names:
            st.session_state.pop(key, None)
    if len(names) > 1:
        st.selectbox(t("generator"), names, format_func=called, key=GENERATOR, help=t("generator_help"))
        others = [name for name in names if name != generator()]
        st.selectbox(t("compared"), others, None, format_func=called, key=COMPARED, placeholder=t("compared_none"))


def called(name: str) -> str:
    """`local:tcm` is called by the word for `local` and its own name."""
    kind, colon, adapter = name.partition(":")
    return t_or("generator", kind) + (f" · {adapter}" if colon else "")


def generator() -> str | None:
    """The chosen one; None: the service's own default."""
    chosen: str | None = st.session_state.get(GENERATOR)
    return chosen


def compared() -> str | None:
    """Whose answer is wanted beside; None: nobody's."""
    other: str | None = st.session_state.get(COMPARED)
    return other if other != generator() else None


def patient_panel() -> None:
    """Who the question is about."""
    with st.expander(t("patient"), icon=":material/person:"):
        st.caption(t("patient_hint"))
        st.number_input(t("age"), 0.0, 150.0, value=None, step=1.0, format="%g", key="patient_age")
        st.segmented_control(t("sex"), ["female", "male"], format_func=lambda sex: t(sex), key="patient_sex")
        if st.session_state.get("patient_sex") != "male":
            st.checkbox(t("pregnant"), key="patient_pregnant")
        for name in ("allergies", "drugs", "conditions"):
            st.text_input(t(name), key=f"patient_{name}", placeholder=t("several"))


def patient() -> Patient | None:
    """What the panel says; None where nothing was said."""
    said = {key.removeprefix("patient_"): st.session_state.get(key) for key in PATIENT}
    found = Patient(
        age=said["age"],
        sex=said["sex"],
        pregnant=True if said["pregnant"] and said["sex"] != "male" else None,
        allergies=names_in(said["allergies"] or ""),
        drugs=names_in(said["drugs"] or ""),
        conditions=names_in(said["conditions"] or ""),
    )
    return found if found != Patient() else None
