"""Learn how much each token of a question counts in BM25, from question-answer pairs: numpy, about a minute.

Each token t has one factor exp(theta_t). The score of an answer is the BM25 sum with every term multiplied by its
factor; theta moves so that a question's own answer wins the softmax over the answers of its batch, and is drawn back
towards 0, so that a token seen rarely keeps a factor near 1. Only Han tokens are learnt: the shipped pairs are Chinese.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from finetune.bags import Bag, Floats, Rows, bag, key, mask_equal, softmax, table
from finetune.pairs import read_pairs
from rag.errors import DataError
from rag.retrieval.weighting import TermWeights
from rag.text import is_han, tokens


@dataclass(frozen=True)
class WeightOptions:
    """What decides the table, beside its data. Defaults are the shipped recipe."""

    epochs: int = 6
    batch_pairs: int = 256
    temperature: float = 4.0
    """BM25 points that make one answer e times as likely as another."""
    learning_rate: float = 0.1
    decay: float = 1e-4
    min_questions: int = 3
    k1: float = 1.2
    b: float = 0.75
    count_exponent: float = 0.5
    seed: int = 0


def run(pairs: Sequence[Path], out: Path, options: WeightOptions | None = None) -> TermWeights:
    """Learn from files of pairs and write the table to `out`. DataError: not readable as pairs, or too few."""
    weights = train(chain.from_iterable(read_pairs(path) for path in pairs), options or WeightOptions())
    inputs = [{"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in pairs]
    weights = replace(weights, recipe=dict(weights.recipe) | {"inputs": inputs})
    out.write_text(weights.to_json(), encoding="utf-8")
    return weights


def train(pairs: Iterable[tuple[str, str]], options: WeightOptions = WeightOptions()) -> TermWeights:
    """Factors of the Han tokens that at least `min_questions` questions hold, those near 1 left out."""
    cut = [(tokens(question), tokens(answer)) for question, answer in pairs]
    asked = Counter(token for question, _ in cut for token in set(question))
    vocabulary = sorted({token for pair in cut for words in pair for token in words})
    row_of = {token: row for row, token in enumerate(vocabulary)}
    if len(cut) < 2:
        raise DataError(f"{len(cut)} question-answer pairs; expected at least 2")
    answers = _bm25([words for _, words in cut], row_of, options)
    questions = [bag(words, row_of, options.count_exponent) for words, _ in cut]
    groups = np.unique([key(words) for _, words in cut], return_inverse=True)[1]
    usable = [i for i in range(len(cut)) if len(questions[i][0]) and len(answers[i][0])]
    learnt = np.array([is_han(token[0]) and asked[token] >= options.min_questions for token in vocabulary])
    theta = _fit([questions[i] for i in usable], [answers[i] for i in usable], groups[usable], learnt, options)
    factors = {token: math.exp(theta[row]) for token, row in row_of.items() if abs(theta[row]) > 0.02}
    return TermWeights(factors, options.count_exponent, asdict(options) | {"pairs": len(usable)})


def _bm25(texts: Sequence[Sequence[str]], row_of: dict[str, int], options: WeightOptions) -> list[Bag]:
    """Each text's tokens with their BM25 weight; frequencies and lengths are those of the distinct texts."""
    distinct = list({key(words): words for words in texts}.values())
    found = Counter(row_of[token] for words in distinct for token in set(words))
    mean = sum(map(len, distinct)) / len(distinct)
    idf = np.zeros(len(row_of), np.float32)
    for row, n in found.items():
        idf[row] = math.log(1 + (len(distinct) - n + 0.5) / (n + 0.5))
    bags = []
    for words in texts:
        rows, counts = bag(words, row_of, 1.0)
        room = np.float32(options.k1 * (1 - options.b + options.b * len(words) / mean))
        bags.append((rows, idf[rows] * counts * np.float32(options.k1 + 1) / (counts + room)))
    return bags


def _fit(
    questions: Sequence[Bag], answers: Sequence[Bag], groups: Rows, learnt: np.ndarray, options: WeightOptions
) -> Floats:
    """Theta of every row, by Adagrad with a rate falling to 0."""
    random = np.random.default_rng(options.seed)
    theta = np.zeros(len(learnt), np.float32)
    squares = np.full(len(learnt), 1e-4, np.float32)
    size = options.batch_pairs
    steps, step = options.epochs * math.ceil(len(questions) / size), 0
    for _ in range(options.epochs):
        order = random.permutation(len(questions))
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            texts = [questions[i] for i in batch] + [answers[i] for i in batch]
            used, weights = table(texts)
            slope = _slope(weights, theta[used], groups[batch], options.temperature) + options.decay * theta[used]
            slope *= learnt[used]
            squares[used] += slope**2
            theta[used] -= options.learning_rate * (1 - step / steps) * slope / np.sqrt(squares[used])
            step += 1
    return theta


def _slope(weights: Floats, theta: Floats, groups: Rows, temperature: float) -> Floats:
    """The gradient by theta of the mean -ln share of each question's own answer; questions stand over answers."""
    n = len(groups)
    questions, answers = weights[:n] * np.exp(theta), weights[n:]
    logits: Floats = questions @ answers.T / np.float32(temperature)
    mask_equal(logits, groups)
    error = softmax(logits, axis=1) - np.eye(n, dtype=np.float32)
    slope: Floats = ((error @ answers) * questions).sum(axis=0) / np.float32(temperature * n)
    return slope
