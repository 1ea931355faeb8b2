"""Aliases that link where nothing is meant: too short, everyday words, somebody else's name, the broader term."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kg_loader.audit.knowledge import Knowledge, alias_id, everyday_words, listed
from kg_loader.sources.naming import names_an_illness, unsafe_alias
from rag.domain import AliasKind, Finding, Severity
from rag.linking.features import compatible, icd_category, opposed
from rag.text import is_han, normalise
from rag.vocabulary import EntityType, Relation

ONE_CHARACTER, EVERYDAY, OWN_NAME, SHARED, BROADER = (
    "alias-one-character", "alias-everyday-word", "alias-own-name", "alias-shared", "alias-broader-term",
)  # fmt: skip
_T = EntityType
_ANSWERED = frozenset({_T.DISEASE, _T.DRUG, _T.HERB, _T.FORMULA, _T.SYNDROME, _T.TREATMENT, _T.THERAPY, _T.EXAMINATION})
"""Types that questions are answered about; that 孩子 stands for the population 儿童 is right."""
_NAMED_ALONE = (_T.DISEASE, _T.SYNDROME, _T.FORMULA)
"""Things of other types do have everyday names: 安定 is a tablet, 翻身 a kind of nursing."""
_SPOKEN_OF = (_T.POPULATION, _T.BODY_PART, _T.TREATMENT, _T.THERAPY, _T.CAUSE, _T.INDICATOR)
_ILL = (_T.DISEASE, _T.SYMPTOM)


class _Alias(NamedTuple):
    """A row of the table and what is known of its entity; there are many, hence no dataclass."""

    key: int
    name: str
    folded: str
    kind: str
    entity: int
    id: str
    type: str

    @property
    def own(self) -> str:
        """The normalised name of the entity."""
        return self.id.partition(":")[2]


def aliases(kb: Knowledge) -> Iterator[Finding]:
    """All rules about aliases, from one pass over them."""
    rows = kb.connection.execute("SELECT pk, name, normalised, kind, entity FROM alias ORDER BY pk")
    found = [
        _Alias(key, name, folded, kind, entity, *kb.entities[entity][:2]) for key, name, folded, kind, entity in rows
    ]
    owners: dict[tuple[str, str], list[_Alias]] = defaultdict(list)
    for alias in found:
        owners[alias.folded, alias.type].append(alias)
    heads = _heads(kb, {alias.folded for alias in found})
    codes = _codes(kb)
    for alias in found:
        yield from _short(alias)
        yield from _everyday(kb, alias)
        yield from _own_name(kb, alias, codes)
        yield from _broader(kb, alias, heads)
    for group in owners.values():
        yield from _shared(kb, group)


def _finding(rule: str, severity: Severity, alias: _Alias, detail: str, evidence: Sequence[str] = ()) -> Finding:
    shown = f"{alias.name} -> {alias.id}: {detail}"
    return Finding(rule, severity, "alias", alias_id(alias.key), shown, (alias.id, *evidence))


def _short(alias: _Alias) -> Iterator[Finding]:
    """疖 and 痈 are names of one character; none of them ever links by itself."""
    if len(alias.folded) == 1 and alias.type != _T.BODY_PART:
        severity = Severity.WARNING if names_an_illness(alias.folded) else Severity.SEVERE
        yield _finding(ONE_CHARACTER, severity, alias, "one character")


def _everyday(kb: Knowledge, alias: _Alias) -> Iterator[Finding]:
    """Severe: a generic word, a numeral, a remnant; a word that no part of the name explains; a herb's folk name.

    Lists of herbs hold names that nobody uses for the herb (大发, 负担): as words of a question they are not meant.

    Who calls an alias an abbreviation or a colloquial name (非典) knows that it is an everyday word.
    """
    if len(alias.folded) > 1 and alias.type not in _SPOKEN_OF and unsafe_alias(alias.name, EntityType(alias.type)):
        yield _finding(EVERYDAY, Severity.SEVERE, alias, "a generic word, a numeral or what is left of a name")
        return
    if alias.type not in _ANSWERED or alias.folded not in everyday_words():
        return
    if not kb.types.get(alias.folded, {}).keys().isdisjoint(_ILL):
        return
    unmarked = alias.kind == AliasKind.SYNONYM and alias.type in _NAMED_ALONE
    strange = unmarked and set(alias.folded).isdisjoint(alias.own)
    folk = alias.kind == AliasKind.SYNONYM and alias.type == _T.HERB
    severity = Severity.SEVERE if strange or folk else Severity.WARNING
    yield _finding(EVERYDAY, severity, alias, "an everyday word")


def _own_name(kb: Knowledge, alias: _Alias, codes: Mapping[int, set[str]]) -> Iterator[Finding]:
    other = kb.types.get(alias.folded, {}).get(alias.type)
    if other is not None and other != alias.entity and kb.as_subject.get(other):
        within = alias.folded in alias.own or alias.own in alias.folded
        apart = opposed(alias.folded, alias.own) or (within and not compatible(alias.folded, alias.own))
        mine, others = codes.get(alias.entity, set()), codes.get(other, set())
        coded = bool(mine and others) and mine.isdisjoint(others)
        detail = "the own name of another entity" + (", broader, narrower or opposed" if apart else "")
        detail += f", coded {listed(sorted(others), 2)} and not {listed(sorted(mine), 2)}" if coded else ""
        severity = Severity.WARNING if apart or coded else Severity.INFO
        yield _finding(OWN_NAME, severity, alias, detail, [kb.entities[other][0]])


def _codes(kb: Knowledge) -> Mapping[int, set[str]]:
    """Entity -> the categories of the ICD in which it is."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = kb.connection.execute(
        "SELECT subject, literal FROM fact WHERE relation = ? AND literal IS NOT NULL", (Relation.CODE,)
    )
    for subject, literal in rows:
        if code := icd_category(normalise(literal).rpartition(" ")[2]):
            found[subject].add(code)
    return found


# ---------------------------------------------------------------- the broader term


def _heads(kb: Knowledge, wanted: set[str]) -> Mapping[tuple[str, str], list[str]]:
    """(alias, type) -> names of entities that end in it and say more (急性阑尾炎 ends in 阑尾炎)."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for identifier, kind, _ in kb.entities.values():
        if kind in _ILL:
            name = identifier.partition(":")[2]
            for start in range(1, len(name) - 1):
                if name[start:] in wanted:
                    found[name[start:], kind].append(name)
    return found


def _broader(kb: Knowledge, alias: _Alias, heads: Mapping[tuple[str, str], list[str]]) -> Iterator[Finding]:
    """The linker already asks where a hard feature tells the two apart; it would not where none does."""
    narrower = heads.get((alias.folded, alias.type), ())
    if alias.type not in _ILL or len(narrower) < 2 or not alias.own.endswith(alias.folded):
        return
    if any(map(is_han, alias.folded)):
        others = sorted(name for name in narrower if name != alias.own)
        yield _finding(BROADER, Severity.WARNING, alias, f"the broader term, also of {listed(others, 3)}")


# ---------------------------------------------------------------- several owners


def _shared(kb: Knowledge, group: Sequence[_Alias]) -> Iterator[Finding]:
    """One name for several things of one type that have nothing in common. Codes belong to several by design."""
    if len({alias.entity for alias in group}) < 2 or not any(map(is_han, group[0].folded)):
        return
    names = sorted(kb.name(alias.entity) for alias in group)
    unrelated = len(group) > 2 and _strangers(kb, group)
    for alias in group:
        severity = Severity.SEVERE if unrelated else Severity.INFO
        others = [one.id for one in group if one.entity != alias.entity][:5]
        yield _finding(SHARED, severity, alias, f"a name of {listed(names)}", others)


def _strangers(kb: Knowledge, group: Sequence[_Alias]) -> bool:
    """Whether no two of them share a department, a part of the body or a character of their names."""
    places = Counter(place for alias in group for place in kb.places.get(alias.entity, ()))
    letters = Counter(letter for alias in group for letter in set(alias.own))
    placed = all(kb.places.get(alias.entity) for alias in group)
    return placed and max(places.values(), default=0) < 2 and max(letters.values(), default=0) < 2
