"""The retrieval test."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "search_label": ("问题", "Question"),
    "search_placeholder": ("例如：布洛芬能缓解偏头痛吗", "such as 布洛芬能缓解偏头痛吗"),
    "search_run": ("检索", "Search"),
    "search_top": ("条数", "Hits"),
    "search_start": (
        "输入问题，查看每一路检索命中了什么、各得多少分；这里不生成回答。",
        "See what each arm finds and how it scores; nothing is generated.",
    ),
    "search_shown": ("显示 {count} 条中的 {shown} 条", "{shown} of {count} shown"),
    "filter_kind": ("类别", "Kind"),
    "filter_grade": ("证据等级", "Grade"),
    "filter_since": ("不早于（年）", "Not before (year)"),
    "kind_fact": ("图谱事实", "Graph fact"),
    "kind_conclusion": ("文献结论", "Conclusion"),
    "kind_monograph": ("说明书", "Monograph"),
    "kind_textbook": ("教材", "Textbook"),
    "kind_classic": ("典籍", "Classic"),
    "kind_qa": ("问答", "Question and answer"),
    "search_none": ("没有命中。", "No hits."),
}
