"""The knowledge graph."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "entity_query": ("搜索名称、别名、英文名或拼音首字母", "Search by name, alias, English name or pinyin initials"),
    "entity_placeholder": ("例如：偏头痛、migraine、ptt", "such as 偏头痛, migraine, ptt"),
    "entity_none": (
        "没有找到“{query}”。换一种说法，或检查错别字。",
        'Nothing is called "{query}". Try another wording.',
    ),
    "entity_start": ("输入一个名称，查看它的事实、出处和关系图。", "Enter a name to see its facts, sources and graph."),
    "matches": ("匹配到的实体", "Matching entities"),
    "also_called": ("又名：{names}", "Also called: {names}"),
    "facts": ("事实", "Facts"),
    "picture": ("关系图", "Graph"),
    "picture_hint": (
        "点击节点查看该实体；图中每种关系最多 {limit} 条。",
        "Click a node to open it; at most {limit} per relation.",
    ),
    "picture_empty": ("没有可画的关系。", "There is nothing to draw."),
    "path": ("两个实体之间的路径", "Path between two entities"),
    "path_from": ("从", "From"),
    "path_to": ("到", "To"),
    "path_find": ("查找路径", "Find paths"),
    "path_none": ("三步之内没有路径。", "There is no path within three steps."),
    "path_unknown": ("没有叫“{name}”的实体。", 'No entity is called "{name}".'),
    "incoming": ("（被指向）", " (incoming)"),
    "more_facts": ("共 {count} 条，显示 {shown} 条", "{shown} of {count} shown"),
    "passages": ("相关文献", "Related literature"),
    "passages_none": ("没有检索到相关文献。", "No literature was found."),
    "ask_about": ("就此提问", "Ask about it"),
}
