"""The check of medications."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    # medications
    "medication_list": (
        "药物、中药或食物（每行一个，或用顿号隔开）",
        "Drugs, herbs or foods (one a line, or separated by commas)",
    ),
    "medication_placeholder": ("阿司匹林\n华法林\n布洛芬", "阿司匹林\n华法林\n布洛芬"),
    "medication_check": ("核对", "Check"),
    "medication_start": (
        "列出正在或准备使用的药物，连同患者信息一起核对禁忌、相互作用、过敏与重复用药。",
        "List the drugs to check for contraindications, interactions, allergies and duplicates.",
    ),
    "medication_findings": ("{count} 项需要注意", "{count} finding(s)"),
    "medication_none": (
        "知识库中没有查到与这份清单相冲突的记录；没有记录不等于安全，请咨询医生或药师。",
        "Nothing on record speaks against this list; no record does not mean safe. Ask a doctor or pharmacist.",
    ),
    "medication_unknown": ("知识库不认识：{name}", "Not known: {name}"),
    "medication_near": ("是否指：{names}", "Did you mean: {names}"),
    "medication_understood": ("识别为", "Understood as"),
    "medication_unrecorded": ("没有记录的组合（{count}）", "Pairs without a record ({count})"),
    "evidence_n": ("依据（{count}）", "Evidence ({count})"),
    "because": ("因为：{text}", "Because of: {text}"),
    # severities and kinds of findings
    "severity_contraindicated": ("禁用", "Contraindicated"),
    "severity_major": ("严重", "Major"),
    "severity_moderate": ("中等", "Moderate"),
    "severity_caution": ("慎用", "Caution"),
    "severity_minor": ("轻微", "Minor"),
    "severity_unknown": ("程度未注明", "Severity not stated"),
    "hazard_contraindication": ("禁忌", "Contraindication"),
    "hazard_caution": ("慎用", "Caution"),
    "hazard_interaction": ("相互作用", "Interaction"),
    "hazard_incompatibility": ("配伍禁忌", "Incompatibility"),
    "hazard_allergy": ("过敏", "Allergy"),
    "hazard_duplicate": ("重复用药", "Duplicate"),
}
