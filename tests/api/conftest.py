"""A service over a small knowledge base in memory, and a client for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from rag.settings import Settings
from tests.api.records import SMALL
from tests.fakes import FakeLibrary, fake_pipeline


@pytest.fixture
def library() -> FakeLibrary:
    """One published version."""
    library = FakeLibrary()
    library.publish(SMALL)
    return library


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Defaults, writing below `tmp_path`."""
    return Settings(data_dir=tmp_path, pointer_poll_s=0.05, request_timeout_s=5)


@pytest.fixture
def app(settings: Settings, library: FakeLibrary) -> FastAPI:
    """The service over `library`."""
    return create_app(settings, fake_pipeline(library), library)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A program on the same machine."""
    with local_client(app) as client:
        yield client


def local_client(app: FastAPI) -> TestClient:
    """A client with a loopback address."""
    return TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50000))
