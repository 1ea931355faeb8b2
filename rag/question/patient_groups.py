"""Groups of people by age, state and organs: how a question says them, and whether a record speaks of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Met = Callable[[str], re.Match[str] | None]
"""A test of whether a normalised text speaks of such people, and where."""
OLD_FROM = 60.0
"""Years from which Chinese law and most package leaflets speak of 老年人."""
ADULT_FROM = 18.0
_BESIDE = 3
"""Characters that a word for a group may have beside it: 哺乳期的人 is no condition of its own."""
MONTHS, _DAYS = 12.0, 365.0
"""Of a year."""


@dataclass(frozen=True)
class Group:
    """`said`: how a question or a form tells that the patient belongs to it; `written`: how records call it."""

    label: str
    said: re.Pattern[str]
    written: re.Pattern[str]

    def is_all_of(self, text: str) -> bool:
        """Whether a text says little else than that the patient belongs to it."""
        found = self.said.search(text)
        return found is not None and len(text) - len(found.group()) <= _BESIDE


_UNFIT = "(?:不全|不良|不好|减退|减低|低下|受损|损害|损伤|障碍|衰竭|异常|差)"
_DEGREE = "(?:严重|重度|中度|轻度|明显)?"
PREGNANT = Group(
    "孕妇",
    re.compile(
        r"(?<!准备)(?<!打算)(?<![备避不未想])(?:孕妇|怀孕|妊娠|怀了孕|有孕在身|孕期|孕[早中晚]期|孕\s?\d+\s?[周个月]|怀上)"
        r"|pregnan"
    ),
    re.compile(r"孕妇|孕产妇|妊妇|妊娠|怀孕|孕期|孕[早中晚]期?|胎儿|pregnan"),
)
NURSING = Group(
    "哺乳期妇女",
    re.compile(r"哺乳(?!动物|类)|喂奶|喂母乳|母乳喂养|breast-?feed(?:ing|s)?|lactat|\bnursing (?:mother|wom[ae]n)"),
    re.compile(r"哺乳(?!动物|类)|授乳|乳母|乳妇|乳汁|母乳|breast-?feed|lactat|nursing"),
)
CHILD = Group(
    "儿童",
    re.compile(
        r"儿童|小孩|孩子|宝宝|小儿|婴幼儿|婴儿|新生儿|幼儿|患儿|娃娃?|青少年|未成年|"
        r"\bchild(?:ren)?\b|\bkids?\b|\bbab(?:y|ies)\b|\binfants?\b|\btoddlers?\b|\bnewborns?\b|\bmy (?:son|daughter)\b"
    ),
    re.compile(r"儿童|小儿|婴幼儿|婴儿|新生儿|早产儿|幼儿|患儿|小孩|青少年|未成年|child|infant|neonat|pa?ediatric"),
)
OLD = Group(
    "老年人",
    re.compile(
        r"老人|老年(?!性|痴呆|斑|环)|高龄|爷爷|奶奶|外公|外婆|姥姥|姥爷|elderly|\bolder (?:people|adults?|patients?)\b"
    ),
    re.compile(r"老年|老人|高龄|年老|elderly|older"),
)
_ON_DIALYSIS = r"透析(?:治疗)?的?(?:患者|病人|者|期间|时)|(?:接受|依赖|正在|需|做)[^，。；]{0,6}透析"
"""`过量可行血液透析` is done about an overdose, and says nothing of whoever needs it for his kidneys."""
_RENAL = Group(
    "肾功能不全",
    re.compile(
        rf"肾(?:脏)?(?:功能)?{_UNFIT}|肾衰|尿毒症|透析|\bdialysis\b|"
        r"(?:renal|kidney) (?:impairment|failure|insufficiency|disease|problems?)"
    ),
    re.compile(
        rf"肾(?:脏)?(?:功能)?{_DEGREE}{_UNFIT}|肾衰|尿毒症|{_ON_DIALYSIS}|无尿|肾(?:脏)?疾?病(?!综合)|"
        r"renal (?:impair|fail|insuff)"
    ),
)
_HEPATIC = Group(
    "肝功能不全",
    re.compile(
        rf"肝(?:脏)?(?:、?肾)?(?:功能)?{_UNFIT}|肝衰|"
        r"(?:hepatic|liver) (?:impairment|failure|insufficiency|disease|problems?)"
    ),
    re.compile(
        rf"肝(?:脏)?(?:[、，及和与或]?肾)?(?:脏)?(?:功能)?{_DEGREE}{_UNFIT}|肝衰|肝(?:脏)?疾?病(?!毒)|"
        r"hepatic (?:impair|fail|insuff)"
    ),
)
ORGANS = (_RENAL, _HEPATIC)
GROUPS = (PREGNANT, NURSING, CHILD, OLD, *ORGANS)

_A_CHILD = "(?:宝宝|宝贝|孩子|小孩|娃娃?|婴幼?儿|新生儿|儿子|女儿)"
_FED = re.compile(
    rf"母乳喂养|喂母乳|[吃喝]母乳|母乳(?=宝|娃|儿|的{_A_CHILD})|{_A_CHILD}[^，。；,;?？]{{0,3}}(?:哺乳|喂奶)"
)
"""What a child is fed."""
_FOR_A_CHILD = re.compile(rf"给(?:他|她|{_A_CHILD})(?:吃|喝|用|服|打|抹|涂)")
_TAKES = re.compile(rf"{_A_CHILD}[^，。；,;?？]{{0,6}}(?:能|可以|能不能|可不可以)(?:吃|喝|用|服|打)")
"""Who takes the remedy is the child, surely, or unless the mother speaks of herself."""
_MOTHER = re.compile(
    rf"我(?!们?家|的?{_A_CHILD}|想[问知]|要问)|俺|妈妈|宝妈|妈咪|产妇|母亲|乳母|大人|奶水|(?:对|影响){_A_CHILD}|[能以]不?[能以]?(?:继续|再|还)?喂奶"
)
"""Who nurses is spoken of, or the child only as whom it may harm."""


def nurses(text: str, is_child: bool) -> bool:
    """Whether a normalised question tells that the patient nurses; `is_child`: a child's age is told.

    `宝宝母乳喂养，能吃布洛芬吗` tells what the child is fed, and the remedy is for the child.
    """
    said = NURSING.said.search(text)
    child = is_child or CHILD.said.search(text) is not None
    if said is None or not child:
        return said is not None
    if _FOR_A_CHILD.search(text):
        return False
    return _MOTHER.search(text) is not None or not (_FED.search(text) or _TAKES.search(text))


_BESIDE_WOMEN = re.compile(
    "(?:禁|慎|忌|不宜|不应|不得|不可|避免|不推荐|应)*(?:使?用|服用?)|妇女|患者|女性|期间?|[及和与或、,，。;；的者对本品均时]"
)


def for_mothers_alone(text: str) -> bool:
    """Whether a normalised text speaks of the pregnant and the nursing, and of nobody else: `孕妇及哺乳期妇女禁用`."""
    rest, found = text, False
    for group in (PREGNANT, NURSING):
        found = found or group.written.search(text) is not None
        rest = group.written.sub("", rest)
    return found and len(_BESIDE_WOMEN.sub("", rest)) <= 1


_TRIMESTERS = {
    "early": re.compile(r"早期|早孕|孕早|(?:前|头|最初)(?:3|三)个月|first trimester"),
    "middle": re.compile(r"中期|孕中|second trimester"),
    "late": re.compile(r"晚期|末期|孕晚|(?:后|末|最后)(?:3|三)个月|third trimester"),
}
_BELOW = re.compile(
    r"(?<!\d)(\d+(?:\.5)?)\s?(周?岁|个月|月|天|日)龄?及?(?:以下|(?<=[岁龄及])(?:以内|以前|之内|内)|"
    r"(?:以内|以前|之内|内)(?=的?(?:婴|幼|小儿|患儿|儿童|新生儿|早产儿|宝宝)))"
)
"""An age: `4天内可出现腹痛` is none."""
_ABOVE = re.compile(r"(\d{2,3})\s?周?岁(?:及)?以上")
_YOUNG = (
    (re.compile(r"新生儿|早产儿|neonat"), 0.0, 1 / MONTHS + 0.01),
    (re.compile(r"婴幼儿"), 0.0, 3.0),
    (re.compile(r"婴儿|infant"), 0.0, 1.0),
    (re.compile(r"幼儿"), 1.0, 3.0),
    (re.compile(r"青少年"), 10.0, ADULT_FROM),
    (re.compile(r"儿童|小儿|患儿|小孩|未成年|child|pa?ediatric"), 0.0, ADULT_FROM),
)
"""Words for the young with the ages in years [from, below) that they cover."""


def _years(amount: str, unit: str) -> float:
    value = float(amount)
    if unit.endswith("岁"):
        return value
    return value / (_DAYS if unit in ("天", "日") else MONTHS)


def young_at(age: float) -> Met:
    """A test for texts that speak of children of this age; an age limit in the text decides where it names one."""

    def met(text: str) -> re.Match[str] | None:
        limits = list(_BELOW.finditer(text))
        within = next((m for m in limits if age < _years(m[1], m[2])), None)
        if limits and within is None:
            return None
        words = (m for word, low, high in _YOUNG if low <= age < high and (m := word.search(text)))
        return within or next(words, None)

    return met


def old_at(age: float | None) -> Met:
    """A test for texts that speak of the old; an age limit in the text decides where the age is known."""

    def met(text: str) -> re.Match[str] | None:
        limits = list(_ABOVE.finditer(text))
        if limits and age is not None:
            return next((m for m in limits if age >= float(m[1])), None)
        return OLD.written.search(text) or (limits[0] if limits else None)

    return met


def pregnant_in(words: str) -> Met:
    """A test that knows the trimester where `words` tell it: a text on another trimester is on other people."""
    told = {name for name, pattern in _TRIMESTERS.items() if pattern.search(words)}

    def met(text: str) -> re.Match[str] | None:
        found = PREGNANT.written.search(text)
        limited = {name for name, pattern in _TRIMESTERS.items() if pattern.search(text)}
        return found if not (told and limited) or told & limited else None

    return met


def child_word(text: str) -> re.Match[str] | None:
    """Where a text speaks of children of whatever age."""
    return CHILD.written.search(text) or _BELOW.search(text)


def age_text(age: float) -> str:
    """`3岁`, `8个月`."""
    if age < 1:
        return f"{max(1, round(age * MONTHS))}个月" if age * MONTHS >= 1 else "新生儿"
    return f"{age:g}岁"
