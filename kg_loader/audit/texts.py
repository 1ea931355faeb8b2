"""Texts that were damaged on their way: a field spliced into another, lost exponents, values cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kg_loader.audit.knowledge import Knowledge, fact_id, passage_id
from rag.domain import Finding, PassageKind, Severity
from rag.vocabulary import RELATIONS, Relation

SPLICED, EXPONENT, TRUNCATED = "spliced-text", "lost-exponent", "truncated-text"

_KINETICS = (
    r"消除半衰期|血浆半衰期|半衰期约?为|血浆蛋白结合率|生物利用度|首过效应|表观分布容积|达峰时间|血药浓度"
    r"|吸收迅速|经肾排泄|随尿排出"
)
_MECHANISM = r"作用机[制理]|抑制药?.{0,8}酶|受体(?:拮抗|激动|阻断)|亲和力|酶失去活性|使.{1,10}(?:松弛|扩张|收缩)"
_DOSING = r"(?:每次|一次|每天|每日|一日)\s*\d+(?:\.\d+)?\s*(?:mg|g|ml|μg|片|粒|袋)"
_FORBIDDEN = r"(?:患者|者|孕妇|妇女|儿童)禁[用忌]"
_HEADING = r"[【\[](?:适应[证症]|禁忌[证症]?|不良反应|用法用量|用法与用量|注意事项|药物相互作用|贮藏|有效期)[】\]]"
_FOREIGN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "适应证": ((_KINETICS, "pharmacokinetics"), (_FORBIDDEN, "contraindications"), (_HEADING, "another field")),
    "禁忌证": ((_KINETICS, "pharmacokinetics"), (_DOSING, "doses"), (_HEADING, "another field")),
    "不良反应": ((_HEADING, "another field"),),
    "用法用量": (
        (_HEADING, "another field"),
        (r"消除半衰期|血浆蛋白结合率|生物利用度为|表观分布容积", "pharmacokinetics"),
    ),
    "注意事项": ((_HEADING, "another field"),),
    "药物相互作用": ((_HEADING, "another field"),),
}
"""Per aspect of a monograph what belongs to another one."""
_ASPECTS = {
    "适应症": "适应证",
    "主治": "适应证",
    "禁忌": "禁忌证",
    "禁忌症": "禁忌证",
    "副作用": "不良反应",
    "相互作用": "药物相互作用",
}
_FOREIGN_VALUES: Mapping[Relation, str] = {
    Relation.DOSAGE_FORM: rf"{_KINETICS}|{_MECHANISM}|{_HEADING}",
    Relation.DRUG_CLASS: rf"{_KINETICS}|{_DOSING}|{_HEADING}",
    Relation.DOSAGE: rf"消除半衰期|血浆蛋白结合率|表观分布容积|{_HEADING}",
}
_NO_EXPONENT = re.compile(r"[×xX*]\s?10\s?/\s?(?:[LlμuU]|ml|mm)|mg/m(?![0-9²㎡a-zA-Z])|/mm(?=[,，。；;）)]|$)")
_FLAT_EXPONENT = re.compile(r"[×xX*]\s?10(?:9|12|6)\s?/\s?[Ll]")
_CUT = re.compile(r"(?:[，、：:（(【\[“]|(?:\.{3}|…))$")
_WRITTEN = (PassageKind.MONOGRAPH, PassageKind.CONCLUSION, PassageKind.TEXTBOOK)
"""Kinds whose texts an editor once finished; people who answer questions stop where they like."""
_VERSE = frozenset({"方歌", "歌诀"})


def texts(kb: Knowledge) -> Iterator[Finding]:
    """All rules about texts, from one pass over passages and literals."""
    rows = kb.connection.execute("SELECT pk, kind, about, aspect, text FROM passage ORDER BY pk")
    for key, kind, about, aspect, text in rows:
        for rule, severity, detail in _passage(kind, aspect or "", text):
            named = f"{kb.name(about)} " if about else ""
            yield Finding(rule, severity, "passage", passage_id(key), f"{named}{detail}")
    said: dict[tuple[str, str], list[_Said]] = {}
    rows = kb.connection.execute(
        "SELECT pk, subject, relation, literal FROM fact WHERE literal IS NOT NULL ORDER BY pk"
    )
    for key, subject, relation, text in rows:
        if (relation, text) not in said:
            said[relation, text] = list(_value(Relation(relation), text))
        for rule, severity, detail in said[relation, text]:
            yield Finding(rule, severity, "fact", fact_id(key), f"{kb.name(subject)} {detail}")


_Said = tuple[str, Severity, str]


def _passage(kind: str, aspect: str, text: str) -> Iterator[_Said]:
    if kind == PassageKind.MONOGRAPH:
        for pattern, what in _FOREIGN.get(_ASPECTS.get(aspect, aspect), ()):
            if found := re.search(pattern, text):
                yield SPLICED, Severity.SEVERE, f"{aspect} holds {what}: {_around(text, found)}"
                break
    yield from _exponents(text)
    if kind in _WRITTEN and aspect not in _VERSE and (found := _CUT.search(text)):
        yield TRUNCATED, Severity.WARNING, f"the text breaks off: {_around(text, found)}"


def _value(relation: Relation, text: str) -> Iterator[_Said]:
    label = RELATIONS[relation].label
    pattern = _FOREIGN_VALUES.get(relation)
    if pattern and (found := re.search(pattern, text)):
        yield SPLICED, Severity.SEVERE, f"{label} holds the text of another field: {_around(text, found)}"
    yield from _exponents(text)
    if found := _CUT.search(text):
        yield TRUNCATED, Severity.WARNING, f"{label} breaks off: {_around(text, found)}"
    elif _open(text):
        yield TRUNCATED, Severity.WARNING, f"{label} has a bracket that does not close: {text[-40:]}"


def _exponents(text: str) -> Iterator[_Said]:
    if "10" not in text and "/m" not in text:
        return
    if found := _NO_EXPONENT.search(text):
        yield EXPONENT, Severity.SEVERE, f"a power lost its exponent: {_around(text, found)}"
    elif found := _FLAT_EXPONENT.search(text):
        yield EXPONENT, Severity.WARNING, f"a raised exponent became digits: {_around(text, found)}"


def _open(text: str) -> bool:
    opened = sum(map(text.count, "(（[【"))
    return opened > 0 and opened > sum(map(text.count, ")）]】"))


def _around(text: str, found: re.Match[str]) -> str:
    return " ".join(text[max(0, found.start() - 20) : found.end() + 20].split())
