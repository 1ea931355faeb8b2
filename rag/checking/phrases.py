"""The words by which a sentence restates its evidence: what means the same, what only joins, what turns a statement.

Tables only; the long ones stand in `phrases.toml`. Everything is normalised text (`rag.text.normalise`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources

from rag.text import HAN

_TABLES = tomllib.loads((resources.files("rag.checking") / "phrases.toml").read_text(encoding="utf-8"))
SYNONYMS: Mapping[str, str] = {kept: kept for kept in _TABLES["same"]} | {
    word: kept for kept, words in _TABLES["same"].items() for word in words.split()
}
"""Word -> the word that stands for it; the longest that fits is taken."""
IN_CONTEXT: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"(?:本品|本药|该药|此药|本制剂)的?"), ""),
    (re.compile(r"(?<!相)(?<!对)(?:比(?!较|例|率)|较)([^，,]{1,14}?)(?:更|要)?好(?=$|[，,。 ])"), r"优于\1"),
    (re.compile(r"(?<!相)(?<!对)(?:比(?!较|例|率)|较)([^，,]{1,14}?)(?:更|要)?差(?=$|[，,。 ])"), r"劣于\1"),
    (
        re.compile(r"(?<!相)(?<!对)比(?!较|例|率)([^，,]{1,14}?)(?:更|要)?(?<![减增升降])([高低多少])(?=$|[，,。 ])"),
        r"\2于\1",
    ),
    (re.compile(r"(?<!比)较([^，,]{2,14}?)(?:更|要)?(?<![减增升降])([高低多少])(?=$|[，,。 ])"), r"\2于\1"),
    (re.compile(r"孕(?=[早中晚]期| ?\d)"), "孕妇"),
    (re.compile(r"老年(?!人|性|期|斑)"), "老年人"),
    (re.compile(r"成年(?!期|人)"), "成人"),
    (re.compile(r"(?<!容)易(?=引起|患|感染|得|并发|中毒|复发)"), "容易"),
    (re.compile(r"表现(?!为)"), "症状"),
    (re.compile(r"烟酒"), "烟、酒"),
    (re.compile(r"([禁戒忌])烟[、和及与]?酒"), r"\1吸烟、饮酒"),
    (re.compile(r"[禁戒忌]酒"), "禁饮酒"),
    (re.compile(r"([心肝肺])[、和及或]?肾功能不全"), r"\1功能不全、肾功能不全"),
    (re.compile(r"剂量(?:较|过)?大(?=时|的)"), "高剂量"),
    (re.compile(r"差别(?:没有|无)统计学意义|(?:没有|无)统计学(?:上|意义)的?差别"), "没有差别"),
    (re.compile(r"的引起(?=没有|未|无|不|增|减|升|降|更|$)"), ""),
    (re.compile(r"忌口"), "忌食"),
    (re.compile(r"(?:没有|无)(?:明显|统计学)(?:的|上的)?差别"), "没有差别"),
    (re.compile(r"(?<=[与和同])([^，,]{1,14})较为(?=$|[，,])"), r"\1相比"),
    (re.compile(r"肝(?:功能)?[、和及与]肾(?=功能)"), "肝肾"),
    (re.compile(r"急[、和及与/]?慢性"), "急性、慢性、"),
    (re.compile(r"(?<=[节腰背胸腿肩颈膝足手指趾肉眼耳牙喉骨])疼痛"), "痛"),
    (re.compile(rf"(?<=[{HAN}])类(?:抗生素|抗菌药物?|药物|药品|制剂)"), "类"),
    (re.compile(r"轻(?=[、和或及至到]?(?:中度|中等))"), "轻度"),
    (re.compile(r"中等(?:程度|度|(?=$|[，,、。 ]))"), "中度"),
    (re.compile(r"(?<=[度、和或及至到全能])中[、和或及至到]?(?=严重)"), "中度、"),
    (
        re.compile(r"([心肝肺肾]{1,2}功能)((?:轻度|中度|严重|明显)(?:、?(?:中度|严重))?)(?:不全|受损|损害|障碍|异常)"),
        r"\2\1不全",
    ),
    (re.compile(r"(?<![升提增偏])高(?:血([钾钠钙镁磷氯])|(尿酸)(?!血症))症?"), r"高\1\2血症"),
    (re.compile(r"(?<![降减偏])低血([钾钠钙镁磷氯])症?"), r"低\1血症"),
    (re.compile(r"孕(?=[ \n])"), "孕妇"),
    (re.compile(r"[与和同]([早午晚]餐)(?:时)?合用"), r"随\1"),
    (re.compile(r"打(?=[^，,。、]{1,12}疫苗)"), "接种"),
    (re.compile(r"改(?=口服|静脉|肌肉|皮下|肌注)"), "改为"),
    (re.compile(r"限酒"), "限制饮酒"),
    (re.compile(r"(?<![比更])[较很极]少(?:引起|见到)(?=$|[，,、。的 ])"), "罕见"),
    (re.compile(r"疗效(?:会|为|是)?最[好佳]"), "疗效最佳"),
    (re.compile(r"(?:提高|提升|增进)(?=[^，,、]{0,12}?(?:生活|生存|睡眠)质量)"), "改善"),
)
"""The same where only the context tells."""

_ENGLISH: Sequence[tuple[str, str]] = (
    ("child", "children|pediatric|paediatric|kids"),
    ("elderly", "older adults?|older people|old people|aged people|the elderly"),
    ("pregnant", "pregnancy|pregnant women|gestation"), ("woman", "women|females?"), ("man", "men|males?"),
    ("breastfeed", "breastfeeding|breast-feeding|lactating|lactation|nursing mothers?"),
    ("newborn", "newborns|neonates?|neonatal"), ("placebo", "dummy pills?"), ("stroke", "strokes"),
    ("cause", "causes|caused|causing|due to|leads? to|led to|results? in|brings? on"),
    ("treat", "treated|treatment|treatments|therapy|therapies|treating"),
    ("interact", "interaction|interactions"), ("combine", "combined|together with|combination|coadministered"),
    ("symptom", "symptoms|signs?"), ("prevent", "prevention|preventing|prevents|prevented|prophylaxis"),
    ("adverse", "side|undesirable"), ("associate", "associated|associations?|linked"),
    ("allergy", "allergic|allergies|hypersensitive|hypersensitivity"), ("high-risk", "at high risk|high risk"),
    ("hospital", "hospitalisation|hospitalization|hospitalized|hospitalised"),
    ("option", "options|choices?"), ("sudden", "suddenly|abrupt|abruptly"), ("exclude", "excluded|ruled out|rule out"),
    ("before", "previously|earlier"), ("community-dwelling", "living in the community|community dwelling"),
    ("kidney", "kidneys|renal"), ("liver", "hepatic"), ("hypertension", "high blood pressure"),
    ("hypotension", "low blood pressure"), ("hypoglycemia", "hypoglycaemia|low blood sugar"),
    ("fatigue", "tiredness|tired"), ("itching", "pruritus|itch"), ("alopecia", "hair loss"),
    ("discontinue", "discontinued|discontinuation|discontinuing|withdrawn|withdrawal of|stopping|stopped|stop"),
    ("hemorrhage", "haemorrhages?|hemorrhages|bleeding|bleeds"), ("anemia", "anaemia"), ("edema", "oedema|swelling"),
    ("diarrhea", "diarrhoea"), ("tumor", "tumours?|tumors"), ("vomiting", "vomit|vomited"), ("food", "meals?"),
    ("death", "mortality|deaths|died|fatality"), ("complication", "complications"),
)  # fmt: skip
SAME_LATIN = re.compile("|".join(rf"(\b(?:{words})\b)" for _, words in _ENGLISH))
KEPT_LATIN: Sequence[str] = tuple(kept for kept, _ in _ENGLISH)


GLUE = re.compile("|".join(sorted(_TABLES["joining"]["chinese"].split(), key=len, reverse=True)))
"""Words that add nothing of medicine. None denies, limits, compares in time or place, or names anything."""
ENGLISH_GLUE = frozenset(_TABLES["joining"]["english"].split())

PEOPLE = re.compile(
    r"孕妇|哺乳期|儿童|婴儿|幼儿|新生儿|早产儿|老年人|成人|女性|男性|青少年|绝经|"
    r"\bpregnant\b|\bbreastfeed\b|\bchild\b|\binfants?\b|\bnewborn\b|\belderly\b|\badults?\b|\bwoman\b|\bman\b|"
    r"\badolescents?\b"
)
"""Groups of people, in canonical words."""

_LICENSED: Sequence[tuple[str, str]] = (
    (r"症状|表现|symptom", r"引起|见于|可见|表现|典型"),
    (r"病因|诱因|危险因素|高危因素|引起|原因|cause", r"引起|原因|病因|由于|cause"),
    (r"并发症|complication", r"引起|并发|合并"),
    (r"检查|诊断|examination|test|diagnos", r"查|检查|诊断|做|行|拍|明确"),
    (r"治疗|药物|主治|适应证|用于|疗程|用法|剂量|费用|治愈|therapy|treat|dose", r"治疗|治|treat"),
    (r"不良反应|(?<!病)毒性|中毒|adverse", r"引起|致|cause"),
    (r"传播|传染", r"传播|传染"), (r"年龄|人群", r"见于|好发于|多发于|易感|容易|高发"),
    (r"用法|剂量|每次|每日|起始|维持", r"剂量|起始|维持"),
    (r"病原体|病原", r"引起|感染|病原"), (r"(?:病毒|杆菌|球菌|螺旋体|原虫).*引起", r"病原体|病原"),
    (r"(?s)^(?!.*预防).*(?:每日|每次)", r"治疗|治"), (r"科室", r"看|挂|科室|号"),
    (r"监测", r"检查|检测"), (r"费用", r"花费|花"),
    (r"功能|主治|功效", r"功效|功能|作用"), (r"多(?=在|于|为|见|由|能)", r"大多数|多数|大多"),
    (r"禁忌", r"禁忌"), (r"相反|的反", r"相反|反"),
    (r"片|胶囊|颗粒|服|"
        r"丸", r"口服"), (r"降低|减少|降至", r"降"), (r"升高|增加|升至", r"升"), (r"随餐", r"随餐"), (r"低钾", r"低钾"),
    (r"宜吃|宜食", r"多吃|可吃"), (r"忌", r"忌食|少吃"), (r"中等", r"程度|中度"), (r"严重", r"程度|重度"),
    (r"轻微", r"程度|轻度"),
    (r"发生率", r"引起"), (r"观察", r"观察"),
    (r"妨碍|减少|降低|抑制|减弱|增加|增强|升高|延长|缩短|促进", r"影响"), (r"促进|改善|提高", r"有助于|帮助"),
    (r"富含|丰富", r"含量高|含量丰富|富含|丰富"), (r"限制|控制", r"少吃|少喝|少饮|少食|限制"), (r"目标", r"控制|达到"),
    (r"偶|少数|罕见", r"个别|少数"), (r"/kg|\d ?kg|公斤", r"体重"), (r"收缩压|舒张压|高血压|降压", r"血压"),
    (r"(?s)(?=.*(?:℃|°c))(?=.*[热烧])", r"体温"), (r"(?s)^(?!.*率).*%", r"发生率|发生比例"),
    (r"(?<!没)有统计学意义|p ?< ?0\.0[0-5]", r"明显"),
    (r"岁|月龄|\byears?\b", r"年龄|年纪"),
    *((f"[高低]{ion}血症", f"血{ion}") for ion in "钾钠钙镁磷氯"), (r"尿酸血症", r"尿酸"),
    (r"常见|常在|多在|多见|风险因素", r"容易"), (r"性味|归经", r"味|性|入|经|归"), (r"性寒|性热|性温|性凉|性平", r"性"),
)  # fmt: skip
LICENSED: Sequence[tuple[re.Pattern[str], re.Pattern[str]]] = tuple(
    (re.compile(spoken), re.compile(words)) for spoken, words in _LICENSED
)
"""Where the evidence speaks of the first, a sentence may say the second."""
LICENSED_ALONE: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"服|液|酒|茶|糖浆"), "饮"),
    (re.compile(r"近期"), "近"),
    (re.compile(r"防治"), "预防"),
    (re.compile(r"常见|多(?=[由为在于能有])"), "多"),
    (re.compile(r"多(?=[由为在于能有])"), "数"),
    (re.compile(r"早期"), "早"),
    (re.compile(r"合用|相互作用"), "合"),
    (re.compile(r"引起"), "出"),
    (re.compile(r"合用|辅助"), "加"),
    (re.compile(r"合用|辅助"), "合用"),
    (re.compile(r"(?:使用|服用|应用|[用服给]药|治疗)前"), "前"),
    (re.compile(r"(?s)不良反应|(?:使用|服用|应用|[用服给]药)后|^(?!.*前).*(?:使用|服用|应用|[用服给]药)"), "后"),
)
"""The same of a character that is left by itself: `服阿那曲唑后乏力` of its adverse effects."""

# ---------------------------------------------------------------- words that turn a statement

MASKED = re.compile(
    r"不调|不利(?!于)|不通|不畅|不振|不爽|不宁|不寐|不固|不舒|不止|不尽|不省|不眠|不清(?!楚)|不退|不思|不仁|不遂|"
    r"不良|不全|不足|不适(?![用宜合应])|不安(?!全)|不孕|不育|不稳|不明(?!显)|不规则|不同(?!时)|不典型|不完全|不自主|不等|不断|不仅|"
    r"不但|不论|不管(?!用)|"
    r"不过(?!敏)|不久|"
    r"(?:没有|无)禁忌|(?<!不)(?<!适)宜(?=从|自|在|于|以|由|先|随|按|与|餐|空腹|早|晚|睡|清淡|缓|慢)|"
    r"无效(?=[的时者后])|不饮者|不喝者|未控制|未成年|未服药|未治疗|未用药|未接种|无力|无尿|无菌|无关紧要|无痛|无症状|非处方|非甾体|非常|"
    r"非特异|非典型|"
    r"\b(?:not|no) (?:worse|inferior|better|superior) (?:than|to)\b|\b(?:did|does|do) not (?:significantly )?differ\b|"
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
            r"contraindicat\w*|\bnever\b|\bprohibited\b|\bforbidden\b|\bban\w*"
        ),
    ),
    (DENY, re.compile(r"^否$|不|无(?!论)|(?<=并)非|绝非")),
    (
        ALLOW,
        re.compile(
            r"可以?(?:饮|食用|进食|喂)|可以(?:用|使用|服用|吃|放心)|可以?(?=[和与跟同][^，,]{1,14}[用服吃])|可(?:放心)?(?:用|使用|服用)(?!于)|能用|能吃|能饮|能食用|可用于|放心|安全|无妨|适合|"
            r"适用|适宜|推荐|宜|"
            r"recommended|(?:is |are )?(?<!not )(?<!not a )(?<!no )(?<!neither )\bsafe\b|allowed|permitted|suitable"
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

PRAISE = re.compile(r"放心|安全|无妨|适合|适用|适宜|推荐|宜|recommended|safe|suitable|permitted|allowed")
"""Permission that says more than `可用`: it must stand in the evidence."""

UP, DOWN, BETTER, WORSE, HEAVIER, LIGHTER, ALIKE = "up", "down", "better", "worse", "heavier", "lighter", "alike"
WAYS: Sequence[tuple[str, re.Pattern[str]]] = (
    (
        ALIKE,
        re.compile(
            r"不[优劣亚]于|非劣效?|\bnon-?inferior\w*|\bnot? (?:superior|inferior|better|worse)\b|"
            r"\b(?:did|does|do) not (?:significantly )?differ\b|\bnot (?:significantly )?different\b|"
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
            r"偏高|加快|加速|延长|增至|翻倍|多(?=\s)|"
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
            r"递减|酌减|减慢|变慢|减缓|缩短|减至|减半|减量|抑制(?!剂)|少(?=\s)|"
            r"\bdecreas\w*|\bweaken\w*|\battenuat\w*|\blower\w*|\breduc\w*|"
            r"\bfewer\b|\bless\b(?: frequent\b| common\b| likely\b| often\b)?|"
            r"\bloss\b|\bcut\b|\bshort\w*|\bdeclin\w*|"
            r"\bdrop\w*|\bfell\b|\bfall\b|"
            r"\bdiminish\w*"
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

MODIFIER = re.compile(
    r"(?:左旋|右旋|消旋|左|右|地|去甲|去氧|异|(?<!除)非|亚临床|亚|急性|慢性|原发性|继发性|先天性|获得性|特发性|妊娠期|小儿|"
    r"老年|新生儿|"
    r"甲型|乙型|丙型|[12]型|(?<![升增提偏])高|(?<![降减偏])低|类|假性|假|抗)$"
)
"""What stands right before a name in evidence and makes it another thing than the name alone."""
SUFFIX = re.compile(r"^(?:前期|前状态|样|根|后遗症|倾向|克拉维酸|龙(?!骨)|恶变|癌变)")
"""What stands right behind one and does the same."""
