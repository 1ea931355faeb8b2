"""What a claim about facts, or around a quotation, says beyond its evidence. Pure.

A word counts as covered when the evidence holds it, or when it only joins what the evidence holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.text import HAN

_WORDS = re.compile(f"[{HAN}]+|[^\\W_{HAN}]+")
_GAP = "\n"
CLAUSE = re.compile(r"[，。；：！？,;:!?\n]|\.\s")
NEGATION = re.compile(r"不|无|未|没|勿|莫|别(?!名)|否|非(?=[^常])|\b(?:no|not|without|neither|nor|cannot|lack)\b")


def _any_of(words: str) -> re.Pattern[str]:
    """One expression for words with white space between them, the longest first."""
    return re.compile("|".join(sorted(words.split(), key=len, reverse=True)))


CONNECTIVES = _any_of(
    "常见 常做 常用 常 可能 包括 知识库 记载 收录 主要 通常 一般 需要 需 可以 可 应当 应该 应 建议 考虑 患者 病人 "
    "的 了 和 与 及 以及 或者 或 还 也 都 等 有 为 是 于 用 其 其中 另外 此外 同时 例如 如 就诊 就医 方面 方法 方式 "
    "严重程度 对 在 由 因 会 出现 发生 属于 相符 根据 资料 显示 注意 作 做 进行 用于 使用 该病 本病 以下 下列 这些"
)
"""Words that join what a graph states and add nothing to it. None of them denies, limits or names anything."""
FRAME = _any_of(
    "英文 中文 文献 结论 原文 编者 整理 教材 古籍 问答 记录 未经审校 资料 说明书 说明 研究 指出 发现 认为 表明 "
    "作者 一项 结果 提示 记载 写道 该 的 为 是 显示 根据 年 篇 有 知识库 收录 其中 另 此外 还"
)
"""Words that introduce a quotation."""


def without(text: str, words: Iterable[str]) -> str:
    """`text` with each of `words` taken out, longest first, a gap in its place."""
    for word in sorted(set(words), key=len, reverse=True):
        if word:
            text = text.replace(word, _GAP)
    return text


def remainder(claim: str, texts: Iterable[str], allowed: re.Pattern[str] | None = None) -> list[str]:
    """Han runs and Latin words of normalised `claim` that `texts` do not hold and `allowed` does not name.

    A Han character is accounted for by a pair of neighbours that stands in one of `texts`; a Latin word by itself.
    """
    joined = _GAP.join(texts)
    pairs = {joined[i : i + 2] for i in range(len(joined) - 1)}
    latin = {word for word in _WORDS.findall(joined) if word.isascii()}
    left: list[str] = []
    for word in _WORDS.findall(claim):
        if word.isascii():
            left.extend([] if word in latin or word.isdigit() else [word])
        else:
            left.extend(_uncovered(word, pairs))
    return [rest for piece in left for rest in _plain(piece, allowed)]


def _uncovered(run: str, pairs: set[str]) -> list[str]:
    """The stretches of a run of Han characters that no pair covers."""
    covered = [False] * len(run)
    for i in range(len(run) - 1):
        if run[i : i + 2] in pairs:
            covered[i] = covered[i + 1] = True
    return [
        piece
        for piece in "".join(_GAP if c else char for char, c in zip(run, covered, strict=True)).split(_GAP)
        if piece
    ]


def _plain(piece: str, allowed: re.Pattern[str] | None) -> list[str]:
    return [rest for rest in (allowed.sub(_GAP, piece) if allowed else piece).split(_GAP) if rest]
