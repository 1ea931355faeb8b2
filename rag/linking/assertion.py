"""Whether what a question mentions is there now, and with whom: denied, over, somebody else's, or only supposed. Pure.

Rules in the manner of ConText (Chapman 2011): a cue, the stretch it reaches over, and what ends that stretch. A clause
ends at a comma; `、`, 和 and 或 carry a mark on to what they join. The marks change no name: a question about a feared
illness is still about that illness. They keep what is not so out of rankings by symptom.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

CLAUSE_END = re.compile(r"[，。；！？,;!?\n]")
_SENTENCE_END = re.compile(r"[。！？!?\n]")
_JOIN = re.compile(r"^(?:[、/和或及与跟]|以及|或者|还有)$")


@dataclass(frozen=True)
class Assertion:
    """The marks of one mention; all False: there now, and the writer's own."""

    negated: bool = False
    past: bool = False
    third_person: bool = False
    hypothetical: bool = False


PRESENT = Assertion()


def assertions(text: str, spans: Sequence[tuple[int, int]]) -> list[Assertion]:
    """One for each (start, end) of normalised `text`; spans are in order and do not overlap."""
    people = _people(text, spans)
    found: list[Assertion] = []
    for number, (start, end) in enumerate(spans):
        own = _Clause(text, start, end, spans).read()
        if number and _JOIN.match(text[spans[number - 1][1] : start]):
            before = found[-1]
            negated = own.negated or before.negated
            past, supposed = own.past or before.past, own.hypothetical or before.hypothetical
            own = Assertion(negated, past=past and not negated, hypothetical=supposed and not negated)
        elif number and found[-1].negated and _denied_with(text, spans, number):
            own = Assertion(negated=True)
        found.append(replace(own, third_person=_of_another(text, start, end, people)))
    return found


def _denied_with(text: str, spans: Sequence[tuple[int, int]], number: int) -> bool:
    """`没有恶心呕吐，…`: names without a mark between them, up to the end of the clause, where others are told of.

    Where nothing else is (`没有发烧咳嗽怎么办`), the last of them is what is complained of.
    """
    first = last = number
    while first and spans[first - 1][1] == spans[first][0]:
        first -= 1
    while last + 1 < len(spans) and spans[last][1] == spans[last + 1][0]:
        last += 1
    ends = spans[last][1] == len(text) or CLAUSE_END.match(text, spans[last][1])
    others = len(spans) > last + 1 - first
    return bool(first < number and ends and others and _DENIES_ALL.search(text[: spans[first][0]]))


# ---------------------------------------------------------------- denied, over, supposed

_DENIED_BEFORE = re.compile(
    r"(?:没人|无人|(?<![有是])没有|没出现|没怎么|没|并无|无|未见|未出现|未发现|未[及触闻]及?|未|否认|(?<!不)(?<!不能)排除了?|不伴|不合并|"
    r"(?<!是)不是|并非|并不|不存在|(?<!会)不会|不再|不像|"
    r"(?:(?<![有是能会要该])|(?<=[但可于还总]是)|(?<=一会)|(?<=一会儿))不(?!过)|非)"
    r"(?:明显|任何|出现|过|的|伴有|伴|得|患|什么|发生|有|查出|发现|感染|吃|用|再){0,2}$"
)
_DENIES_ALL = re.compile(r"(?:没有?|(?<!有)无|未见|否认|未出现|不伴)(?:明显|任何|什么|出现|过|的|伴有|伴|有){0,2}$")
_DENIED_AFTER = re.compile(
    r"^(?:(?:都|也|倒)?(?:没有|没了)(?=[，。；,;]|$)|(?:病毒|抗体)?阴性|[^，。；,;!?！？]{0,6}(?:没事|排除了)|"
    r"(?:症状)?(?:都|也)?不明显|\(-\))"
)
_NO_IN_ENGLISH = re.compile(r"(?<![a-z])(?:no|without|denies|denied|never had|not have|n['’]t have)(?: an?| any)? $")
_NOT_DENIED = re.compile(
    r"(?:(?<![但可于还总])是不|有没|能不|(?<!一)会不|要不|无不|非常|除非|莫非|是非|没准|未必|不光|不仅)$"
)

_TO_EXCLUDE = re.compile(r"能|可以|如何|怎|[需想要]|为了|用[来于]|应该")
"""What is still to be excluded (`怎么排除肺炎`) is not denied."""

_TOO = "(?![敏程度量多于滤氧高低快慢厚薄大小长短早晚重轻速劳期渡])"
"""Behind 过: no past, but too much (`胎心过快`) or another word."""
_PAST_BEFORE = re.compile(
    r"小时候|(?:年轻|上学|上大学|读书|当兵|怀孕|生[^，]{1,3})时候?|以前|从前|之前|早年|当年|那年|那时|曾经?(?!的?治疗情况)|既往|原来(?!是)|原先|过去|"
    r"(?:大前|前|去)年(?!开始|起)|上个?月(?!开始|起)|术前|"
    r"(?:[0-9一二两三四五六七八九十几半多]+个?(?:年|月)多?(?:以|之)?前)(?!开始|起|就|出现|查出|确诊|发现|诊断|得了|患上)|"
    rf"(?<!没)(?<!没有)(?<!不)(?:得|患|有|生|出|长|做|吃|打|用|发|查|犯|住|割|切|开|服|感染|发作)过{_TOO}"
)
_PAST_AFTER = re.compile(
    rf"^(?:病|症|手术)?(?:病?史(?!无)|那(?:年|会儿?|阵子?|时候)|过{_TOO}|(?:已经?|早就?|都|全|彻底|后来|又)*(?:退了|好了|治好|痊愈|治愈|消失了|康复|[抹擦涂吃喝打治](?:它|这个)?就?好了|切了|割了|切除了))"
)
_AGAIN = re.compile("又犯|又复发|又开始|又出现|复发了")
_NOW = re.compile(
    r"现在|现如今|目前|最近|近来|近[几一两日期]|眼下|今[天早晨晚日年]|刚|又|至今|一直|仍|还(?!原)|复发|加重|这几天|这两天"
)

_SUPPOSED_BEFORE = re.compile(
    r"如果|假如|假设|假使|假若|要是|万一|倘若|若是?|(?<!恐)怕(?![冷热风光])|担心|害怕|担忧|疑似|怀疑|可疑|疑(?:为|是)|待排|"
    r"可能|是不是|会不会|是否|有没有可能|不排除|不能排除|预防(?!针|接种|性)|防止|避免|以免"
)
_SUPPOSITION_ENDS = re.compile(r"还?能(?!引起|导致)|可以|可不可以|应该|怎么|怎样|为什么|哪|需要|要不要")
_SUPPOSED_AFTER = re.compile(
    r"^(?:的)?(?:可能(?=[性大吗，。；！？,;!?]|$)|待排|待查|的话|高风险|(?:的)?(?:几率|概率|风险)(?:大|高|有多))"
)
_WILL = re.compile(r"(?<![才就总老都常时机社])会(?![诊议阴计厌员长])[^，]{0,8}$")
_IS = re.compile(r"(?<![不要若可但还于总就])(?:是|算|属于|说明)(?!不是)[^，]{0,8}$")
_ASKED_WHICH = re.compile(r"哪|什么|啥|多少|怎|谁|如何|几")
_ASKING_END = re.compile(r"(?:[吗么嘛不没]|会不会)[?？]*$|[?？]$")


@dataclass(frozen=True)
class _Clause:
    """A mention within its clause."""

    text: str
    start: int
    end: int
    spans: Sequence[tuple[int, int]]

    def read(self) -> Assertion:
        first = max((m.end() for m in CLAUSE_END.finditer(self.text, 0, self.start)), default=0)
        stop = CLAUSE_END.search(self.text, self.end)
        asked = stop is not None and stop.group() in "?？"
        before = self._open(first, self.start)
        after = self.text[self.end : stop.end() if asked and stop else stop.start() if stop else len(self.text)]
        negated = self._denied(before, after)
        return Assertion(
            negated=negated,
            past=not negated and not self.text[: self.end].endswith("过敏") and _past(before, after),
            hypothetical=not negated and _supposed(before, after),
        )

    def _open(self, first: int, last: int) -> str:
        """The text of a stretch, names in it blanked: `怕` of 怕冷 and `不` of 尿不尽 are no cues."""
        text = self.text[first:last]
        for start, end in self.spans:
            if first <= start and end <= last:
                text = text[: start - first] + "○" * (end - start) + text[end - first :]
        return text

    def _denied(self, before: str, after: str) -> bool:
        cue = _DENIED_BEFORE.search(before)
        if cue and cue.group().startswith("排除") and _TO_EXCLUDE.search(before[: cue.start()]):
            return False
        if cue and not _NOT_DENIED.search(before[: cue.start() + 1]) and not self._a_not_a(before):
            return True
        return bool(_DENIED_AFTER.match(after) or _NO_IN_ENGLISH.search(before))

    def _a_not_a(self, before: str) -> bool:
        """疼不疼 and 发热不发热 ask."""
        if before[-1:] not in ("不", "没"):
            return False
        told = self.text[: self.start - 1]
        return told.endswith((self.text[self.start], self.text[self.start : self.end]))


def _past(before: str, after: str) -> bool:
    if _PAST_AFTER.match(after):
        return True
    cues = list(_PAST_BEFORE.finditer(before))
    if _AGAIN.search(after):
        return False
    return bool(cues) and not _NOW.search(before, cues[-1].end())


def _supposed(before: str, after: str) -> bool:
    cues = list(_SUPPOSED_BEFORE.finditer(before))
    if cues and not _SUPPOSITION_ENDS.search(before, cues[-1].end()):
        return True
    if _SUPPOSED_AFTER.match(after) or (not before.strip("○、和") and after[:1] in ("?", "？")):
        return True
    if _ASKED_WHICH.search(before) or _ASKED_WHICH.search(after):
        return False
    return bool(_ASKING_END.search(after)) and bool(_WILL.search(before) or (_IS.search(before) and len(after) <= 3))


# ---------------------------------------------------------------- somebody else's

_KIN = (
    "爸爸|妈妈|父亲|母亲|父母|老爸|老妈|爹|娘亲|爷爷|奶奶|外公|外婆|姥姥|姥爷|公公|婆婆|岳父|岳母|老?丈人|丈母娘|老公|老婆|丈夫|妻子|"
    "媳妇|爱人|对象|男朋友|女朋友|男友|女友|儿子|女儿|闺女|孩子|小孩儿?|小朋友|宝宝|宝贝|娃娃?|孙子|孙女|外孙女?|侄[子女]|外甥女?|"
    "哥哥|姐姐|弟弟|妹妹|大哥|大姐|叔叔|伯伯|大伯|舅舅|舅妈|阿姨|姑姑|姑妈|(?<!大)姨妈|小姨|大姨(?!妈)|婶婶|嫂子|表[哥姐弟妹]|堂[哥姐弟妹]|"
    "同事|同学|同桌|室友|舍友|朋友|闺蜜|邻居|亲戚|老板|领导|家里人|家人|老爷子|老太太|老头儿?|老人家?(?!性)|班里|班上|宿舍里|幼儿园里|"
    "(?<!其)[他她](?![汀克莫达])们?家?|别人|人家"
)
_CLOSE = "爸|妈|爷|奶|姥|婆|公|哥|姐|弟|妹|儿|女(?!性)|娃|叔|舅|姨|姑|嫂|伯|爹|娘|宝"
_PERSON = re.compile(
    rf"(?P<other>(?:我|俺|咱)们?家?的?(?:{_KIN}|{_CLOSE})|{_KIN})|(?P<self>(?:我|俺|本人|咱)(?!们?家?的?(?:{_KIN})))"
)
_CASE = re.compile(
    r"患者|病人|病例|[一某][位名例]|(?:先生|女士|小姐|某)(?=[，,因有的是在最近今出主患被]|[0-9])|(?:^|[，。])小[^，。小孩朋]{1,2}(?=[，,因有是的在最近今出患被])"
)
"""Whoever is written about as a case: he is the one the question is about, and nobody else."""
_TELLS = re.compile("们?都?(?:说|告诉我|讲|觉得|认为|怀疑|看了说)(?:[这我]|可能是|像是|应该是|是(?![他她]))")
"""Whoever says what somebody has need not have it: `邻居说这是湿疹`."""
_ONE = re.compile("[一某][位名][^，。]{0,8}$")
_OBJECT = re.compile(
    r"生(?:下|完|过)?了?(?:[0-9一二两三几]?个)?$|(?:传染给?|传给?|影响|遗传给?|生|喂|给|对|怀|要|跟|和|与|像|当|为|带|抱)了?$"
)
"""Whoever stands behind these suffers nothing: 会传染给孩子吗."""


@dataclass(frozen=True)
class _Person:
    """Where a person is named, whether it is somebody other than the writer, and whether as the one spoken of."""

    start: int
    other: bool
    subject: bool


def _people(text: str, spans: Sequence[tuple[int, int]]) -> list[_Person]:
    found = []
    for match in _PERSON.finditer(text):
        of_the_case = _case(text, match)
        if not of_the_case and not any(_cuts(match, start, end) for start, end in spans):
            subject = _OBJECT.search(text[: match.start()]) is None and _TELLS.match(text, match.end()) is None
            found.append(_Person(match.start(), match["other"] is not None, subject))
    return found


def _cuts(person: re.Match[str], start: int, end: int) -> bool:
    """Whether a name takes a person's characters for something else: 姨妈 of 大姨妈; 母亲 may be a name itself."""
    return start < person.end() and person.start() < end and not (person.start() <= start and end <= person.end())


def _case(text: str, person: re.Match[str]) -> bool:
    """Whether a person named in `text` is the one of a written case: `一名80岁老人`, and 他 behind `患者`."""
    if person.group()[0] in "他她":
        return _CASE.search(text, 0, person.start()) is not None
    return person.group().startswith("老人") and _ONE.search(text[: person.start()]) is not None


def _of_another(text: str, start: int, end: int, people: Sequence[_Person]) -> bool:
    """The last person named before it is somebody else; with nobody before, whoever comes first behind it."""
    before = [person for person in people if person.start < start and person.subject]
    if before:
        return before[-1].other
    if any(not person.other for person in people):
        return False
    return any(person.subject for person in people)
