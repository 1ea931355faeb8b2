"""A list of drugs and a patient: what speaks against them, the gravest first."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from ui.markup import names_in, plain
from ui.session import patient, patient_panel, service, t, t_or
from yiwen.client import Evidence, Hazard, Medications

UNRECORDED_OPEN = 6
"""Pairs that are shown without a click: that nothing is known of them is part of the result."""
_GRAVE, _MIDDLE = ("contraindicated", "major"), ("moderate", "caution")


def page() -> None:
    """Draw the page."""
    with st.sidebar:
        patient_panel()
    st.title(t("medications"), anchor=False)
    with st.form("medications"):
        listed = st.text_area(
            t("medication_list"), key="medication_list", placeholder=t("medication_placeholder"), height=130
        )
        sent = st.form_submit_button(t("medication_check"), type="primary", icon=":material/fact_check:")
    names = names_in(listed)
    if sent and names:
        with service() as client:
            st.session_state.medication_result = client.check_medications(names, patient=patient())
    found: Medications | None = st.session_state.get("medication_result")
    if found is None:
        st.info(t("medication_start"), icon=":material/medication:")
    else:
        _show(found)


def _show(found: Medications) -> None:
    for name in found.unknown:
        near = "、".join(entity.name for entity in name.near)
        text = t("medication_unknown", name=name.given) + (f"；{t('medication_near', names=near)}" if near else "")
        st.warning(plain(text), icon=":material/help:")
    names = [(medicine.given, "、".join(entity.name for entity in medicine.entities)) for medicine in found.medicines]
    understood = [f"{given} → {name}" for given, name in names if given != name]
    if understood:
        st.caption(f"{t('medication_understood')}：{plain('；'.join(understood))}")
    evidence = {row.id: row for row in found.evidence}
    if found.findings:
        st.subheader(t("medication_findings", count=len(found.findings)), anchor=False)
    elif found.medicines:
        st.info(t("medication_none"), icon=":material/info:")
    for hazard in found.findings:
        _hazard(hazard, evidence)
    if found.unrecorded:
        few = len(found.unrecorded) <= UNRECORDED_OPEN
        with st.expander(t("medication_unrecorded", count=len(found.unrecorded)), expanded=few):
            for row in found.unrecorded:
                st.markdown(f"- {plain(' + '.join((*row.drugs, *([row.about] if row.about else []))))}")
            st.caption(plain(found.note))
    st.caption(f"{plain(found.label)} · {t('kb_version')} {found.kb_version}  \n{plain(found.disclaimer)}")


def _colour(severity: str) -> Literal["red", "orange", "gray"]:
    if severity in _GRAVE:
        return "red"
    return "orange" if severity in _MIDDLE else "gray"


def _hazard(hazard: Hazard, evidence: dict[str, Evidence]) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"**{plain(' + '.join(drug.name for drug in hazard.drugs))}**", width="content")
            st.badge(t_or("severity", hazard.severity), color=_colour(hazard.severity), width="content")
            st.badge(t_or("hazard", hazard.kind), color="gray", width="content")
        st.markdown(plain(hazard.text))
        if hazard.because and not all(drug.name in hazard.because for drug in hazard.drugs):
            st.caption(plain(t("because", text=hazard.because)))
        rows = [evidence[identifier] for identifier in hazard.evidence_ids if identifier in evidence]
        if rows:
            with st.expander(t("evidence_n", count=len(rows))):
                for row in rows:
                    source = row.source
                    st.markdown(f"> {plain(row.text)}")
                    st.caption(
                        f"{plain(source.title)} · {source.year or t('no_year')} · {plain(source.grade_label)} · "
                        f"`{row.id}`"
                    )
