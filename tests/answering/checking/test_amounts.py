"""Amounts: conversions, frequencies, bounds and periods; what follows from what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checking.amounts import amounts
from rag.checking.bounds import without_amounts
from rag.checking.units import plain_units
from rag.text import normalise


def stated(claim: str, evidence: str) -> bool:
    """Whether every amount of one clause is an amount of the other."""
    asked, known = (amounts(plain_units(normalise(text))) for text in (claim, evidence))
    assert asked
    return all(amount.stated_by(known) for amount in asked)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("每次30毫克", "每次0.03g"),
        ("每次五百微克", "每次0.5mg"),
        ("每天三次", "每日3次"),
        ("一天三次", "tid"),
        ("每8小时1次", "一日三次"),
        ("twice daily", "每12小时一次"),
        ("0.5 g bid", "500 mg twice daily"),
        ("隔日1次", "每两天一次"),
        ("每周7.5至20mg", "每次7.5~20mg每周1次"),
        ("两周", "14天"),
        ("半小时", "30分钟"),
        ("一个半小时", "90分钟"),
        ("三个月", "3个月"),
        ("半岁", "6个月"),
        ("六成", "60%"),
        ("百分之三十", "30%"),
        ("三分之一", "33.3333333%"),
        ("零点五毫克", "500μg"),
        ("每公斤体重10~15毫克", "10~15mg/kg"),
        ("不超过4克", "最大4000mg"),
        ("24小时内总量不超过4g", "每日不超过4g"),
        ("0.1~0.5mg", "100~500μg"),
        ("fourteen days", "2周"),
        ("成人每日400mg", "每日0.4g"),
        ("每晚5mg", "每晚5mg"),
        ("每日5mg", "每晚5mg"),
        ("3小时", "3小时内"),
        ("30 ml of lactulose daily", "30 mL daily"),
        ("收缩压90毫米汞柱", "90mmHg"),
        ("2000国际单位", "2000IU"),
        ("至少要隔两个小时", "间隔2小时以上"),
        ("至少错开2小时", "间隔不少于120分钟"),
        ("每分钟55至60次", "55～60次/分"),
        ("一个疗程为四周", "4周为一疗程"),
        ("一天内1次", "24小时内1次"),
        ("1246名老人", "1 246名老年人"),
        ("1246名老人", "1,246名老年人"),
        ("3.9mmol/L或更低", "≤3.9mmol/L"),
        ("52例中有48例", "转阴率92.3%(48/52)"),
        ("一杯200毫升的清水", "200ml清水"),
        ("一刻钟", "15分钟"),
        ("一天三回", "每日3次"),
        ("约半数患者", "50%的患者"),
        ("血压140/90mmHg以上", "收缩压≥140mmHg或舒张压≥90mmHg"),
        ("停药满4周", "停药至少4周"),
        ("半岁到5岁", "6个月至5岁"),
        ("收缩压达到160mmHg时", "收缩压≥160mmHg者"),
        ("妊娠头三个月", "妊娠前3个月"),
        ("patients 65 and older", "aged 65 years or older"),
        ("people over 70 living alone", "adults over 70 years"),
        ("7 days compared with 10", "7 vs 10 days"),
        ("30-day mortality", "thirty-day mortality"),
        ("four of 10,000 procedures", "4 of 10,000 procedures"),
    ],
)
def test_one_amount_in_two_ways(claim: str, evidence: str) -> None:
    assert stated(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("每次30克", "每次30mg"),
        ("每日3次", "每周3次"),
        ("每日500mg", "每次500mg每日2次"),
        ("每周5mg", "每日5mg"),
        ("每晚5mg", "每日5mg"),
        ("bid", "qid"),
        ("每6小时1次", "每8小时1次"),
        ("5岁以上", "5岁以下"),
        ("3小时后", "3小时内"),
        ("至少4周", "不超过4周"),
        ("4g", "不超过4g"),
        ("6岁至5岁", "6个月至5岁"),
        ("2~10mg", "2~5mg"),
        ("0.5mg", "0.05mg"),
        ("三成", "13%"),
        ("10mg/kg", "10mg"),
        ("2袋", "2盒"),
        ("38度", "39℃"),
        ("半岁到5岁", "6个月至15岁"),
        ("体温可达40℃", "体温≥40℃"),
        ("一个疗程为四周", "2周为一疗程"),
        ("people over 70 living alone", "adults over 60 years"),
    ],
)
def test_another_amount(claim: str, evidence: str) -> None:
    assert not stated(claim, evidence)


@pytest.mark.parametrize("name", ["维生素B12", "HLA-B*5801", "2型糖尿病", "肠道病毒71型", "百日咳", "五味子"])
def test_numbers_inside_names_count_nothing(name: str) -> None:
    assert amounts(normalise(name)) == []


@given(st.text(alphabet="每日天周次一二三十半0123456789.~至mg毫克μ/小时内后不超过以上，岁个月%tid bq", max_size=40))
def test_any_text_is_read_and_amounts_lie_inside_it(text: str) -> None:
    found = amounts(plain_units(text))
    assert all(0 <= a.start < a.end <= len(plain_units(text)) for a in found)
    assert all(a.stated_by([a]) for a in found)
    assert len(without_amounts(plain_units(text), found)) <= len(plain_units(text)) + len(found)
