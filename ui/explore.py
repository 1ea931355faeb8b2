"""The knowledge graph: find an entity, read what is recorded of it, walk to its neighbours, find a path."""

from __future__ import annotations

import streamlit as st

from ui import consult
from ui.components.network import network
from ui.drawing import drawn, drawn_narrow
from ui.markup import plain
from ui.navigation import go
from ui.session import service, t, t_or
from ui.words import WORDS
from yiwen.client import Client, Entity, EntityInFull, Fact, FactGroup, Paths

PICTURE_LIMIT = 5
"""Facts of each relation in the picture."""
FACTS_LIMIT = 30
MATCHES = 12


def page() -> None:
    """Draw the page."""
    st.title(t("graph"), anchor=False)
    query = st.text_input(t("entity_query"), key="entity_query", placeholder=t("entity_placeholder"))
    if query != st.session_state.get("entity_queried", ""):
        st.session_state.entity_queried = query
        st.session_state.pop("entity", None)
    with service() as client:
        _matches(client, query.strip())
        chosen = st.session_state.get("entity")
        if chosen:
            _entity(client, chosen)
        elif not query.strip():
            st.info(t("entity_start"), icon=":material/search:")
        _path(client)


def _choose(identifier: str) -> None:
    st.session_state.entity = identifier


def _matches(client: Client, query: str) -> None:
    """Those found by name; the best one is opened until another is chosen."""
    if not query:
        return
    items = client.entities(query, limit=MATCHES).items
    if not items:
        st.warning(plain(t("entity_none", query=query)), icon=":material/search_off:")
        return
    st.session_state.setdefault("entity", items[0].id)
    if len(items) > 1:
        st.caption(t("matches"))
        with st.container(horizontal=True, gap="xsmall"):
            for item in items:
                is_open = item.id == st.session_state.entity
                st.button(
                    _named(item), key=f"match_{item.id}", on_click=_choose, args=(item.id,),
                    type="primary" if is_open else "secondary",
                )  # fmt: skip


def _named(entity: Entity) -> str:
    return f"{plain(entity.name)}（{t_or('type', entity.type)}）"


# ---------------------------------------------------------------- one entity


def _entity(client: Client, identifier: str) -> None:
    found = client.entity(identifier, limit=FACTS_LIMIT)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(plain(found.name), anchor=False, width="content")
        st.badge(t_or("type", found.type), width="content")
        asked = st.button(t("ask_about"), key="ask_about", icon=":material/forum:", type="tertiary")
    if found.aliases:
        st.caption(plain(t("also_called", names="、".join(dict.fromkeys(alias.name for alias in found.aliases)))))
    facts, picture, passages = st.tabs([t("facts"), t("picture"), t("passages")])
    with facts:
        for group in found.groups:
            _group(group)
    with picture:
        _picture(client, found)
    with passages:
        _passages(client, found)
    if asked:
        consult.ask(f"{found.name}是什么？")
        go("consult")


def _group(group: FactGroup) -> None:
    """Names as buttons that lead on, texts as they are; the source of each is told on hovering and below."""
    head = plain(group.label) + (t("incoming") if group.direction == "incoming" else "")
    st.markdown(f"**{head}** :gray[{group.count}]")
    with st.container(horizontal=True, gap="xsmall"):
        for fact in group.facts:
            _fact(fact, group)
    if group.count > len(group.facts):
        st.caption(t("more_facts", count=group.count, shown=len(group.facts)))


def _fact(fact: Fact, group: FactGroup) -> None:
    other = fact.subject if group.direction == "incoming" else fact.object
    qualifiers = "，".join(filter(None, (fact.severity, fact.population, fact.dose)))
    name = plain(other.name) + (f"（{plain(qualifiers)}）" if qualifiers else "")
    about = _source_line(fact)
    if other.id is None:
        st.markdown(name, help=about)
    else:
        st.button(name, key=f"{group.direction}_{fact.id}", on_click=_choose, args=(other.id,), help=about)


def _source_line(fact: Fact) -> str:
    source = fact.source
    if source is None:
        return f"`{fact.id}`"
    return f"{plain(source.title)} · {source.year or t('no_year')} · {plain(source.grade_label)} · `{fact.id}`"


def _picture(client: Client, found: EntityInFull) -> None:
    graph = client.graph(found.id, limit=PICTURE_LIMIT)
    if not graph.edges:
        st.caption(t("picture_empty"))
        return
    st.caption(t("picture_hint", limit=PICTURE_LIMIT))
    kinds = {name.removeprefix("type_"): t(name) for name in WORDS if name.startswith("type_")}
    label = f"{t('picture')}: {found.name}"
    chosen = network(drawn(graph), drawn_narrow(graph), kinds, label, key=f"network_{found.id}")
    if chosen and chosen != found.id:
        _choose(chosen)
        st.rerun()


def _passages(client: Client, found: EntityInFull) -> None:
    shown = [evidence for evidence in client.search(found.name, top_k=5).evidence if evidence.kind != "fact"]
    if not shown:
        st.caption(t("passages_none"))
    for evidence in shown:
        with st.container(border=True):
            source = evidence.source
            st.markdown(plain(evidence.text))
            st.caption(
                f"{plain(source.title)} · {source.year or t('no_year')} · {plain(source.grade_label)} · `{evidence.id}`"
            )


# ---------------------------------------------------------------- from one to another


def _path(client: Client) -> None:
    st.divider()
    st.subheader(t("path"), anchor=False)
    with st.form("path"):
        left, right = st.columns(2)
        names = (
            left.text_input(t("path_from"), key="path_from", placeholder="偏头痛"),
            right.text_input(t("path_to"), key="path_to", placeholder="华法林"),
        )
        sent = st.form_submit_button(t("path_find"), icon=":material/route:")
    if not sent or not all(name.strip() for name in names):
        return
    ends = []
    for name in names:
        best = next(iter(client.entities(name.strip(), limit=1).items), None)
        if best is None:
            st.warning(plain(t("path_unknown", name=name.strip())))
            return
        ends.append(best.id)
    found = client.paths(ends[0], ends[1], limit=6)
    if not found.paths:
        st.info(t("path_none"))
    for chain in found.paths:
        st.markdown(_chain(found, chain, ends[0]))


def _chain(found: Paths, chain: tuple[str, ...], start: str) -> str:
    """`A —relation→ B ←relation— C`: the arrow points as the fact does."""
    edges, names = {edge.id: edge for edge in found.edges}, {node.id: node.name for node in found.nodes}
    here, parts = start, [f"**{plain(names.get(start, start))}**"]
    for identifier in chain:
        edge = edges[identifier]
        forward = edge.start == here
        here = edge.end if forward else edge.start
        label = plain(edge.label)
        parts.append(f":gray[— {label} →]" if forward else f":gray[← {label} —]")
        parts.append(f"**{plain(names.get(here, here))}**")
    return f"- {' '.join(parts)}"
