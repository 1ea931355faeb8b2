"""Drugs that may be told by the record of another name, which the answer says: what a product holds, a salt. Pure.

布洛芬 of 布洛芬混悬液, where that is swallowed; 肝素钠 of 肝素, where no other salt of it is described.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.domain import Candidate, EntityId, Mention
from rag.linking.names import OWN_NAME, Names, entity_name, entity_type
from rag.retrieval.corroboration import substances
from rag.retrieval.selection import SURE
from rag.vocabulary import EntityType

HELD = "held"
"""How a candidate was found that a product is made of."""
_RELEASED = tuple(f"{how}{form}" for how in ("缓释", "控释", "肠溶") for form in ("片", "胶囊"))
_SOLID = re.compile("(?:片剂?|胶囊剂?|丸)$")
_SWALLOWED = re.compile(
    r"^(?!.*(?:缓释|控释|肠溶|速释|长效|迟释)).*(?<![含贴])"
    r"(?:片剂?|胶囊剂?|颗粒剂?|冲剂|丸|散剂?|口服溶?液|糖浆|混悬液|混悬剂|混悬滴剂)$"
)


def held_in(mention: Mention, names: Names) -> list[EntityId]:
    """What a product that is swallowed holds.

    Nothing of what is released slowly or in the bowel, nor of tablets where such are known as well: records differ.
    """
    sure = [c for c in mention.candidates if c.score >= SURE and c.type is EntityType.DRUG]
    products = [c.entity for c in sure if _SWALLOWED.search(c.name)]
    held = [(product, entity) for product in products for entity in substances(product, names)]
    fitting = [e for product, e in held if not _SOLID.search(entity_name(product)) or not _released(e, names)]
    return [entity for entity in dict.fromkeys(fitting) if entity not in products]


_ACIDS = "盐酸 硫酸 磷酸 马来酸 富马酸 枸橼酸 酒石酸 琥珀酸 氢溴酸 苯磺酸 甲磺酸 醋酸".split()
_SALTS = (*(f"{acid}{{}}" for acid in _ACIDS), "{}钠", "{}钾", "{}钙", "{}镁")


def salts_of(mention: Mention, names: Names) -> list[EntityId]:
    """The drugs that are called as a drug that is named, with an acid or a metal beside it."""
    sure = [c for c in mention.candidates if c.score >= SURE and c.type is EntityType.DRUG]
    found = (c for drug in sure for salt in _SALTS for c in names.candidates(salt.format(drug.name)))
    return list(dict.fromkeys(c.entity for c in found if c.type is EntityType.DRUG and c.via == OWN_NAME))


def told_instead(meant: Mapping[Mention, Sequence[EntityId]], names: Names) -> tuple[tuple[Mention, Candidate], ...]:
    """What is told by another record: products by that of what they hold, a drug by that of its salt."""
    held = {m: [*held_in(m, names), *salts_of(m, names)] for m in meant}
    told = ((m, entity) for m, entities in meant.items() for entity in entities if entity in held[m])
    return tuple((m, Candidate(e, entity_name(e), entity_type(e), HELD, SURE)) for m, e in told)


def _released(substance: EntityId, names: Names) -> bool:
    """Whether a product with it is known that releases it slowly or in the bowel."""
    return any(f"{entity_name(substance)}{form}" in names.owners for form in _RELEASED)
