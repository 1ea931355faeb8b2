"""What a claim says beyond its evidence, and whether a paraphrase keeps to it. Pure.

A word counts as covered when the evidence holds it, or when it only joins what the evidence holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rag.text import HAN, is_han, normalise, sentence_spans, tokens

_WORDS = re.compile(f"[{HAN}]+|[^\\W_{HAN}]+")
_GAP = "\n"
CLAUSE = re.compile(r"[，。；：！？,;:!?\n]|\.\s")
NEGATION = re.compile(r"不|无|未|没|勿|莫|别(?!名)|否|非(?=[^常])|\b(?:no|not|without|neither|nor|cannot|lack)\b")
_WAYS: Sequence[tuple[re.Pattern[str], re.Pattern[str]]] = tuple(
    (re.compile(up), re.compile(down))
    for up, down in (
        ("升高|增高|增加|增多|上升|增强|加重|提高|延长|increas|higher|rais|elevat|prolong",
         "降低|减低|减少|下降|减弱|减轻|缩短|decreas|lower|reduc|shorten"),
        ("改善|缓解|好转|优于|有益|获益|improv|better|superior|benefi", "恶化|加剧|劣于|有害|worse|inferior|harm"),
        ("阳性|positive", "阴性|negative"),
        ("有效|effective", "失效|ineffective"),
    )
)  # fmt: skip
"""Words for one direction, and for the other."""
_REMEDY_LIKE = re.compile(
    f"[{HAN}](?:霉素|西林|沙星|洛尔|地平|普利|沙坦|他汀|列汀|列净|替丁|拉唑|康唑|硝唑|洛芬|昔布|西泮|唑仑|单抗|替尼|韦|胶囊|颗粒|"
    "口服液|注射液|疫苗|冲剂|滴剂|糖浆|丸|片|散|膏|汤|酊|素|碱|苷)|"
    r"[a-z]{3,}(?:mab|nib|cillin|statin|olol|pril|sartan|azole|mycin|floxacin|prazole|tidine|profen|vir|zepam|zolam)\b"
)
"""Names that look like a drug's, known to the knowledge base or not."""
_ENOUGH_WORDING = 0.5
_LEAST_OF_EACH = 0.2
_LONGEST_OWN_WORDING = 3


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
    "英文 中文 文献 结论 原文 教材 古籍 问答 记录 未经审校 资料 说明书 说明 研究 指出 发现 认为 表明 作者 一项 结果 "
    "提示 记载 写道 该 的 为 是 显示 根据 年 篇 有 知识库 收录 其中 另 此外 还"
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


# ---------------------------------------------------------------- paraphrases


def paraphrase_reason(claim: str, texts: Sequence[str], joined: str) -> str | None:
    """Why normalised `claim` does not restate the passages `texts`; `joined` is all they hold, normalised.

    It needs enough of the words of one sentence, no remedy of its own, and in each clause the polarity found there.
    """
    said = _content(claim)
    spans = [normalise(text[a:b]) for text in texts for a, b in sentence_spans(text)]
    if not said or any(_share(said, text) < _LEAST_OF_EACH for text in texts):
        return "citation_does_not_support"
    if any(match.group() not in joined for match in _REMEDY_LIKE.finditer(claim)):
        return "entity_not_in_evidence"
    if max((_share(said, text) for text in spans), default=0.0) < _ENOUGH_WORDING:
        return "wording_not_in_evidence"
    best = max(spans, key=lambda text: _share(said, text))
    if _turned(claim, best):
        return "polarity_not_in_evidence"
    if any(len(rest) > _LONGEST_OWN_WORDING for rest in remainder(claim, [joined]) if is_han(rest[0])):
        return "wording_not_in_evidence"
    return None


def _turned(claim: str, sentence: str) -> bool:
    """Whether a clause denies what the closest clause states, or the other way round, or gives another direction."""
    clauses = [clause for clause in CLAUSE.split(sentence) if clause.strip()] or [sentence]
    for part in CLAUSE.split(claim):
        said = _content(part)
        if said:
            closest = max([*clauses, sentence], key=lambda clause: (_share(said, clause), -len(clause)))
            if bool(NEGATION.search(part)) != bool(NEGATION.search(closest)):
                return True
    return any(_one_way(claim, a, b) and not a.search(sentence) for pair in _WAYS for a, b in (pair, pair[::-1]))


def _one_way(claim: str, way: re.Pattern[str], other: re.Pattern[str]) -> bool:
    return bool(way.search(claim)) and not other.search(claim)


def _share(said: set[str], text: str) -> float:
    """Share of the tokens `said` that stand in `text`, 0 to 1."""
    return len(said & _content(text)) / len(said)


def _content(text: str) -> set[str]:
    return {token for token in tokens(text) if len(token) > 1}
