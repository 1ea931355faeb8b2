"""A pipeline over the packaged sample and one over the real files, each made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.speed.corpora import corpus
from kg_loader.ingest import ingest
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build


@pytest.fixture(scope="session")
def sample_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a knowledge base that holds the sample."""
    return published(tmp_path_factory.mktemp("sample"), None)


@pytest.fixture(scope="session")
def sample(sample_settings: Settings) -> Pipeline:
    return build(sample_settings)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Pipeline:
    """All that the benchmark ingests; about 20 s."""
    return build(published(tmp_path_factory.mktemp("real"), real_data))


def published(folder: Path, data: Path | None) -> Settings:
    settings = Settings(_env_file=None, data_dir=folder)
    ingest(Library(folder), corpus(data).files, settings=settings)
    return settings
