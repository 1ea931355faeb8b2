"""A pipeline over the packaged sample and one over the real files, each made once for all workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.speed.corpora import corpus
from kg_loader.ingest import ingest
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build
from tests.conftest import MadeOnce


@pytest.fixture(scope="session")
def sample_settings(made_once: MadeOnce) -> Settings:
    """Settings of a knowledge base that holds the sample."""
    return _settings(made_once("evaluated-sample", lambda folder: _publish(folder, None)))


@pytest.fixture(scope="session")
def sample(sample_settings: Settings) -> Pipeline:
    return build(sample_settings)


@pytest.fixture(scope="session")
def real(made_once: MadeOnce, real_data: Path) -> Pipeline:
    """All that the benchmark ingests; about 20 s."""
    return build(_settings(made_once("evaluated-real", lambda folder: _publish(folder, real_data))))


def _settings(folder: Path) -> Settings:
    return Settings(_env_file=None, data_dir=folder)


def _publish(folder: Path, data: Path | None) -> None:
    ingest(Library(folder), corpus(data).files, settings=_settings(folder))
