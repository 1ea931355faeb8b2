"""What no medical knowledge base can answer, whatever it holds: prescriptions, places, prices, the future. Pure.

And what is answered for an illness as such where one stage of it was asked for.

Such a question may still name a disease of which much is known. Then an answer says what it cannot tell, and never
passes for the whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.answer.conclusion import Ending
from rag.domain import Evidence, Intent, Mention, Outcome
from rag.text import normalise
from rag.vocabulary import Relation


@dataclass(frozen=True)
class Limit:
    """One kind of such questions; `alone`: nothing of what is known helps, so nothing is shown."""

    name: str
    asked: re.Pattern[str]
    note: str
    alone: bool = False


_NUMBER = "[0-9一二三四五六七八九十几两百]+"
LIMITS = (
    Limit(
        "prescription",
        re.compile(
            r"(?:[给替帮为]|请)[^，。,.；？?]{0,14}(?:开(?!了|的|始|刀|放|颅|口|胃|单|水)|配(?!合)|制?定|排|写|安排)"
            r"[^，。,.；？?]{0,12}(?:药|处方|方子|方案|假条|剂量|计划|几克|几片|出来)|"
            rf"[给替帮为][^，。,.；？?]{{0,10}}[开配](?:{_NUMBER}|半|点|些|副)|[配开](?:一|几)?[副剂](?!药方)|开具|开个?处方|病假条|减量表|"
            rf"(?:调|加|减|增)(?:量)?到(?:几|多少)|(?:减量|加量)(?:几|多少)|"
            r"[这下本](?:周|次|个?月|顿)应?该?(?:吃|打|用|服|减|加)(?:几|多少)|"
            r"(?:某|女士|先生|阿姨|大爷|大妈)的?[^，。,.；？?]{0,10}该?(?:吃|打|用|服)(?:几|多少)"
        ),
        "本系统不开处方、不开证明，也不为个人选药定量；请由医生或药师根据本人情况决定。",
    ),
    Limit(
        "place",
        re.compile(
            r"哪[家个所]?(?:医院|诊所|药店|药房|大夫|专家)|哪家[^，。；？?]{0,6}(?:好|便宜|强|靠谱)|专家(?:是谁|有谁|有哪些)|"
            r"(?:医院|大夫|主任|医生|诊所)[^，。；？?]{0,10}(?:最好|好不好|靠谱|骗|出诊|坐诊|排队|电话|地址|几点)|出诊|坐诊|"
            r"(?:最好|更好|较好|好|权威|知名|著名|正规|有名|专业)的[^，。；？?]{0,8}(?:医院|诊所)|"
            r"的号(?:今天|明天|还|有没有|约|怎)|挂得上号|附近[^，。；？?]{0,10}(?:医院|诊所|药店|药房|大夫)|[哪那]里?(?:能|可以)?买得?到"
        ),
        "知识库不含医院、医生、药店的名单、评价和出诊、挂号情况。",
    ),
    Limit(
        "price",
        re.compile(
            r"(?:现在|今天|目前|网上|美团|京东|淘宝|拼多多|药店|集采)[^，。；？?]{0,14}(?:多少钱|价格|几块|优惠|打折|便宜|有货)|"
            r"(?:多少钱|几块钱?|多少)一[盒瓶支片针粒袋]|[断缺]货|有货|集采|自己?掏|自费部?分?多少|哪[家里]便宜|有优惠"
        ),
        "知识库不含药品和服务当前的价格、库存和报销金额。",
    ),
    Limit(
        "future",
        re.compile(
            rf"(?:明年|后年|明天|下个?月|下周|下半年|将来|未来|下一?[波次轮]|{_NUMBER}年(?:以后|之后|后)|20[3-9]\d年?)"
            r"[^，。；？?]{0,10}(?:会|能|攻克|涨|降|出现|变|厉害|有哪|是哪|哪一?天)|"
            r"(?<!生)活(?:几|多少)(?:天|个?月)|说个?(?:日期|日子|准)|哪一天(?:会|能|是)?[^，。；？?]{0,6}$"
        ),
        "知识库不含对未来和对某个人的预测。",
    ),
    Limit(
        "animal",
        re.compile(
            r"(?<!养)(?:狗狗|小狗|狗子|猫咪|猫猫|小猫|宠物|泰迪|金毛|柯基|拉布拉多|仓鼠|兔兔|鹦鹉|我家(?:狗|猫|兔子?|猪|鸡))"
            r"(?!的?毛|身上|咬|抓|挠|舔|过敏)(?![^，。；？?]{0,6}(?:咬|抓伤|抓了|挠|舔))"
        ),
        "知识库只收录人的疾病和用药；动物的请问兽医。",
        alone=True,
    ),
)


NO_DRUGS = Limit(
    "careful",
    re.compile("(?!)"),
    "孕期、哺乳期和小孩子用药要由医生决定，这里没有列出药物和穴位；想问某一种药，请写出药名。",
)
"""Of whoever may take few medicines: what to do is told without a list of those of everybody else, nor acupoints."""


def limits_of(question: str) -> tuple[Limit, ...]:
    """The kinds that a question belongs to, in the order of `LIMITS`."""
    text = normalise(question).replace(",", "，").replace("?", "？")
    return tuple(limit for limit in LIMITS if limit.asked.search(text))


def nothing_helps(limits: tuple[Limit, ...], intent: Intent) -> bool:
    """Whether what the knowledge base holds can be no part of the answer, as nothing it holds was asked for."""
    return any(limit.alone for limit in limits) or (bool(limits) and not intent.explicit)


def limited(ending: Ending, limits: tuple[Limit, ...]) -> Ending:
    """`ending` with what cannot be told, which keeps an answer from being whole."""
    if not limits:
        return ending
    notes = tuple(limit.note + "\n" for limit in limits)
    if ending.outcome in (Outcome.NOT_IN_KB, Outcome.NEED_MORE_INFO):
        return replace(ending, notes=ending.notes[:1] + notes + ending.notes[1:])
    outcome = Outcome.PARTIAL if ending.outcome is Outcome.ANSWERED else ending.outcome
    return replace(ending, outcome=outcome, notes=notes + ending.notes)


_STAGE = re.compile(
    r"急性(?:加重|发作)期?|(?:急性|活动|缓解|发作|稳定|间歇|恢复|终末|静止|进展|后遗症|围手术|(?:怀孕?|孕[早中晚]?|哺乳|月?经)(?=期))期|(?<![初长短近定])(?:早|中|晚)期|术[前后](?!状态)"
)
_DIFFERS_BY_STAGE = frozenset(
    {Relation.TREATMENT, Relation.DRUG, Relation.ADJUVANT, Relation.CURE_RATE, Relation.DURATION, Relation.FOOD_GOOD,
     Relation.FOOD_BAD, Relation.DOSAGE}
)  # fmt: skip


def untold_stage(
    question: str, mentions: Sequence[Mention], intent: Intent, cited: Sequence[Evidence]
) -> tuple[Limit, ...]:
    """`痛风急性期用什么药`, where what is cited names no stage: what helps later may do harm now."""
    if not (cited and intent.explicit and _DIFFERS_BY_STAGE & set(intent.relations)):
        return ()
    chars = list(normalise(question)) if len(normalise(question)) == len(question) else list(question)
    for mention in mentions:
        chars[mention.start : mention.end] = "\u25a1" * (mention.end - mention.start)
    stage = _STAGE.search("".join(chars))
    if stage is None or any(stage.group() in normalise(e.text) for e in cited):
        return ()
    note = f"引用的记录没有区分“{stage.group()}”，不一定适用于这一阶段；请咨询医生。"
    return (Limit("stage", _STAGE, note),)
