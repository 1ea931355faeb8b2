"""Is a known name only the end of a longer one that is not known? Pure.

`大肠恶性淋巴瘤` is not 恶性淋巴瘤, `电子烟肺损伤` not 肺损伤: what is known of the shorter must not answer for the
longer. Told in three ways: by a type or degree right before the name, by how names of the knowledge base are built
(as 小肠恶性淋巴瘤 is one of them, 肠 belongs to the name), and by a clause that begins with something
that questions do not begin with.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
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
_SUFFERER = re.compile("(?:病人|患者|患儿|病号|孕妇|产妇|乳母|老人|孩子|小孩|宝宝|学生|大人|成人|家属)$")
"""Who has the illness, and no part of its name."""
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
    if not before or not _HAN_END.search(before) or _NO_END.search(before):
        return ""
    if _SUFFERER.search(before):
        return ""
    if before[-1] in known.before(name):
        return _without_frame(before[-_LONGEST:])
    whole = 1 < len(before) <= _LONGEST and not _FRAME.search(before)
    return before if whole else ""


def unknown_type(before: str) -> str:
    """The type or shape at the end of `before`, or an empty string."""
    typed = _TYPED.search(before)
    return (_SAID_BEFORE.split(typed.group())[-1] or typed.group()) if typed else ""


def _without_frame(part: str) -> str:
    """The end of `part` behind the last character that only asks, its last character at least."""
    last = max((match.end() for match in _FRAME.finditer(part[:-1])), default=0)
    return part[last:]
