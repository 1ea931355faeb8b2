"""What a question asks that no relation of the vocabulary holds, whatever it sounds like. Pure."""

from __future__ import annotations

import re

from rag.question.colloquial import plain

_ACT = (
    r"隔离|潜伏|传染期|传染性|休息|卧床|住院|请假|休假|停课|上班|上学|复课|复工|忌口|忌|禁食|戒|停药|换药|复查|复诊|随访|观察|"
    r"运动|锻炼|同房|性生活|洗澡|洗头|怀孕|备孕|哺乳|起效|见效|生效|发作|间隔|保存|有效期|接种|拆线|拆石膏|下床|下地|走路|负重|爬楼|弯腰|吃饭|喝水|吃东西|出院|坐飞机|开车"
)
_SPAN = r"(?:多久|多长时间|多少时间|多少天|几天|几周|几个?月|几个?星期|什么时候)"
OTHER_SPAN = re.compile(
    rf"(?:{_ACT})(?:的?(?:期|时间|时长))?(?:一般|通常|大概|大约|需要|得|要|应该?|是|有|为|会|能|持续)*{_SPAN}|"
    rf"{_SPAN}(?:以后|之后|后|才|可以|能|会|要|该|需要|应该)*(?:{_ACT})(?:一次)?"
)
"""`隔离多久`, `多久能上班`: how long something else takes than the treatment."""

_ACTIVITY = re.compile(
    r"(?:能不能|可不可以|能否|是否能|可以|能|适不适合|适合|宜不宜|要不要|该不该|应不应该|影响|耽误)(?:再|去|做|多|经常|参加|进行|继续|正常|剧烈)*"
    rf"(?P<activity>{_ACT}|跑步|走路|散步|游泳|健身|爬山|爬楼|跳绳|跳舞|瑜伽|打球|踢球|俯卧撑|仰卧起坐|深蹲|举重|平板支撑|太极拳?|广场舞|潜水|骑车|坐车|旅游|出门|工作|学习|熬夜|洗脚|泡脚|泡澡|吹空调|吹风|"
    r"化妆|染发|烫发|纹身|打耳洞|结婚|生孩子|要孩子|生育|顺产|献血|打疫苗|打预防针|喂奶|母乳|"
    r"玩手机|看电视|戴眼镜)(?!能|可以)"
)
"""`能不能跑步`: what somebody may do is no relation of the vocabulary, whatever it sounds like."""

ON_OTHERS = re.compile(
    r"(?:对|给)[^，。；？,;?]{0,6}?(?:宝宝|宝贝|孩子|小孩|婴儿|胎儿|胎宝宝|下一代|后代|娃|乳儿|新生儿)(?:的)?"
    r"[^，。；？,;?]{0,8}?(?:影响|伤害|危害|害处|坏处|有害|不利|不好|危险)|"
    r"影响(?:到)?(?:宝宝|宝贝|孩子|小孩|婴儿|胎儿|胎宝宝|下一代|后代|娃|乳儿|新生儿)"
)
"""`哺乳期感染对宝宝有影响吗`: what one person's illness does to another is no complication of it."""

FINDINGS = re.compile(
    r"(?:心电图?|脑电图?|肌电图?|影像学?|x[线光]片?|ct|mri|磁共振|核磁(?:共振)?|超声|[b彩]超|造影|[内胃肠]镜|眼底|血气(?:分析)?|胸片|平片|"
    r"血象|骨髓象|实验室|血常规|尿常规|脑脊液|生化)(?:学|检查|检测|分析|化验)*[上中下]?的?"
    r"(?:主要|典型|特征性?|常见|有(?:什么|哪些)|什么|哪些|会有)*的?(?:表现|特征|特点|改变|征象|所见|结果)"
)
"""`高钾血症的心电图表现`: what a test shows is no symptom of the illness, and no list of its tests."""

_RATES = re.compile(
    r"(?:发病|患病|发生|检出|感染|流行|死亡|病死|致死|复发|再发|转移|致残|误诊|携带|有效|缓解|依从)(?:的)?(?:率|几率|概率|比例)|"
    r"流行病学|\b(?:prevalence|incidence|mortality|recurrence) (?:rate )?(?:of|in|for)\b"
)
"""`偏头痛的发病率`: a figure that no relation holds; an overview would be no answer to it."""


_CLAIMED = re.compile(
    r"(?:证明|论证|证实|承认|力证)[^，。；？,;?]{1,14}?(?:会|能够?|可以|可|有|没|无|不)?"
    r"(?:导致|引起|造成|引发|诱发|治好|治愈|根治|有害|无害|有毒|有效|没用|用处)"
)
"""`证明某药会导致某病`: what is on record of the illness bears nothing out; a study might."""


def activity_in(question: str) -> str:
    """`跑步` of `能不能跑步`; empty where no such thing is asked."""
    found = _ACTIVITY.search(plain(question))
    return found["activity"] if found else ""


def held_by_none(question: str) -> bool:
    """Whether something of this kind is asked, so that an overview would be no answer."""
    text = plain(question)
    return any(other.search(text) for other in (OTHER_SPAN, _ACTIVITY, ON_OTHERS, FINDINGS, _RATES, _CLAIMED))
