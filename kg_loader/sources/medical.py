"""Whether a Chinese abstract is about human medicine: decided from its own words and the packaged term file."""

from __future__ import annotations

import re

_CUES = re.compile(
    "患者|病人|临床|治疗|疗效|手术|术后|诊断|预后|疾病|综合征|肿瘤|癌|患儿|护理|用药|药物|剂量|症状|并发症|感染|大鼠|小鼠|细胞"
)
_OTHER = re.compile("水稻|小麦|玉米|大豆|棉花|土壤|植株|果实|种子|种植|栽培|施肥|猪|牛|羊|鸡|鸭|鱼|虾|饲料|畜|禽|兽|运动员|训练")


def is_medical(conclusion: str, abstract: str) -> bool:
    """True where the conclusion speaks of illness, diagnosis or treatment of people."""
    return bool(_CUES.search(conclusion)) and not _OTHER.search(abstract)
