"""Words that turn a statement: denial and permission, too much and too little, directions. Tables only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

MASKED = re.compile(
    r"宜忌|不温|不敛|不华|不荣|不收|不化|不摄|不纳|不节|不洁|不语|不愈|不定|不调|不利(?!于)|不通|不畅|不振|不爽|不宁|不寐|不固|不舒|不止|不尽|不省|不眠|不清(?!楚)|不退|不思|不仁|不遂|"
    r"不良|不全|不足|不适(?![用宜合应])|不安(?!全)|不孕|不育|不稳|不明(?!显)|不规则|不同(?!时)|不典型|不完全|不自主|不等|不断|不仅|"
    r"不但|不论|不管(?!用)|"
    r"不过(?!敏)|不久|"
    r"(?:没有|无)禁忌|(?<!不)(?<!适)宜(?=从|自|在|于|以|由|先|随|按|与|餐|空腹|早|晚|睡|清淡|缓|慢)|"
    r"无效(?=[的时者后])|不饮者|不喝者|未控制|未成年|未服药|未治疗|未用药|未接种|无力|无尿|无菌|无关紧要|无痛|无症状|非处方|非甾体|非常|"
    r"非特异|非典型|"
    r"\b(?:not|no) (?:worse|inferior|better|superior) (?:than|to)\b|"
    r"\b(?:did|does|do) not (?:significantly )?(?:differ|change)\b|"
    r"\bnot (?:significantly )?different\b|\bno (?:significant )?differences?\b|"
    r"非小细胞|非霍奇金|未分化|未婚|未来|无论|无机|无名|难免|否则|是否|能否|可否|忌惮|禁食|禁水"
)
"""Words with a sign of denial in them that deny nothing of the sentence."""


FORBID, DENY, UNADVISED, CAUTION, ALLOW = "forbid", "deny", "unadvised", "caution", "allow"


MARKS: Sequence[tuple[str, re.Pattern[str]]] = (
    (FORBID, re.compile(r"\b(?:must|should|may)(?: never| not)(?: be)?\b|\bcannot be used\b")),
    (CAUTION, re.compile(r"慎重|谨慎|慎用|慎服|慎|小心|with caution|cautiously|caution")),
    (
        UNADVISED,
        re.compile(
            r"暂缓|不太?(?:适宜|宜|推荐|建议|主张|提倡|鼓励|适合)|不应首选|尽量不|"
            r"(?:is |are |was |were )?not (?:be )?(?:recommended|advised|advisable)|inadvisable"
        ),
    ),
    (
        DENY,
        re.compile(
            r"(?:无需|无须|毋需|毋须|不需要?|不必|不用|用不着|not (?:required|necessary|needed))|并?没有?(?!食子|药)|"
            r"并无|并未|并非|并不|未能|未见|未|"
            r"无法|无效|别(?=[吃用服饮碰沾])|不会|不影响|不增加|不再|不是|不属于|不适用|不应|不要|避免|防止(?=$)|不如|不比|"
            r"(?:do|does|did|is|are|was|were|has|have|had|should|could|would|can|may|might) ?not\b|"
            r"\bn't\b|\bcannot\b|\bno\b|\bnot\b|\bnor\b|\bneither\b|\bwithout\b|\bavoid\w*|\bunlikely\b|\bfail(?:s|"
            r"ed)? to\b|\bnone\b|"
            r"\brarely\b|\black of\b"
        ),
    ),
    (
        FORBID,
        re.compile(
            r"禁用|禁止|禁忌|严禁|忌用|忌服|忌食|忌吃|忌饮|不可以|不可|不得|不能够|不能|不许|不准|(?<=[应须需要宜])(?:暂停|停止)(?=哺乳|母乳)|切勿|勿|切忌|切莫|"
            r"禁|忌|"
            r"contraindicat\w*|\bnever\b|\bprohibited\b|\bforbidden\b|\bban(?:s|ned)?\b"
        ),
    ),
    (DENY, re.compile(r"^否$|不|无(?!论)|(?<=并)非|绝非")),
    (
        ALLOW,
        re.compile(
            r"可以?(?:饮|食用|进食|喂)|可以(?:用|使用|服用|吃|放心)|可以?(?=[和与跟同][^，,]{1,14}[用服吃])|可(?:放心)?(?:用|使用|服用)(?!于)|能用|能吃|能饮|能食用|可用于|放心|安全|无妨|适合|"
            r"适用|适宜|推荐|宜|"
            r"recommended|(?:is |are )?(?<!not )(?<!not a )(?<!no )(?<!neither )\bsafe\b|"
            r"\ballowed\b|\bpermitted\b|\bsuitable"
        ),
    ),
)
"""Tried in order; what one takes the next do not see."""


NEGATIVE = frozenset({FORBID, DENY, UNADVISED, CAUTION})


AGREEING: Mapping[str, frozenset[str]] = {
    FORBID: frozenset({FORBID, DENY}),
    DENY: frozenset({DENY, FORBID, UNADVISED}),
    UNADVISED: frozenset({UNADVISED, DENY}),
    CAUTION: frozenset({CAUTION}),
    ALLOW: frozenset({ALLOW}),
}
"""What a sentence says, and which of the evidence's words may stand behind it."""


TOO_MUCH, TOO_LITTLE = ("过多", "过剩", "亢进", "过高"), ("过少", "不足", "缺乏", "减退", "低下", "过低")
"""Ends of compounds that say the opposite of each other."""


PRAISE = re.compile(r"放心|安全|无妨|适合|适用|适宜|推荐|宜|\b(?:recommended|safe|suitable|permitted|allowed)")
"""Permission that says more than `可用`: it must stand in the evidence."""


UP, DOWN, BETTER, WORSE, HEAVIER, LIGHTER, ALIKE = "up", "down", "better", "worse", "heavier", "lighter", "alike"


WAYS: Sequence[tuple[str, re.Pattern[str]]] = (
    (
        ALIKE,
        re.compile(
            r"不[优劣亚]于|非劣效?|\bnon-?inferior\w*|\bnot? (?:superior|inferior|better|worse)\b|"
            r"\b(?:did|does|do) not (?:significantly )?(?:differ|change)\b|\bnot (?:significantly )?different\b|"
            r"\bno (?:significant )?differences?\b|\bsimilar\b|"
            r"\bcomparable\b|\bunchanged\b"
        ),
    ),
    (
        BETTER,
        re.compile(
            r"改善|好转|缓解|变好|优于|好于|有效(?!期|成分|剂量|浓度)|有益(?![气肾精阴智胃肝脾])|获益|好处|恢复|"
            r"\bimprov\w*|\bbetter\b|\bsuperior\w*|\bbenefi\w*|\beffective\w*"
        ),
    ),
    (HEAVIER, re.compile(r"加重|加剧")),
    (LIGHTER, re.compile(r"减轻")),
    (WORSE, re.compile(r"恶化|变差|劣于|差于|有害|\bworse\w*|\binferior\w*|\bharm\w*|\bdeteriorat\w*")),
    (
        UP,
        re.compile(
            r"升高|增高|增加|增多|上升|升幅|增强|加强(?=$|[，,、。\s])|变强|加倍|"
            r"增长|增大|提高|升至|升到|升(?= ?\d|\s|$)|高于|多于|大于|长于|更高|更多|"
            r"更大|更长|变大|变多|变高|变长|变快|略多|较高|较多|较长|"
            r"偏高|加快|加速|酌增|上调|延长|增至|翻倍|多(?=\s)|"
            r"\bincreas\w*|\benhanc\w*|\bpotentiat\w*|\baugment\w*|\bhigher\b|\brais\w*|\brise[ns]?\b|\brose\b|\belevat\w*|\bgain\w*|\blonger\b|\bprolong\w*|"
            r"\bmore\b(?: frequent\b| common\b| likely\b| often\b)?|\bgreater\b"
        ),
    ),
    (
        DOWN,
        re.compile(
            r"降低|减低|减少|减小|下降|降幅|减弱|变弱|削弱|"
            r"降至|降到|降(?= ?\d|\s|$)|低于|少于|小于|短于|更低|更少|更小|更短|"
            r"变小|变少|变低|变短|"
            r"略少|较低|较少|较短|偏低|"
            r"递减|酌减|下调|减慢|变慢|减缓|缩短|减至|减半|减量|抑制(?!剂)|少(?=\s)|"
            r"\bdecreas\w*|\bweaken\w*|\battenuat\w*|\blower\w*|\breduc\w*|"
            r"\bfewer\b|\bless\b(?: frequent\b| common\b| likely\b| often\b)?|"
            r"\bloss\b|\bcut\b|\bshort\w*|\bdeclin\w*|"
            r"\bdrop\w*|\bfell\b|\bfall\b|"
            r"\bdiminish\w*|\bprevent\w*"
        ),
    ),
)
"""Words for a direction."""


SAME_WAY: Mapping[str, frozenset[str]] = {
    UP: frozenset({UP, HEAVIER}),
    DOWN: frozenset({DOWN, LIGHTER}),
    BETTER: frozenset({BETTER, LIGHTER}),
    WORSE: frozenset({WORSE, HEAVIER}),
    HEAVIER: frozenset({HEAVIER, UP, WORSE}),
    LIGHTER: frozenset({LIGHTER, DOWN, BETTER}),
    ALIKE: frozenset({ALIKE}),
}


OPPOSITE: Mapping[str, frozenset[str]] = {
    UP: frozenset({DOWN, LIGHTER, ALIKE}),
    DOWN: frozenset({UP, HEAVIER, ALIKE}),
    BETTER: frozenset({WORSE, HEAVIER, ALIKE}),
    WORSE: frozenset({BETTER, LIGHTER, ALIKE}),
    HEAVIER: frozenset({DOWN, BETTER, LIGHTER}),
    LIGHTER: frozenset({UP, HEAVIER, WORSE, ALIKE}),
    ALIKE: frozenset({BETTER, WORSE}),
}
