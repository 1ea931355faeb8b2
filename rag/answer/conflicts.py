"""Sources that disagree: what they say of one thing, side by side, with who says it. Pure.

A side counts its witnesses by lineage: two shapes of one data set are one witness, however often they repeat it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from rag.answer.rendering import source_line
from rag.domain import Conflict, Evidence, GraphFact, Literal, Side, Source
from rag.text import Quantity, normalise, quantities
from rag.vocabulary import RELATIONS, Relation

DENIED: Mapping[Relation, re.Pattern[str]] = {
    Relation.INFECTIVITY: re.compile(r"无传染性?|不传染|非传染(?:性|病|性疾病)?|没有传染性?|不具有?传染性|否"),
    Relation.INSURANCE: re.compile(r"非医保(?:疾病)?|否|不(?:能|可)?报销|自费"),
}
AFFIRMED: Mapping[Relation, re.Pattern[str]] = {
    # A text that limits itself (有菌者传染，其他无传染) contradicts nothing.
    Relation.INFECTIVITY: re.compile(
        r"(?!.*(?:无|不|未|部分|少数|偶|其他|除))"
        r"(?:(?:具?有|存在)传染性?|传染|是|.{1,20}(?:传播|传染)(?:[、，,；; ].{1,20}(?:传播|传染))*)"
    ),
    Relation.INSURANCE: re.compile(r"医保(?:疾病)?|是|可?报销"),
}
_PERCENT = re.compile(
    r"(?:治愈率)?(?:约|大约|约为|为)?(\d+(?:\.\d+)?)\s*[%％]?(?:\s*[-—–－~～至到]+\s*(\d+(?:\.\d+)?)\s*[%％])?\s*[%％]?(?:左右)?"
)
_ONE_VALUE = (
    Relation.INFECTIVITY, Relation.CURE_RATE, Relation.DURATION, Relation.INSURANCE, Relation.COST, Relation.DOSAGE,
    Relation.REFERENCE_RANGE,
)  # fmt: skip
"""Relations of which a subject has one value, so that two different ones disagree."""
_OPPOSED = (
    (Relation.FOOD_GOOD, Relation.FOOD_BAD),
    (Relation.INDICATION, Relation.CONTRAINDICATION),
    (Relation.RAISED_IN, Relation.LOWERED_IN),
)
_FILLER = re.compile(r"约为?|大约|大概|左右|一般|通常|平均|治愈率|治疗周期|[\s，,。；;、:：()]")
_DAYS = {"天": 1.0, "周": 7.0, "个月": 30.0, "月": 30.0, "年": 365.0, "h": 1 / 24}
_MASS = {"μg": 0.001, "mg": 1.0, "g": 1000.0}
_SINGLE = re.compile(r"(?:每次|一次|1次|单次)[^，,。；;]{0,6}$")


def rate(text: str) -> tuple[float, float] | None:
    """The ends of a plain rate in percent; None for anything that says more."""
    match = _PERCENT.fullmatch(text)
    if match is None or not re.search("[%％]", text):
        return None
    low = float(match[1])
    return low, float(match[2] or low)


def stance(relation: Relation, text: str) -> bool | None:
    """True: yes, False: no, None: something else, for relations that a plain yes or no answers."""
    if relation not in DENIED:
        return None
    if DENIED[relation].fullmatch(text):
        return False
    return True if AFFIRMED[relation].fullmatch(text) else None


def conflicts_in(evidence: Iterable[Evidence]) -> tuple[Conflict, ...]:
    """What the evidence disagrees on, in its order: values of one relation, or opposite relations to one thing."""
    stated = [(e, e.fact) for e in evidence if e.fact is not None]
    return (*_values(stated), *_opposites(stated))


_Stated = Sequence[tuple[Evidence, GraphFact]]


def _values(stated: _Stated) -> Iterator[Conflict]:
    """Facts about one subject, relation and group of people (and dose) whose values exclude each other."""
    groups: dict[tuple[object, ...], list[tuple[Evidence, GraphFact]]] = defaultdict(list)
    for e, fact in stated:
        if fact.relation in _ONE_VALUE:
            groups[fact.subject, fact.relation, fact.qualifiers.population].append((e, fact))
    for (_, relation, _), members in groups.items():
        sides = _agreeing(Relation(str(relation)), members)
        if len(sides) > 1:
            first = members[0][1]
            yield _conflict(first, RELATIONS[first.relation].label, sides)


def _agreeing(relation: Relation, members: _Stated) -> dict[str, list[Evidence]]:
    """Sides, each under its first value: a fact joins the first side that it does not disagree with."""
    sides: dict[str, list[Evidence]] = {}
    for e, fact in members:
        value = fact.object.text if isinstance(fact.object, Literal) else fact.object_text
        fitting = (known for known in sides if not disagree(relation, known, value))
        sides.setdefault(next(fitting, value), []).append(e)
    return sides


def disagree(relation: Relation, a: str, b: str) -> bool:
    """Whether two values of one relation cannot both be meant; what cannot be compared counts by its words."""
    a, b = normalise(a), normalise(b)
    one, other = stance(relation, a), stance(relation, b)
    if one is not None and other is not None:
        return one is not other
    left, right = _range(relation, a), _range(relation, b)
    if left is not None and right is not None:
        return left[0] > right[1] or right[0] > left[1]
    if relation is Relation.DOSAGE:
        return False  # another route or another form, as far as can be told
    return _FILLER.sub("", a) != _FILLER.sub("", b)


def _range(relation: Relation, text: str) -> tuple[float, float] | None:
    """The one range that a text gives, in percent, days, mg or yuan."""
    if relation is Relation.CURE_RATE:
        return rate(text)
    found = quantities(text)
    if relation is Relation.DOSAGE:
        found = [q for q in found if _SINGLE.search(text[: q.start])]
        return _scaled(found, _MASS)
    if relation is Relation.DURATION:
        return _scaled(found, _DAYS)
    return _scaled(found, {"元": 1.0}) if relation is Relation.COST else None


def _scaled(found: Sequence[Quantity], units: Mapping[str, float]) -> tuple[float, float] | None:
    if len(found) != 1 or found[0].unit not in units:
        return None
    return found[0].low * units[found[0].unit], found[0].high * units[found[0].unit]


def _opposites(stated: _Stated) -> Iterator[Conflict]:
    """One thing recommended and forbidden, raised and lowered."""
    by_pair: dict[tuple[object, object], dict[Relation, list[Evidence]]] = defaultdict(lambda: defaultdict(list))
    first: dict[tuple[object, object], GraphFact] = {}
    for e, fact in stated:
        key = (fact.subject, fact.object)
        by_pair[key][fact.relation].append(e)
        first.setdefault(key, fact)
    for pair, said in by_pair.items():
        for a, b in _OPPOSED:
            if a in said and b in said:
                sides = {RELATIONS[relation].label: said[relation] for relation in (a, b)}
                yield _conflict(first[pair], first[pair].object_text, sides)


def _conflict(fact: GraphFact, about: str, sides: Mapping[str, Sequence[Evidence]]) -> Conflict:
    made = tuple(
        Side(value, tuple(e.id for e in said), witnesses(e.source for e in said), tuple(e.source for e in said))
        for value, said in sides.items()
    )
    return Conflict(fact.subject, fact.subject_name, fact.relation, about, fact.qualifiers.population, made)


def witnesses(sources: Iterable[Source]) -> int:
    """How many of the sources are independent of each other."""
    return len({source.lineage or source.id for source in sources})


def independent(conflict: Conflict) -> bool:
    """Whether two sides rest on different lineages; else one data set contradicts itself."""
    lineages = [{source.lineage or source.id for source in side.sources} for side in conflict.sides]
    return any(a != b for a, b in combinations(lineages, 2))


def side_by_side(conflict: Conflict, number: Mapping[str, int]) -> str:
    """The sides in a sentence with the marks of their evidence (`number`: evidence id -> n)."""
    people = f"（{conflict.population}）" if conflict.population else ""
    joined = "的" if conflict.about == RELATIONS[conflict.relation].label else "与"
    lead = "不同来源说法不一" if independent(conflict) else "同一来源的记录说法不一"
    sides = (_unmarked(f"“{side.value}”（{_who(side)}）") + _marks(side, number) for side in conflict.sides)
    return _unmarked(f"{lead}，{conflict.subject_name}{people}{joined}{conflict.about}：") + "；".join(sides) + "。\n"


def _unmarked(text: str) -> str:
    """Numbers in brackets inside a name are no citation."""
    return re.sub(r"\[(\d{1,4})\]", r"［\1］", text)


def _marks(side: Side, number: Mapping[str, int]) -> str:
    return "".join(f"[{number[key]}]" for key in side.evidence_ids if key in number)


def _who(side: Side) -> str:
    lines = "、".join(dict.fromkeys(source_line(source) for source in side.sources))
    return f"{lines}，{side.witnesses}个独立来源" if side.witnesses > 1 else lines
