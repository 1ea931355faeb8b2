"""Sentences of monographs that warn: what they speak of, whether they forbid, and the words to quote. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rag.domain import EntityId, Passage
from rag.text import ITEM_NUMBER, normalise, normalise_with_map, sentence_spans

Told = Literal["forbidden", "careful"]
_FIELDS = re.compile(
    r"禁忌|注意|慎用|警告|相互作用|孕|哺乳|儿童|小儿|老年|特殊人群|contraindication|warning|precaution|interaction"
)
_DOSE_FIELD = re.compile(r"用法|用量|dosage")
_DOSE_FORBIDS = re.compile(
    r"(?:不宜|不推荐|不建议|不应|不能|不可|不予|(?<!的)不)(?:静脉|常规)?(?:使用|应用|服用|用药|注射)|禁用|忌用"
)
"""`6岁以下儿童不使用` among directions; all else there tells how much, and against nobody."""
_FORBIDDING_FIELD = re.compile(r"禁忌|contraindication")
_INTERACTION_FIELD = re.compile(r"相互作用|interaction")
_FORBIDS = re.compile(r"禁用|禁服|禁忌|忌用|忌服|禁止|禁与|忌与|不得|不可|不能|切勿|勿|绝对禁|contraindicated")
_CAREFUL = re.compile(
    r"慎用|慎服|慎重|不宜|不应|不要|不推荐|避免|小心|谨慎|减量|酌减|减少(?:剂量|用量)|调整(?:剂量|用量)|监测|监护|注意|观察|指导下|权衡|咨询|尚不明确|尚未(?:确定|明确|确立)|"
    r"avoid|caution|not recommended"
)
_HARMLESS = re.compile(
    r"(?:可|可以|能)(?:安全|放心)?(?:使用|服用|应用|合用)|无(?:明显|显著)?(?:不良)?影响|(?:无需|不必|不需要?|无须)(?:调整|减)|"
    r"(?:无|没有|未见|未发现)[^，。；]{0,12}相互作用|不影响|不受影响"
)
_TOGETHER = re.compile(
    r"合用|同用|同服|并用|联用|联合(?:使用|应用|用)|配伍|同时(?:使用|服用|应用)|伍用|一起(?:服|用|吃)"
)
_LEAD = re.compile(r"(慎用|禁用|忌用|禁忌)(?:于|者)?[:：]")
_UNQUOTABLE = re.compile(r"[“”]|\[\d{1,4}\]")
_STORAGE = re.compile(r"儿童[^，。；]{0,4}(?:不能|不易|不可|无法|接触|触及|拿)[^，。；]{0,4}(?:触|接触|拿|的地方|之处)")
_SPLICED = re.compile(r"l/kg|t1/2|t½|\bcl\b|分布容积|半衰期|生物利用度|蛋白结合率|ml/min")
"""What speaks of pharmacokinetics in a field of contraindications came there from another field."""
_OVERDOSE = re.compile("过量(?:者|时|后|服用|用药|中毒|反应)|(?:用药|服药|药物|服用)过量|超剂量|急性中毒")
"""What happens after too much (抽搐、头痛) warns nobody who has that already."""
_CLAUSE = re.compile(r"[，,：:]")
_LONGEST = 90


@dataclass(frozen=True)
class Statement:
    """One sentence of a monograph, as it stands (`raw`) and normalised (`text`); `lead`: the head of its list.

    `interaction`: it speaks of use together with something; `of_people`: its field is not for interactions alone.
    """

    about: EntityId
    passage: str
    source: str
    aspect: str
    raw: str
    text: str
    lead: Told | None
    interaction: bool
    of_people: bool

    @property
    def harmless(self) -> bool:
        """Whether it says that there is nothing to fear."""
        return bool(_HARMLESS.search(self.text)) and not _FORBIDS.search(self.text) and not _CAREFUL.search(self.text)

    @property
    def told_itself(self) -> bool:
        """Whether the sentence forbids or warns in its own words, not only by the head of its list."""
        return bool(_FORBIDS.search(self.text) or _CAREFUL.search(self.text))

    def told(self, place: int) -> Told | None:
        """What the words nearest behind `place`, else before it, else the head of the list say."""
        cues = sorted(
            [(m.start(), "forbidden") for m in _FORBIDS.finditer(self.text)]
            + [(m.start(), "careful") for m in _CAREFUL.finditer(self.text)]
        )
        after = next((cue for start, cue in cues if start >= place), None)
        before = next((cue for start, cue in reversed(cues) if start < place), None)
        found = after or before
        return "forbidden" if found == "forbidden" else "careful" if found else self.lead

    def level(self, place: int) -> Told | None:
        """The same for people; a field of contraindications forbids, any other field warns unless it reassures."""
        told = self.told(place)
        if told is not None:
            return told
        if self.harmless:
            return None
        return "forbidden" if _FORBIDDING_FIELD.search(self.aspect) else "careful"

    def quote(self, start: int, end: int) -> str:
        """The words of the monograph to show: the sentence, of a long one the clauses around the place."""
        first, last = 0, len(self.raw)
        if last > _LONGEST:
            _, origin = normalise_with_map(self.raw)
            a, b = origin[start], origin[end - 1] + 1
            cuts = [0, *(m.end() for m in _CLAUSE.finditer(self.raw)), last]
            first = max(cut for cut in cuts if cut <= a)
            last = min(cut for cut in cuts if cut >= b)
            while last < len(self.raw) and last - first < _LONGEST // 2:
                last = min(cut for cut in cuts if cut > last)
        lead = ITEM_NUMBER.match(self.raw) if first == 0 else None
        return self.raw[lead.end() if lead else first : last].strip().rstrip("。；;！!？?，,：: .")


def statements(key: str, passage: Passage) -> Iterator[Statement]:
    """The sentences of a passage in a field that warns; what cannot be quoted is left out."""
    aspect = passage.aspect or ""
    dose = _DOSE_FIELD.search(aspect) is not None
    if passage.about is None or not (dose or _FIELDS.search(aspect)):
        return
    spans = sentence_spans(passage.text)
    for start, end in spans:
        raw = passage.text[start:end]
        text = normalise(raw)
        overdose = _OVERDOSE.search(text) and not (_FORBIDS.search(text) or "慎" in text)
        spliced = _FORBIDDING_FIELD.search(aspect) and _SPLICED.search(text) and not _FORBIDS.search(text)
        if dose and not _DOSE_FORBIDS.search(text):
            continue
        if _UNQUOTABLE.search(raw) or _STORAGE.search(text) or overdose or spliced:
            continue
        leads = _LEAD.findall(passage.text[: start + 8])
        lead: Told | None = None if not leads else "careful" if leads[-1] == "慎用" else "forbidden"
        own_field = bool(_INTERACTION_FIELD.search(aspect))
        together = own_field or bool(_TOGETHER.search(text))
        yield Statement(passage.about, key, passage.source, aspect, raw, text, lead, together, not own_field)
