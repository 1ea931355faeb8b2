"""Two hundred made identifiers (B22) go in by every door; none comes out in logs, metrics, traces or error bodies."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator

import pytest

from api import logs
from api.app import create_app
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.api.test_tracing import Collector
from tests.fakes import FakeLibrary, fake_pipeline

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identifiers(count: int = 200) -> Iterator[str]:
    """Identity numbers with their check digit, mobiles, names with a bed, record and insurance numbers, addresses."""
    rng = random.Random(22)
    for number in range(count):
        digits = "".join(rng.choices("0123456789", k=8))
        born = f"{rng.randint(1930, 2020)}{rng.randint(1, 12):02}15"
        seventeen = f"{rng.randint(110000, 659999)}{born}{rng.randint(100, 999)}"
        check = "10X98765432"[sum(int(d) * w for d, w in zip(seventeen, _WEIGHTS, strict=True)) % 11]
        yield (
            seventeen + check, f"13{digits}{number % 10}", f"赵钱{digits[:4]}孙{number}床", f"ZY{digits}{number}",
            f"YB{number}{digits}", f"和平路{digits}号{number}室",
        )[number % 6]  # fmt: skip


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def test_no_identifier_comes_out(
    settings: Settings, library: FakeLibrary, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told: list[str] = []
    traced = settings.model_copy(update={"otel_url": collector.address})
    with local_client(create_app(traced, fake_pipeline(library), library)) as client:
        for number, secret in enumerate(identifiers()):
            question = f"患者{secret}，偏头痛有什么症状"
            patient = {"drugs": [secret], "allergies": [secret], "conditions": [secret]}
            history = [{"role": "user", "content": secret}]
            messages = [{"role": "user", "content": question}]
            doors: tuple[tuple[str, dict[str, object]], ...] = (
                ("/v1/ask", {"question": question, "patient": patient, "history": history}),
                ("/v1/chat/completions", {"model": "extractive", "stream": True, "messages": messages}),
                ("/v1/search", {"question": question}),
                ("/v1/conversations", {"title": secret}),
                ("/v1/feedback", {"answer_id": f"{number:x}", "rating": "down", "reason": secret}),
            )
            path, body = doors[number % 5]  # the kinds of identifiers are six, so each goes in by every door
            assert client.post(path, json=body).status_code in (200, 201)
            broken: tuple[tuple[str, dict[str, object]], ...] = (
                ("/v1/ask", {"question": question, "patient": {"age": secret}}),
                ("/v1/ask", {"question": question, "detail": secret}),
                ("/v1/ask", {"question": question * 500}),
                ("/v1/ask", {"question": question, secret: 1, "history": [{"role": secret, "content": secret}]}),
                ("/v1/chat/completions", {"model": "extractive", "messages": [{"role": secret, "content": question}]}),
            )
            for path, body in broken:
                response = client.post(path, json=body)
                assert response.status_code in (400, 413, 422)
                told.append(response.text.replace(f"body.{secret}", "body."))  # the name of a field, not its value
        told.append(client.get("/metrics").text)
    form = logs.JsonLines()
    told += [form.format(record) for record in caplog.records]
    told += [body.decode("utf-8", "replace") for body in collector.bodies]
    everything = "\n".join(told)
    assert len(everything) > 100_000
    assert [secret for secret in identifiers() if secret in everything] == []
