"""Names that are only a way of speaking: 休克式下跌, 手机发热, a dog called 阿司匹林. Pure."""

from __future__ import annotations

import re

_DEVICE = (
    "网速|网络|网站|路由器|宽带|电脑|笔记本|手机|平板|键盘|电池|充电[器宝]?|快充|硬盘|主板|显卡|cpu|系统|软件|程序|代码|服务器|游戏|"
    "冰箱|洗衣机|发动机|引擎|电机|马达|电线|插座|轮胎|水管|下水道|马桶|交通|公路|道路|股市|大盘|股票|基金|房价|楼市|物价|票价|油价|经济|行情|"
    "供应链|产业链|资金链|汽车|车子|空调"
)
_AFFAIR = (
    "市场|公司|企业|机构|团队|项目|计划|谈判|收购|合作|改革|法案|协议|职场|官场|行业|新[书剧车歌]|专辑|[这那]部剧|电视剧|电影|小说|综艺|"
    "节目|剧情|球队|球赛|论文|作业|数学|英语|这道题|报表|方案|房贷|钱包|这件?事"
)
"""What has no illness: with one, it is a way of speaking."""
_SAID_OF_THINGS = re.compile(
    "(?:发热|[发高]烧|感冒|瘫痪|中毒|老化|休克|猝死|失忆|癌症|肿瘤|[流难早]产|贫血|窒息|阵痛|抽搐|[水浮]肿|骨折|痉挛|便秘|高血压|心绞痛|癫痫|血栓|梗阻|出血|失血|输血|咳嗽|"
    "发炎|反酸|流鼻涕)$"
)
_OF_IT = (
    "(?:大|现在|最近|今[天年]|昨天|目前|已经|又|都|也|还|就|会|很|太|真|老是|总是|一直|经常|突然|完全|彻底|全部|严重|有点儿?|快|中了?|感染了?|"
    "得了|患了?|犯了?|的|之|里的|上的|一[个颗次场大]|整个)"
)
_THING_ILL = re.compile(
    rf"(?:(?<![玩看用打刷盯对修听坐吹拿抱着完开])(?:{_DEVICE})|(?:^|[，。；！？,;!?\s我你他她咱们家这那个台部新旧的天年近])(?:{_AFFAIR}))"
    rf"{_OF_IT}{{0,3}}$"
)
_FIGURE_BEFORE = re.compile(
    r"(?:起名|取名|改名|名字|外号|绰号|昵称|网名|艺名|笔名|代号|店名)[^，,]{0,3}(?:叫做?|是|为)?$|"
    rf"(?:{_DEVICE}|{_AFFAIR})[^，,。]{{0,8}}(?:(?<!容易)(?<!会)得我?|[让令叫使](?:[人我]|大家))(?:很|真|特别|好|非常)?$|"
    r"(?:[虐丑贵卡堵吵]|尴尬|无聊|可爱)(?:得|到|的)(?:我|人|让人|想|要|都|快|直)*$|"
    r"(?:狗|猫|宠物|乐队|战队|首歌|本书|部电影|部剧|家店|公司|车队|游戏)(?:的?名字?)?[就也]?叫做?$|"
    r"(?:主义|腐败|官场)的$"
)
_FIGURE_AFTER = re.compile(
    r"^(?:式(?=的?[^，,]{2})|(?:一样|般地?|似的)(?:流行|蔓延|传播|传染|扩散)|》[这那]?[首部本]?(?:歌|书|剧|电影|小说|专辑|节目)|"
    r"(?:最?新)?(?:手机|电脑|平板|乐队|战队|概念股|股票|股价|集团|公司的?(?=股|手机|新品|发布|市值|CEO|ceo))|"
    r"的(?:剧情|广告|操作|爱情|综艺|比赛|房价|作业|家长会|甲方|代码|人设))"
)
_UNMOVED = re.compile(r"对[^，,]{1,12}(?:一点儿?|并|根本|完全)?[也都]?不(?:太|怎么|是很)?$")
"""With 感冒: 对明星不感冒."""


_OF_THE_BOOK = re.compile("(?:杂病)?论|》")
_NEVER = re.compile(r"(?!)")
_OF_A_PERSON = {
    "心疼": re.compile(
        r"(?:[好真太挺很]|特别|非常|十分)的?\|的?(?:$|[，。！!死了啊呀])|\|(?:自己|[你他她它我钱妈爸孩老儿女人这那])"
    ),
    "恶心": re.compile(r"[这那](?:种|个|些)?人[^，。|]{0,2}\||被[^，。|]{1,4}\|(?:到|坏|死)了"),
    "中毒": re.compile(r"(?:歌|游戏|剧|小说|短视频|手机)[^，。|]{0,3}\|"),
    "红眼病": re.compile(r"见不得|眼馋|嫉妒|羡慕|升职|加薪|中奖|发财|赚[了大]钱"),
    "强迫症": re.compile(r"逼死|福音|处女座|看着就?难受|图标"),
}
"""What is felt about somebody or something: (eight characters before)|(twelve behind)."""
_REBUKED = frozenset("强迫症 多动症 神经病 精神病 老年痴呆 健忘症 焦虑症 自闭症 神经衰弱 近视 白内障".split())
_REBUKE = re.compile(
    r"你(?:们)?(?:是不是|怕是|莫非|真是|简直|可能)?(?:有|得了|犯了)?\|(?:吧|啊|呀|犯了)(?!$|[?？])|像个?\|一样"
)
"""`你有强迫症吧，非要排整齐` scolds; a bare `你有强迫症吧？` may be meant."""


def figurative(text: str, start: int, end: int) -> bool:
    """Whether the name at [start, end) of normalised `text` is a way of speaking: 休克式下跌, 手机发热."""
    before, name = text[max(0, start - 30) : start], text[start:end]
    said = _FIGURE_BEFORE.search(before) or _FIGURE_AFTER.match(text[end:])
    of_a_thing = _SAID_OF_THINGS.search(name) and _THING_ILL.search(before)
    of_a_person = _OF_A_PERSON.get(name, _NEVER).search(f"{before[-8:]}|{text[end : end + 12]}")
    unmoved = name == "感冒" and _UNMOVED.search(before)
    rebuked = name in _REBUKED and _REBUKE.search(f"{before[-8:]}|{text[end : end + 4]}")
    book = name == "伤寒" and _OF_THE_BOOK.match(text[end:])
    return bool(said or of_a_thing or of_a_person or unmoved or rebuked or book)
