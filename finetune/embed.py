"""Train the static embedding of `rag.embedders.static` on question-answer pairs: numpy, one core, minutes.

Recipe: rows start as random directions of length idf, which keeps the inner product of two texts close to their
lexical overlap (a random projection of tf-idf); then a symmetric in-batch softmax over cosines pulls each question to
its answer. A part of the tokens is dropped at random from both sides at every step, so that no pair is learnt through
one rare token. Measured alternatives and what they gave are in the model card.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from finetune.bags import Bag, Floats, Rows, bag, key, mask_equal, softmax, table
from finetune.pairs import read_pairs, read_texts
from rag.embedders.static import StaticModel
from rag.errors import DataError
from rag.text import is_han, tokens

Progress = Callable[[int, int], None]
"""Called with steps done and steps in all."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbedOptions:
    """What decides a model, beside its data. Defaults are the shipped recipe."""

    dimension: int = 256
    epochs: int = 20
    batch_pairs: int = 256
    temperature: float = 0.2
    token_dropout: float = 0.3
    learning_rate: float = 0.05
    min_texts_han: int = 5
    """Texts a Han character or pair must occur in; overlapping pairs make many accidental tokens."""
    min_texts_other: int = 1
    """The same for Latin words and numbers."""
    max_vocabulary: int = 29_000
    """At 256 dimensions 29,000 rows are 7.6 MB."""
    count_exponent: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class EmbedReport:
    """What `run` did; `loss` is the mean of the last epoch in nats, `seconds` wall time."""

    identity: str
    pairs: int
    vocabulary: int
    dimension: int
    size_bytes: int
    loss: float
    seconds: float


def run(
    pairs: Path | Sequence[Path],
    texts: Sequence[Path],
    out: Path,
    options: EmbedOptions | None = None,
    progress: Progress | None = None,
) -> EmbedReport:
    """Train on files of pairs, write a model folder to `out`. Texts only widen the vocabulary and its frequencies.

    DataError: a file cannot be read as pairs, or fewer than two pairs share a known token.
    """
    started = time.monotonic()
    files = [pairs] if isinstance(pairs, Path) else list(pairs)
    data = list(chain.from_iterable(read_pairs(path) for path in files))
    model = train(data, chain.from_iterable(read_texts(path) for path in texts), options or EmbedOptions(), progress)
    inputs = [{"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in [*files, *texts]]
    model = replace(model, recipe=dict(model.recipe) | {"inputs": inputs})
    identity = model.save(out)
    return EmbedReport(
        identity=identity,
        pairs=len(data),
        vocabulary=len(model.vocabulary),
        dimension=int(model.rows.shape[1]),
        size_bytes=sum(path.stat().st_size for path in out.iterdir()),
        loss=float(model.recipe["loss"]),
        seconds=round(time.monotonic() - started, 1),
    )


def train(
    pairs: Iterable[tuple[str, str]],
    texts: Iterable[str] = (),
    options: EmbedOptions = EmbedOptions(),
    progress: Progress | None = None,
) -> StaticModel:
    """A model of (question, answer) pairs; the same data, options and seed give the same model on one machine."""
    cut = [(tokens(question), tokens(answer)) for question, answer in pairs]
    vocabulary, idf = _vocabulary(chain(chain.from_iterable(cut), map(tokens, texts)), options)
    row_of = {token: row for row, token in enumerate(vocabulary)}
    bags = [(bag(q, row_of, options.count_exponent), bag(a, row_of, options.count_exponent)) for q, a in cut]
    groups = np.unique([key(a) for _, a in cut], return_inverse=True)[1] if cut else np.zeros(0, np.int64)
    usable = [i for i, (q, a) in enumerate(bags) if len(q[0]) and len(a[0])]
    if len(usable) < 2:
        raise DataError(f"{len(usable)} usable pairs; expected at least 2 whose sides both have frequent tokens")
    trainer = _Trainer(idf, options)
    loss = trainer.fit([bags[i] for i in usable], groups[usable], progress)
    recipe = asdict(options) | {"pairs": len(usable), "loss": round(loss, 4), "method": "in-batch softmax, Adagrad"}
    return StaticModel(tuple(vocabulary), trainer.rows, options.count_exponent, recipe)


def _vocabulary(texts: Iterable[Sequence[str]], options: EmbedOptions) -> tuple[list[str], Floats]:
    """The tokens kept, most frequent first (ties by token), and ln(texts / texts with the token) of each.

    Every distinct text counts once: an answer stands in several pairs.
    """
    found: Counter[str] = Counter()
    total = 0
    for words in {key(words): words for words in texts}.values():
        found.update(set(words))
        total += 1
    least = {True: options.min_texts_han, False: options.min_texts_other}
    kept = [(token, n) for token, n in found.items() if n >= least[is_han(token[0])]]
    kept.sort(key=lambda item: (-item[1], item[0]))
    kept = kept[: options.max_vocabulary]
    return [token for token, _ in kept], np.array([math.log(max(total / n, 1.01)) for _, n in kept], np.float32)


class _Trainer:
    """Rows (tokens, dimension) under training, with the Adagrad state of each row."""

    def __init__(self, idf: Floats, options: EmbedOptions) -> None:
        self.options = options
        self._random = np.random.default_rng(options.seed)
        directions = self._random.standard_normal((len(idf), options.dimension), dtype=np.float32)
        self.rows: Floats = directions * idf[:, None]
        self.rows /= np.sqrt((self.rows**2).sum(axis=1).mean())
        self._squares = np.full(len(idf), 1e-6, np.float32)

    def fit(self, bags: Sequence[tuple[Bag, Bag]], groups: Rows, progress: Progress | None) -> float:
        """Train all epochs, the rate falling to 0; returns the mean loss of the last one."""
        size = self.options.batch_pairs
        steps = self.options.epochs * math.ceil(len(bags) / size)
        step, loss = 0, math.nan
        for epoch in range(self.options.epochs):
            losses = []
            for batch in self._batches(len(bags)):
                rate = self.options.learning_rate * (1 - step / steps)
                losses.append(self._step([bags[i] for i in batch], groups[batch], rate))
                step += 1
                if progress is not None:
                    progress(step, steps)
            loss = float(np.mean(losses))
            logger.info("epoch %d: loss %.4f", epoch + 1, loss)
        return loss

    def _batches(self, count: int) -> Iterator[Rows]:
        order = self._random.permutation(count)
        for start in range(0, count, self.options.batch_pairs):
            yield order[start : start + self.options.batch_pairs]

    def _step(self, batch: Sequence[tuple[Bag, Bag]], groups: Rows, rate: float) -> float:
        """One descent on a batch; returns its loss."""
        texts = [q for q, _ in batch] + [a for _, a in batch]
        used, tables = table(texts, self._dropout(sum(len(rows) for rows, _ in texts)))
        tables /= np.float32(1 - self.options.token_dropout)
        vectors = tables @ self.rows[used]
        n = len(batch)
        loss, gradient = _contrast(vectors[:n], vectors[n:], groups, self.options.temperature)
        change = tables.T @ gradient
        self._squares[used] += (change**2).mean(axis=1)
        self.rows[used] -= rate * change / np.sqrt(self._squares[used])[:, None]
        return loss

    def _dropout(self, entries: int) -> Floats:
        """0 for the entries left out, 1 for the others."""
        return (self._random.random(entries) < 1 - self.options.token_dropout).astype(np.float32)


def _contrast(left: Floats, right: Floats, groups: Rows, temperature: float) -> tuple[float, Floats]:
    """Loss of the symmetric softmax over cosines / temperature, and its gradient by (left over right) (2n, d)."""
    n = len(left)
    u, left_size = _unit(left)
    w, right_size = _unit(right)
    logits = u @ w.T / np.float32(temperature)
    mask_equal(logits, groups)
    across, down = softmax(logits, axis=1), softmax(logits, axis=0)
    loss = -float(np.log(np.maximum(across.diagonal() * down.diagonal(), 1e-30)).mean()) / 2
    slope = (((across + down) / 2 - np.eye(n)) / temperature).astype(np.float32)
    gradient = (_through_unit(slope @ w, u, left_size), _through_unit(slope.T @ u, w, right_size))
    return loss, np.concatenate(gradient)


def _unit(vectors: Floats) -> tuple[Floats, Floats]:
    size: Floats = np.sqrt((vectors**2).sum(axis=1, keepdims=True)) + np.float32(1e-6)
    return vectors / size, size


def _through_unit(gradient: Floats, unit: Floats, size: Floats) -> Floats:
    """The gradient before scaling to length 1."""
    before: Floats = (gradient - unit * (gradient * unit).sum(axis=1, keepdims=True)) / size
    return before
