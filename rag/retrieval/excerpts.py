"""Which sentences of a drug's monograph deal with a question that asks for no field of it (`能不能静推`). Pure.

People and monographs use other words for one thing: `喝了酒` stands there as 乙醇 or 双硫仑, `磨碎` as 整片吞服. Each
row of the table is one theme: how it is said, and how it is written. A sentence fits by the themes that it shares with
the question; words without a theme count only where they are rare enough to tell something (a stretch of three).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rag.domain import Mention
from rag.text import is_han, normalise

_THEMES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(said), re.compile(written))
    for said, written in (
        ("静推|推注|静脉推|直接推", "静脉推注|静脉注射|直接推注|静注|推注|直接静脉"),
        ("静滴|静点|点滴|滴注|输液|滴速|输快|输得快", "静脉滴注|滴注|静滴|滴速|输注"),
        ("肌注|肌肉注射|肌内注射|打屁股", "肌内注射|肌肉注射|肌注"),
        ("皮下", "皮下"),
        (
            "喝酒|饮酒|[和跟与同配]酒|酒一起|白酒|啤酒|红酒|酒后|喝了?[^，。？]{0,5}酒|酒精",
            "饮酒|乙醇|酒精|含酒|双硫仑|戒酒样",
        ),
        ("备孕|怀孕|孕妇|孕期|妊娠|要孩子|怀上", "妊娠|孕妇|孕期|避孕|致畸|受孕|怀孕|育龄"),
        ("喂奶|哺乳|母乳|喂母", "哺乳|乳汁|授乳|乳儿"),
        ("孩子|小孩|儿童|宝宝|小儿|婴儿|幼儿|岁以下", "儿童|小儿|婴儿|幼儿|婴幼儿|新生儿"),
        ("老人|老年|老头|奶奶|爷爷|[789]\\d岁", "老年"),
        ("肾不(?:太)?好|肾功能?不|肾衰|肌酐|透析|尿毒症", "肾功能|肾衰|肾损害|肾脏|透析"),
        ("肝不(?:太)?好|肝功能?|转氨酶|伤肝|肝硬化", "肝功能|肝损害|肝脏|转氨酶|肝硬化|肝毒"),
        ("心率|心跳慢|脉搏", "心率|心动过缓|脉搏|心律"),
        ("掰开?|磨碎|碾碎|嚼碎|嚼着|压碎|研碎|化开|胃管", "掰|研碎|嚼|咀嚼|压碎|碾碎|整片|整粒|吞服|鼻饲"),
        ("停药|停掉|停用|能停|停了|突然停|戒断", "停药|停用|撤药|骤停|突然中断|逐渐减|戒断"),
        ("漏服|忘吃|忘了吃|忘记吃|少吃了一", "漏服|遗漏|忘记"),
        ("开车|驾驶|高空|上班开", "驾驶|驾车|操作机器|机械|高空"),
        ("保存|存放|冰箱|放多久|怎么放|有效期", "贮藏|贮存|保存|冷藏|有效期|避光|密闭"),
        ("结晶|变色|浑浊|沉淀", "结晶|变色|浑浊|混浊|沉淀|析出"),
        ("饭前|饭后|空腹|吃饭|餐前|餐后", "饭前|饭后|餐前|餐后|空腹|进食|进餐|与食物"),
        ("过量|吃多了|多吃了|超量", "过量|超量|逾量|中毒"),
        ("见效|起效|多久有用", "起效|见效|生效|达峰"),
        ("水肿|脚肿|腿肿|脸肿|浮肿|肿了", "水肿|浮肿"),
        ("拉肚子|腹泻|拉稀", "腹泻|稀便"),
        ("头晕|发晕|眩晕", "头晕|眩晕"),
        ("恶心|想吐|呕吐|吐了", "恶心|呕吐"),
        ("皮疹|起疹|出疹|红疹|满身红|发红|全身红", "皮疹|红斑|潮红|红人|荨麻疹"),
        ("过敏", "过敏"),
        ("犯困|嗜睡|困", "嗜睡|困倦|镇静"),
        ("失眠|睡不着", "失眠"),
        ("脱发|掉头发", "脱发"),
        ("手抖|发抖", "震颤|手抖"),
        ("咳嗽|干咳", "咳嗽|干咳"),
        ("体重|长胖|发胖|瘦了", "体重|肥胖|消瘦"),
        ("低血糖|血糖低", "低血糖"),
        ("手术|开刀|拔牙", "手术|术前|拔牙"),
        ("疫苗|接种", "疫苗|接种"),
        ("西柚|葡萄柚|柚子", "西柚|葡萄柚|柚"),
        ("牛奶|奶制品|豆浆", "牛奶|乳制品|奶类|钙剂"),
        ("喝茶|茶水|浓茶", "茶"),
        ("咖啡", "咖啡"),
        ("晒太阳|防晒|日晒", "日光|阳光|光敏"),
        ("外渗|漏出血管|渗漏|鼓了", "外渗|漏出|渗漏|血管外"),
        ("稀释|兑|配伍|抽一支", "稀释|配伍|混合"),
        ("成瘾|上瘾|依赖", "成瘾|依赖"),
        ("血压", "血压"),
        ("月经|例假", "月经"),
        ("糖尿病|血糖高", "糖尿病|血糖"),
        ("青光眼|眼压", "青光眼|眼压"),
        ("前列腺", "前列腺"),
        ("胃溃疡|胃出血|胃不好", "溃疡|胃肠道出血|消化道出血"),
        ("哮喘", "哮喘"),
    )
)
_RARE = 3
"""Han characters in a row that a question and a sentence must share to have a word in common."""
_FUNCTION = re.compile(r"[的了是在我你他她它有和与就都也还很这那个]")
_ASKING = re.compile(
    r"能不能|可不可以|可以|能|吗|呢|怎么|什么|多少|为什么|要不要|是不是|有没有|不能|应该|需要|一下|请问|病人|患者"
)


def themes(question: str) -> list[re.Pattern[str]]:
    """How a monograph writes what is said in `question`, one pattern for each theme."""
    text = normalise(question)
    return [written for said, written in _THEMES if said.search(text)]


def telling(question: str, sentences: Sequence[str]) -> list[str]:
    """The sentences that share the most themes with `question`, in their order; without a theme, rare words.

    `question` comes without the names of the drugs that the sentences are about.
    """
    asked = themes(question)
    stretches = _stretches(question)
    scores = [_score(normalise(sentence), asked, stretches) for sentence in sentences]
    best = max(scores, default=0)
    return [sentence for sentence, score in zip(sentences, scores, strict=True) if score == best] if best else []


def _score(sentence: str, asked: Sequence[re.Pattern[str]], stretches: Sequence[str]) -> int:
    if asked:
        return sum(bool(written.search(sentence)) for written in asked)
    return sum(stretch in sentence for stretch in stretches)


def _stretches(question: str) -> list[str]:
    """Every run of `_RARE` Han characters of what a question says beside its asking words."""
    pieces = _ASKING.sub(" ", normalise(question)).split()
    runs = (piece[i : i + _RARE] for piece in pieces for i in range(len(piece) - _RARE + 1))
    return list(dict.fromkeys(run for run in runs if all(map(is_han, run)) and not _FUNCTION.search(run)))


def without(question: str, mentions: Iterable[Mention]) -> str:
    """`question` with a comma in the place of each mention that stands in it."""
    chars = list(question)
    for mention in mentions:
        if not mention.carried:
            chars[mention.start : mention.end] = ["，"] * (mention.end - mention.start)
    return "".join(chars)
