"""Questions of what a classic says (`伤寒论里太阳病的脉象`) or where something is written (`出自哪本书`). Pure.

A book is known by its title, which nothing but the passages themselves tells: so passages are judged, not titles.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from rag.domain import Evidence, Mention, PassageKind
from rag.text import HAN, is_han, normalise, tokens

_TITLED = re.compile(r"《([^《》]{2,20})》")
_ENDING = (
    "(?:本草经|内经|难经|甲乙经|脉经|纲目|要略|要方|翼方|条辨|金鉴|歌诀|素问|灵枢|改错|脉学|心悟|集注|全书|"
    "(?<=[寒胃候病气方源])论)"
)
_SAID_IN = re.compile(
    rf"([^\W在看按据照依和与的是说]{{0,6}}{_ENDING})"
    "(?=里|中(?!药|医|的药)|上(?!火|面)|对|怎么|如何|说|记载|提到|是怎么|认为|的)"
)
_OPENING = re.compile(rf"^([^\W在看按据照依和与的是说]{{0,6}}{_ENDING})(?=[{HAN}]{{2,}})")
"""`伤寒论太阳病的提纲`: the title alone, with no word behind it."""
_ANY = re.compile("古籍|典籍|古书|古代医书|医籍|原文|条文|出自|出处|哪本书|哪部书|哪一?篇|提纲")
_RULES = re.compile("十八反|十九畏")
_PULSE = re.compile(
    "主[什何]么?病?|主病|主证|特[点征]|脉[理诀]|什么(?:脉|意思|样)|(?:怎么|如何)[摸辨诊]|说明|代表|提示|^\u25a1$"
)
_PHRASE = re.compile("是?(?:什么|啥)意思|何意|怎么理解|如何理解|的?含义|是什么|何解|怎么解释")
_UNWANTED = re.compile("(?:不用|不要|不必|别|无需|不需要?)(?:给|写|列|标|注明|说|带)?(?:出|任何)?(?:出处|原文|条文)")
_ABOUT_BOOKS = re.compile(
    rf"{_TITLED.pattern}|{_ANY.pattern}|请|依据|根据|给出|回答|记载|关于|怎么说|如何|怎么|什么|哪[一本部篇]+|[里中上]|论述|的|是|对"
)
_BY_NUMBER = re.compile("第[一二三四五六七八九十百0-9]+(?:条|句|方|章|节|段|卷)")
"""No copy of a classic numbers its clauses alike, and none of those held numbers them at all."""
_FEWEST_SHARED = 0.5
_DEFINES, _WITHIN = "之为病", 12
"""`太阳之为病`: how a classic begins to say what an illness is."""
_ALSO_WRITTEN = (("黄疸", "黄胆"),)
"""As copies of old books have it."""
_SHORTEST_SAYING = 4
_PULSE_NAME = re.compile(rf"(?:什么是)?([{HAN}]{{1,2}}脉)")
_CHANNEL_NAME = 4
QUOTED = 3
"""Passages of books in an answer."""


@dataclass(frozen=True)
class BookQuestion:
    """`title`: the book named, normalised, empty where any will do; `rest`: what is asked of it.

    `guessed`: no book was spoken of, but books alone tell of such things; `word_for_word`: only what holds `rest` as it
    stands tells of it.
    """

    title: str
    rest: str
    guessed: bool = False
    word_for_word: bool = False


def book_question(question: str, mentions: Sequence[Mention] = ()) -> BookQuestion | None:
    """None where no book is asked: 《白血病？》 on a report is a name in quotation marks.

    Verses, pulses and old sayings are asked of books without naming one.
    """
    text = normalise(question)
    titled = _TITLED.search(text)
    if titled and any(normalise(m.surface) == titled[1].rstrip("?!. ") for m in mentions):
        titled = None
    found = titled or _SAID_IN.search(text) or _OPENING.search(text)
    if found is None and (phrase := _pulse_asked(text, mentions) or ("" if mentions else _saying(text))):
        return BookQuestion("", phrase, guessed=True, word_for_word=True)
    if found is None and (not _ANY.search(text) or _UNWANTED.search(text)):
        return None
    title = found[1] if found else ""
    rest = _ABOUT_BOOKS.sub(" ", _BY_NUMBER.sub(" ", text.replace(title, " ") if title else text)).strip()
    also = [old for new, old in _ALSO_WRITTEN if new in rest]
    return BookQuestion(title, " ".join([rest, *also]))


def _saying(text: str) -> str:
    """`上工治未病` of `上工治未病是什么意思`, or the rule whose verse is asked for; else empty."""
    if rule := _RULES.search(text):
        return rule.group()
    asked = _PHRASE.search(text)
    phrase = text[: asked.start()].strip("“”‘’「」\"' ,，。的") if asked else ""
    return phrase if len(phrase) >= _SHORTEST_SAYING and all(map(is_han, phrase)) else ""


def _pulse_asked(text: str, mentions: Sequence[Mention]) -> str:
    """`滑脉` of `滑脉主什么病`, which no list of symptoms answers; empty where something else is named too."""
    found = _PULSE_NAME.match(text)
    if found is None or any(normalise(m.surface) != found[1] for m in mentions):
        return ""
    return found[1] if _PULSE.search("\u25a1" + text[found.end() :]) else ""


def without_titles(question: str, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """`太阳病` of `伤寒论太阳病`: the title of a book makes no other illness of it."""
    book = _OPENING.search(normalise(question))
    return tuple(replace(m, modifier="") if book and normalise(m.modifier) == book[1] else m for m in mentions)


def definition(mentions: Sequence[Mention]) -> BookQuestion | None:
    """`少阳之为病` of 少阳病, of which nothing else is known; None where something else or more is named."""
    name = normalise(mentions[0].surface) if len(mentions) == 1 else ""
    if not name.endswith("病") or len(name) > _CHANNEL_NAME:
        return None
    return BookQuestion("", name.removesuffix("病") + _DEFINES, guessed=True, word_for_word=True)


def told_in(asked: BookQuestion, mentions: Sequence[Mention], passages: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The best of `passages`, which are best first, that stand in the book and name all that the question names."""
    named = [m for m in mentions if not m.negated and normalise(m.surface) not in asked.title]
    names = [{normalise(m.surface), *(c.name for c in m.candidates if c.score >= 1.0)} for m in named]
    names = [one | {name.replace(*pair) for name in one for pair in _ALSO_WRITTEN} for one in names]
    worth = [
        (_worth(asked, names, e), e) for e in passages if e.kind == PassageKind.CLASSIC and _stands_in(asked.title, e)
    ]
    kept = sorted((one for one in worth if one[0] > 0), key=lambda one: -one[0])
    return tuple(evidence for _, evidence in kept[:QUOTED])


def _worth(asked: BookQuestion, names: Sequence[Collection[str]], evidence: Evidence) -> float:
    """Share of the words asked for, more for what begins with the name or defines it; 0 for what is beside it."""
    heading, said = normalise(evidence.title or ""), normalise(evidence.text)
    own = said.replace(_DEFINES, "病")
    text = f"{heading} {own}"
    wanted = set(tokens(asked.rest))
    shared = len(wanted & set(tokens(text))) / (len(wanted) or 1)
    if asked.word_for_word:
        shared = float(asked.rest in f"{heading} {said}")
    least = _FEWEST_SHARED if asked.word_for_word or not names else 0.0
    if shared < least or not all(any(name in text for name in one) for one in names):
        return 0.0
    first = any(own.startswith(name) for one in names for name in one) or asked.rest == heading
    return 0.1 + shared + _headed(evidence, names) + first + (first and _DEFINES in said[:_WITHIN])


def _headed(evidence: Evidence, names: Sequence[Collection[str]]) -> bool:
    """Whether it stands under the very name that is asked about: `桂枝汤方`."""
    headings = {_bare(part) for part in normalise(evidence.title or "").split("·")}
    return any(not headings.isdisjoint(map(_bare, one)) for one in names)


def _bare(heading: str) -> str:
    """`滑(阳中阴)` is the chapter of 滑脉, `桂枝汤方` that of 桂枝汤."""
    return re.sub(r"\(.*", "", heading).strip().removesuffix("方").removesuffix("脉")


def _stands_in(title: str, evidence: Evidence) -> bool:
    """`素问` is `黄帝内经素问`; `本草纲目` is no `本草经`."""
    own = normalise(evidence.source.title)
    return not title or own in title or title in own


def not_told(asked: BookQuestion) -> str:
    """What is said where the book named holds nothing of it."""
    book = f"《{asked.title}》" if asked.title else "古籍"
    return f"知识库收录的{book}中没有找到与此有关的原文。"
