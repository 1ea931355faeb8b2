"""Is a known name only a piece of a longer word? Pure.

A knowledge base holds names that sentences make by chance: 血压低 and 压高 of `血压低压高`, 起泡 of `一起泡酒`, 复视 of
`恢复视力`. Told in three ways: by words that overlap a name without lying in it, by what follows names of a type
(`人参果` is no 人参, `出血性肠炎` no bleeding), and, by the caller, by a part of the body or a measure that begins with
the last character of the name (`下消化道`).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rag.text import HAN
from rag.vocabulary import EntityType

_WORDS = re.compile(
    # said with something in front
    "一起|已经|不慎|体内|空腹|脾气|双眼皮|[无没少]精神|网织红细胞|隐血|小儿[子女]|生殖器|发[麻木烫冷胀紧沉凉抖软](?<=[头趾腿脚手臂]发.)|恢复|减少|眼白(?!内障)|[晚早马网路脸身]上(?=[感火])|个月经[常过历]|[掌手脚足]心|(?<!身)[上下里外前后正反侧脚手背]面(?!部)|抽血(?=检)|"
    "突然|月经[先后过愆]期|白带(?:清稀|质稀|色[黄白]|黏稠|腥)|[中老青]年[男女]|排卵(?:期(?!出血)|试纸|日|针|药)|蛋白质?粉|蛋白细胞分离|中老年|红肿热痛|擦屁股|婴幼儿|洋地黄|切口|胸口(?=[痛疼闷])|双乳(?![房头腺晕])|骨小头|中毒蛇|小柴胡|吞咽|泌尿|鼻咽|上呼吸道|胃肠镜|微白(?=蛋白)|"
    "[拳指趾骨石舌龟乳奶膝肩鼻]头(?=[疼痛])|严重(?=影)|饮食(?=管)|[红黑褐棕白灰黄紫青粉]色斑|"
    rf"[{HAN}]水(?=泡[脚澡茶手])|[热温冷凉开盐药]水(?=泡)|"
    # said with something behind
    "消失|(?<=术中)消融|角质|着手(?=[于治解进研])|流变(?=[性学])|昼夜|文明|晕迷|疑惑|博士|半定量|电凝|关于|积分|针刀|电焊|[碰接]触|抑制|反复|(?<!疑)难过|"
    "祛风(?=[温寒湿热])|不容易|(?<=脾)胀痛|假[阳阴]性|蛋白(?=及)|[许很好]多(?=食)|[又也就都还家里]没药|"
    "颜色|眼睛|[大小]三阳|免疫力|(?<=对)眼[部球底压角皮眶]|(?:屁股|肚子)眼|[^被让给有是的蚊昆小大飞，。\\s]虫(?=咬)|(?<=腺)功能(?:减[低退]|亢进|低下)|"
    "(?<=[市省区立到去在进送州京海名规])(?:肿瘤|精神病)医?院|花生(?!粉)|豆腐渣|羊肚菌|菠萝蜜|[嗜大]麦芽(?=[窄假])|水苏[糖碱]|麦芽糖|葡萄糖|磷酸果糖|缩阴(?=[法紧术手产])|不饱和|接合子|珍珠(?=[白样疹大色])|咖啡(?=色素|牛奶)|百香果|火龙果|牛油果|无花果|奇异果|波罗蜜|"
    "肿瘤|肿块|肿物|肿大|黄疸|血精华|烧灼|松花蛋|开心果|益母草|水泡音|湿啰音|[眠静卵]药|细胞酯酶|激光手术|光子[刀嫩]|黄斑|黄体|麻疹|麻醉|咳嗽|病毒|病灶|病菌|病床|病房|病历|[高低]压|斑[点块]|斑疹(?:热|伤寒)|火辣|热量|热感|"
    "症状(?![态况])|综合[征症]|疑问|病变(?![成得化为异坏严重轻差])|病灶(?<=性病灶)|病[人友号情例](?<=[男女]性病.)|异物感|"
    "(?<=可)定[期量时位性为]|"
    r"(?:微|毛细)血管(?!瘤)|[胯肋胫腓腿髋尾椎胛锁颧盆趾指跟踝额颅脊颌耻]骨(?=[疼痛])|血管|血糖|血压(?!迫)|血脂|血常规|血小板|血红蛋白|血氧|尿酸|尿素|尿糖|尿蛋白|消化|脂肪|凝血|[通换]气功能|"
    # said with the name inside
    "[雄雌孕性促腺长质]激素|苍白球|鼻涕虫|天花板|哺乳[类动]|"
    "幼儿园|灌肠液|减肥[药茶]|egfr ?(?:突变|基因|阳性|靶)|异[型常]淋巴(?=细胞)|乳酸菌|"
    "运动(?:饮料|障碍|发育|神经|员|会|鞋|系统|品牌)|(?:卫生|防疫|爱国|群众)运动|"
    "[个打扎]针眼|[个两]小眼(?!睛)|大小眼|肛门口(?=[疼痛])|(?<=[率压])平均|溶血(?=不动)|阴冷的?(?:环境|地方|天气|房)|"
    "[吃喝滴补服]ad(?![a-z])|(?<![a-z])ad(?=[滴丸胶钙])|egfr(?=\\)?(?:信号|抑制|酪氨酸|表达|野生|外显子|-?tki))|(?<=受体\\()egfr|低聚果糖|脓毒血症|银柴胡|"
    "桂枝茯苓(?![煮泡])|补液盐|消毒[水液]|针刺(?:[样般感]|的感觉)|头孢[克曲呋唑拉地噻吡哌西羟匹妥孟尼]|"
    "微量白蛋白|[疫微腺]球蛋白|child[ -]?(?:pugh|[abc](?![a-z]))|淀粉样[斑蛋物]|乳突肌|胃肠道|"
    "(?:胃底|食[管道]|门|直肠|盆腔)静脉曲张|强直现象|生化妊娠|"
    "[心肝脾肺][心肝脾肺肾胃][气血阴阳]{1,2}虚|[心肝脾肺肾胃]虚[湿痰血气水寒热][盛瘀滞阻停困蕴]|肝郁脾虚|[阴阳气血]虚[内火水血风阳外][热旺泛瘀燥亢寒]|[脚手]脖子|[几一两三]口水|未成年人|麻风疫苗|密密麻麻|宫口|[腿脚手]肚子?|马蹄足|小快克|黑枸杞|"
    rf"变性(?:手术|人)|[{HAN}a-z](?<![为是患得了的有和与及或])血症(?!状)|孩子满|[{HAN}]克尔|"
    "[癌胃肝肺肾脑心骨皮眼牙]科|介入科|发烧友|打骨折|骨折价|懒癌|直男癌|休克疗法"
)
_ADJECTIVE = re.compile(rf"性(?![质别状格能感交爱欲病]|生活|行为)(?=[{HAN}a-z])")
_GERM = re.compile("支原|衣原|链球|双球|球菌|杆菌|弧菌|克雷伯|嗜血")
_INFLAMED = re.compile("炎(?![症热性])")
_FEVER = re.compile("热(?=$|[的是怎吗会能有，。？?,])")
_ILLNESS = re.compile("病(?![人患史情因理程变房友急从])")
_PLANT = re.compile(
    "果(?![然真汁断])|核(?![桃心磁酸实对])|壳(?!聚)|露(?![出天在])|花(?![费钱多了])|叶(?!酸)|油(?![腻炸煎])|籽|苗"
)
_LIKE = re.compile("色(?!素)|[样状般]|味(?!道)|那么大|大小|一样大|[豆粒米]?大(?![蒜米枣豆麦便])|糕")
"""Behind a food: what looks so, is as large, or is another food (`咖啡色`, `花生豆大`, `鸡蛋糕`)."""
_LIKENED = re.compile("(?:好似|犹如|如同|像是|[就很]像)$")
"""Before a food that something only looks like (`小便好似啤酒`)."""
_REACTION = re.compile("样?反应(?![很大强重厉比较挺太没不])")
"""Behind a drug: an illness that is named after it (`双硫仑样反应`)."""
_SUBSTANCE = re.compile(
    "[甲总多异]?皂?[苷甙]|碱(?!性)|嗪|酮|黄酮|多糖|氨酸|酰|素(?![食菜颜质来])|磷脂|[一二三]磷酸|酸(?:环化|[钠钾钙镁锌铵酯盐美舒普氢亚二])|"
    "(?<=大黄|甘草|琥珀|苹果)酸(?![奶甜菜])"
)
"""Behind what grows or is taken: a substance that is called after it (`川芎嗪`, `黄芪甲苷`)."""
_FORM = re.compile("片(?!子)|胶囊|颗粒|丸|膏|贴|糖浆|口服液|喷雾|凝胶")
"""Behind what is done: a remedy for it (`活血止痛片`)."""
_MOVED = re.compile("(?<=运动)(?:耐[力量受]|减少|试验|受限|功能|迟缓|能力|失调|诱发|伪影|单位|终板|感觉|范围)")
"""Behind 运动 where it is what limbs do, and no exercise."""
_COOKED = re.compile("汤|丸|散(?![步光瘀结])")
_OF_A_RECIPE = re.compile(rf"(?=[{HAN}])[^喝吃服用煮炖熬的加和与跟及配]$")
_PRODUCT = re.compile(
    r"[^\W和与跟及配加泡煮炖熬磨吃喝用服能可会的了是吗有什么怎对治或]{1,4}?(?:胶囊|片|颗粒|丸|膏|栓|口服液|糖浆|冲剂|贴)"
)
_COMPLAINTS = frozenset({EntityType.SYMPTOM, EntityType.TREATMENT})
_ILL = {EntityType.DISEASE}
_PLANTS = frozenset({EntityType.HERB, EntityType.FOOD})
_REMEDIES = _PLANTS | {EntityType.DRUG}
_MEASURES = frozenset({EntityType.INDICATOR, EntityType.EXAMINATION})
_TUMOUR = re.compile("肉?瘤|癌|白血病")
"""Behind a cell or a part of the body."""
_ENZYME, _MEDICINE = re.compile("酶"), re.compile("药")
_LIVING = re.compile("(?:[二三四]联)?活菌")
"""Behind a germ: a remedy made of it."""
_COLOUR = re.compile("[红黄黑白绿紫灰褐青]色(?!素|觉)")
_IN_URINE = re.compile("(?<![利排查验化])尿$")
"""Before a measure of blood: `尿白细胞` is another one."""


def cut_from_a_word(text: str, start: int, end: int, types: Collection[EntityType]) -> bool:
    """Whether the name at [start, end) of normalised `text`, of one of `types`, is only a piece of a longer word."""
    words = _WORDS.finditer(text, max(0, start - 3), min(len(text), end + 4))
    if any(w.start() < end and start < w.end() and not (start <= w.start() and w.end() <= end) for w in words):
        return True
    kinds = frozenset(types)
    return _goes_on(text, end, kinds) or _begins_before(text, start, end, kinds)


def _goes_on(text: str, end: int, kinds: frozenset[EntityType]) -> bool:
    """Whether what follows makes another word of a name of these kinds."""
    return any(
        after.match(text, end)
        for after, may in (
            (_ENZYME, True),
            (_INFLAMED, True),
            (_ILLNESS, EntityType.DISEASE not in kinds),
            (_GERM, EntityType.DISEASE in kinds or bool(kinds & _PLANTS)),
            (_FEVER, kinds == _ILL),
            (_TUMOUR, kinds <= _MEASURES | {EntityType.BODY_PART}),
            (_MEDICINE, kinds <= _MEASURES),
            (_LIVING, EntityType.PATHOGEN in kinds),
            (_REACTION, kinds == {EntityType.DRUG}),
            (_ADJECTIVE, bool(kinds & _COMPLAINTS)),
            (_LIKE, EntityType.FOOD in kinds <= _PLANTS),
            (_PLANT, bool(kinds & _REMEDIES)),
            (_SUBSTANCE, bool(kinds & _REMEDIES)),
            (_FORM, kinds == {EntityType.TREATMENT}),
            (_MOVED, kinds == {EntityType.TREATMENT}),
        )
        if may
    )


def _begins_before(text: str, start: int, end: int, kinds: frozenset[EntityType]) -> bool:
    """Whether a word that began before the name goes on, or a colour ends beside it."""
    before = text[max(0, start - 3) : start]
    if _COLOUR.match(text, end - 1) or (kinds <= _MEASURES and _IN_URINE.search(before)):
        return True
    if kinds == {EntityType.FOOD} and _LIKENED.search(before):
        return True
    return bool(kinds & _PLANTS) and _of_a_product(text, start, end)


def _of_a_product(text: str, start: int, end: int) -> bool:
    """Whether a plant is only named in the name of a recipe or a product: `六味地黄汤`, `麝香风湿胶囊`."""
    recipe = _COOKED.match(text, end) and _OF_A_RECIPE.search(text[max(0, start - 1) : start])
    return bool(recipe or _PRODUCT.match(text, end))
