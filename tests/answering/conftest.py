"""A small knowledge base in memory, and the sample one ingested once."""

from __future__ import annotations

import pytest

from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.wiring import build
from tests.answering.records import RECORDS
from tests.conftest import MadeOnce
from tests.fakes import FakeLibrary, fake_pipeline
from tests.kb import publish_sample


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
def sample_settings(made_once: MadeOnce) -> Settings:
    """Settings of a data folder that holds the sample knowledge base."""
    return Settings(_env_file=None, data_dir=made_once("sample", publish_sample))


@pytest.fixture(scope="session")
def sample(sample_settings: Settings) -> Pipeline:
    """The product's pipeline over the sample."""
    return build(sample_settings)
