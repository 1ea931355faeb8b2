"""Which diseases some symptoms may belong to, and which further symptom best tells them apart. Pure.

Naive Bayes over what the graph lists. A symptom that a disease lists is had by a patient with it, but for a share of
`MISSED`; one that it does not list is had as often as diseases list it. The ranking of the graph, the sum of
ln(N / df) over matched symptoms, is the logarithm of the first; a listed symptom that is denied costs ln(`MISSED`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rag.domain import EntityId, GraphFact, RankedSubject
from rag.linking.features import for_some_people
from rag.linking.names import entity_name, entity_type
from rag.question.population import Group, Person, unlooked_for
from rag.vocabulary import EntityType, Relation

MISSED = 0.2
"""How often a patient lacks, or does not notice, a symptom that the disease lists."""
BESIDE = 0.03
"""How often a patient has a symptom that the disease does not list."""
FITS = 100
"""How much commoner a disease is held to be among the people whom it concerns."""
RANKED = 10
"""Diseases that are told."""
COMMON = 0.8
"""Weight of how much is said of a disease beside the complaints it shares: what is much spoken of is not as common."""
STUDIED = 20
"""How much more is said of a malignant disease than of a harmless one as common: a sore knee is seldom a sarcoma."""
SETTLED = 0.8
"""Share of the likelihood from which the first disease needs no question."""
LEAST_GAIN = 0.1
"""Bits below which a question is not worth asking."""

_UNASKABLE = re.compile(
    r"[^\u4e00-\u9fff]|细胞|蛋白|血症|阳性|阴性|征$|杂音|[啰罗]音|酸中毒|碱中毒|积液|钙化|反射|占位|阴影|染色体|酶|"
    r"脓肿$|囊肿$|[动静]脉|瓣膜|错位$|右位$|异位$|[病炎癌瘤]$|贫血$|综合征$|梗死$|出血热|死亡|猝死|穿孔|坏死$|破裂$"
)
"""What nobody can say of himself, or what is a diagnosis."""
_MALIGNANT = re.compile("癌|肉瘤|白血病|恶性|淋巴瘤|黑色素瘤|骨髓瘤|母细胞瘤|转移瘤|霍奇金")
_LONGEST = 8
_JOINED = re.compile("[与和伴及或]")


_SEXES = frozenset({Group.FEMALE, Group.MALE})
"""Half of all people each: a reason to leave a disease out, none to put it first."""


@dataclass(frozen=True)
class Contender:
    """A disease that matches, with all the symptoms it lists, as id and name, and whom it concerns.

    `limited`: groups that alone can have it; `preferred`: groups in which it is common; `denied`: of its symptoms those
    that were denied; `elsewhere`: it is recorded for other parts of the body alone than those that the complaint is of;
    `seen_there`: it is treated in a department to which such complaints are taken; `mentioned`: in how many passages;
    `traditional`: it is treated in departments of Chinese medicine for the most part; `partly`: it lacks a complaint
    that was told.
    """

    ranked: RankedSubject
    symptoms: Mapping[EntityId, str] = field(default_factory=dict)
    limited: frozenset[Group] = frozenset()
    preferred: frozenset[Group] = frozenset()
    denied: frozenset[EntityId] = frozenset()
    elsewhere: bool = False
    seen_there: bool = False
    mentioned: int = 0
    traditional: bool = False
    partly: bool = False

    @property
    def score(self) -> float:
        """Natural logarithm of the likelihood, up to a constant; six digits, so that equal sums stay equal."""
        against = len(self.denied) * math.log(MISSED) + self.elsewhere * math.log(BESIDE)
        return round(self.ranked.score + against, 6)


def order(contenders: Sequence[Contender], person: Person) -> list[Contender]:
    """Best first: who may have it at all, what has all that was told, score, the plainer name, nothing of Chinese
    medicine and nothing that only something from outside brings, what concerns such people or is treated where the
    complaint is taken (恶心: 胃炎 before 脑脓肿), what graph and passages speak of most (the nearest they hold to how
    common a disease is; of what is malignant they speak more), all the more among people whom it concerns, fewer other
    symptoms.

    Which are told is settled so; among these, of what lacks a complaint, how common it is counts beside the score: a
    record lists a few complaints of many, and a pulpitis that may be without its fever comes before an actinomycosis of
    the bone.
    """  # noqa: D205
    by_score = sorted(contenders, key=lambda contender: _rank(contender, person, 0.0))
    told = sorted(by_score[:RANKED], key=lambda contender: _rank(contender, person, COMMON))
    return [*told, *by_score[RANKED:]]


def _rank(contender: Contender, person: Person, weight: float) -> tuple[bool, bool, float, bool, int, float, int, str]:
    """The smaller, the earlier.

    `weight`: of how common something is which lacks a complaint; without any, the score alone decides.
    """
    fits = bool((contender.limited | contender.preferred) & person.groups - _SEXES)
    name = contender.ranked.name
    some = (for_some_people(name) or Group.PREGNANT in contender.limited) and not fits
    impossible = bool(contender.limited & person.outside)
    ranked = contender.ranked
    studied = STUDIED if _MALIGNANT.search(name) else 1
    common = max(1.0, (1 + ranked.named + contender.mentioned) / studied) * (FITS if fits else 1)
    some = some or contender.traditional or entity_type(ranked.subject) is EntityType.SYNDROME
    some = some or unlooked_for(name, person)
    far = 2 - fits - contender.seen_there
    partly = weight > 0 and contender.partly and not _expecting(contender, person)
    score = _score_of(contender, person) + partly * weight * math.log(common / (FITS if some else 1))
    return impossible, partly, -score, some, far, -common, ranked.total, ranked.subject


def _score_of(contender: Contender, person: Person) -> float:
    """The score for this person: what only pregnant women have is so much likelier of one who is pregnant."""
    return round(contender.score + _expecting(contender, person) * math.log(FITS), 6)


def _expecting(contender: Contender, person: Person) -> bool:
    return Group.PREGNANT in contender.limited & person.groups


def by_department(
    contenders: Sequence[Contender], facts: Mapping[EntityId, Sequence[GraphFact]], person: Person
) -> list[Contender]:
    """Among equals first those that are treated where most of all are: `头晕挂什么科` is a question for the many."""
    own = {c.ranked.subject: _narrowest(facts[c.ranked.subject]) for c in contenders}
    usual = [c for c in contenders if not unlooked_for(c.ranked.name, person)]
    common = Counter(department for c in usual for department in own[c.ranked.subject])

    def key(contender: Contender) -> tuple[float, bool, int]:
        far = unlooked_for(contender.ranked.name, person)
        return -contender.score, far, -max((common[d] for d in own[contender.ranked.subject]), default=0)

    return sorted(contenders, key=key)


def _narrowest(facts: Sequence[GraphFact]) -> set[str]:
    """Departments without those that another one is a part of (内科 beside 神经内科)."""
    listed = {fact.object_text for fact in facts if fact.relation is Relation.DEPARTMENT}
    return {one for one in listed if not any(other != one and other.endswith(one) for other in listed)}


def likelihoods(contenders: Sequence[Contender], person: Person) -> NDArray[np.float64]:
    """Shares in [0, 1] that sum to 1, shape (contenders,); 0 for what the person cannot have."""
    scores = np.array([-np.inf if c.limited & person.outside else _score_of(c, person) for c in contenders])
    if not np.isfinite(scores).any():
        return np.full(len(contenders), 1 / max(1, len(contenders)))
    shares = np.exp(scores - scores.max())
    return np.asarray(shares / shares.sum())


@dataclass(frozen=True)
class Told:
    """Symptoms as the user told them.

    `unclear`: names of those that were asked about and not answered yes or no; `others`: other names of all of them.
    Names are normalised.
    """

    present: tuple[EntityId, ...] = ()
    absent: tuple[EntityId, ...] = ()
    unclear: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()


def best_question(contenders: Sequence[Contender], person: Person, told: Told) -> str | None:
    """The name of the symptom whose answer tells most; None where none is worth a question."""
    if len(contenders) < 2:
        return None
    shares = likelihoods(contenders, person)
    if shares.max() >= SETTLED:
        return None
    names = {symptom: name for c in contenders for symptom, name in c.symptoms.items()}
    symptoms = sorted(symptom for symptom in names if _open(entity_name(symptom), told))
    if not symptoms:
        return None
    listed = np.array([[symptom in c.symptoms for symptom in symptoms] for c in contenders])
    gains = information_gain(shares, np.where(listed, 1 - MISSED, BESIDE))
    best = int(gains.argmax())
    return names[symptoms[best]] if gains[best] >= LEAST_GAIN else None


def information_gain(shares: NDArray[np.float64], yes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bits that each answer gives on average.

    `shares` (n,) of n hypotheses; `yes` (n, m) the chance of a yes to each of m questions under each; gives (m,): the
    entropy of the answer less what is left of it when the hypothesis is known.
    """
    return np.asarray(_entropy(shares @ yes) - shares @ _entropy(yes))


def _entropy(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a yes-or-no answer, in bits."""
    p = np.clip(chance, 1e-12, 1 - 1e-12)
    return np.asarray(-p * np.log2(p) - (1 - p) * np.log2(1 - p))


def _open(name: str, told: Told) -> bool:
    """Whether a patient can be asked about `name`, and it was not answered already, in these words or in wider ones."""
    if not 2 <= len(name) <= _LONGEST or _UNASKABLE.search(name):
        return False
    told_names = [set(entity_name(symptom)) for symptom in told.present]
    if name in told.others or all(any(set(part) <= chars for chars in told_names) for part in _JOINED.split(name)):
        return False  # 流清涕 of whoever has 流清鼻涕, 恶心与呕吐 of whoever has both
    settled = (*map(entity_name, told.absent), *told.unclear)
    return not any(name in other or other in name for other in settled)
