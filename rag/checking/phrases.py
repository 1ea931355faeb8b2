"""The words by which a sentence restates its evidence: what means the same, what only joins.

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
    (re.compile(r"(?<=[高低大小长短多少])得多(?=$|[，,、。 ])"), ""),
    (re.compile(r"(?<!相)(?<!对)(?:比(?!较|例|率)|较)([^，,]{1,14}?)(?:更|要)?好(?=$|[，,。 ])"), r"优于\1"),
    (re.compile(r"(?<!相)(?<!对)(?:比(?!较|例|率)|较)([^，,]{1,14}?)(?:更|要)?差(?=$|[，,。 ])"), r"劣于\1"),
    (
        re.compile(
            r"(?<!相)(?<!对)比(?!较|例|率)([^，,]{1,14}?)(?:更|要)?(?<![减增升降])([高低多少长短大小])(?=$|[，,。 ])"
        ),
        r"\2于\1",
    ),
    (re.compile(r"(?<!比)较([^，,]{2,14}?)(?:更|要)?(?<![减增升降])([高低多少])(?=$|[，,。 ])"), r"\2于\1"),
    (re.compile(r"孕(?=[早中晚]期| ?\d)"), "孕妇"),
    (re.compile(r"老年(?!人|性|期|斑)"), "老年人"),
    (re.compile(r"成年(?!期|人)"), "成人"),
    (
        re.compile(
            r"(?<!容)易(?=引起|患|感染|得|并发|中毒|复发|腹泻|便秘|出血|过敏|疲劳|骨折|感冒|激动|发怒|流产|受伤)"
        ),
        "容易",
    ),
    (re.compile(r"表现(?!为)"), "症状"),
    (re.compile(r"[加增]量(?=[\s\d])"), "增加"),
    (re.compile(r"上吐下泻|吐泻"), "呕吐、腹泻"),
    (re.compile(r"加强了?(?=[^，,。]{0,20}(?:作用|效应|毒性|疗效))"), "增强"),
    (re.compile(r"(?<!容)易致"), "容易引起"),
    (re.compile(r"(?<=[开闭]角)性(?=青光眼)"), "型"),
    (re.compile(r"(?<=[产多少经调])的?女性(?=[患应须要不禁慎忌可也])"), "者"),
    (re.compile(r"上述(?:证候|症候|病症)"), "上述症状"),
    (re.compile(r"胃[、和及与或]?十二指肠(球部)?溃疡"), r"胃溃疡、十二指肠\1溃疡"),
    (re.compile(r"(?<![最当起])初(?=[用服给]药)"), "起始"),
    (re.compile(r"保持(?=[^，,。]{0,8}(?:通畅|稳定|平衡))"), "维持"),
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
    (re.compile(r"急(?:性[、和及与或/]|[、和及与或/]?)慢性"), "急性、慢性、"),
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
    ("adverse", "side|undesirable"),
    ("associate", "associated|associations?|linked|related|relationships?|correlated|correlations?"),
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
    ("not adequate", "inadequate|insufficient|not sufficient|not enough"),
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
    (r"见于(?=[^，,。]{0,6}(?:使用|服用|用药))", r"引起"),
    (r"用法|剂量|每次|每日|起始|维持", r"剂量|起始|维持"), (r"减半|减量|加倍|加量", r"剂量"), (r"疫苗", r"接种|注射"),
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
    (r"妨碍|减少|降低|抑制|减弱|增加|增强|升高|延长|缩短|促进", r"影响"),
    (r"促进|改善|提高|(?:具有|起到?)[^，,。]{0,6}作用", r"有助于|帮助"),
    (r"富含|丰富", r"含量高|含量丰富|富含|丰富"), (r"限制|控制", r"少吃|少喝|少饮|少食|限制"), (r"目标", r"控制|达到"),
    (r"偶|少数|罕见", r"个别|少数"), (r"/kg|\d ?kg|公斤", r"体重"), (r"收缩压|舒张压|高血压|降压", r"血压"),
    (r"(?s)(?=.*(?:℃|°c))(?=.*[热烧])", r"体温"), (r"(?s)^(?!.*率).*%", r"发生率|发生比例"),
    (r"(?<!没)有统计学意义|p ?< ?0\.0[0-5]", r"明显"),
    (r"岁|月龄|\byears?\b", r"年龄|年纪"),
    *((f"[高低]{ion}血症", f"血{ion}") for ion in "钾钠钙镁磷氯"), (r"尿酸血症", r"尿酸"),
    (r"常|多[为在由]|通常|一般", r"往往|通常"), (r"癌|瘤", r"肿瘤"), (r"滴注|静脉", r"静脉滴注|静脉"),
    (r"常见|常在|多在|多见|风险因素", r"容易"), (r"性味|归经", r"味|性|入|经|归"), (r"性寒|性热|性温|性凉|性平", r"性"),
)  # fmt: skip
LICENSED: Sequence[tuple[re.Pattern[str], re.Pattern[str]]] = tuple(
    (re.compile(spoken), re.compile(words)) for spoken, words in _LICENSED
)
"""Where the evidence speaks of the first, a sentence may say the second."""
LICENSED_ALONE: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"服|液|酒|茶|糖浆|咖啡|饮料|牛奶|豆浆|汤|汁"), "饮"),
    (re.compile(r"近期"), "近"),
    (re.compile(r"程度"), "地"),
    (re.compile(r"防治"), "预防"),
    (re.compile(r"常见|多(?=[由为在于能有])|一般|通常"), "多"),
    (re.compile(r"反应"), "不良"),
    (re.compile(r"多(?=[由为在于能有])"), "数"),
    (re.compile(r"早期"), "早"),
    (re.compile(r"合用|相互作用"), "合"),
    (re.compile(r"引起"), "出"),
    (re.compile(r"合用|辅助"), "加"),
    (re.compile(r"合用|辅助"), "合用"),
    (re.compile(r"(?:使用|服用|应用|[用服给]药?|治疗)前"), "前"),
    (
        re.compile(
            r"(?s)不良反应|(?:使用|服用|应用|[用服给]药)后|^(?!.*前).*(?:使用|服|应用|[用给]药|治疗|注射|接种|吸入)"
        ),
        "后",
    ),
)
"""The same of a character that is left by itself: `服阿那曲唑后乏力` of its adverse effects."""


MODIFIER = re.compile(
    r"(?:左旋|右旋|消旋|左|右|地|去甲|去氧|异|(?<!除)非|亚临床|亚|急性|慢性|原发性|继发性|先天性|获得性|特发性|妊娠期|小儿|"
    r"老年|新生儿|"
    r"甲型|乙型|丙型|[12]型|(?<![升增提偏])高|(?<![降减偏])低|(?<![人药物酯酮胺酸素醇酚肽菌脂糖])类|假性|假|抗)$"
)
"""What stands right before a name in evidence and makes it another thing than the name alone."""
SUFFIX = re.compile(r"^(?:前期|前状态|样|根|后遗症|倾向|克拉维酸|龙(?!骨)|恶变|癌变)")
"""What stands right behind one and does the same."""
