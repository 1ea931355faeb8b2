"""Amounts written in one way before they are read: `每公斤体重10毫克` as `10mg/kg`. Pure."""

from __future__ import annotations

import re

from rag.checking.numerals import HAN_VALUE, value_of

_HALF_AN_HOUR = re.compile(r"\bhalf an hour\b")
_UNITS_SPELT = {"毫克": "mg", "微克": "μg", "克": "g", "毫升": "ml", "升": "l", "毫摩尔": "mmol", "微摩尔": "μmol",
                "纳克": "ng", "公斤": "kg", "千克": "kg", "分钟": "min", "小时": "h", "分": "min"}  # fmt: skip
_PER = re.compile(
    r"(毫克|微克|纳克|克|毫升|升|毫摩尔|微摩尔|单位|mg|μg|ug|g|ml)(?:/|每)(公斤|千克|kg|毫升|ml|升|分钟|min|小时|h|"
    r"分)(?![a-z钟])(?:体重)?"
)
_DAILY = re.compile(r"(?<=[a-zμ克])/ ?(?:d|day|天)(?![a-z])")
_KILO_DAY = re.compile(r"/ ?\(?kg ?[·.*/] ?(?:d|日|天)\)?")
_HOW_MUCH = "的?(?:用量|剂量|用药)?(?:不?[宜应得可]{0,2}(?:超过|低于)|最多|[宜应可]?(?:服|用|给|摄入|补充|输注))?"
_A_DOSE = re.compile(
    r"(\d+(?:\.\d+)?(?:[-~–—至到]\d+(?:\.\d+)?)? ?(?:mg|μg|g|ml|毫克|微克|克|毫升|单位|iu|片|粒|袋|丸|滴|支|包))/次"
)
_A_KILO = re.compile(
    rf"每(?:1|一)?(?:公斤|千克|kg)(?:体重)?((?:每日|每天|每次|一日|一次)?(?:{_HOW_MUCH}))"
    r"(\d+(?:\.\d+)?(?:[-~–—至到]\d+(?:\.\d+)?)?) ?(毫克|微克|毫升|克|单位|mg|μg|ug|ml|g)"
)
_A_DAY = re.compile(r"24 ?小时(?:之|以)?内(?=[^，,。；;]{0,20}?(?:不(?:得|能|应|可)?超过|最多|至多|不多于|总量))")
_DECIMAL = re.compile(r"([零一二三四五六七八九十]+)点([零一二三四五六七八九]+)(?=[毫微克升倍个]|小时|天)")
_DOSES = re.compile("([一二两三四五六七八九十]{1,2})剂(?![量型])")
_A_UNIT = re.compile(r"\b(within|after|for|around|about|over) an? (day|week|month|year|hour)\b")
_DEGREES = re.compile(r"(?<=\d)(?:摄氏度|度)(?![数日])")
_THOUSANDS = re.compile(r"(?<![\d.a-z])(\d{1,3}) (?=\d{3}(?![\d.]))")
_A_MINUTE = re.compile(r"每分钟?(\d+(?:[-~–—至到]\d+)?)次")
_COURSE_OF = re.compile(r"(?:每|1|一)个?疗程(?=[为是共需]|(?:持续)?\d)")
_SHARE_OF_CASES = re.compile(r"\((\d+)/(\d+)\)")
_HYPHENED = re.compile(r"\b(\d+|[a-z]+)-(day|week|month|year|hour|minute)s?\b(?!-)")
_OLD = re.compile(r"(?<=\d )(years?|months?|weeks?|days?)[ -]old\b")
_COUNTED = "three|four|five|six|seven|eight|nine|ten"
_NUMERAL = re.compile(rf"\b(?:{_COUNTED})\b(?! times)")
_DIGITS = {word: str(n) for n, word in enumerate(_COUNTED.split("|"), start=3)}
_OF_AGE = re.compile(r"(?<![\d.])(\d{1,3})(?= (?:and|or) (?:older|over|younger)\b)")
_OVER_AGE = re.compile(
    r"\b((?:people|adults|patients|participants|women|men|those) (?:aged )?"
    r"(?:over|above|under|older than|younger than) \d{1,3})"
    r"(?!\d|[.,]\d| ?(?:%|[a-zμ]+/|years?|months?|weeks?|days?|hours?|kg|mg|cm|percent)\b)"
)
_MEASURE = r"(?:days|weeks|months|years|hours|minutes|mg|kg|g|ml|mmol/l|nmol/l|天|周|个月|年|小时|分钟)(?![a-z/])"
_VERSUS = r" (?:vs|versus|compared with|compared to|against) "
_UNIT_BEHIND = re.compile(rf"(?<![\d.])(\d+(?:\.\d+)?)(?={_VERSUS}\d+(?:\.\d+)? ?({_MEASURE}))")
_UNIT_BEFORE = re.compile(rf"(?<![\d.])(\d+(?:\.\d+)? ?({_MEASURE}){_VERSUS}\d+(?:\.\d+)?)(?=[.,;)]|$)")
_GLASS = re.compile(r"(?:一|1)(?:大|满)?杯约?(?=\d)")
_IN_A_DAY = re.compile(r"[一1][日天](?:之|以)?内")
_TWICE = re.compile(r"(?:翻|增加)(?:了)?[一1]倍|翻倍|翻[一1]番")
_FIRST = re.compile(r"头(?=[一二两三四五六七八九十\d]+个?(?:月|周|星期|天|年|日))")
_PRESSURES = re.compile(r"([<>≤≥]?)(\d{2,3})/(\d{2,3}) ?mmhg((?:或|及)?以[上下])?")
_HAN_UNIT = re.compile(r"(?<=\d)(例|名|人|天|周|个月|年|次|岁)(?=[a-z])")
_OCCASIONS = re.compile(r"(?<=[一二两三四五六七八九十\d])回(?![肠流归顾升落合声])")
_HALF_OF = re.compile(r"半数(?!致死|有效)|一半(?=的?(?:患者|病人|病例))")
_QUARTER = re.compile(r"([一二两三]|\d)刻钟")


def plain_units(text: str) -> str:
    """Normalised `text` with units written as `rag.checking.amounts` reads them: `每公斤体重10毫克` as `10mg/kg`."""
    if "公斤" in text or "千克" in text or "kg" in text:
        text = _A_KILO.sub(lambda m: f"{m[1]}{m[2]}{_UNITS_SPELT.get(m[3], m[3])}/kg", text).replace("per kg", "/kg")
        text = text.replace(" /kg", "/kg")
    text = _PER.sub(lambda m: f"{_UNITS_SPELT.get(m[1], m[1])}/{_UNITS_SPELT.get(m[2], m[2])}", text)
    text = _A_DOSE.sub(r"每次\1", text)
    text = _DAILY.sub("/日", _KILO_DAY.sub("/kg/日", text))
    text = _A_DAY.sub("每日", text).replace("毫米汞柱", "mmhg").replace("国际单位", "单位").replace("万u", "万单位")
    text = _DECIMAL.sub(lambda m: f"{value_of(m[1]):g}.{''.join(str(HAN_VALUE[c]) for c in m[2])}", text)
    text = _DOSES.sub(lambda m: f"{value_of(m[1]):g}剂", text).replace("第二天", "次日")
    text = _A_UNIT.sub(r"\1 1 \2", text)
    text = _HALF_AN_HOUR.sub("30 minutes", text)
    text = _plain_counts(text)
    return _DEGREES.sub("℃", text)


def _plain_counts(text: str) -> str:
    """With what counts told in digits and units, each unit beside its own number."""
    text = _HAN_UNIT.sub(r"\1 ", _THOUSANDS.sub(r"\1", text))
    text = _PRESSURES.sub(r"\1\2mmhg\4/\1\3mmhg\4", text)
    text = _HALF_OF.sub("50%", _OCCASIONS.sub("次", text))
    text = _A_MINUTE.sub(r"\1次/分", text)
    text = _COURSE_OF.sub("疗程", text)
    text = _SHARE_OF_CASES.sub(r"(\1例/\2例)", text)
    text = _FIRST.sub("前", _TWICE.sub("加倍", _IN_A_DAY.sub("24小时内", text)))
    text = _QUARTER.sub(lambda m: f"{15 * value_of(m[1]):g}分钟", _GLASS.sub("", text))
    text = _HYPHENED.sub(r"\1 \2s", text)
    text = _OLD.sub(r"\1", text)
    text = _NUMERAL.sub(lambda m: _DIGITS[m[0]], text)
    text = _OVER_AGE.sub(r"\1 years", _OF_AGE.sub(r"\1 years", text))
    return _UNIT_BEFORE.sub(r"\1 \2", _UNIT_BEHIND.sub(r"\1 \2", text))
