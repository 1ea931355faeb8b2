"""Hard features: the parts of a medical name that make it another thing, however alike the rest.

`急性阑尾炎` and `慢性阑尾炎`, `甲型` and `乙型`, `氯雷他定` and `地氯雷他定` differ by one of them. Two names with
different values in a group never stand for each other. In the strict groups a value on one side only is a difference
too (`糖尿病` is not `2型糖尿病`); in the others (dosage form, salt) a silent side is compatible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from rag.text import HAN

_ROMAN = {"ⅰ": "1", "ⅱ": "2", "ⅲ": "3", "ⅳ": "4", "ⅴ": "5", "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
_HAN_ORDINALS = {"一": "1", "二": "2", "三": "3", "四": "4", "五": "5", "六": "6"}

_SAME = {"小儿": "儿童", "婴幼儿": "婴儿", "孕期": "妊娠", "亢": "亢进", "减": "减退",
         "低下": "减退", "减低": "减退", "降低": "减退", "下降": "减退",
         "缺陷": "缺乏", "埃索": "艾司", "变应": "过敏", "酒精中毒": "酒精"}  # fmt: skip

_STRICT: Mapping[str, re.Pattern[str]] = {
    "number": re.compile(r"\d+(?:\.\d+)?|(?<![a-z])(?:iii|iv|ii|i|v)(?![a-z])|[一二三四五六](?=型|期|度|级|联)"),
    "course": re.compile(r"亚急性|急性|慢性|急慢性|亚急|暂时性|一过性|复发性|反复发作|急|慢"),
    "origin": re.compile(r"原发|继发|先天|后天|获得性|遗传|家族|转移(?!酶)|特发|医源|药物性|药源"),
    "series": re.compile(r"[甲乙丙丁戊己庚](?=型|肝|流|类)|[a-e](?=型|族|群)"),
    "function": re.compile(r"亢进|减退|低下|减低|(?<=甲)[亢减]|缺乏|缺陷|过多|过少|增多|减少|增高|降低|下降"),
    "level": re.compile(r"[高低](?=血|钾|钠|钙|磷|镁|氯|糖|脂|压|蛋白|尿酸|胆固醇|同型|渗|热|烧|危|分化|级)"),
    "side": re.compile(r"[左右双](?=心|侧|肺|眼|耳|肾|半|下|上|冠|束|室|房)"),
    "nature": re.compile(
        r"良性|恶性|非典型|不典型|典型|假性|真性|类(?=风湿|脂|固醇)|"
        r"非(?=小细胞|霍奇金|胰岛素|淋|酒精|化脓|感染|特异|瓣膜|st)"
    ),
    "degree": re.compile(r"[轻中重](?=[度型症])|极重度|早期|中期|晚期"),
    "wetness": re.compile(
        r"干性|(?<!风)湿性|渗出性|缺血性|出血性|细菌性|病毒性|真菌性|酒精(?:中毒)?性|过敏(?:性|(?=[鼻皮哮紫结]))|变应性|化脓性"
    ),
    "place": re.compile(
        r"内痔|外痔|混合痔|内源|外源|中枢|外周|周围性|开放|闭合|开角|闭角|前列|前置|后置|近视|远视|上呼吸|下呼吸"
    ),
    "people": re.compile(r"小儿|儿童|婴幼儿|婴儿|新生儿|早产儿|幼儿|青少年|老年|妊娠|孕期|产后|产褥|男性|女性|更年期"),
    "stereo": re.compile(
        r"(?:左旋|右旋|消旋|地|左|右|去甲|去氧|异|艾司|埃索)(?=[" + HAN + r"]*(?:氯雷|氧氟|奥美|西酞|布洛|泮托|"
        r"肾上腺|美沙|兰索|雷贝|甲状腺|多巴|咪达|沙丁|旋|酮|苯|吡|那韦|他定|替利嗪|哌))"
    ),
}  # fmt: skip

_LENIENT: Mapping[str, re.Pattern[str]] = {
    "form": re.compile(
        r"控释片|缓释片|缓释胶囊|肠溶片|肠溶胶囊|分散片|泡腾片|咀嚼片|口崩片|含片|滴丸|软胶囊|胶囊|颗粒|冲剂|注射液|注射剂|粉针|"
        r"口服溶?液|糖浆|滴眼液|滴剂|眼膏|软膏|乳膏|凝胶|贴片|贴膏|喷雾剂|气雾剂|吸入剂|栓|洗剂|混悬液|"
        rf"(?:片|丸|散|汤|膏|酊)(?=剂|[^{HAN}]|$)"  # 石膏 and 睾丸 are no forms
    ),
    "salt": re.compile(
        r"盐酸|硫酸|马来酸|富马酸|枸橼酸|磷酸|氢溴酸|酒石酸|琥珀酸|苯磺酸|甲磺酸|醋酸|乙酸(?!酯)|碳酸|葡萄糖酸|丙酸|糠酸"
    ),
}


def _value(found: str) -> str:
    """One spelling for each value."""
    short = found.removesuffix("性")
    return _ROMAN.get(short) or _HAN_ORDINALS.get(short) or _SAME.get(short, short)


@lru_cache(maxsize=65536)
def _features(name: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Non-empty groups of a normalised name."""
    groups = []
    for group, pattern in (*_STRICT.items(), *_LENIENT.items()):
        values = frozenset(_value(found) for found in pattern.findall(name))
        if values:
            groups.append((group, values))
    return tuple(groups)


def compatible(a: str, b: str, *, strict: bool = True) -> bool:
    """Whether two normalised names may stand for one thing as far as hard features tell.

    `strict=False` is for curated abbreviations and foreign names, which leave features out by their nature: only a
    contradiction counts.
    """
    left, right = dict(_features(a)), dict(_features(b))
    for group in left.keys() | right.keys():
        mine, other = left.get(group), right.get(group)
        one_sided = mine is None or other is None
        if one_sided and (not strict or group in _LENIENT):
            continue
        if mine != other:
            return False
    return True


_ICD = re.compile("(?P<category>(?!r)[a-z][0-9]{2})(?:[.+* x]|$)")


def icd_category(code: str) -> str:
    """`j31` of a normalised code such as `j31.001`, an empty string for what is no code of an illness.

    Codes of findings (R) and of tumours under the microscope (M8720/0) do not tell two illnesses apart.
    """
    found = _ICD.match(code)
    return found["category"] if found else ""


def opposed(a: str, b: str) -> bool:
    """Whether two normalised names are alike but for a hard feature that has another value in each (`1型`, `2型`)."""
    left, right = dict(_features(a)), dict(_features(b))
    if not any(left[group] != right[group] for group in left.keys() & right.keys() & _STRICT.keys()):
        return False
    return _bare(a) == _bare(b)


def opposed_in(text: str, name: str) -> bool:
    """The same where `text` is a whole question that holds the one name somewhere."""
    left, right = dict(_features(text)), dict(_features(name))
    apart = any(not left[group] & right[group] for group in left.keys() & right.keys() & _STRICT.keys())
    return apart and len(_bare(name)) > 1 and _bare(name) in _bare(text)


def _bare(name: str) -> str:
    for pattern in _STRICT.values():
        name = pattern.sub("", name)
    return name


_INTERCHANGED = (
    "急 慢 亚急", "原发 继发 先天 后天 获得 特发 遗传 家族 转移", "甲 乙 丙 丁 戊 己 庚 辛", "亢 减", "亢进 减退 低下",
    "增多 减少", "增高 降低 减低", "过多 过少", "高 低", "左 右", "良性 恶性", "内 外", "上 下", "前 后", "开 闭",
    "中枢 外周 周围", "近 远", "缺血 出血", "细菌 病毒 真菌", "显性 隐性", "小儿 儿童 老年 新生儿", "1 2 3 4 5 6",
    "i ii iii iv v", "一 二 三 四 五 六", "a b c d e",
)  # fmt: skip
_OTHERS: Mapping[str, tuple[str, ...]] = {
    word: tuple(other for other in row.split() if other != word) for row in _INTERCHANGED for word in row.split()
}
_INTERCHANGEABLE = re.compile(
    "|".join(
        rf"(?<![a-z0-9]){word}(?![a-z0-9])" if word.isalpha() and word.isascii()
        else rf"(?<!\d){word}(?!\d)" if word.isascii() else word
        for word in sorted(_OTHERS, key=len, reverse=True)
    )
)  # fmt: skip


def counterparts(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, other): places of normalised `text` where another value of a feature could stand, and each of them.

    Wider than the features themselves, whatever the context: for telling that `甲减眼突` is built like `甲亢眼突`.
    """
    for found in _INTERCHANGEABLE.finditer(text):
        for other in _OTHERS[found.group()]:
            yield found.start(), found.end(), other


def for_some_people(name: str) -> bool:
    """Whether a normalised name is limited to an age group or a condition such as pregnancy."""
    return any(group == "people" for group, _ in _features(name))


MODIFIER_BEFORE = re.compile(
    rf"(?:[{HAN}]{{1,4}}性|(?:(?<![{HAN}])|-)[{HAN}]{{1,2}}-|[{HAN}]?[0-9一二三四五六甲乙丙丁戊己庚辛a-eivx]+型|(?<![0-9.])(?:[0-9]|[一二三四五六七八九十ivx]+)[度期级]|[α-ω]-?|急|慢|急慢性|亚急|非|假|类|抗|地|左旋|右旋|左|右|双侧?|"
    r"高|低|甲|乙|丙|丁|戊|小儿|儿童|婴儿|婴幼儿|新生儿|早产儿|幼儿|青少年|幼年|老年|妊娠期?|妊娠合并|孕期|产后|产褥期?|男性|女性|"
    r"先天|遗传|家族|复方|艾司|去甲|异|偏|全身|局部|单侧|多发|弥漫)$"
)
"""What may stand right before a known name and make it another thing."""

MODIFIER_AFTER = re.compile(
    r"^(?:性(?!别|生活|行为)|型(?![号材])|"
    r"[0-9一二三四五六甲乙丙丁戊己庚辛a-eivx]+型|病(?=[毒变理原灶菌株])(?!变[在部位范])|"
    r"[a-zα-ω](?![a-z])|"
    r"样|氏|症(?!状)|综合[征症]|肾病|脑病|足(?!疗)|眼病|心脏病|危象|憩室|伴有?|合并|并发(?!症)|转移(?![至到了去酶])|破裂|穿孔|"
    r"(?:核心|表面|[ec])?抗[体原]|酮症|相关性|后遗症(?!$|[,，。?？]|有|是什么)|恶变|"
    r"控释|缓释|肠溶|分散片|注射|滴眼|软膏|乳膏|口服溶?液|口服混悬|颗粒)"
)
"""What may follow a known name and make it another thing."""

_COUNT = "[单一二双两三四五六七八九十多全]"
DRUG_BEFORE = re.compile(
    rf"(?:{_COUNT}?(?:[氟氯溴碘羟硝磺酰]|(?:羟|巯|氨|苯|甲|乙|丙|丁|戊|己|硝|磺|羧|氰|环)(?:基|酰基?|氧基?|叉|硫基?)|[氟氯溴碘氧氢](?:代|化))|"
    rf"(?:{_COUNT}|脱|去)(?:氢|氧|甲|水|乙酰|甲氧)|(?<!相)反|聚乙二醇化?|[丁丙戊]酸|[a-e]族|门冬|赖脯|甘精|地特|德谷|谷赖|[替卡沙莫洛司奈诺罗哌帕普曲坦艾依厄伊瑞索苯])$"
)
"""What may stand right before the name of a drug and make it another drug: syllables of such names (`替雷诺嗪`), and
what chemistry puts there (`二氯甲氨蝶呤`, `羟基氯喹`)."""

REMEDY_AFTER = re.compile(
    "^(?:灵(?![芝丹敏活验通光魂])|[片丸膏栓](?!子)|胶囊|冲剂|糖浆|合剂|口服液|滴丸|喷雾|贴剂?|针|药水|康(?!复)|宁|平(?![时常均稳日素静卧躺])|清(?![楚热晰洗醒淡理除]))"
    rf"(?=$|[^{HAN}]|[能可吃喝用抹有会是怎跟和与一对的吗呢行管每几饭]|治疗|主治|多少)"
)
"""After an illness's name it is that of a remedy: 感冒灵, 鼻炎片."""
SIDE = re.compile("(?:左|右|双侧?|单侧|[左右]侧)$")
_PAIRED = "肺肾眼耳乳卵输睾肩膝髋腕踝手足脚腿臂颈腮鼻颧肘股胫腓锁桡尺腹腰甲"


_ON_A_SIDE = re.compile("[左右双两单]侧$")
"""Where it is, said in so many words: of any organ no other illness."""


def said_of_a_side(before: str, name: str) -> str:
    """The side that `before` ends with, of an organ that `name` begins with: 右 of `右肺癌`, no other illness.

    A chamber or a nerve bundle of the heart is another thing on the other side (`左心衰`): those are hard features.
    """
    side = SIDE.search(before) if name[:1] in _PAIRED else _ON_A_SIDE.search(before)
    return side.group() if side else ""


PRODUCT_AFTER = re.compile(
    rf"^(?:(?![吃喝服用能可买开的了和与跟及或配加要有怎会])[{HAN}]){{1,3}}?(?:胶囊|颗粒|口服液|冲剂|糖浆|合剂|分散片)"
)
"""After an illness, or the beginning of a drug's name (`头孢`), it is that of a product: `消渴降糖胶囊`."""
SALT_AFTER = re.compile(
    r"^(?:/(?=克拉|舒巴|他唑))?(?:钠|钾|钙|镁|锌|铝|铋|亚铁|舒巴坦|他唑巴坦|克拉维酸|赖氨酸|精氨酸|氨丁三醇)"
)
"""What may follow the name of a drug and make it another drug (`布洛芬锌`)."""
