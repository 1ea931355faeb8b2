"""Knowledge bases made from records, through the very code that ingests files; and generated records for them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

import kg_loader
from kg_loader.gate import Gate
from kg_loader.ingest import Ingestion, ingest
from kg_loader.plan import Input
from kg_loader.recovery import recover
from kg_loader.report import IngestReport
from kg_loader.sources.format import Facts, Item
from rag.domain import (
    Alias,
    AliasKind,
    DoNotMerge,
    Entity,
    EntityId,
    Fact,
    Literal,
    Passage,
    PassageKind,
    Qualifiers,
    Record,
    Source,
)
from rag.ports import Embedder
from rag.settings import Settings
from rag.snapshot import Library, Snapshot, open_snapshot
from rag.snapshot.library import unobserved
from rag.text import tokens
from rag.vocabulary import EntityType, Grade, Relation

BOOK = Source("一本参考书", "book", Grade.REFERENCE, year=2020)
TRIAL = Source("一项试验", "journal-article", Grade.TRIAL, year=2021, pmid="1")


class HashEmbedder:
    """Tokens hashed into a few dimensions; enough to tell texts apart."""

    identity = "hash-16"
    dimension = 16

    def encode(self, texts: Sequence[str], *, kind: str) -> NDArray[np.float32]:
        matrix = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for token in tokens(text):
                matrix[row, xxhash.xxh32_intdigest(token.encode()) % self.dimension] += 1.0
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        return (matrix / np.where(norms == 0, 1, norms)).astype(np.float32)


def settings_for(folder: Path, **values: object) -> Settings:
    """Settings of a test: no `.env`, no packaged terms, no embedder unless one is named."""
    return Settings(_env_file=None, **{"data_dir": folder, "terms": False, "embedder": "none", **values})  # type: ignore[arg-type]


SAMPLE = Path(kg_loader.__file__).parent / "sample"


def publish_sample(folder: Path) -> None:
    """The packaged sample as one data set, as `make demo` does."""
    files = [SAMPLE / name for name in ("facts.csv", "aliases.csv", "do_not_merge.csv", "passages.jsonl")]
    ingest(Library(folder), files, dataset="sample", settings=Settings(_env_file=None, data_dir=folder))


def publish(
    library: Library,
    datasets: Mapping[str, Iterable[Item | Facts]],
    *,
    append: bool = False,
    embedder: Embedder | None = None,
    indexed_fields: Sequence[str] | None = None,
    dense_index: str = "auto",
    batch: int = 50,
    max_rejects: int = 1000,
    recovering: bool = False,
    reached: Callable[[str], None] = unobserved,
    gate: Gate | None = None,
    settings: Settings | None = None,
) -> IngestReport:
    """Ingest records as if each data set came from a file of its own; `recovering`: as the command begins."""
    settings = settings or settings_for(library.data_dir, dense_index=dense_index)
    inputs = [
        Input(f"{name}.records", name, "records", None, 0, _fingerprint(items)) for name, items in datasets.items()
    ]
    with library.writing():
        if recovering:
            recover(library, settings, reached=reached)
        job = Ingestion.begin(library, settings, embedder, indexed_fields, lambda *_: None, reached)
        job = replace(job, gate=gate)
        plan = job.plan(inputs, append=append)
        return job.run(plan, lambda source: datasets[source.dataset], max_rejects=max_rejects, batch=batch)


def _fingerprint(items: Iterable[Item | Facts]) -> str:
    return xxhash.xxh3_128_hexdigest(repr(items).encode())


def opened(library: Library, version: int | None = None) -> Snapshot:
    """A version of a library, the current one unless said."""
    if version is None:
        pointer = library.pointer()
        assert pointer is not None
        version = pointer.version
    return open_snapshot(library.snapshot_folder(version))


def entity(kind: EntityType, name: str) -> Entity:
    """An entity whose name needs no normalising."""
    return Entity(EntityId(f"{kind.value}:{name}"), kind, name)


def disease(name: str) -> EntityId:
    """The id of a disease."""
    return EntityId(f"disease:{name}")


def symptom(name: str) -> EntityId:
    """The id of a symptom."""
    return EntityId(f"symptom:{name}")


def has_symptom(subject: str, target: str, source: Source = BOOK) -> Fact:
    """A disease and one of its symptoms."""
    return Fact(disease(subject), Relation.SYMPTOM, symptom(target), source.id)


def small_kb() -> list[Record]:
    """A few records of every kind."""
    return [
        BOOK,
        TRIAL,
        entity(EntityType.DISEASE, "甲病"),
        entity(EntityType.DISEASE, "乙病"),
        entity(EntityType.SYMPTOM, "头晕"),
        Alias("甲氏病", disease("甲病"), AliasKind.SYNONYM),
        DoNotMerge(disease("乙病"), disease("甲病"), "两种病"),
        has_symptom("甲病", "头晕"),
        has_symptom("甲病", "头晕", TRIAL),
        has_symptom("乙病", "头晕"),
        has_symptom("甲病", "恶寒"),
        Fact(
            disease("甲病"), Relation.CURE_RATE, Literal("约七成", "cure_rate"), BOOK.id, Qualifiers(population="成人")
        ),
        Passage(
            "甲病患者常感头晕，卧床休养后减轻。",
            PassageKind.CONCLUSION,
            TRIAL.id,
            title="甲病的观察",
            about=disease("甲病"),
        ),
        Passage("The outcome of treatment was favourable.", PassageKind.CONCLUSION, TRIAL.id, question="Is it good?"),
    ]


def generated(seed: int, size: int = 120) -> list[Record]:
    """Reproducible records: `size` diseases with symptoms, aliases and passages."""
    rng = random.Random(seed)
    records: list[Record] = [BOOK, TRIAL]
    for number in range(size):
        name = f"病{seed}号{number}"
        records.append(entity(EntityType.DISEASE, name))
        records.append(Alias(f"别名{seed}之{number}", disease(name), AliasKind.SYNONYM))
        records += [has_symptom(name, f"症状{rng.randrange(40)}") for _ in range(4)]
        records.append(
            Passage(f"{name}见于{rng.randrange(90)}岁，伴症状{rng.randrange(40)}。", PassageKind.TEXTBOOK, BOOK.id)
        )
    return records
