"""Complaints as people put them: one character (`好晕`), or a place and a complaint with something between. Pure.

`背也疼` and `肚子老是痛` are 背痛 and 肚子痛; `上腹隐痛` is a pain in the upper belly, dull or not. Which of the names
exist is the caller's affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.linking.assertion import CLAUSE_END
from rag.linking.sites import ends_with_site, site_at_end
from rag.text import HAN

_SAID: Mapping[str, tuple[str, ...]] = {
    "疼": ("疼痛",), "痛": ("疼痛",), "痒": ("瘙痒",), "咳": ("咳嗽",), "喘": ("气喘",), "吐": ("呕吐",),
    "烧": ("发烧", "发热"), "累": ("乏力", "疲劳"), "困": ("嗜睡",), "晕": ("头晕",), "肿": ("肿胀",),
}  # fmt: skip
_ALONE = frozenset("疼痛痒咳喘吐烧肿")
"""The others only after an adverb or a verb of complaining."""
_COMPLAINT = re.compile(
    rf"(?:(?<=[又也好很太老总就还不没得特真更直会退止越既且常都点些喊叫嫌])|(?=[喘咳吐痒][得个])|(?P<edge>(?<![疼止镇祛])))"
    rf"(?P<word>[{''.join(_SAID)}]){''.join(f'(?<!{word}不{word})' for word in _SAID)}(?!不(?P=word))"
    r"(?![苦快惜爱风经阈嗽息血槽露奶瘤块物大灼烤伤心饭药片剂针贴膏胶丸颗灵疼痛难扰境惑积赘计车船针机舌痰泡字]|不出)"
)
"""After an adverb, or at an edge: of the sentence, a clause, another name or what brings the complaint on.

`疼不疼` asks of something else whether it hurts.
"""
_AFTER_EDGE = re.compile(r"[，。；！？,;!?、\s得了着个啊呀吗不死很好三两几一天半又还怎是的到起退也]|多[久长]")
_EFFORT = re.compile(
    "(?:跑步|走路|爬楼梯?|上楼梯?|干活|运动|活动|躺下|平躺|弯腰|说话|吃饭|喝水|一动|一跑|一走|一累)(?:时|后|就)?$"
)
"""What somebody does when it comes."""


@dataclass(frozen=True)
class Stretch:
    """Where another name stands: [start, end)."""

    start: int
    end: int
    topical: bool
    """Whether it may be something else than a part of the body."""


def short_complaints(text: str, exact: Sequence[Stretch]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, names) of complaints of one character that stand by themselves; `exact` are the names around."""
    ends = {m.end for m in exact if m.topical}
    starts = {m.start for m in exact}
    for found in _COMPLAINT.finditer(text):
        start, end = found.span("word")
        at_edge = found["edge"] is not None
        if any(m.start <= start < m.end for m in exact) or (at_edge and found["word"] not in _ALONE):
            continue
        placed = ends_with_site(_HOW_OFTEN.sub("", text[max(0, start - _LONGEST_OPENING) : start]))
        if not at_edge or placed or (_opens(text, start, ends) and _closes(text, end, starts)):
            yield start, end, _SAID[found["word"]]


def _opens(text: str, start: int, ends: set[int]) -> bool:
    """Whether a complaint may begin there."""
    if start == 0 or start in ends or text[start - 1] == "、":
        return True
    return CLAUSE_END.match(text[start - 1]) is not None or _EFFORT.search(text[:start]) is not None


def _closes(text: str, end: int, starts: set[int]) -> bool:
    return end == len(text) or end in starts or _AFTER_EDGE.match(text[end]) is not None


_PLACED: Mapping[str, str] = {
    word: complaint
    for complaint, words in {
        "麻木": "麻木 发麻 麻",
        "酸痛": "酸痛",
        "酸": "发酸 酸",
        "胀": "发胀 胀",
        "发红": "发红 红",
        "红肿": "红肿",
        "发凉": "冰凉 发凉 发冷 凉 冷",
        "僵硬": "僵硬 发僵 僵",
        "瘙痒": "发痒 痒",
        "肿胀": "发肿 肿",
        "疼痛": "疼痛 疼 痛",
        "刺痛": "刺痛",
    }.items()
    for word in words.split()
}
"""What is a complaint right behind a part of the body, and which one."""
_BEHIND_PLACE = re.compile(rf"(?P<word>{'|'.join(sorted(_PLACED, key=len, reverse=True))})")
_ENDS_THERE = re.compile(
    rf"$|[^{HAN}]|[得了着个啊呀吗不很好三两几一天半又还怎是的到起退也什为咋挂看吃用要能会有和跟与可该去哪多老走晚早时后]"
)
_NO_COMPLAINT = re.compile("鼻子?酸|牙酸|眼红|口红|腮红|舌.?红|[手心]冷|[脸面]冷|牙痒|手痒")
"""Ways of speaking: `眼红`, `看了手痒`."""


def placed_complaints(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, complaint) where one stands right behind a part of the body: `腿麻`, `手指头发凉`."""
    for found in _BEHIND_PLACE.finditer(text):
        start, end = found.span("word")
        before = _HOW_OFTEN.sub("", text[max(0, start - _LONGEST_OPENING) : start])
        place = site_at_end(before) if _ENDS_THERE.match(text, end) else None
        if place is not None and not _NO_COMPLAINT.search(before[-2:] + found["word"]):
            yield max(0, start - _LONGEST_OPENING) + place, end, _PLACED[found["word"]]


_OFTEN = (
    "也|就|都|还|又|老|总|老是|总是|一直|经常|时常|常常|偶尔|有时候?|有点儿?|有些|特别|非常|十分|好|很|挺|真|太|会|隐隐作?|一阵阵?地?|"
    "阵阵|突然|稍微|微微|越来越|不停地?|里面|那里|这里|那块|这块|一动就|一碰就|一按就"
)
_WHEN = (
    "上下?楼梯?|下楼梯?|爬楼梯?|走路|走久了?|跑步|蹲下|下蹲|弯腰|转动|活动|用力|坐久了?|久坐|站久了?|躺下|翻身|抬手|抬腿|"
    "早上|早晨|晚上|夜里|半夜|白天|下午|阴天|下雨天?|受凉|着凉|天冷|饭后|吃完饭|空腹|以后|之后|的时候|时候|时|后|一"
)
"""When it comes: nothing that is another complaint."""
_HOW_OFTEN = re.compile(rf"(?:{_OFTEN}|{_WHEN})+$")
_LONGEST_OPENING = 12
_PARTED = re.compile(
    rf"(?:(?:{_OFTEN}){{1,2}}[隐胀绞刺钝闷剧酸跳]?|[隐胀绞刺钝闷剧酸跳]|部(?=疼痛))(?P<word>疼痛|[疼痛酸胀麻痒肿晕])(?![{HAN}]?[瘤块])"
)
_LONGEST_PLACE, _SHORTEST_PLACE = 4, 2
_NO_PLACE = re.compile(
    "[指趾前里外上下低抬回转点摇石骨舌奶龟额肩眉码木]头|[上下里外前后对表方侧正反一]面|[伤切创裂疮门窗胃道宫肛]口|[掌手脚足点中]心|胁肋|[全本自转]身|脚腕"
)
"""Its last character alone is no place."""


def parted_complaints(text: str, exact: Sequence[Stretch]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, names): a place, something that only says how, and a complaint; the longest place first.

    Not where the place ends within one of the names `exact`: 骨刺疼 is no 骨 that hurts.
    """
    for found in _PARTED.finditer(text):
        if any(m.topical and m.start < found.start() < m.end for m in exact):
            continue
        words = ("痛", "疼", "疼痛") if found["word"][0] in "疼痛" else (found["word"],)
        for length in range(min(_LONGEST_PLACE, found.start()), 0, -1):
            start = found.start() - length
            place = text[start : found.start()]
            if CLAUSE_END.search(place) is None and _NO_PLACE.match(text[max(0, start - 1) : start + 1]) is None:
                parts = dict.fromkeys((place, place.removesuffix("部") if length > _SHORTEST_PLACE else place))
                yield start, found.end(), tuple(part + word for part in parts for word in words)


def two_complaints(name: str, is_complaint: Callable[[str], bool]) -> int:
    """Where the second of two complaints begins that are said in one breath (`心慌气短`); 0 where there are not two."""
    half = len(name) // 2
    said = len(name) == _IN_ONE_BREATH and is_complaint(name[:half]) and is_complaint(name[half:])
    return half if said else 0


_IN_ONE_BREATH = 4
"""Characters: what people put together is two words of two."""
