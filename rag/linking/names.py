"""Names in a text -> mentions with candidates. Pure: built from the names of one version.

Longest match over every name (Aho-Corasick, leftmost-longest). A name maps to a *set* of entities: its own entity
first, entities that only list it as an alias after. An alias that misses or contradicts a hard feature of its entity,
or that several entities of one type share, never links silently: such candidates are `unsure` and the product asks.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from rag.domain import AliasKind, Candidate, DoNotMerge, EntityId
from rag.linking.features import compatible, icd_category
from rag.ports import NameRow
from rag.text import is_han, normalise
from rag.traditional import simplified
from rag.vocabulary import EntityType

OWN_NAME = "name"
"""`NameRow.kind` and `Candidate.via` of an entity's own name."""

_CURATED = frozenset(kind.value for kind in AliasKind if kind is not AliasKind.SYNONYM)
_SPOKEN = frozenset({AliasKind.COLLOQUIAL.value, AliasKind.ABBREVIATION.value, AliasKind.TRADE.value})
"""Such names are stated one by one; lists of synonyms also hold what is only near, and give way to them."""
_NEVER_ALONE = frozenset(
    (
        "症状 治疗 检查 疾病 患者 病人 医生 手术 药物 疼痛病 不适 感染 炎症 综合征 发作 用药 化验 体检 护理 "
        "预防 饮食 第一 第二 第三 老人 孩子 宝宝 男人 女人 男性 女性 成人 大人 小孩 身体 问题 情况 方法 效果 "
        "医院 其他 其它 正常 异常 一般 严重 急性 慢性 原发性 继发性 综合 系统 功能 作用 副作用 药物治疗 "
        "手术治疗 对症治疗 支持治疗 得力 特可靠 打针 跑步 洗手 休息 急救 筛查 疫苗 病毒 细菌 隔离 传染病 生孩子 "
        "大小 物理 对症 心理 外科 内科 免疫 中医 西医 中药 西药 自愈 药物治 停药 减药 血象 患病率 行为 化学 蓝色 病灶 "
        "放射 康复 突发 冷冻 排尿 皮损 换药 突变 口气 风水 血病 氏病 先兆 "
        "功能障碍 缓解症状 系统治疗 一般治疗 "
        "父亲 母亲 父母 双亲 爸爸 妈妈 丈夫 妻子 儿子 女儿 "
        "测试 起点 强弱 教育 院博 白晕 体疗 凝法 法半 "
        "大夫 医师 家长 翻身 呼吸 能消 流黄 天针 交时 大风 膨胀 内火 外寒 iii vii viii"
    ).split()
)
"""Everyday words that some source lists as a name; alone they say nothing."""
_SHORTEST_LATIN = 3
BETWEEN_RESTS = 2_000
_PART = 4_000
"""Names in one part; it takes some 20 ms to build."""
_MOST_PARTS = 32
"""Every part is gone through for every text."""
TYPE_ORDER = {kind: n for n, kind in enumerate(EntityType)}


class Names:
    """All names of one version: which entities each may stand for, and where they occur in a text.

    A service that goes on answering while it opens a version gives `rest`, a short sleep: it is called often, and the
    automaton is built in parts, because nothing else in the process runs while one is built. Without it there is one
    part, which is faster to search.
    """

    def __init__(
        self,
        rows: Iterable[NameRow],
        do_not_merge: Iterable[DoNotMerge] = (),
        *,
        rest: Callable[[], None] | None = None,
    ) -> None:
        owners: dict[str, dict[EntityId, str]] = defaultdict(dict)
        codes: dict[EntityId, set[str]] = defaultdict(set)
        foods: dict[str, EntityId] = {}
        for number, row in enumerate(rows, start=1):
            if rest and number % BETWEEN_RESTS == 0:
                rest()
            if _usable(row.name) or _is_short(row):
                known = owners[row.name].get(row.entity)
                if known != OWN_NAME:
                    owners[row.name][row.entity] = row.kind if known is None else min(known, row.kind)
            if row.kind == AliasKind.ABBREVIATION and (code := icd_category(row.name)):
                codes[row.entity].add(code)
            if len(row.name) == 1 and row.kind == OWN_NAME and entity_type(row.entity) is EntityType.FOOD:
                foods[row.name] = row.entity
        self._codes: Mapping[EntityId, set[str]] = codes
        self.foods: Mapping[str, EntityId] = foods
        """Foods whose name has one character, which never link alone."""
        self.owners: Mapping[str, Mapping[EntityId, str]] = {name: owners[name] for name in sorted(owners)}
        self._parts = list(_parts([name for name in self.owners if _usable(name)], rest))
        self._apart = {frozenset((pair.a, pair.b)) for pair in do_not_merge}

    def find(self, text: str) -> list[tuple[str, int, int]]:
        """(name, start, end) in normalised `text`, not overlapping, whole words only for Latin names."""
        found = []
        last = 0
        for start, length, name in sorted(self._matches(text)):
            if start < last:
                continue
            last = start - length
            stop = _word_end(text, start, last)
            if stop is not None:
                found.append((name, start, stop))
        return found

    def _matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        """(start, minus its length, name): sorted, the leftmost comes first and of those the longest."""
        several = len(self._parts) > 1
        for names, automaton in self._parts:
            for index, start, end in automaton.find_matches_as_indexes(text, overlapping=several):
                yield start, start - end, names[index]

    def candidates(self, name: str) -> tuple[Candidate, ...]:
        """What normalised `name` may stand for: own first, then sure aliases, then unsure ones (score < 0.5).

        Of sure aliases alike those that were stated one by one come first, then those most like the name: 声嘶 is
        声音嘶哑 rather than 喉喑.
        """
        owners = self.owners.get(name, {})
        others = [entity for entity, kind in owners.items() if kind != OWN_NAME]
        own = self.own(name)
        found = [candidate(entity, OWN_NAME, 1.0) for entity in own]
        for entity in others:
            spoken = owners[entity] in _SPOKEN
            rivals = [
                e
                for e in others
                if e != entity and entity_type(e) is entity_type(entity) and (owners[e] in _SPOKEN or not spoken)
            ]
            alone = all(self._one_thing(entity, rival) for rival in rivals)
            sure = alone and self._may_stand_for(name, entity, owners[entity], own)
            found.append(candidate(entity, owners[entity], 0.9 if sure else 0.4))
        return tuple(sorted(found, key=lambda c: (-c.score, *_unlike(c, name), TYPE_ORDER[c.type], c.entity)))

    def own(self, name: str) -> list[EntityId]:
        """The entities that bear normalised `name` itself."""
        return _no_illness([entity for entity, kind in self.owners.get(name, {}).items() if kind == OWN_NAME])

    def _one_thing(self, a: EntityId, b: EntityId) -> bool:
        """Whether one of two entities lists the other's own name, and nothing speaks against it; one step only."""
        one, other = entity_name(a), entity_name(b)
        listed = b in self.owners.get(one, ()) or a in self.owners.get(other, ())
        return listed and frozenset((a, b)) not in self._apart and compatible(one, other)

    def _coded_apart(self, a: EntityId, b: EntityId) -> bool:
        """Whether both have codes of the ICD, in no common category: 鼻炎 (J31) is not 鼻窦炎 (J32)."""
        one, other = self._codes.get(a), self._codes.get(b)
        return one is not None and other is not None and one.isdisjoint(other)

    def _of_two(self, name: str, target: str) -> bool:
        """Whether `target` is a compound of `name` and another drug: one of them is not the other two."""
        other = target.removeprefix(name).removesuffix(name) if name != target else ""
        return other != target and EntityId(f"{EntityType.DRUG}:{other}") in self.owners.get(other, ())

    def _may_stand_for(self, name: str, entity: EntityId, kind: str, own: Sequence[EntityId]) -> bool:
        if any(frozenset((entity, other)) in self._apart for other in own):
            return False
        target = entity_name(entity)
        if entity_type(entity) is EntityType.DRUG and self._of_two(name, target):
            return False
        if kind not in _CURATED and entity_type(entity) is EntityType.DISEASE:
            if _is_narrower(target, name, own) or any(self._coded_apart(entity, other) for other in own):
                return False
        return compatible(name, target, strict=kind not in _CURATED)


def _unlike(candidate: Candidate, name: str) -> tuple[bool, int, bool]:
    """How far an alias is from its entity: not stated by itself, few characters in common, another last one.

    Own names are near.
    """
    if candidate.via == OWN_NAME:
        return False, 0, False
    return candidate.via not in _SPOKEN, -len(set(candidate.name) & set(name)), candidate.name[-1:] != name[-1:]


def _is_narrower(target: str, name: str, own: Sequence[EntityId]) -> bool:
    """Whether the disease `target` is one kind of what `name` means, or more than that.

    A list of synonyms gives 脂肪瘤 to 结肠脂肪瘤 and 滑膜炎 to a syndrome that begins with it. Where 脂肪瘤 is a
    disease of its own, `target` is another; where it is not, only what says so (`伴有虹膜睫状体炎的继发性青光眼`) is.
    """
    if name not in target or target == name:
        return False
    itself = EntityId(f"{EntityType.DISEASE}:{name}") in own
    rest = target.replace(name, "", 1)
    return bool(_QUALIFIED.search(rest)) or (itself and (not target.startswith(name) or bool(_JOINED.search(rest))))


_QUALIFIED = re.compile("伴有?|所致|引起|(?:的|相关性?)$")
_JOINED = re.compile("[和与及或、]")


def _parts(names: Sequence[str], rest: Callable[[], None] | None) -> Iterator[tuple[Sequence[str], AhoCorasick]]:
    """Names with the automaton that finds them: all in one, or with `rest` up to `_MOST_PARTS` small ones.

    Only one automaton alone can choose the longest of all names; several tell every match.
    """
    size = max(_PART, -(-len(names) // _MOST_PARTS)) if rest else max(1, len(names))
    kind = MatchKind.LeftmostLongest if size >= len(names) else MatchKind.Standard
    for start in range(0, len(names), size):
        part = names[start : start + size]
        yield part, AhoCorasick(part, matchkind=kind, implementation=Implementation.ContiguousNFA)
        if rest:
            rest()


def _no_illness(own: Sequence[EntityId]) -> list[EntityId]:
    """A part of the body is no complaint, whatever a list says, and no disease (`直肠`) unless it is both (`磨牙`)."""
    types = {entity_type(entity) for entity in own}
    if EntityType.BODY_PART not in types:
        return list(own)
    barred = {EntityType.SYMPTOM} if {EntityType.SYMPTOM, EntityType.DISEASE} <= types else _ILL
    return [entity for entity in own if entity_type(entity) not in barred]


_ILL = frozenset({EntityType.SYMPTOM, EntityType.DISEASE})


def _usable(name: str) -> bool:
    """Names of one character, numerals, short Latin words and everyday words never link alone."""
    if len(name) < 2 or name in _NEVER_ALONE or not any(char.isalpha() for char in name):
        return False
    return any(is_han(char) for char in name) or len(name) >= _SHORTEST_LATIN


def _is_short(row: NameRow) -> bool:
    """Abbreviations of two letters, which are names only where they are typed as capitals."""
    return row.kind == AliasKind.ABBREVIATION and len(row.name) == 2 and row.name.isascii() and row.name.isalpha()


_ABBREVIATION_AND_NUMBER = re.compile(r"[a-z]{3,5}[0-9]{2}(?![a-z])")
"""`HPV16`, `ALT80`: the number says which one or how much."""


def _word_end(text: str, start: int, end: int) -> int | None:
    """Where the match ends, an English plural included; None where it cuts a Latin word."""
    if text[start].isascii() and text[start].isalnum() and start > 0 and text[start - 1].isascii():
        if text[start - 1].isalnum():
            return None
    if not (text[end - 1].isascii() and text[end - 1].isalnum()):
        return end
    if _ABBREVIATION_AND_NUMBER.match(text, start) and text[start:end].isalpha():
        return end
    for plural in ("", "s", "es"):
        stop = end + len(plural)
        follows = text[stop : stop + 1]
        if text.startswith(plural, end) and not (follows.isascii() and follows.isalnum()):
            return stop
    return None


def entity_type(entity: EntityId) -> EntityType:
    """The type in an entity id."""
    return EntityType(entity.partition(":")[0])


def entity_name(entity: EntityId) -> str:
    """The normalised name in an entity id, also one that an older text version made."""
    return simplified(entity.partition(":")[2])


def candidate(entity: EntityId, via: str, score: float) -> Candidate:
    """A candidate with the name and type that its id holds."""
    return Candidate(entity, entity_name(entity), entity_type(entity), via, score)


def passage_mentions(names: Iterable[NameRow]) -> Callable[[str], tuple[EntityId, ...]]:
    """A function that lists the entities a text mentions, by id; unsure aliases are left out."""
    table = Names(names)
    sure = {name: tuple(c.entity for c in table.candidates(name) if c.score >= 0.5) for name in table.owners}

    def mentions(text: str) -> tuple[EntityId, ...]:
        found = {entity for name, _, _ in table.find(normalise(text)) for entity in sure[name]}
        return tuple(sorted(found))

    return mentions
