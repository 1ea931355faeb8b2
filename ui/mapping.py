"""The form for a table that no format knows: what each of its columns is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui import table_map
from ui.markup import plain
from ui.session import service, t, t_or
from ui.table_map import Description, Use
from ui.tables import table
from yiwen.client import RelationKind, Vocabulary

SAMPLES = 3
SEPARATORS = "、；;"


@st.cache_data(ttl=3600, show_spinner=False)
def _vocabulary() -> Vocabulary:
    with service() as client:
        return client.vocabulary()


def mapping_form(file: str, sheets: Sequence[Mapping[str, Any]]) -> str:
    """Ask which sheet of a file is meant, and what its columns are; the map that follows, as YAML."""
    vocabulary = _vocabulary()
    st.subheader(t("map_form"), anchor=False)
    chosen = _sheet(sheets)
    columns: list[str] = chosen["columns"]
    rows: list[list[str]] = chosen["rows"]
    table([dict(zip(columns, row, strict=True)) for row in rows])
    subject, kind = _subject(columns, vocabulary)
    relations = table_map.relations_of(kind, vocabulary)
    samples = {name: [row[at] for row in rows if row[at]][:SAMPLES] for at, name in enumerate(columns)}
    uses = tuple(_use(name, samples[name], relations, kind) for name in columns if name != subject)
    title, grade, separators = _source(file.rpartition(".")[0], vocabulary)
    return table_map.written(
        Description(chosen["sheet"], chosen["header"], subject, kind, uses, title, grade, separators)
    )


def _sheet(sheets: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The one that the map is for: a map reads one."""
    if len(sheets) == 1:
        return sheets[0]
    names = {str(one["sheet"]): one for one in sheets}
    chosen: str = st.selectbox(t("map_sheet"), list(names), key="map_sheet", help=t("map_sheet_help"))
    return names[chosen]


def _subject(columns: Sequence[str], vocabulary: Vocabulary) -> tuple[str, str]:
    column, kind = table_map.guessed_subject(columns, vocabulary)
    left, right = st.columns(2)
    subject: str = left.selectbox(t("map_subject"), columns, columns.index(column), key="map_subject")
    types = [one.id for one in vocabulary.types]
    chosen: str = right.selectbox(
        t("map_type"), types, types.index(kind), format_func=lambda name: t_or("type", name), key="map_type"
    )
    return subject, chosen


def _use(column: str, samples: Sequence[str], relations: Sequence[RelationKind], kind: str) -> Use:
    """What one column is; the choice begins anew when the subject becomes something else."""
    names = {relation.id: relation for relation in relations}
    guess = table_map.guessed(column, relations)
    options = [*table_map.USES[:1], *names, *table_map.USES[1:]]
    left, right = st.columns([2, 1])
    chosen: str = left.selectbox(
        plain(f"{column}（{'，'.join(samples)[:60]}）" if samples else column), options,
        options.index(guess.relation or guess.kind), key=f"map_use_{kind}_{column}",
        format_func=lambda name: _called(name, names),
    )  # fmt: skip
    if chosen not in names:
        return Use(column, chosen)
    objects = names[chosen].objects
    if len(objects) < 2:
        return Use(column, table_map.RELATION, chosen, next(iter(objects), None))
    type_: str = right.selectbox(
        t("map_object"), objects, format_func=lambda name: t_or("type", name), key=f"map_type_{chosen}_{column}"
    )
    return Use(column, table_map.RELATION, chosen, type_)


def _called(name: str, relations: Mapping[str, RelationKind]) -> str:
    return relations[name].label if name in relations else t(f"map_use_{name}")


def _source(title: str, vocabulary: Vocabulary) -> tuple[str, str, str]:
    labels = {one.id: one.label for one in vocabulary.grades}
    left, middle, right = st.columns([2, 2, 1])
    named: str = left.text_input(t("map_source"), title, key="map_source")
    grade: str = middle.selectbox(
        t("map_grade"), list(labels), list(labels).index("reference"), format_func=labels.__getitem__, key="map_grade"
    )
    separators: str = right.text_input(t("map_separators"), SEPARATORS, key="map_separators")
    return named.strip() or title, grade, separators.strip()
