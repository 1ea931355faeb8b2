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
_A_KILO = re.compile(
    r"每(?:公斤|千克|kg)(?:体重)?((?:每日|每天|每次|一日|一次)?[宜应可]?(?:服|用|"
    r"给|摄入|补充|输注)?)(\d+(?:\.\d+)?(?:[-~–—至到]\d+(?:\.\d+)?)?) ?(毫克|微克|毫升|克|单位|mg|μg|ug|ml|g)"
)
_A_DAY = re.compile(r"24 ?小时(?:之|以)?内(?=[^，,。；;]{0,20}?(?:不(?:得|能|应|可)?超过|最多|至多|不多于|总量))")
_DECIMAL = re.compile(r"([零一二三四五六七八九十]+)点([零一二三四五六七八九]+)(?=[毫微克升倍个]|小时|天)")
_DOSES = re.compile("([一二两三四五六七八九十]{1,2})剂(?![量型])")
_A_UNIT = re.compile(r"\b(within|after|for) an? (day|week|month|year|hour)\b")
_DEGREES = re.compile(r"(?<=\d)(?:摄氏度|度)(?![数日])")


def plain_units(text: str) -> str:
    """Normalised `text` with units written as `rag.checking.amounts` reads them: `每公斤体重10毫克` as `10mg/kg`."""
    if "公斤" in text or "千克" in text or "kg" in text:
        text = _A_KILO.sub(lambda m: f"{m[1]}{m[2]}{_UNITS_SPELT.get(m[3], m[3])}/kg", text).replace("per kg", "/kg")
        text = text.replace(" /kg", "/kg")
    text = _PER.sub(lambda m: f"{_UNITS_SPELT.get(m[1], m[1])}/{_UNITS_SPELT.get(m[2], m[2])}", text)
    text = _DAILY.sub("/日", _KILO_DAY.sub("/kg/日", text))
    text = _A_DAY.sub("每日", text).replace("毫米汞柱", "mmhg").replace("国际单位", "单位").replace("万u", "万单位")
    text = _DECIMAL.sub(lambda m: f"{value_of(m[1]):g}.{''.join(str(HAN_VALUE[c]) for c in m[2])}", text)
    text = _DOSES.sub(lambda m: f"{value_of(m[1]):g}剂", text).replace("第二天", "次日")
    text = _A_UNIT.sub(r"\1 1 \2", text)
    text = _HALF_AN_HOUR.sub("30 minutes", text)
    return _DEGREES.sub("℃", text)
