"""A small knowledge base in memory, and the sample one ingested once."""

from __future__ import annotations

from pathlib import Path

import pytest

import kg_loader
from kg_loader.ingest import ingest
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build
from tests.answering.records import RECORDS
from tests.fakes import FakeLibrary, fake_pipeline

SAMPLE = Path(kg_loader.__file__).parent / "sample"


@pytest.fixture
def library() -> FakeLibrary:
    """One version of `RECORDS`."""
    library = FakeLibrary()
    library.publish(RECORDS)
    return library


@pytest.fixture
def pipeline(library: FakeLibrary) -> Pipeline:
    """The extractive pipeline over `library`."""
    return fake_pipeline(library)


@pytest.fixture(scope="session")
def sample_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a data folder that holds the sample knowledge base."""
    settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("sample"))
    files = [SAMPLE / name for name in ("facts.csv", "aliases.csv", "do_not_merge.csv", "passages.jsonl")]
    ingest(Library(settings.data_dir), files, dataset="sample", settings=settings)
    return settings


@pytest.fixture(scope="session")
def sample(sample_settings: Settings) -> Pipeline:
    """The product's pipeline over the sample."""
    return build(sample_settings)
