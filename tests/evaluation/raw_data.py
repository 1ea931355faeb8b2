"""A small folder of raw files in the shapes that the evaluation sets are made from, written by us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STEMS = "甲乙丙丁戊己庚辛壬癸"
PARTS = "肩肘腕指髋膝踝趾颈腰"
COLUMNS = "name,alias,part,age,infection,insurance,department,checklist,symptom,complication,treatment,drug,period"
COLUMNS += ",rate,money"
DRUG_FIELDS = ("药品类型", "剂型", "适应证", "禁忌证", "注意事项", "不良反应", "用法用量", "药物相互作用")
FULL = 340
LACKING = ("检查", "治愈率", "治疗周期", "并发症", "治疗方案", "发病部位", "费用", "医保")
PEOPLE = ("儿童", "婴幼儿", "老年人", "孕妇", "新生儿", "青少年", "中老年人", "女性")


def write_raw_data(folder: Path) -> Path:
    """400 diseases, of which the last 60 lack one field, and 100 drugs; dirt is in every record."""
    (folder / "kg").mkdir(parents=True)
    records = [disease(number) for number in range(400)]
    dirty: dict[str, Any] = {"中心词": "截断的名称病...", "相关症状": ["症状零", "症状一", "症状二"]}
    lines = [json.dumps(record, ensure_ascii=False) for record in (*records, dirty)]
    (folder / "kg" / "cmekg.jsonl").write_text("\n".join(lines), encoding="utf-8")
    rows = [",".join(cells(record, number)) for number, record in enumerate(records)]
    (folder / "kg" / "disease.csv").write_text("\n".join([COLUMNS, *rows]), encoding="gb18030")
    (folder / "kg" / "drug.json").write_text(json.dumps(drugs(), ensure_ascii=False), encoding="utf-8")
    return folder


def disease(number: int) -> dict[str, Any]:
    name = f"{STEMS[number % 10]}{PARTS[number // 10 % 10]}{STEMS[number // 100]}炎症"
    record = {
        "中心词": name,
        "别名": [f"{PARTS[number // 100]}字{STEMS[number // 10 % 10]}字{PARTS[number % 10]}病"],
        "相关症状": [*symptoms(number), "暂无相关资料", "长长的..."],
        "并发症": [f"并发{STEMS[(number + 3) % 10]}病", "脑囊虫病", name],
        "检查": [f"{STEMS[(number + i) % 10]}检查" for i in range(3)],
        "药物治疗": [f"{STEMS[(number + i) % 10]}药片" for i in range(2)] + ["应该如何用药？用什么药？", ">>"],
        "治疗方案": ["药物治疗", "手术治疗"],
        "所属科室": [f"{STEMS[number % 3]}科"],
        "发病部位": [f"{PARTS[number // 10 % 10]}部"],
        "易感人群": PEOPLE[number % 8],
        "传染性": ("无传染性", "有传染性")[number % 2],
        "治疗周期": f"{number + 1}天",
        "治愈率": f"{number}%",
    }
    if number >= FULL:
        record.pop(LACKING[number % len(LACKING)], None)
    return record


def symptoms(number: int) -> list[str]:
    """Seven: three that 40 diseases share, two that 40 others share, two that tell the hundreds apart."""
    first = [f"症状{STEMS[(number + i) % 10]}{PARTS[i]}" for i in range(3)]
    second = [f"症候{STEMS[number // 10 % 10]}{PARTS[i]}" for i in (3, 4)]
    return first + second + [f"征象{STEMS[number // 100]}{STEMS[number % 7]}{PARTS[i]}" for i in (5, 6)]


def cells(record: dict[str, Any], number: int) -> list[str]:
    lists = {key: " ".join(value) if isinstance(value, list) else str(value) for key, value in record.items()}
    insured = ("医保疾病", "非医保疾病")[number % 2]
    order: tuple[str, ...] = (
        "中心词",
        "别名",
        "发病部位",
        "易感人群",
        "传染性",
        "医保",
        "所属科室",
        "检查",
        "相关症状",
        "并发症",
    )
    order += ("治疗方案", "药物治疗", "治疗周期", "治愈率")
    lacking = LACKING[number % len(LACKING)] if number >= FULL else ""
    lists |= {"费用": f"约（{number + 100}元）", "医保": insured}
    return [lists.get(key, "") if key != lacking else "" for key in (*order, "费用")]


def drugs() -> list[str]:
    texts = ["适应证:没有名字的一段。"]
    for number in range(100):
        lines = [f"{name}:{STEMS[number % 10]}的{name}写在这里。" for name in DRUG_FIELDS]
        texts.append("\n".join([f"{STEMS[number % 10]}{PARTS[number // 10]}胶囊", *lines]))
    return texts
