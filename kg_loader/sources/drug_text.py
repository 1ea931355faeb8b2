"""The texts of a drug monograph: cutting them into ideas, leaving out what is damaged, reading the plainest lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kg_loader.sources.naming import entity, fault
from rag.domain import AliasKind, Entity, Skipped
from rag.text import clean, sentences
from rag.vocabulary import EntityType, Relation

DAMAGED = "damaged text"
MISPLACED = "text of another field"
MAX_PIECE = 400
_GOOD_PIECE = 200
_SHORT = 40
_DOSE = "用法用量"

_ITEM = re.compile(r"(?<=[。；;!！)）])(?=\d{1,2}[.．、](?!\d))")
_LEAD = re.compile(r"(?:\d{1,2}[.．、])?[^：:。；;]{2,20}[：:]")
_LEAD_OUT = re.compile(r"[^。；;]{0,12}(?:如下|以下[^。；;]{0,6})[：:]$")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd\ue000-\uf8ff]")
_LOST_EXPONENT = re.compile(r"[×xX]\s?10\s?/|[×xX]\s?10(?:[^\d^]|$)")
_ENDS = re.compile(r"[。！？!?；;）)\]】”’.]$")
_CUT = re.compile(r"/m(?![0-9²a-zA-Z])")  # mg/m², its exponent lost
_KINETICS = re.compile(
    "半衰期|血药浓度|达峰|生物利用度|血浆蛋白结合率|首过效应|经肾排泄|表观分布容积|吸收迅速|口服易吸收"
)
_SPLIT_ALIAS = re.compile("[；;、|]|(?<=[\u4e00-\u9fff])[，,](?=[\u4e00-\u9fff])")
_CHEMICAL = re.compile(
    "盐酸|硫酸|醋酸|乙酸|枸橼酸|磷酸|马来酸|富马酸|酒石酸|甲磺酸|苯|甲基|乙基|丙|丁|羟|氨|氯|氟|溴|碘|硝|磺|酸"
    "|钠|钾|钙|镁|锌"
    "|[素酮胺嗪唑啶酯醇酚醚肽酶苷碱烷烯霉]|因子|激素|维生素|维他命|[定林平汀明]$|[片丸散膏汤胶囊剂液颗粒]$|草"
    "|花|子|根|皮|参"
)


def pieces(field: str, text: str) -> Iterator[str | Skipped]:
    """Texts of one idea, at most 400 characters where a sentence allows, cut at items and sentences only.

    A piece that continues a list keeps the words that lead it in (口服给药：), or a dose would lose its route.
    """
    group, lead = "", ""
    for item in _ITEM.split(_LEAD_OUT.sub("", text.strip())):
        own = _LEAD.match(item)
        for n, part in enumerate(_sentence_runs(item)):
            whole, fault_of_part = _complete(field, part)
            fault_of_part = fault_of_part or _damage(field, whole)
            if fault_of_part:
                yield Skipped(fault_of_part)
            if not whole or _damage(field, whole):
                continue
            shown = clean(whole)
            if group and len(group) + len(shown) > _GOOD_PIECE:
                yield group
                group = ""
            if not group:
                shown = f"{clean(own.group()) if own and n else lead if not n else ''}{shown}"
            group += shown
        lead = _list_lead(item, own, lead)
    if group:
        yield group


def _list_lead(item: str, own: re.Match[str] | None, lead: str) -> str:
    """The lead-in of the list that `item` opened (口服给药：1.…), else the one that still holds."""
    if own and re.match(r"1[.．、]", item[own.end() :]) and not own.group()[0].isdigit():
        return clean(own.group())
    return lead


def _sentence_runs(item: str) -> Iterator[str]:
    """`item`, or runs of its sentences where it is longer than a piece."""
    if len(item) <= MAX_PIECE:
        if item.strip():
            yield item
        return
    group = ""
    for sentence in sentences(item):
        if group and len(group) + len(sentence) > MAX_PIECE:
            yield group
            group = ""
        group += sentence
    if group:
        yield group


def _complete(field: str, part: str) -> tuple[str, str | None]:
    """`part` without a sentence cut off at its end, and DAMAGED where there was one; half a dose is no dose."""
    text = part.strip()
    if _ENDS.search(text) or (field != _DOSE and len(text) <= _SHORT and not re.search("[。；;]", text)):
        return text, None
    end = max(text.rfind(mark) for mark in "。；;")
    return ("" if field == _DOSE else text[: end + 1]), DAMAGED


def _damage(field: str, part: str) -> str | None:
    if _CONTROL.search(part) or _LOST_EXPONENT.search(part) or _CUT.search(part):
        return DAMAGED
    if field == "适应证" and _KINETICS.search(part):
        return MISPLACED
    return None


# ---------------------------------------------------------------- aliases


def split_aliases(text: str) -> list[str]:
    """The names of an 英文名 or 别名 field; commas inside chemical names do not split."""
    return [name.strip().rstrip("。") for name in _SPLIT_ALIAS.split(text) if name.strip()]


def alias_kind_of(name: str) -> AliasKind:
    """English for Latin letters; trade for a short Chinese name without chemical parts, else synonym."""
    if not re.search("[\u4e00-\u9fff]", name):
        return AliasKind.ENGLISH
    return AliasKind.SYNONYM if len(name) > 5 or _CHEMICAL.search(name) else AliasKind.TRADE


# ---------------------------------------------------------------- facts that a text states as a plain list

_PEOPLE = "孕妇|妊娠妇女|妊娠期妇女|哺乳妇女|哺乳期妇女|产妇|儿童|婴幼儿|婴儿|新生儿|早产儿|老年人|运动员"
_WARNING = re.compile(
    rf"(?:\d{{1,2}}[.．、])?((?:{_PEOPLE})(?:(?:[、和及与]|以及)(?:{_PEOPLE}))*)(?:均|应|须)?(禁用|禁服|忌用"
    rf"|忌服|慎用|慎服)[。；;]?"
)
_FOR = re.compile(
    r"(?:\d{1,2}[.．、])?(?:适用于|主要用于|可用于|用于治疗|用于|治疗)([^，。；：:()（）\d]{2,60})[。；;]?"
)
_JOIN = re.compile("[、和及与]|以及|或")
_ILLNESS = re.compile(
    "[\u4e00-\u9fffA-Za-z]{0,8}(?:炎|癌|瘤|哮喘|感冒|贫血|综合征|白血病|紫癜|溃疡|结石|高血压|糖尿病|荨麻疹"
    "|湿疹|肺结核|癫痫|痛风|白癜风|感染"
    "|性疾病|淋巴瘤|减少症|增多症|缺乏症|水肿)"
)
_NOT_ONE_NAME = re.compile(
    "所致|引起|伴有?|以及|各种|其他|某些|预防|缓解|治疗|导致|合并|或者|术后|时|的|等|患者|引发|性$|用于|防治|急、?慢性"
)


def facts_in(field: str, piece: str) -> Iterator[tuple[Relation, Entity]]:
    """Facts of a text whose sentence is nothing but a list: illnesses after 用于, people before 禁用 or 慎用."""
    for sentence in sentences(piece):
        if field == "适应证":
            yield from ((Relation.INDICATION, one) for one in _illnesses(sentence))
        elif field in ("禁忌证", "注意事项"):
            yield from _warnings(sentence)


def _illnesses(sentence: str) -> list[Entity]:
    match = _FOR.fullmatch(sentence.strip())
    if not match:
        return []
    names = [name.strip() for name in _JOIN.split(match[1])]
    if not all(_ILLNESS.fullmatch(name) and not _NOT_ONE_NAME.search(name) and len(name) > 1 for name in names):
        return []
    return [entity(name, EntityType.DISEASE) for name in names if fault(name, EntityType.DISEASE) is None]


def _warnings(sentence: str) -> Iterator[tuple[Relation, Entity]]:
    match = _WARNING.fullmatch(sentence.strip())
    if match:
        relation = Relation.CAUTION if match[2].startswith("慎") else Relation.CONTRAINDICATION
        for name in re.split("[、和及与]|以及", match[1]):
            yield relation, entity(name, EntityType.POPULATION)
