"""The status of the service and the reports of the evaluation."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "service": ("服务", "Service"),
    "quality": ("评测", "Evaluation"),
    "quality_none": (
        "还没有评测报告。运行 `yiwen eval linking --json > 数据目录/reports/linking.json`，结果就显示在这里。",
        "There are no reports yet. `yiwen eval linking --json > DATA_DIR/reports/linking.json` makes one.",
    ),
    "quality_no_shares": ("报告里没有可画的比例。", "The report has no shares to draw."),
    "quality_table": ("表格", "Table"),
    "quality_share": ("比例", "Share"),
    "quality_interval": ("95% 区间", "95% interval"),
    "service_up": ("服务正常", "The service is up"),
    "service_version": ("程序版本", "Program"),
    "kb_version": ("知识库版本", "Knowledge base version"),
    "published": ("发布时间（UTC）", "Published (UTC)"),
    "digest": ("内容指纹", "Digest of the content"),
    "refresh": ("刷新", "Refresh"),
    "count_entity": ("实体", "Entities"),
    "count_alias": ("别名", "Aliases"),
    "count_fact": ("图谱事实", "Facts"),
    "count_passage": ("文献", "Passages"),
    "count_source": ("来源", "Sources"),
    "count_dataset": ("数据集", "Data sets"),
    "count_mention": ("提及", "Mentions"),
    "count_do_not_merge": ("不可合并", "Do not merge"),
    "count_retraction": ("撤稿", "Retractions"),
    "count_review": ("待审", "For review"),
    "datasets_n": ("{n} 个数据集", "{n} data sets"),
    "datasets": ("数据集：{names}", "Data sets: {names}"),
    "embedder": ("向量模型：{name}", "Embedder: {name}"),
    "held": ("审查中扣留：{text}", "Held by the audit: {text}"),
}
