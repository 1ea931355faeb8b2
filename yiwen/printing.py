"""An answer for a terminal: red flags and warnings first (they begin the text), then where everything comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rag.answer.rendering import source_line
from rag.domain import Answer, Citation, Outcome
from rag.safety.warnings import DISCLAIMER
from yiwen.output import say

OUTCOMES = {
    Outcome.ANSWERED: "已回答",
    Outcome.PARTIAL: "部分回答",
    Outcome.NEED_MORE_INFO: "需要补充信息",
    Outcome.NOT_IN_KB: "知识库未收录",
    Outcome.EMERGENCY: "急症提示",
}
_WARNING = "注意："
_FACT = "fact"
_FACTS_IN_FULL = 2
_QUOTE = 60


def print_answer(answer: Answer, *, all_citations: bool = False) -> None:
    """Text, questions back, citations, outcome and label."""
    action = answer.triage.action
    if answer.rewritten:
        say(f"理解为：{answer.rewritten}", "dim")
    for line in answer.text.splitlines():
        urgent = action is not None and line in action
        asks = any(question in line for question in answer.questions)
        say(line, "bold red" if urgent else "yellow" if line.startswith(_WARNING) else "bold cyan" if asks else "")
    asked = [question for question in answer.questions if question not in answer.text]
    for question in asked:
        say(f"请补充：{question}")
    if untold := [warning for warning in answer.warnings if warning.text.rstrip("。") not in answer.text]:
        say()
        say(f"警示列表（其余 {len(untold)} 条）", "bold")
        for warning in untold:
            say(f"{warning.text} {'、'.join(warning.evidence_ids)}".rstrip(), "yellow")
    if answer.citations:
        say()
        say("出处", "bold")
        for line in citation_lines(answer.citations, all_citations=all_citations):
            say(line)
    say()
    degraded = f" · 降级：{'、'.join(answer.degraded)}" if answer.degraded else ""
    say(
        f"{OUTCOMES[answer.outcome]} · {answer.label}（{answer.generator}）· 知识库版本 {answer.kb_version}{degraded}",
        "dim",
    )
    say(DISCLAIMER, "dim")


def citation_lines(citations: Sequence[Citation], *, all_citations: bool = False) -> Iterator[str]:
    """One line for each citation; facts of one source share a line unless `all_citations`."""
    for (_, is_fact), found in groupby(_by_source(citations), key=_group):
        group = list(found)
        if is_fact and len(group) > _FACTS_IN_FULL and not all_citations:
            numbers, first = _ranges([c.n for c in group]), group[0]
            yield f"{numbers} {source_line(first.source)} {len(group)} 条图谱事实，首条 {first.evidence_id}"
        else:
            yield from (_in_full(citation, shorten=not all_citations) for citation in group)


def _by_source(citations: Sequence[Citation]) -> list[Citation]:
    """In the order in which each source is first cited."""
    first: dict[tuple[str, bool], int] = {}
    for citation in citations:
        first.setdefault(_group(citation), citation.n)
    return sorted(citations, key=lambda citation: (first[_group(citation)], citation.n))


def _group(citation: Citation) -> tuple[str, bool]:
    return citation.source.id, citation.kind == _FACT


def _in_full(citation: Citation, *, shorten: bool) -> str:
    quote = " ".join(citation.quote.split())
    if shorten and len(quote) > _QUOTE:
        quote = quote[:_QUOTE] + "…"
    address = citation.source.url or (f"PMID {citation.source.pmid}" if citation.source.pmid else "")
    return f"[{citation.n}] {source_line(citation.source)} “{quote}” {citation.evidence_id} {address}".rstrip()


def _ranges(numbers: Sequence[int]) -> str:
    """`[1]-[3] [7]`."""
    runs: list[tuple[int, int]] = []
    for n in sorted(numbers):
        if runs and n == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], n)
        else:
            runs.append((n, n))
    return " ".join(f"[{a}]" if a == b else f"[{a}]-[{b}]" for a, b in runs)
