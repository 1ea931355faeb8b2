"""What the audit doubts: held aliases and other findings, approved or held by a person; each decision is a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from ui.jobs import follow
from ui.markup import plain
from ui.session import service, t, t_or
from ui.words.knowledge import RULES
from yiwen.client import Client, DoubtedAlias, Finding, Standing

FINDINGS_SHOWN = 20
ALIASES_SHOWN = 20
SEVERITIES = ("severe", "warning", "info")
STANDINGS: tuple[Standing, ...] = ("held", "doubtful", "released")
EDITOR = "editor"
NAMING = ("alias-shared", "alias-broader-term")
"""Rules whose detail ends with the names of others."""


def review_form(client: Client) -> None:
    """The reason, the job of the last decision, aliases, all findings."""
    st.caption(t("audit_hint"))
    st.text_input(t("review_reason"), key="review_reason", max_chars=500)
    if "review_job" in st.session_state:
        follow(st.session_state.review_job)
    _aliases(client)
    _findings(client)


def _decide(verdict: str, records: Sequence[str]) -> None:
    """Queue a decision; the job shows what becomes of it."""
    reason = str(st.session_state.get("review_reason") or "").strip()
    if verdict == "hold" and not reason:
        st.toast(t("reason_needed"), icon=":material/edit:")
        return
    with service() as client:
        queue = client.release if verdict == "release" else client.hold
        st.session_state.review_job = queue(*records, reason=reason).id


# ---------------------------------------------------------------- aliases


def _aliases(client: Client) -> None:
    st.subheader(t("review_aliases"), anchor=False)
    standing: Standing = st.segmented_control(
        t("review_standing"), STANDINGS, format_func=lambda name: t(f"review_{name}"), key="review_standing",
        default="held", required=True, label_visibility="collapsed",
    )  # fmt: skip
    offset = st.session_state.setdefault("review_offset", {}).get(standing, 0)
    page = client.doubted_aliases(standing, limit=ALIASES_SHOWN, offset=offset)
    if not page.items:
        st.info(t("review_no_aliases"), icon=":material/check:")
    for alias in page.items:
        _alias(alias, standing)
    _turn(standing, offset, page.next_offset, ALIASES_SHOWN)


def _turn(part: str, offset: int, following: int | None, shown: int) -> None:
    """To the pages before and after one of a list."""
    if not offset and following is None:
        return
    with st.container(horizontal=True):
        st.button(
            t("review_back"), key=f"back {part}", disabled=not offset, on_click=_go_to,
            args=(part, max(0, offset - shown)),
        )  # fmt: skip
        st.button(t("review_on"), key=f"on {part}", disabled=following is None, on_click=_go_to, args=(part, following))


def _go_to(part: str, offset: int) -> None:
    st.session_state.review_offset[part] = offset


def _alias(alias: DoubtedAlias, standing: str) -> None:
    by_hand = any(finding.rule == EDITOR for finding in alias.findings)
    with st.container(border=True):
        kind = t_or("type", alias.entity.type)
        st.markdown(f"**{plain(alias.name)}** → {plain(alias.entity.name)} :gray[{plain(kind)}]")
        for finding in alias.findings:
            st.markdown(f"- {_reason(finding)}")
        st.caption(f"{plain(t('datasets', names='、'.join(alias.datasets)))} · `{alias.id}`")
        with st.container(horizontal=True):
            if standing == "held":
                _button("release", "review_approve", alias.id, ":material/check:")
            if not by_hand:
                _button("hold", "review_keep" if standing == "held" else "review_hold", alias.id, ":material/block:")


def _reason(finding: Finding) -> str:
    """The rule in words, and what it names: other owners, or what a person wrote."""
    said = plain(t_or("rule", finding.rule))
    if finding.rule == EDITOR:
        return f"{said} :gray[{plain(finding.detail)}]"
    _, names, others = finding.detail.partition(" of ")
    return f"{said} :gray[{plain(others)}]" if names and finding.rule in NAMING else said


def _button(verdict: str, word: str, record: str, icon: str) -> None:
    st.button(t(word), key=f"{verdict}_{record}", icon=icon, on_click=_decide, args=(verdict, [record]))


# ---------------------------------------------------------------- all findings


def _findings(client: Client) -> None:
    st.subheader(t("review_findings"), anchor=False)
    left, right = st.columns(2)
    severity = left.selectbox(
        t("severity"), SEVERITIES, None, format_func=lambda name: t(f"finding_{name}"), key="audit_severity",
        placeholder=t("all"),
    )  # fmt: skip
    rule = right.selectbox(
        t("audit_rule"), RULES, None, format_func=lambda name: t_or("rule", name), key="audit_rule",
        placeholder=t("all"),
    )  # fmt: skip
    part = f"findings {severity} {rule}"
    offset = st.session_state.setdefault("review_offset", {}).get(part, 0)
    page = client.findings(rule=rule, severity=severity, limit=FINDINGS_SHOWN, offset=offset)
    if not page.items:
        st.info(t("audit_none"), icon=":material/check:")
        return
    st.caption(t("review_choose"))
    shown = {f"pick {finding.record} {finding.rule} {finding.detail}": finding for finding in page.items}
    picked = [finding for key, finding in shown.items() if _picked(finding, key)]
    _turn(part, offset, page.next_offset, FINDINGS_SHOWN)
    held = [finding.severity == "severe" and not finding.released for finding in picked]
    records = {key: finding.record for key, finding in shown.items()}
    with st.container(horizontal=True):
        st.button(
            t("review_release"), key="release_chosen", icon=":material/check:", disabled=not (held and all(held)),
            on_click=_decide_picked, args=("release", records),
        )  # fmt: skip
        st.button(
            t("review_hold"), key="hold_chosen", icon=":material/block:", disabled=not picked,
            on_click=_decide_picked, args=("hold", records),
        )  # fmt: skip


def _decide_picked(verdict: str, records: Mapping[str, str]) -> None:
    """Decide what is picked now, by the key of its box: the last pick may be newer than the button."""
    _decide(verdict, list(dict.fromkeys(record for key, record in records.items() if st.session_state.get(key))))


def _picked(finding: Finding, key: str) -> bool:
    state = t("audit_released") if finding.released else t(f"finding_{finding.severity}")
    with st.container(gap="xxsmall"):
        chosen = st.checkbox(f"**{plain(t_or('rule', finding.rule))}** :gray[{state}]", key=key)
        st.caption(f"{plain(_what(finding))} · `{finding.record}`")
    return chosen


def _what(finding: Finding) -> str:
    """The record, without the English words that say what the name of the rule says."""
    if finding.rule == "contradiction":
        return finding.detail.replace(": one source says ", "：", 1)
    if finding.rule.startswith("alias-"):
        return finding.detail.rpartition(": ")[0] or finding.detail
    return finding.detail
