"""Doses that cannot be meant: far from the drug's other doses by the same route, a unit or a point that slipped."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from kg_loader.audit.knowledge import Knowledge, fact_id, passage_id
from rag.domain import Finding, Severity
from rag.vocabulary import EntityType, Relation

DOSE, FREQUENCY = "dose-outlier", "frequency-outlier"
_MASS = {"g": 1000.0, "克": 1000.0, "mg": 1.0, "毫克": 1.0, "μg": 0.001, "ug": 0.001, "mcg": 0.001, "微克": 0.001}
_VOLUME = {"ml": 1.0, "毫升": 1.0}
_ACTIVITY = {"万u": 10000.0, "万单位": 10000.0, "u": 1.0, "iu": 1.0, "单位": 1.0}
_PIECES = dict.fromkeys(("片", "粒", "丸", "袋", "支", "滴"), 1.0)
_UNITS = {**_MASS, **_VOLUME, **_ACTIVITY, **_PIECES}
_MEASURES = {
    **dict.fromkeys(_MASS, "mass"), **dict.fromkeys(_VOLUME, "volume"), **dict.fromkeys(_ACTIVITY, "activity"),
    **{piece: piece for piece in _PIECES},
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_WEIGHED = "|".join(sorted(_MASS, key=len, reverse=True))
_SINGLE = re.compile(
    rf"(?:每次|一次|1次|单次|每服)(?:口服|服用?|用|注射|给药)?约?\s*(?P<low>\d+(?:\.\d+)?)\s*(?P<first>{_UNIT})?"
    rf"(?:\s*[-~～—－至]+\s*(?P<high>\d+(?:\.\d+)?))?\s*(?P<unit>{_UNIT})(?!\s*[/／]|\s*[·.(（]\s*kg|每)",
    re.IGNORECASE,
)
_ROUTES = (
    ("injected", re.compile("注|滴注|静滴|静推|肌内|皮下|鞘内|瘤|腔")),
    ("inhaled", re.compile("吸入|喷|雾")),
    ("outward", re.compile("外用|涂|搽|敷|点眼|滴眼|滴耳|滴鼻|灌肠|肛|阴道|塞|玻璃体|局部|含漱|洗")),
    ("swallowed", re.compile("口服|内服|饭|吞服|冲服|送服|含服|煎服|顿服")),
)
_CHILD = re.compile("儿童|小儿|婴|幼儿|新生儿|周岁|\\d岁")
_TIMES = re.compile(r"(?:每日|每天|一日|1日|日服|一天)\s*(?P<low>\d{1,3})\s*(?:[-~～—－至]+\s*(?P<high>\d{1,3})\s*)?次")
_OFTEN_GIVEN = re.compile("眼|滴|耳|鼻|含|漱|喷|涂|搽")
_MOST_TIMES = 12
"""A day; drops into the eye are given each hour."""
_FEW, _FAR, _SLIPPED = 3, 5.0, 100.0


@dataclass(frozen=True)
class _Dose:
    """One single dose as a text states it. `low` and `high` in mg, units, ml or pieces."""

    drug: str
    low: float
    high: float
    route: str
    text: str
    record: str
    kind: str

    @property
    def middle(self) -> float:
        """Between its ends, in the sense of ratios."""
        return math.sqrt(self.low * self.high)


def doses(kb: Knowledge) -> Iterator[Finding]:
    """Outliers among what all records say of one drug, and numbers of times that no day holds."""
    groups: dict[tuple[str, str, str], list[_Dose]] = defaultdict(list)
    per_kilogram: dict[tuple[str, str], list[_PerKilogram]] = defaultdict(list)
    for drug, text, record, kind in _texts(kb):
        yield from _too_often(text, record, kind)
        for measure, dose in _single_doses(drug, text, record, kind):
            if dose.low > 0:
                groups[drug, measure, dose.route].append(dose)
        for weighed in _weighed_doses(text):
            per_kilogram[drug, weighed.route].append(weighed)
    for group in groups.values():
        yield from _outliers(group)
    strengths = _strengths(kb)
    for (drug, measure, route), group in groups.items():
        if measure == "mass":
            yield from _against_strength(group, strengths.get(drug, ()))
            if route.endswith("adult"):
                yield from _against_weight(group, per_kilogram.get((drug, route.partition(" ")[0]), ()))


def _texts(kb: Knowledge) -> Iterator[tuple[str, str, str, str]]:
    """(drug, text, record, kind) of every statement about a dose."""
    sql = "SELECT pk, about, text FROM passage WHERE aspect = '用法用量' AND about IS NOT NULL ORDER BY pk"
    for key, about, text in kb.connection.execute(sql):
        yield kb.entities[about][0], text, passage_id(key), "passage"
    sql = "SELECT pk, subject, literal FROM fact WHERE relation = ? AND literal IS NOT NULL ORDER BY pk"
    for key, subject, text in kb.connection.execute(sql, (Relation.DOSAGE,)):
        yield kb.entities[subject][0], text, fact_id(key), "fact"
    sql = "SELECT pk, subject, object, dose FROM fact WHERE dose IS NOT NULL AND object IS NOT NULL ORDER BY pk"
    for key, subject, target, text in kb.connection.execute(sql):
        drug = target if kb.entities[target][1] == EntityType.DRUG else subject
        yield kb.entities[drug][0], text, fact_id(key), "fact"


def _single_doses(drug: str, text: str, record: str, kind: str) -> Iterator[tuple[str, _Dose]]:
    """(what is measured, dose); the route is the last one named before it, children's doses are their own group."""
    for found in _SINGLE.finditer(text):
        unit = found["unit"].lower()
        factor = _UNITS[unit]
        low = float(found["low"]) * _UNITS[(found["first"] or unit).lower()]
        high = float(found["high"]) * factor if found["high"] else low
        if high >= low:
            yield _MEASURES[unit], _Dose(drug, low, high, _route(text[: found.start()]), found.group(), record, kind)


def _route(before: str) -> str:
    places = {name: max((m.end() for m in pattern.finditer(before)), default=-1) for name, pattern in _ROUTES}
    name, at = max(places.items(), key=lambda item: item[1])
    clause = before[-40:]
    people = "child" if _CHILD.search(clause) else "adult"
    return f"{name if at >= 0 else 'swallowed'} {people}"


def _outliers(group: Sequence[_Dose]) -> Iterator[Finding]:
    """A dose is compared with those of other records; a few that agree are needed to call one wrong."""
    records = {dose.record for dose in group}
    if len(records) < 2:
        return
    for dose in group:
        others = sorted({(other.middle, other.text, other.record) for other in group if other.record != dose.record})
        usual = median(value for value, *_ in others)
        near = [other for other in others if usual / 3 <= other[0] <= usual * 3]
        ratio = max(dose.middle / usual, usual / dose.middle)
        if len(near) < _FEW or len(near) < len(others) * 0.7 or ratio < _FAR:
            continue
        severity = Severity.SEVERE if ratio >= _SLIPPED else Severity.WARNING
        detail = f"{dose.drug}: {dose.text}, {ratio:.0f} times away from the others: {near[0][1]}"
        yield Finding(DOSE, severity, dose.kind, dose.record, detail, tuple(other[2] for other in near[:5]))


def _too_often(text: str, record: str, kind: str) -> Iterator[Finding]:
    for found in _TIMES.finditer(text):
        times = int(found["high"] or found["low"])
        if times > _MOST_TIMES and not _OFTEN_GIVEN.search(text[max(0, found.start() - 60) : found.end()]):
            yield Finding(FREQUENCY, Severity.WARNING, kind, record, f"{found.group()} is more than a day holds")
            return


# ---------------------------------------------------------------- a dose and what one piece holds

_STRENGTH = re.compile(rf"(\d+(?:\.\d+)?)\s*({_WEIGHED})(?![/／a-zA-Z])", re.IGNORECASE)
_PIECES_AWAY = 100.0


def _strengths(kb: Knowledge) -> Mapping[str, Sequence[float]]:
    """What a tablet, ampoule or bag of each drug holds, in mg."""
    found: dict[str, list[float]] = defaultdict(list)
    sql = "SELECT subject, literal FROM fact WHERE relation = ? AND literal IS NOT NULL ORDER BY pk"
    for subject, text in kb.connection.execute(sql, (Relation.DOSAGE_FORM,)):
        held = [float(match[1]) * _MASS[match[2].lower()] for match in _STRENGTH.finditer(text)]
        found[kb.id(subject)] += [strength for strength in held if strength > 0]
    return found


def _sure(dose: _Dose) -> Severity:
    """Into an eye or a tumour, or through the lung, a thousandth may be right; what an adult swallows is not."""
    return Severity.SEVERE if dose.route == "swallowed adult" else Severity.INFO


def _against_strength(group: Sequence[_Dose], strengths: Sequence[float]) -> Iterator[Finding]:
    """A dose of a hundred pieces, or of a hundredth of one."""
    for dose in group if strengths else ():
        ratio = max(min(strengths) / dose.high, dose.low / max(strengths))
        if ratio >= _PIECES_AWAY:
            severity = _sure(dose)
            detail = (
                f"{dose.drug}: {dose.text}, {ratio:.0f} times away from what one piece holds ({min(strengths):g} mg)"
            )
            yield Finding(DOSE, severity, dose.kind, dose.record, detail)


# ---------------------------------------------------------------- a dose and a dose for each kilogram

_EACH_KILOGRAM = re.compile(
    r"每次\s*(?P<low>\d+(?:\.\d+)?)(?:\s*[-~～—－至]+\s*(?P<high>\d+(?:\.\d+)?))?"
    rf"\s*(?P<unit>{_WEIGHED})\s*[/／]\s*kg",
    re.IGNORECASE,
)
_ADULT_KILOGRAMS, _WEIGHTS_AWAY = 60.0, 8.0


@dataclass(frozen=True)
class _PerKilogram:
    """A single dose for each kilogram of body weight, in mg."""

    low: float
    high: float
    route: str
    text: str


def _weighed_doses(text: str) -> Iterator[_PerKilogram]:
    for found in _EACH_KILOGRAM.finditer(text):
        factor = _MASS[found["unit"].lower()]
        low, high = float(found["low"]) * factor, float(found["high"] or found["low"]) * factor
        if low > 0:
            yield _PerKilogram(low, high, _route(text[: found.start()]).partition(" ")[0], found.group())


def _against_weight(group: Sequence[_Dose], weighed: Sequence[_PerKilogram]) -> Iterator[Finding]:
    """An adult's dose against what a child's dose for each kilogram would be for 60 kg."""
    if not weighed:
        return
    low, high = (end * _ADULT_KILOGRAMS for end in (min(w.low for w in weighed), max(w.high for w in weighed)))
    for dose in group:
        ratio = max(low / dose.high, dose.low / high)
        if ratio >= _WEIGHTS_AWAY:
            detail = f"{dose.drug}: {dose.text}, {ratio:.0f} times away from {weighed[0].text} for 60 kg"
            yield Finding(DOSE, _sure(dose), dose.kind, dose.record, detail)
