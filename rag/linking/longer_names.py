"""Is a known name only the end of a longer one that is not known? Pure.

`大肠恶性淋巴瘤` is not 恶性淋巴瘤, `电子烟肺损伤` not 肺损伤: what is known of the shorter must not answer for the
longer. Told in three ways: by a type or degree right before the name, by how names of the knowledge base are built
(as 小肠恶性淋巴瘤 is one of them, 肠 belongs to the name), and by a clause that begins with something
that questions do not begin with.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import islice, takewhile

from rag.text import HAN

_DEGREE = re.compile("(?:[轻中重]度|[轻重]症|轻型|重型|中青年|中老年|非?典型)$")
_TYPED = re.compile(rf"(?:[{HAN}]{{1,6}}(?<![大小血剧])型|[{HAN}]{{1,3}}(?<![症现情病同这那怎一])[状样])$")
"""A type or a shape, whatever it is called."""
_SAID_BEFORE = re.compile("[的了是有得患叫为于与和及对被因现断]")
_HAN_END = re.compile(f"[{HAN}]$")
_FRAME = re.compile(
    "[的了是有得患叫为于与和跟同及或对把被给将让用吃喝服打抹涂擦贴挂开买查治疗看说讲问懂解绍怕担心疑似像犯防诊断确出现引起致成变伴"
    "没无不非到从比因由以在也都还就才又再只会能可要该应想需请教帮告知道听介谈关接触碰遇染传我你您他她它们咱家自己爸妈父母亲爷奶公"
    "婆叔姨舅哥姐弟妹儿女男娃宝孩人老士夫友邻居年月日天岁周次个位名种例点些片粒颗瓶盒里中前后内外时每这那哪谁什么怎咋啥几多少上下"
    "去来过完做行等其某各另别今昨明早晚最近常总很太更挺好坏突然临一二三四五六七八九十两已曾正刚加配射频显示提觉易"
    "京津沪渝省市县区州]|儿子|孩子|妻子|目前|床|普通|既往|继续|上海|海南|青海|广[州东西]|[山河湖江][东西南北苏]|福建|甘肃|宁夏|重庆|"
    "沈阳|贵阳|青岛|厦门|大连|小[李王张刘陈杨赵黄吴孙周朱明红华]|先生|手术|大量|脱敏|受|遭|呈|属|算|当作|寻求|助|减|缓|改善|恢复|治愈|严重|"
    "轻微|反复|如|但|而且|并|所|使|且|着|急|未|见|否|排|考虑|吹|淋|晒|冻|洗|熬夜|空调|合|兼|拟|警惕|咨询|专业|哺乳期|月子|妙招|偏方|秘方|"
    "武汉|长沙|成都|西安|南京|南昌|济南|太原|长春|哈尔滨|昆明|南宁|拉萨|银川|乌鲁木齐|石家庄|呼和浩特|深圳|香港|澳门|台湾|台北|"
    "无锡|宁波|东莞|佛山|烟台|洛阳|邯郸|廊坊|保定|唐山|桂林|延吉|吉林|辽宁|浙江|四川|云南|西藏|新疆|内蒙古|陕西|湖南"
)
"""Characters and words that stand in what questions begin with: who, when, where, and what is done with the illness."""
_NO_END = re.compile(
    "[的了是有得为于与和及或对把被给因由在也会能可要起致伴出现无不吃用治疗查看问说患我你他她这那种个点些次天年月后前时者性易示觉并兼见]$"
)
"""A name may be built with these before its end, but a question may as well."""
_WOMEN = re.compile(r"卵巢|子宫|宫颈|宫外孕|阴道|外阴|月经|痛经|闭经|妊娠|产后|产褥|先兆流产")
_MEN = re.compile(r"前列腺|睾丸|附睾|阴茎|包皮|包茎|精索|遗精|早泄|阳痿|龟头")
_MAN = re.compile(r"男(?:性|人|子|孩|士)?$")
_WOMAN = re.compile(r"女(?:性|人|子|孩|士)?$")
_ANIMAL = re.compile("(?<![吃养喂被怕])[马猫狗犬猪鼠]$")
_SUFFERER = re.compile("(?:病人|患者|患儿|病号|孕妇|产妇|乳母|老人|孩子|小孩|宝宝|学生|大人|成人|家属)$")
"""Who has the illness, and no part of its name."""
_ONE_SIDE = re.compile("[左右双两]侧?[眼耳肾肺膝肩腿脚手臂踝髋肘腕]部?")
_TUMOUR = re.compile("[癌瘤]$")
_ORGAN = re.compile(
    "(?:[食气尿胆肠血淋]管|[胃肠肝胆胰脾肺肾脑骨眼耳鼻喉咽舌唇颈乳]|心脏|膀胱|尿道|前列腺|乳腺|乳房|甲状腺|腮腺|睾丸|卵巢|"
    "子宫|[宫肛]颈?|阴道|外阴|阴茎|直肠|结肠|食道|[口鼻腹盆胸]腔|牙龈|纵隔|腹膜|胸膜|脊髓|椎管)$"
)
_JOINT = re.compile("[膝踝腕髋肘肩指趾颌]$")
_ORGAN_FIRST = re.compile("[食气尿胆胃肠肝胰脾肺肾脑骨眼耳鼻喉咽舌唇颈心皮膀前乳甲腮睾卵子宫阴直结口腹盆胸牙纵脊椎]")
_FORM = "丸|散|汤|膏|片|胶囊|颗粒|口服液|合剂|糖浆|冲剂"
_FORM_LAST = re.compile(f"(?:{_FORM})$")
_FORM_NEXT = re.compile(f"(?:{_FORM})")
_NO_PRODUCT = re.compile(
    "(?:[吃喝服用买开的了和与跟及或配加含抹涂贴是叫有种]|盐酸|硫酸|磷酸|醋酸|马来酸|注射用?|口服|药|小儿|儿童|孕妇|中药|西药|感冒|发烧|咳嗽)$"
)
_PART_ILL = re.compile(
    "部?(?:后|里面?|上|口)?(?:[肿痛胀酸麻痒红涩黏粘稀溏硬烂僵凉黄黑紫白青破裂溃坏抽抖颤歪斜塌陷凹萎粗细漏堵塞断软弱灼烧性]|干(?![预净嘛啥细])"
    "|过[度敏]|功能|变[粗细硬大小形]|增[生大厚]|没劲|无力|出[血脓水汗]|流[血脓水]|发[红黄绿紫黑白麻凉热痒炎肿硬青软烧]|增高|综合|骨折|扭伤|损伤|感染|抗体|化验|检[查测]|b超|彩超|ct|镜|手术|术[后前]|粒|壁|肥|[内外]翻|组织|"
    "母细胞|平滑肌|成形|液化|间隙|发育|滴注|退[化变]|根(?![本据治除])|磨损|注射|给药|型(?!号)|后(?:[压闷疼]|不适)|[前后][位倾]|包块|占位|积[液水血]|硬[块结]|小关节|内分泌|指数|螺?旋?杆菌|医院)"
    "|[^有的是得长了和与会里上内、，。,患及可在痛疼什么哪些啥怎何几这那种各出现发生怕引起因为无没]{0,3}(?:症(?!状)|炎(?!症)|癌|瘤|囊肿)"
)
_PART_OF = re.compile(
    "[胰骨龟股](?=头)|[髂髋膝肘腕踝指趾肩颌椎骶假](?=关节)|网织(?=红细胞)|动(?=静脉)|(?:[颈髂肾脑肺肝脾肠股]|[颈髂][内外总]|[上下内外]腔|膜[上下])(?=[动静]脉)|[心脑](?=血管)|[胸腰肩颈](?=背)|[间小](?=关节)|[^一怎这那同]样(?=大?便)"
)
_HAN_RUN = re.compile(f"[{HAN}]+$")
_LOOKED_AT = 40
_SHORT = 2
_LONGEST = 6


class NameEndings:
    """What stands right before a name in the longer names of one version: 肠 before 恶性淋巴瘤 in 小肠恶性淋巴瘤."""

    def __init__(self, names: Iterable[str]) -> None:
        self._backwards = sorted(name[::-1] for name in names)

    def before(self, name: str) -> frozenset[str]:
        """The characters before `name` in all names that end with it."""
        end = name[::-1]
        first = bisect_left(self._backwards, end)
        longer = takewhile(lambda other: other.startswith(end), islice(self._backwards, first, None))
        return frozenset(other[len(end)] for other in longer if len(other) > len(end))


def unknown_beginning(before: str, name: str, known: NameEndings) -> str:
    """What of `before`, the clause up to `name`, belongs to a longer name, or an empty string."""
    if (man := _MAN.search(before)) and _WOMEN.search(name):
        return man.group()
    if (woman := _WOMAN.search(before)) and _MEN.search(name):
        return woman.group()
    if degree := _DEGREE.search(before):
        return degree.group()
    if typed := unknown_type(before):
        return typed
    if animal := _ANIMAL.search(before):
        return animal.group()
    if not before or not _HAN_END.search(before) or _NO_END.search(before):
        return ""
    if _SUFFERER.search(before) or _ONE_SIDE.fullmatch(before):
        return ""
    if before[-1] in known.before(name):
        return _without_frame(before[-_LONGEST:])
    whole = 1 < len(before) <= _LONGEST and not _FRAME.search(before)
    return before if whole else ""


def unknown_tumour(before: str, name: str) -> str:
    """The organ right before the name of a tumour, or the joint before 关节炎, that has none, or an empty string."""
    if name == "关节炎" and (joint := _JOINT.search(before)):
        return joint.group()
    organ = _ORGAN.search(before) if _TUMOUR.search(name) and not _ORGAN_FIRST.match(name) else None
    return organ.group() if organ else ""


def unknown_complaint(before: str, name: str, after: str) -> bool:
    """Whether a part of the body only begins or ends the name of something else: 胰腺 of `胰腺肿大`, `骶髂关节`."""
    return _PART_ILL.match(after) is not None or _PART_OF.search(before[-2:] + name[:2]) is not None


def unknown_product(before: str, name: str, after: str, known: Sequence[str]) -> str:
    """What of `before` begins the name of another remedy (六味 of `六味逍遥丸`), or an empty string.

    Told by its form, in or behind `name`, and by a remedy among the sorted names `known` that begins so; a name of two
    characters (血宁) by any character before it that questions do not have there.
    """
    run = _HAN_RUN.search(before)
    if run is None or _NO_PRODUCT.search(before):
        return ""
    longest = min(4, len(run.group())) if _FORM_LAST.search(name) or _FORM_NEXT.match(after) else 0
    for length in range(longest, 1, -1):
        begun = before[-length:]
        first = bisect_left(known, begun)
        if any(other.startswith(begun) and _FORM_LAST.search(other) for other in known[first : first + _LOOKED_AT]):
            return begun
    short = len(name) == _SHORT and not name.startswith("补")  # 补铁 is a way of speaking
    return before[-1] if short and not _FRAME.search(before[-1]) else ""


def unknown_type(before: str) -> str:
    """The type or shape at the end of `before`, or an empty string."""
    typed = _TYPED.search(before)
    return (_SAID_BEFORE.split(typed.group())[-1] or typed.group()) if typed else ""


def _without_frame(part: str) -> str:
    """The end of `part` behind the last character that only asks, its last character at least."""
    last = max((match.end() for match in _FRAME.finditer(part[:-1])), default=0)
    return part[last:]
