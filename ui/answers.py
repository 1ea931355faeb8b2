"""An answer that is complete, and why it is what it is."""

from __future__ import annotations

import streamlit as st

from ui.components.cited import cited
from ui.components.scored import scored
from ui.conversation import Exchange, body_of, untold
from ui.markup import plain
from ui.navigation import open_evidence_in_graph
from ui.session import called, t, t_or
from ui.tables import table
from yiwen.client import Answer, Conflict, Evidence, Mention, Triage

STATES = ("negated", "past", "third_person", "hypothetical", "carried")


def red_flag(triage: Triage) -> None:
    """What to do at once; before everything else."""
    if triage.red_flag and triage.action:
        head = f"**{plain(t('emergency_head', label=triage.label or ''))}**  \n" if triage.label else ""
        st.error(f"{head}{plain(triage.action)}", icon=":material/emergency:")


def show(exchange: Exchange, key: str) -> None:
    """Red flag, text with its sources, disagreements, label, reasons."""
    answer = exchange.answer
    assert answer is not None, "only complete answers are shown here"
    red_flag(answer.triage)
    if answer.rewritten:
        st.caption(plain(t("rewritten", text=answer.rewritten)))
    wanted = cited(body_of(answer), answer.citations, exchange.evidence, answer.warnings, fresh=exchange.fresh, key=key)
    exchange.fresh = False
    if rest := untold(answer):
        with st.expander(t("warnings_rest", count=len(rest)), icon=":material/warning:"):
            for warning in rest:
                st.markdown(f"- {plain(warning.text)} :small[{plain('、'.join(warning.evidence_ids))}]")
    for conflict in answer.conflicts:
        _conflict(conflict)
    if answer.degraded:
        st.warning(t("degraded", names="、".join(map(plain, answer.degraded))), icon=":material/cloud_off:")
    provenance = t(
        "provenance", label=answer.label, outcome=t_or("outcome", answer.outcome), version=answer.kb_version,
        generator=called(answer.generator),
    )  # fmt: skip
    st.caption(f"{plain(provenance)}  \n{plain(answer.disclaimer)}")
    with st.expander(t("why"), icon=":material/rule:"):
        _why(answer, exchange.evidence, key)
    if wanted:
        open_evidence_in_graph(wanted)


def _conflict(conflict: Conflict) -> None:
    head = t("conflict", subject=conflict.subject.name, label=conflict.label or conflict.relation)
    with st.container(border=True):
        st.markdown(f":material/balance: **{plain(head)}**")
        for column, side in zip(st.columns(len(conflict.sides)), conflict.sides, strict=True):
            sources = "；".join(f"{s.title}（{s.year or t('no_year')}）" for s in side.sources)
            column.markdown(f"**{plain(side.value)}**")
            column.caption(f"{t('witnesses', count=side.witnesses)}  \n{plain(sources)}")


def _why(answer: Answer, evidence: list[Evidence], key: str) -> None:
    st.markdown(f"**{t('why_entities')}**")
    if answer.entities:
        table([_mention_row(mention) for mention in answer.entities])
    else:
        st.caption(t("why_no_entities"))
    relations = dict.fromkeys(
        found.text.removeprefix(found.title or "").removeprefix("的").partition("：")[0]
        for found in evidence
        if found.kind == "fact"
    )
    if relations:
        st.caption(t("relations", names=plain("、".join(relations))))
    st.markdown(f"**{t('why_evidence')}**")
    if evidence:
        scored(evidence, key=f"{key}_scored")
    else:
        st.caption(t("found_nothing"))
    st.markdown(f"**{t('why_dropped')}**")
    if not answer.dropped:
        st.caption(t("why_nothing_dropped"))
    for dropped in answer.dropped:
        st.markdown(f"- ~~{plain(dropped.sentence)}~~ — {plain(t_or('reason', dropped.reason))}")
    times = "，".join(f"{t_or('stage', stage)} {spent:.1f}" for stage, spent in answer.timings_ms.items())
    st.caption(f"{t('why_times')}：{plain(times)}")


def _mention_row(mention: Mention) -> dict[str, str]:
    states = [t(name) for name in STATES if getattr(mention, name)]
    return {
        t("column_said"): mention.surface or "—",
        t("column_name"): mention.name,
        t("column_type"): t_or("type", mention.type),
        t("column_state"): "、".join(states) or t("stated"),
    }
