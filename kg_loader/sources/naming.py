"""Names as sources write them: making entities, and the general rules for what is not a name.

No list of the bad names of one file: each rule speaks of a shape (a duration, a sentence, half a bracket) that no
medical name has, so it works for the next file too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from rag.domain import AliasKind, Entity, EntityId, Skipped
from rag.text import HAN, clean, normalise
from rag.vocabulary import EntityType

PLACEHOLDER = "placeholder"
TRUNCATED = "truncated name"
JUNK = "junk name"
UNSAFE_ALIAS = "unsafe alias"
DUPLICATE = "duplicate"

MAX_NAME = 60
"""Characters; real names of the longest syndromes and compound drugs stay below 45."""

_T = EntityType
_EDGE = " \t.。，,；;、:：!！…*·"
_BULLET = re.compile(r"^(?:[①-⑳]|[(（]\d{1,2}[)）]|\d{1,2}[.、](?!\d))\s*")
_PLACEHOLDER = re.compile(
    r"[>＞<＜\-—－_/\\.…*？?~～。0]*"
    r"|(?:无|没有|不详|不明|未知|未明|待查|待定|空|略|同上|详见.{0,12}|其他|其它|null|none|nan|n/?a|unknown)[.…。]*"
    r"|(?:其他|其它)(?:药物|治疗|症状|检查|疾病|方法|科室|综合)?"
    r"|(?:暂|尚|目前)?(?:无|未|没有|不)(?:见|有|明确|特殊)*(?:相关|报道|资料|数据|内容|信息|记载|统计|研究|明确"
    r"|不明)+.{0,4}"
    r"|(?:暂无|尚无|尚不|尚未|未见).{0,10}"
    r"|\[?详细\]?|查看.{0,6}|点击.{0,8}|更多.{0,4}|参见.{0,10}"
    r"|.{0,14}(?:什么|怎么|如何|哪些|哪种).{0,14}[？?].*",
    re.IGNORECASE,
)
_LETTERS = re.compile("[\u4e00-\u9fffA-Za-z]+")
_ELLIPSIS = re.compile(r"(?:\.{2,}|…+|。{2,})$")
_LOST = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ue000-\uf8ff]")  # clean() would drop these and hide the damage
_DAMAGED = re.compile("[?？\ufffd\ufdd0\ue000-\uf8ff]|锟斤拷|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNIT = r"(?:分钟|小时|天|日|周|星期|个?月|年|岁|周岁|元|万元|块|%|％|‰|次|例|人|疗程|个疗程)"
_NUMBER = r"\d+(?:\.\d+)?"
_MEASURE = re.compile(
    rf"[<>≤≥＜＞约大于小超过近]*{_NUMBER}{_UNIT}?(?:[-—–－~～至到]+{_NUMBER}{_UNIT}?)*(?:左右|以上|以下|以内|之间)?"
)
_STATISTIC = re.compile(
    r"三甲医院|收费|费用约|\d元|发病(?:率|高峰|年龄)|高发|[^多]多见|见于|(?:男|女)(?:性|童)?(?:发病|稍多|略多"
    r"|多于|少于|多见|比例|患病率|之比)|治愈率"
    rf"|{_NUMBER}\s*[-—~～至到]*\s*(?:{_NUMBER})?\s*岁|^约?占|占\d|{_NUMBER}[%％]"
)
_SHIFTED = re.compile(r"(?:终身|终生|长期|免费|无特效|自费).{0,6}(?:治疗|服药|用药|药物)|(?:周期|传染性|人群)$|^本病")
PLAIN = re.compile(
    "(?!.*(?:三甲|收费|费用|治愈|发病|高发|多见|见于|男|女|占|终身|终生|长期|无特效|免费|自费|周期|传染性|人群|什么|怎么|如何|哪[些种]))"
    "(?!无|没|不|未|待|空|略|同上|详|其他|其它|本病|暂|尚|目前|查看|点击|更多|参见|以及|及其|并|或|而|因此|如果|例|包|约|等|和|与)"
    "(?![A-Za-z]*$)[\u4e00-\u9fffA-Za-z]{2,40}"
)
"""Most names: letters without a word that any rule for junk looks for; they need not be looked at one by one."""
_CLAUSES = re.compile(r"[。；;！!]|[，,](?!\d).*[，,](?!\d)")
_CLAUSE_START = re.compile(r"^(?:以及|及其|并且|或者|而且|因此|如果|例如|包括|约为|等等?$|和$|与$)")
_COMPLAINT = re.compile("[^止消清平宁安克镇退抗解祛化降去除通]{1,2}(?:喘|痛|咳|炎|癌|肿|咳嗽|哮喘)")
_SICKNESS = ("\u7592", "\u7671")  # the radical 疒: 疣 疖 疹 痔 痈 痘 痣 疳 疝 癣
_OPEN, _CLOSE = "(（[［{【〔“", ")）]］}】〕”"

_BRACKET = re.compile(f"[{re.escape(_OPEN)}]")
_ORDINAL = re.compile(r"第?[零〇一二三四五六七八九十百\d]+[型期度类级号]?|[ivxⅰ-ⅻ]+[型期度]?", re.IGNORECASE)
_GENERIC = frozenset(
    "病 疾病 疾患 病症 综合征 综合症 症候群 症状 炎 炎症 癌 癌症 肿瘤 恶性肿瘤 良性肿瘤 瘤"
    " 感染 损伤 外伤 出血 疼痛 中毒 畸形 缺损 障碍 异常 增生 囊肿 硬化 结核 溃疡 肿块 包块"
    " 结节 息肉 急性 慢性 先天性 继发性 原发性 遗传性 特发性 皮肤病 老年人 老人 儿童 小儿 婴儿"
    " 婴幼儿 新生儿 成人 成年人 男性 女性 妇女 孕妇 青少年 青年人 中年人 患者 病人 人群 皮肤"
    " 心脏 肝脏 肾脏 颈部 头部 腹部 全身 左侧 右侧 双侧 手术 治疗 药物 检查 科室 一般 其他"
    " 其它 正常".split()
)
_SPOKEN_OF_IN_GENERAL = (_T.POPULATION, _T.BODY_PART, _T.TREATMENT)  # 老人 does name a population, though no disease
_LATIN_GENERIC = frozenset(
    "syndrome disease disorder cell tumor tumors tumour type of and the in with acute chronic".split()
)
_LATIN_PART = re.compile(r"[A-Za-zÀ-ɏ0-9'’()\-.]+")
_LATIN_TAIL = re.compile(f"[{HAN}][ -]?(?:von|van|de|la|der|den|and|of|the)$|[A-Za-z]-$|^-", re.IGNORECASE)
_EPONYM = re.compile(r"[A-Z][a-z]+")
_ACRONYM = re.compile(r"[A-Z][A-Za-z0-9\-]{0,2}[A-Z0-9]+s?")


@lru_cache(maxsize=1 << 16)
def entity(name: str, kind: EntityType) -> Entity:
    """The entity called `name`; its id is `{type}:{normalise(name)}`."""
    shown = clean(name)
    return Entity(EntityId(f"{kind}:{normalise(shown)}"), kind, shown)


@lru_cache(maxsize=1 << 16)
def trimmed(name: str) -> str:
    """`name` cleaned, without a list bullet before it and punctuation around it (an ellipsis at its end stays)."""
    if _LETTERS.fullmatch(name):
        return name
    text = _BULLET.sub("", clean(_LOST.sub("\ufffd", name)))
    if _ELLIPSIS.search(text):
        return text.lstrip(_EDGE)
    return text.strip(_EDGE)


@lru_cache(maxsize=1 << 16)
def fault(name: str, kind: EntityType) -> str | None:
    """The skip reason for a trimmed name, or None if it may be one."""
    folded = normalise(name)
    return None if folded == name and PLAIN.fullmatch(name) else suspicious(name, folded, kind)


def suspicious(name: str, folded: str, kind: EntityType) -> str | None:
    """As `fault`, every rule asked; `folded` is the normalised name."""
    if not folded or _PLACEHOLDER.fullmatch(folded):
        return PLACEHOLDER
    if _ELLIPSIS.search(name):
        return TRUNCATED
    return JUNK if _is_junk(name, folded, kind) else None


@lru_cache(maxsize=1 << 16)
def named(name: str, kind: EntityType) -> Entity | Skipped:
    """The entity called by a trimmed name, or why it is none."""
    if PLAIN.fullmatch(name) and normalise(name) == name:  # nearly all of them: `clean` changes no plain name
        return Entity(EntityId(f"{kind}:{name}"), kind, name)
    reason = fault(name, kind)
    return Skipped(reason) if reason else entity(name, kind)


def _is_junk(name: str, folded: str, kind: EntityType) -> bool:
    if len(folded) == 1:
        return not _stands_alone(folded, kind)
    return (
        len(folded) > MAX_NAME
        or not any(char.isalpha() for char in folded)
        or _DAMAGED.search(name) is not None
        or _MEASURE.fullmatch(folded) is not None
        or _STATISTIC.search(folded) is not None
        or (kind not in (_T.TREATMENT, _T.THERAPY) and _SHIFTED.search(folded) is not None)
        or _CLAUSES.search(name) is not None
        or _CLAUSE_START.search(folded) is not None
        or not _balanced(name)
    )


def is_measure_or_damaged(name: str) -> bool:
    """Whether a trimmed name is a bare number or duration, or has lost characters: no name of any type."""
    return _MEASURE.fullmatch(normalise(name)) is not None or _DAMAGED.search(name) is not None


def names_an_illness(char: str) -> bool:
    """True for one character that is written with the radical of sickness: 疖 疹 痔 痈."""
    return _SICKNESS[0] < char <= _SICKNESS[1]


def _stands_alone(char: str, kind: EntityType) -> bool:
    if kind in (_T.BODY_PART, _T.FOOD, _T.HERB):
        return char.isalpha() and not char.isascii()
    return kind in (_T.DISEASE, _T.SYMPTOM) and names_an_illness(char)


def _balanced(name: str) -> bool:
    folded = name.translate(str.maketrans("（［【〔）］】〕", "([[[)]]]"))
    return all(folded.count(a) == folded.count(b) for a, b in ("()", "[]", "{}"))


def unsafe_alias(name: str, kind: EntityType = _T.DISEASE) -> bool:
    """True for an alias that would link where nothing is meant: one character, a numeral, a generic word."""
    folded = normalise(name)
    return (
        len(folded) < 2
        or not any(char.isalpha() for char in folded)
        or (folded in _GENERIC and kind not in _SPOKEN_OF_IN_GENERAL)
        or folded in _LATIN_GENERIC
        or _ORDINAL.fullmatch(folded) is not None
    )


def broken_alias(name: str, kind: EntityType) -> bool:
    """True for what a machine left of a longer name: half an eponym, a lone particle, a drug called like an illness."""
    return (
        _LATIN_TAIL.search(name) is not None
        or (name.isascii() and len(name) <= 3 and name.islower())
        or (kind is _T.DISEASE and _EPONYM.fullmatch(name) is not None)
        or (kind is _T.DRUG and _COMPLAINT.fullmatch(name) is not None)
    )


def alias_kind(name: str) -> AliasKind:
    """English for Latin letters, abbreviation for short capitals, else synonym."""
    if any(_is_han(char) for char in name):
        return AliasKind.SYNONYM
    if len(name) <= 8 and _ACRONYM.fullmatch(name):
        return AliasKind.ABBREVIATION
    return AliasKind.ENGLISH


def joined_latin(names: list[str]) -> Iterator[str]:
    """Undoes a split at spaces: neighbours in Latin letters, one of them all in lower case, are one name again."""
    run: list[str] = []
    for name in [*names, "。"]:
        if _LATIN_PART.fullmatch(name):
            run.append(name)
            continue
        if len(run) > 1 and all(len(part) < 16 for part in run) and any(_joins(part) for part in run):
            yield " ".join(run)
        else:
            yield from run
        run = []
        if name != "。":
            yield name


def _joins(part: str) -> bool:
    return part.islower() or normalise(part).split("(")[0] in _LATIN_GENERIC


def rejoined(names: list[str], known: frozenset[str]) -> Iterator[str]:
    """Undoes a split at 、 or ， where the joined text is a name that the same file knows as a whole."""
    at = 0
    while at < len(names):
        pair = names[at : at + 2]
        whole = next((text for mark in "、，," if len(pair) == 2 and (text := mark.join(pair)) in known), None)
        yield whole or names[at]
        at += 2 if whole else 1


def whole_text(text: str) -> str:
    """A short text without what follows a bracket that never closes, as sites cut their fields at a fixed length."""
    if not _BRACKET.search(text):
        return text
    depth: list[int] = []
    for at, char in enumerate(text):
        if char in _OPEN:
            depth.append(at)
        elif char in _CLOSE and depth:
            depth.pop()
    return text[: depth[0]].rstrip(_EDGE) if depth else text


def _is_han(char: str) -> bool:
    return unicodedata.name(char, "").startswith("CJK")
