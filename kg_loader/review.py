"""Which of people's edits in Neo4j become facts of the data set `editors`, and why the others do not.

- A drawn relation becomes a fact with the id that it had when it was read live; a drawn node becomes an entity.
- A changed row of a data set becomes a fact of the editors beside it, and the row is put back; a changed name becomes
  another name of the entity. What a data set asserts is never changed from here.
- What only the editors assert is theirs: a change replaces it, a deletion ends it.
- A deleted row of a data set is not taken: `yiwen kb withdraw` is the way, which says why and can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from kg_loader.edits import ChangedRow, Edits, End, Node, Relationship
from kg_loader.mirror_tables import TYPE_LABELS, Key, Row, Table, tables
from kg_loader.sources.naming import alias_kind, entity, fault, trimmed, unsafe_alias
from rag.domain import EDITOR, Alias, Entity, EntityId, Fact, Literal, Record
from rag.graph.by_hand import NotAFactError, fact_by_hand
from rag.graph.queries import TYPED_RELATION
from rag.linking.features import compatible
from rag.snapshot.records import Records
from rag.snapshot.schema import FACT, record_key
from rag.text import normalise
from rag.vocabulary import EntityType

EDITORS = "editors"
"""The data set that asserts what was adopted."""
_TYPE_OF_LABEL = dict(zip(TYPE_LABELS, EntityType, strict=True))
T = TypeVar("T")
_RESTORE = "`yiwen kb mirror --repair` puts it back"


@dataclass(frozen=True)
class Adopted:
    """An edit that was taken; `evidence_id` where it is a fact."""

    kind: str
    line: str
    evidence_id: str | None = None


@dataclass(frozen=True)
class Refused:
    """An edit that was left as it is."""

    line: str
    reason: str


@dataclass
class Review:
    """The verdict: what the editors assert from now on, and what becomes of the things drawn in Neo4j."""

    records: dict[Record, None] = field(default_factory=dict)
    adopted: list[Adopted] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    relations: list[tuple[Relationship, Fact]] = field(default_factory=list)
    nodes: list[tuple[Node, EntityId]] = field(default_factory=list)
    literals: list[End] = field(default_factory=list)
    restored: list[ChangedRow] = field(default_factory=list)


def review(edits: Edits, held: Records, erased: Container[str] = ()) -> Review:
    """Judge every edit against the vocabulary, the version in `held` and the ids that were erased. Changes nothing."""
    return _Reviewer(held, erased).run(edits)


class _NotTakenError(ValueError):
    """An edit that cannot be adopted; the message is the reason."""


class _Reviewer:
    """One run of `review`."""

    def __init__(self, held: Records, erased: Container[str]) -> None:
        self._held, self._erased = held, erased
        self._done = Review(records=dict.fromkeys(held.asserted_by(EDITORS)))
        self._entities: dict[str, EntityId] = {}  # of drawn nodes, by element

    def run(self, edits: Edits) -> Review:
        for node in edits.nodes:
            self._attempt(str(node), self._node, node)
        for relation in edits.relations:
            self._attempt(str(relation), self._relation, relation)
        for changed in edits.changed:
            self._attempt(_changed_line(changed), self._changed, changed)
        self._deleted(edits.deleted)
        for table, key in edits.foreign:
            self._refuse(_row_line(table, key), f"passages, sources, texts and mentions follow from files; {_RESTORE}")
        for name, close, count in edits.lookalikes:
            self._refuse(f"{count} relations of type {name}", f"there is no such type; {close} is one")
        return self._done

    def _attempt(self, line: str, take: Callable[[T], None], edit: T) -> None:
        try:
            take(edit)
        except (_NotTakenError, NotAFactError) as error:
            self._refuse(line, str(error))

    def _refuse(self, line: str, reason: str) -> None:
        self._done.refused.append(Refused(line, reason))

    def _take(self, kind: str, line: str, *records: Record) -> None:
        fact = next((record.id for record in records if isinstance(record, Fact)), None)
        if fact is not None and fact in self._erased:
            raise _NotTakenError(f"{fact} was erased, and does not come in again; delete the relation")
        self._done.records |= dict.fromkeys(records)
        self._done.adopted.append(Adopted(kind, line, fact))

    # ------------------------------------------------------------ drawn

    def _node(self, node: Node) -> None:
        kinds = [_TYPE_OF_LABEL[label] for label in node.labels if label in _TYPE_OF_LABEL]
        if len(kinds) != 1:
            raise _NotTakenError(f"it has {len(kinds)} labels of ours; expected exactly one, such as :Disease")
        name = _name(node.properties.get("name"), kinds[0])
        found = entity(name, kinds[0])
        self._entities[node.element] = found.id
        self._done.nodes.append((node, found.id))
        if self._known(found.id):
            self._take("node", f"{node} is {found.id}")
        else:
            self._take("node", f"{node} becomes {found.id}", found)

    def _relation(self, relation: Relationship) -> None:
        subject, target = self._end(relation.start), self._target(relation.end)
        limits = {name: relation.properties.get(name) for name in ("severity", "population", "dose")}
        fact = fact_by_hand(subject, TYPED_RELATION[relation.type], target, **limits)
        self._take("relation", _with_unread(relation), EDITOR, *self._ends(fact), fact)
        self._done.relations.append((relation, fact))
        if isinstance(target, Literal) and relation.end.kb is None:
            self._done.literals.append(relation.end)

    def _end(self, end: End) -> EntityId:
        drawn = self._entities.get(end.element)
        if drawn is not None:
            return drawn
        if end.kb is not None and end.id is not None and self._known(EntityId(end.id)):
            return EntityId(end.id)
        raise _NotTakenError(f"{end} is no entity that can be adopted; give it one label such as :Disease, and :Entity")

    def _target(self, end: End) -> EntityId | Literal:
        if "Literal" not in end.labels:
            return self._end(end)
        if not isinstance(end.name, str):
            raise _NotTakenError("its (:Literal) has no text under `name`")
        return Literal(end.name, "")  # `fact_by_hand` knows the kind

    def _ends(self, fact: Fact) -> list[Entity]:
        """Both ends as entities of the editors, so that they outlive the data set that brought them."""
        ends = [end for end in (fact.subject, fact.object) if not isinstance(end, Literal)]
        return list(self._held.entities(ends).values())

    def _known(self, identifier: EntityId) -> bool:
        return bool(self._held.entities([identifier]))

    # ------------------------------------------------------------ changed

    def _changed(self, changed: ChangedRow) -> None:
        if isinstance(changed.live, Relationship):
            self._changed_fact(changed, changed.live)
        elif changed.table.name == "Literal":
            self._changed_text(changed)
        elif changed.table.name.endswith(":"):
            self._renamed(changed)
        else:
            raise _NotTakenError(f"passages and sources are what their files say; {_RESTORE}")
        self._done.restored.append(changed)

    def _changed_fact(self, changed: ChangedRow, live: Relationship) -> None:
        if changed.own[5:8] == changed.found[5:8]:
            raise _NotTakenError(f"source and rank of a fact are its data set's; {_RESTORE}")
        before = self._held.facts([changed.own[2]])[changed.own[2]]
        limits = {name: live.properties.get(name) for name in ("severity", "population", "dose")}
        fact = fact_by_hand(before.subject, before.relation, before.object, **limits)
        if self._is_theirs(before.id):
            self._forget(before.id)
        self._take("changed", _changed_line(changed), EDITOR, *self._ends(fact), fact)

    def _changed_text(self, changed: ChangedRow) -> None:
        if changed.own[2] != changed.found[2]:
            raise _NotTakenError(f"the kind of a text belongs to its relation; {_RESTORE}")
        facts = [self._held.facts([row[2]])[row[2]] for row in self._saying(changed.own[0])]
        if len({fact.subject for fact in facts}) > 1:
            raise _NotTakenError(
                f"{len(facts)} facts share this text; draw a relation to a new (:Literal {{name}}) where it is meant"
            )
        for fact in facts:
            said = Literal(str(changed.found[1] or ""), "")
            limits = vars(fact.qualifiers)
            new = fact_by_hand(fact.subject, fact.relation, said, **limits)
            if self._is_theirs(fact.id):
                self._forget(fact.id)
            self._take("changed", _changed_line(changed), EDITOR, *self._ends(new), new)

    def _saying(self, literal: str) -> Iterator[Row]:
        """The rows of facts that lead to a text."""
        for table in tables():
            if table.name.endswith(" to Literal"):
                yield from (row for row in table.rows(self._held.connection()) if row[1] == literal)

    def _renamed(self, changed: ChangedRow) -> None:
        identifier = EntityId(changed.own[0])
        kind = EntityType(identifier.partition(":")[0])
        if changed.found[1] is None and isinstance(changed.live, Node) and "name" in changed.live.properties:
            raise _NotTakenError(f"its label was taken away, and an entity never changes its type; {_RESTORE}")
        name = _name(changed.found[1], kind)
        new = entity(name, kind)
        if new.id == identifier:
            self._take("spelling", _changed_line(changed), new)
            return
        if self._known(new.id):
            raise _NotTakenError(f"{name} is the name of {new.id}; draw relations at that one")
        if unsafe_alias(name, kind) or not compatible(normalise(name), identifier.partition(":")[2]):
            raise _NotTakenError(f"{name} cannot be another name of {identifier}: it is too general, or names another")
        self._take("alias", _changed_line(changed), Alias(name, identifier, alias_kind(name)))

    # ------------------------------------------------------------ deleted

    def _deleted(self, deleted: Iterable[tuple[Table, Row]]) -> None:
        rows = list(deleted)
        lost = {row[0]: 0 for table, row in rows if table.name.endswith(":")}
        for table, row in rows:
            if not table.node and table.keys > 2:
                self._deleted_fact(table, row, lost)
        for table, row in rows:
            if table.name.endswith(":"):
                self._deleted_entity(row[0], lost[row[0]])
            elif table.node:
                self._refuse(f"{row[0]} was deleted", f"passages, sources and texts follow from files; {_RESTORE}")
        derived = sum(table.derived for table, _ in rows)
        if derived:
            self._refuse(f"{derived} relations of mentions and sources were deleted", _RESTORE)

    def _deleted_fact(self, table: Table, row: Row, lost: dict[str, int]) -> None:
        line = f"{row[0]} -[{table.name.partition(' ')[0]}]-> {_shown(self._held, row[2])}"
        if self._is_theirs(row[2]):
            self._forget(row[2])
            self._done.adopted.append(Adopted("deleted", line, row[2]))
        elif end := next((end for end in (row[0], row[1]) if end in lost), None):
            lost[end] += 1
        else:
            self._refuse(f"{line} was deleted", f"withdraw it with `yiwen kb withdraw {row[2]}`; {_RESTORE}")

    def _deleted_entity(self, identifier: EntityId, facts: int) -> None:
        own = [r for r in self._done.records if isinstance(r, Entity) and r.id == identifier]
        if own and not facts and not self._asserted_elsewhere(identifier):
            self._done.records = {record: None for record in self._done.records if record not in own}
            self._done.adopted.append(Adopted("deleted", identifier))
            return
        beside = f" and {facts} facts with it" if facts else ""
        self._refuse(f"{identifier} was deleted{beside}", f"data sets assert it; {_RESTORE}")

    def _asserted_elsewhere(self, identifier: EntityId) -> bool:
        """Whether anything but the editors' records names an entity."""
        sql = (
            "SELECT EXISTS (SELECT 1 FROM spelling s JOIN assertion a ON a.kind = 0 AND a.record = s.pk "
            "JOIN dataset d ON d.pk = a.dataset WHERE s.entity = e.pk AND d.name <> ?2) OR EXISTS (SELECT 1 FROM alias "
            "WHERE entity = e.pk) OR EXISTS (SELECT 1 FROM passage WHERE about = e.pk) FROM entity e WHERE e.id = ?1"
        )
        row = self._held.connection().execute(sql, (identifier, EDITORS)).fetchone()
        return bool(row and row[0])

    # ------------------------------------------------------------ the editors' own

    def _is_theirs(self, fact: str) -> bool:
        """Whether only the editors assert a fact."""
        known = self._held.facts([fact]).get(fact)
        if known is None:
            return False
        stated = Fact(known.subject, known.relation, known.object, known.source, known.qualifiers)
        return self._held.asserting(FACT, record_key(stated)) == [EDITORS]

    def _forget(self, fact: str) -> None:
        self._done.records = {
            record: None for record in self._done.records if not (isinstance(record, Fact) and record.id == fact)
        }


def _name(given: object, kind: EntityType) -> str:
    """A name fit for an entity of this type. Raises _NotTakenError."""
    if not isinstance(given, str) or not given.strip():
        raise _NotTakenError("it has no text under `name`")
    name = trimmed(given)
    if reason := fault(name, kind):
        raise _NotTakenError(f"{given!r:.60} is no name ({reason})")
    return name


def _with_unread(relation: Relationship) -> str:
    """The relation, and properties of it that mean nothing to us, so that a slip of the pen is seen."""
    known = {"id", "source", "rank", "severity", "population", "dose"}
    unread = sorted(set(relation.properties) - known)
    return f"{relation} (not read: {', '.join(unread)})" if unread else str(relation)


def _changed_line(changed: ChangedRow) -> str:
    """Such as `disease:甲病: name 甲病 -> 丁病`."""
    if isinstance(changed.live, Relationship):
        limits = (("severity", 5), ("population", 6), ("dose", 7), ("source", 3), ("rank", 4))
        return f"{changed.live}: {_differences(changed, limits)}"
    first = "text" if changed.table.name == "Passage" else "name"
    columns = [(first, 1)] if changed.own[1] != changed.found[1] else []
    return f"{changed.own[0]}: {_differences(changed, columns) or 'other properties'}"


def _differences(changed: ChangedRow, columns: Iterable[tuple[str, int]]) -> str:
    return ", ".join(
        f"{name} {_short(changed.own[at])} -> {_short(changed.found[at])}"
        for name, at in columns
        if changed.own[at] != changed.found[at]
    )


def _short(value: object) -> str:
    return "nothing" if value is None else f"{value!s:.60}"


def _row_line(table: Table, key: Key) -> str:
    return f"{table.name} {' '.join(map(str, key))} was added"


def _shown(held: Records, fact: str) -> str:
    found = held.facts([fact]).get(fact)
    return found.object_text if found else fact
