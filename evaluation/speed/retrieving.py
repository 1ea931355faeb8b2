"""Time of retrieval among many passages: `python -m evaluation.speed.retrieving PASSAGES FILE...` prints JSON.

The files are ingested, and passages made of their own sentences are added (three of one language each, one passage in
ten English where there is any), so that words and names are as frequent as in real text. Retrieval is then timed as a
whole, and each call that it makes of the stores and the embedder by itself.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from evaluation.speed.asking import mixed_questions
from evaluation.speed.figures import percentile
from kg_loader.ingest import ingest
from rag.domain import Passage
from rag.editions import Edition
from rag.question.intent import read_intent
from rag.settings import Settings
from rag.snapshot import Library, open_snapshot
from rag.text import language_of, sentences
from rag.wiring import open_editions

_TOP, _WARM_UP = 8, 20
_ENGLISH_EACH = 10


def made_passages(passages: list[Passage], count: int) -> Iterator[dict[str, object]]:
    """`count` passages, each of three sentences of the given ones, in the fields of the format `passages`."""
    rng = random.Random(5)
    spoken: dict[str, list[str]] = {"zh": [], "en": []}
    for passage in passages:
        spoken[language_of(passage.text)] += sentences(passage.text)
    for number in range(count):
        language = "en" if spoken["en"] and (number % _ENGLISH_EACH == 0 or not spoken["zh"]) else "zh"
        text = " ".join(rng.choice(spoken[language]).strip() for _ in range(3))
        yield {"text": text, "kind": "conclusion", "source": f"第{number}号", "title": f"第{number}号", "year": 2020}


class Timed:
    """Whatever is asked of a store goes on to it, and how long it took is noted under the method's name."""

    def __init__(self, inner: object, taken: dict[str, float]) -> None:
        self._inner, self._taken = inner, taken

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # stands for any port
        found = getattr(self._inner, name)
        return self._noted(name, found) if callable(found) else found

    def _noted(self, name: str, method: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            begin = time.process_time()
            try:
                return method(*arguments, **named)
            finally:
                self._taken[name] += (time.process_time() - begin) * 1000

        return call


def measure(files: Sequence[Path], passages: int) -> dict[str, Any]:
    """Publish and extend a knowledge base in a temporary folder, then ask; in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="yiwen-retrieval-") as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder) / "kb")
        extend(settings, files, passages)
        return ask(open_editions(settings).current())


def extend(settings: Settings, files: Sequence[Path], passages: int) -> None:
    """Ingest `files`, a data set each, and so many made passages that there are `passages` in all."""
    library = Library(settings.data_dir)
    for file in files:
        ingest(library, [file], settings=settings)
    pointer = library.pointer()
    assert pointer is not None, "a version was published"
    held = [cast(Passage, found) for found in open_snapshot(library.snapshot_folder(pointer.version)).scan("passage")]
    made = settings.data_dir.parent / "made.jsonl"
    with made.open("w", encoding="utf-8") as out:
        for row in made_passages(held, passages - len(held)):
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    ingest(library, [made], format="passages", settings=settings)


def ask(edition: Edition) -> dict[str, Any]:
    """Retrieve for 500 questions of many kinds: as it is for the whole, through `Timed` for the parts."""
    taken: dict[str, float] = defaultdict(float)
    retriever = edition.retriever
    kb, graph, embedder = (Timed(port, taken) for port in (retriever.kb, retriever.graph, retriever.search.embedder))
    search = replace(retriever.search, kb=cast(Any, kb), embedder=cast(Any, embedder))
    timed = replace(retriever, kb=cast(Any, kb), graph=cast(Any, graph), search=search)
    clock: list[float] = []
    processor: list[float] = []
    parts: list[dict[str, float]] = []
    questions = mixed_questions()
    for question in [*questions[:_WARM_UP], *questions]:
        mentions = edition.linker.link(question)
        intent = read_intent(question, mentions)
        begin, work = time.perf_counter(), time.process_time()
        retriever.retrieve(question, mentions, intent, top_k=_TOP)
        clock.append((time.perf_counter() - begin) * 1000)
        processor.append((time.process_time() - work) * 1000)
        taken.clear()
        timed.retrieve(question, mentions, intent, top_k=_TOP)
        parts.append(dict(taken))
    clock, processor, parts = clock[_WARM_UP:], processor[_WARM_UP:], parts[_WARM_UP:]
    names = sorted({name for one in parts for name in one})
    return {
        "passages": retriever.kb.passage_count,
        "p50": percentile(clock, 0.5),
        "p99": percentile(clock, 0.99),
        "cpu_p50": percentile(processor, 0.5),
        "cpu_p99": percentile(processor, 0.99),
        "parts_p99": {name: percentile([one.get(name, 0.0) for one in parts], 0.99) for name in names},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure([Path(name) for name in sys.argv[2:]], int(sys.argv[1]))))
