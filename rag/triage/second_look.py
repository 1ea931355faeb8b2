"""The second look of the triage: two small learnt classifiers for what the rules have no words for. Deterministic.

People describe emergencies without the words of a textbook (`筷子夹不住，半边脸没表情`); a table of words does not see
that, a classifier over character n-grams does. One tells whether there is an emergency, the other, asked only then, of
which kind. They are part of the triage: they run before anything can fail, know nothing of knowledge bases, and no
generator, cache or history touches them. Made by `finetune/triage.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from typing import Any

import yaml

from rag.classifier import Classifier
from rag.domain import Patient, Triage
from rag.errors import ConfigurationError
from rag.text import normalise
from rag.triage.desk import load_desk
from rag.triage.english import english_aid, english_flag, in_english, surely_aided
from rag.triage.replies import tells_nothing
from rag.triage.rules import calming, contexts, first_aid, surely, told, triage
from rag.triage.table import TriageRules

NONE, EMERGENCY = "none", "emergency"
"""The labels of what needs no emergency action, and of what does."""
UNCLEAR = "unclear"
"""The category of an emergency that may be one of several."""
_TABLE, _ALARM, _KINDS = "second_look.yaml", "triage_alarm.safetensors", "triage_kinds.safetensors"
_INFANT_MONTHS = 24
_INFANT = "infant_fever"
_YOUNG = 0.25
_BESIDE_FEVER = 0.1
"""Probability of anything else from which the fever of an older child is an emergency."""
_MONTHS_OLD = re.compile(
    r"(?<!怀孕)(?<!孕)(?<![0-9.])(?:[4-9]|1[0-9]|2[0-9]|[四五六七八九十]|十[一二三四五六七八])个多?半?月(?!前|后|以|没)|"
    r"(?<![0-9.])(?:[1-9][0-9]?|[一二两三四五六七八九十])岁"
)
_NO_FEVER = re.compile(
    r"(?:没有?|不|未|无)(?:再|有|是|太)?(?:发)?(?:烧|热|烫)|退烧(?:了|后)|烧(?:已经|都|早)?退|体温(?:一直)?(?:正常|3[67])|"
    r"(?:天气?|太|炎|怕|热)热|高温|热水|热量|no fever|no temperature"
)
_FEVER = re.compile(
    r"烧|热|烫|火炉|火炭|炉子|体温|[量测]|(?:三十[八九]|四十|3[89]|4[01])(?!多?天|周|个|w)|fever|hot|temp"
)
"""What speaks of fever, once what denies it is taken out; without it the age of a baby is no emergency."""
_CERTAIN = 0.9
"""Probability from which an emergency is one, whatever first aid has words for."""
_SHORT = 24
"""Characters in which hardly anything else is told than what first aid has words for."""
_SUICIDAL = "suicidal"
_RELUCTANT = re.compile(
    "舍不得|不舍|不忍心|狠不下心|下不了决?心|下不了狠心|心软|心疼|过意不去|过不了这一?关|拿不定主意|犹豫"
)
_FAREWELL = re.compile(
    "死|亡|活|命|走|跳|割|划|刀|绳|吊|药|遗|别|见|消失|结束|了[结断]|解脱|累|意义|杀|残|伤|楼|桥|江|河|湖|海|煤气|炭|窗|台|轨|血|辈子|"
    "来世|来生|天堂|世|醒|撑|熬|不下去|对不起|拖累|负担|多余|麻烦|不吃|抑郁|绝望|崩溃|痛苦|不在|离开|陪|安排|后事|托付|明天|今晚|天亮|"
    "没人|再也|恨"
)
"""Whoever cannot part (`给孩子断奶，自己舍不得`) says something of this too where it is life that he parts from."""
_CHILD = re.compile("小孩|孩子|儿童|小朋友|儿子|女儿|上学|幼儿园")
_LONGEST_BARE = 16
_GRAVE = re.compile("胸|心绞|心前区|呼吸|喘|气|憋|血|抽|麻|看不|视力|黄疸")
"""Complaints that are no everyday ones, however few words say them."""
_ASKED = re.compile(
    "挂什么科|挂哪个?科|看什么科|什么科|怎么办|怎么回事|是什么病|什么病|什么原因|吃什么药|怎么治|请问|我|有点|有些|老是|总是|最近|和|、|伴"
)
_YOUNG_ONE = re.compile(
    "宝|婴|娃|孩|儿|崽|囡|囝|幼|小家伙|小东西|小不点|小朋友|丫头|闺女|孙|弟|妹|出生|生下|刚生|周|奶|乳(?!腺)|襁褓|黄疸|"
    "月(?!经|初|底|末|份|[0-9])|(?<![今昨前明每白])(?<!第.)天(?!开始|前|以来|没|内|后|气)|"
    "baby|infant|newborn|month|week|day|son|daughter|boy|girl|kid"
)
"""What is said of a baby in some way."""
_NEWBORN = re.compile(r"[0-9一二三四五六七八九十]天|周大|新生儿|刚出生|刚生|满月|月子|[1-3一二两三]个多?月")


_NAME = r"[\u4e00-\u9fffa-z0-9]{2,12}?"
_SOMEBODY = r"(?:我|他|她|孩子|宝宝|小孩|患者|病人|老人|我?(?:妈妈?|爸爸?|老公|老婆|奶奶|爷爷))?"
_OF_A_PATIENT = re.compile(
    # how much is taken may be an overdose
    r"(?!.*(?:[把瓶盒板袋杯整]|[0-9一二两三四五六七八九十百千几多]+[片粒颗]|[毒害]))"
    rf"(?:(?:其实|说错了|对了|哦|忘了说|更正)[,，]?)*{_SOMEBODY}(?:"
    rf"(?:现在|一直|平时|目前|长期|同时)*(?:还|也)?(?:在|一直在|正在)(?:吃|用|服用?|打)(?:着)?{_NAME}"
    r"(?:林|素|平|尔|汀|唑|坦|普利|双胍|片|胶囊|颗粒|药|钠|酸|格雷|啶)|"
    r"(?:现在|今年|才|刚)*(?:是)?[0-9一二三四五六七八九十]+(?:周?岁半?|个半?月)(?:大|了)?)[。.!！]?|"
    rf"(?!.*(?:误|错|过量|中毒|[吃喝吞服]了)){_NAME}的?(?:不良反应|副作用|毒副作用|禁忌证?|适应证|注意事项|用法用量|药物?相互作用|说明书)(?:是什么|有哪些|有什么)?[？?。]?"
)
"""Nothing that could be an emergency is told."""


@dataclass(frozen=True)
class SecondLook:
    """`sees` tells `EMERGENCY` from `NONE`, `names` the kind; `verdicts` has one for each kind, and `UNCLEAR`.

    `alarm` and `doubt` are probabilities of any emergency; `clear` is the share of it that one kind must have to be
    named: advice for the wrong organ is worse than advice for none. Where none is, it takes `alarm_unclear` to speak:
    a little of everything is what long harmless stories hold. `calm`: rules of first aid -> the kinds of emergency of
    which they tell the harmless ones apart.
    """

    sees: Classifier
    names: Classifier
    verdicts: Mapping[str, Triage]
    alarm: float
    doubt: float
    clear: float
    alarm_unclear: float
    calm: Mapping[str, Collection[str]] = field(default_factory=dict)

    def reconsider(
        self, question: str, patient: Patient | None, first: Triage, known: Sequence[str] = (), aid: str | None = None
    ) -> Triage:
        """The rules' verdict; a red flag of its own where they saw none; none where they surely saw a ghost.

        `known`: what `contexts` says of the question; `aid`: the rule of first aid that has words for it.
        """
        text = described(patient) + question
        emergency = self.sees.probabilities(text, known)[EMERGENCY]
        if first.red_flag:
            return first if emergency >= self.doubt else Triage()
        return self._named(text, question, patient, emergency, aid) or first if emergency >= self.alarm else first

    def _named(
        self, text: str, question: str, patient: Patient | None, emergency: float, aid: str | None
    ) -> Triage | None:
        """The verdict on an emergency of this probability; None where what it would be asks for more of it."""
        shares = self.names.probabilities(text)
        kind = max(shares, key=lambda label: (shares[label], label))
        other = emergency * (1 - shares[kind])
        if emergency < _CERTAIN and len(normalise(question)) <= _SHORT and kind in self.calm.get(aid or "", ()):
            return None
        if kind == _SUICIDAL and _is_reluctant(question):
            return None
        if kind == _INFANT and not _is_of_a_child(question, patient):
            return self.verdicts[UNCLEAR] if emergency >= self.alarm_unclear else None
        if kind == _INFANT and not _feverish(question):
            return self.verdicts[UNCLEAR] if other >= self.alarm else None
        if kind == _INFANT and _older(question, patient):
            return self.verdicts[UNCLEAR] if other >= _BESIDE_FEVER else None
        if shares[kind] >= self.clear:
            return self.verdicts[kind]
        return self.verdicts[UNCLEAR] if emergency >= self.alarm_unclear else None


def _is_reluctant(question: str) -> bool:
    """Whether somebody finds it hard to part from something, and no word is of death or farewell."""
    text = normalise(question)
    return _RELUCTANT.search(text) is not None and _FAREWELL.search(text) is None


def _feverish(question: str) -> bool:
    return bool(_FEVER.search(_NO_FEVER.sub("\n", normalise(question))))


def _is_of_a_child(question: str, patient: Patient | None) -> bool:
    """Whether anything is said of a child, or of whom is not known but by an age: `38度5` alone is anybody's fever."""
    return (patient is not None and patient.age is not None) or _YOUNG_ONE.search(normalise(question)) is not None


def _older(question: str, patient: Patient | None) -> bool:
    """Whether three months or more are told of an age, or a child of none: its fever alone is no emergency."""
    if patient is not None and patient.age is not None:
        return patient.age >= _YOUNG
    text = normalise(question)
    return bool(_MONTHS_OLD.search(text) or _CHILD.search(text)) and not _NEWBORN.search(text)


def assess(question: str, patient: Patient | None, rules: TriageRules, look: SecondLook | None) -> Triage:
    """The verdict of the rules, then of the second look if there is one; first aid where neither sees a red flag.

    The second look adds nothing to what is told of a film or an examination: it knows words, not who speaks; nor to
    everyday complaints of which nothing more is said (`头痛恶心`), nor to an English question for which
    first aid surely has words, nor to answers and temperatures alone (`不知道`, `39度`).
    """
    first = triage(question, patient, rules)
    if not first.red_flag and (english := english_flag(question)).red_flag:
        return english  # the model of the second look was trained on Chinese and doubts what it cannot read
    if first.red_flag and (sure := surely(question, patient, rules)).red_flag:
        return sure
    silent = told(question, rules) or _is_bare(question) or _only_tells(question)
    silent = silent or surely_aided(question) or tells_nothing(question)
    asked = look if first.red_flag or not silent else None
    known, aid = contexts(question, rules), calming(question, patient, rules)
    verdict = asked.reconsider(question, patient, first, known, aid) if asked is not None else first
    if verdict.red_flag:
        return in_english(question, verdict)
    return first if (first := first_aid(question, patient, rules)).action else english_aid(question)


def _is_bare(question: str) -> bool:
    """Whether it holds nothing but everyday complaints and what is asked of them: `头痛恶心`, `肚子胀挂什么科`."""
    text = normalise(question)
    if len(text) > _LONGEST_BARE or _GRAVE.search(text):
        return False
    for name in sorted(load_desk().complaints, key=len, reverse=True):
        text = text.replace(name, " ")
    return not re.sub(r"[\W_]", "", _ASKED.sub(" ", text))


def _only_tells(question: str) -> bool:
    """Whether it asks of a leaflet (`氯吡格雷片的不良反应`), or tells who takes what and how old somebody is."""
    return _OF_A_PATIENT.fullmatch(normalise(question)) is not None


def described(patient: Patient | None) -> str:
    """What is known of the patient, as people would say it before their question; empty if nothing."""
    if patient is None:
        return ""
    parts = []
    if patient.age is not None:
        months = round(patient.age * 12)
        parts.append(f"{months}个月的宝宝" if months < _INFANT_MONTHS else f"{round(patient.age)}岁")
    if patient.pregnant:
        parts.append("孕妇")
    if patient.drugs:
        parts.append(f"吃{'、'.join(patient.drugs)}的")
    return "，".join(parts) + "，" if parts else ""


def load_look(rules: TriageRules) -> SecondLook:
    """The packaged models and table. Raises ConfigurationError where they do not fit each other or the rules."""
    sees, names = map(_packaged, (_ALARM, _KINDS))
    table: dict[str, Any] = yaml.safe_load((files("rag.triage") / _TABLE).read_text(encoding="utf-8"))
    categories = table["categories"]
    if set(sees.labels) != {EMERGENCY, NONE} or set(categories) != {*names.labels, UNCLEAR}:
        raise ConfigurationError(f"{_TABLE}, {_ALARM} and {_KINDS} do not fit each other; train the models again")
    known = {rule.id: rule for rule in rules.rules}
    verdicts = {}
    for name, row in categories.items():
        if "rule" in row and row["rule"] not in known:
            raise ConfigurationError(f"{_TABLE}: {name}: there is no rule {row['rule']!r} in triage.yaml")
        action, label = (
            (known[row["rule"]].action, known[row["rule"]].label) if "rule" in row else (row["action"], row["label"])
        )
        verdicts[name] = Triage(True, row.get("rule", name), action, label)
    calm: dict[str, list[str]] = table["calm"]
    strange = {*calm} - {rule.id for rule in rules.calming} | {kind for kinds in calm.values() for kind in kinds} - {
        *names.labels
    }
    if strange:
        raise ConfigurationError(f"{_TABLE}: calm: {sorted(strange)} is no sure rule of first aid or no category")
    alarm, doubt, clear, unclear = (float(table[name]) for name in ("alarm", "doubt", "clear", "alarm_unclear"))
    return SecondLook(sees, names, verdicts, alarm, doubt, clear, unclear, calm)


def _packaged(name: str) -> Classifier:
    with as_file(files("rag.triage") / name) as path:
        return Classifier.load(path)
