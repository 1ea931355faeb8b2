"""What tells no complaint: answers to a question of ours, and one measure with nothing beside it. Pure.

The learnt second look was trained on complaints; of such words alone it sees what is not there.
"""

from __future__ import annotations

import re

from rag.text import normalise

_LONGEST = 30
_MARKS = re.compile(r"[\s,.;:!?~、…，。；：！？～]+")
_UNKNOWN = (
    "不(?:太|大|是很|怎么)?(?:知道|清楚|确定|晓得|懂|记得|好说|敢说|明白)|说不(?:上来?|好|清楚?|准)|"
    "没(?:有|太|怎么)?(?:注意|留意|检查|查|测|量)过?|记不[清得]|忘了|不一定|拿不准|看不出来?"
)
_YES_OR_NO = (
    "没有?|冇|无|不是|不会|是的?|对的?|会|有|嗯+|哦|好的|好吧|行|可以|谢谢|偶尔|经常|有时候?|一直|"
    "一点|有点|有些|稍微|明显|确实|的确"
)
_HURRY = "直接|告诉|回答|讲|结果|结论|答案|不要再?|不用再?|别再?|甭再?|不想再?|反?问|赶紧|快|先|说|给|看|个|你"
_BESIDE = (
    "我|他|她|它|孩子|宝宝|这个|那个|这些|那些|症状|情况|也|都|就|还|倒|好像|似乎|应该|可能|暂时|目前|现在|真的|"
    "太|过|吧|了|的|呢|啊|呀|哦|嘛|呗"
)
_WHERE_AND_WHEN = (
    "左边|右边|两边|左侧|右侧|两侧|上面|下面|中间|前面|后面|里面|外面|表面|今天|昨天|前天|早上|上午|中午|下午|晚上|夜里|白天|半夜|"
    "开始|以前|最近|[0-9一二两三四五六七八九十几半]+(?:天|周|个?月|年|个?小时|个?星期)"
)
_ASIDE = "人话|听不懂|什么意思|一遍|再|简单点|详细点"
_ENGLISH = "yes|no|not sure|unsure|unknown|idon'?tknow|idonotknow|don'?tknow|justtellme|tellme|please"
_REPLY = re.compile(f"(?:{_UNKNOWN}|{_YES_OR_NO}|{_HURRY}|{_BESIDE}|{_WHERE_AND_WHEN}|{_ASIDE}|{_ENGLISH})+")
_MEASURE = re.compile(
    r"(?:我|他|她)?(?:空腹|餐后|饭后|早上|早晨|随机)*(?:的)?(?:血糖|血压|尿酸|体重|身高)(?:是|有|到|为|测出来)?\d{1,3}(?:\.\d{1,2})?(?:/\d{2,3})?"
    r"(?:mmol/l|umol/l|mmhg|公斤|斤|厘米|cm|kg)?(?:了|高吗|低吗|正常吗|要紧吗|高不高|怎么办)?"
)
"""Which are dangerous says `values.yaml`."""
_NUMBER = r"(?:\d{1,3}(?:\.\d)?|[一二两三四五六七八九十]{1,3})"
_FEVER = re.compile(
    rf"(?:我|他|她|孩子|小孩|儿子|女儿|大人|老人|{_NUMBER}岁半?|发烧|发热|高烧|低烧|烧|体温|到|有|是|了|的|在|量|测|"
    rf"又|还|现在|今天|昨晚|晚上|\d\d(?:\.\d)?(?:度|℃)\d?|{_NUMBER}天|怎么办|要紧吗|严重吗)+"
)
_DEGREES = re.compile(r"\d\d(?:\.\d)?(?:度|℃)")


def tells_nothing(question: str) -> bool:
    """Whether it holds no word of a complaint, or one measure, or a fever and how high it is, and nothing more.

    A baby's fever is another matter, as nobody says how old a baby is.
    """
    text = _MARKS.sub("", normalise(question).replace("\u2019", "'")) if len(question) <= _LONGEST else ""
    if not text:
        return False
    if _MEASURE.fullmatch(re.sub(r"[\s,，。?？]", "", normalise(question))):
        return True
    fever = _MARKS.sub(lambda mark: "." if mark[0] == "." else "", normalise(question))
    return _REPLY.fullmatch(text) is not None or (_DEGREES.search(fever) is not None and bool(_FEVER.fullmatch(fever)))
