"""What Prometheus reads at `/metrics`. Labels come from closed sets, so nothing that a patient wrote can be in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from rag.answer.prompt import estimated_tokens

if TYPE_CHECKING:
    from api.service import Service
    from rag.domain import Answer

MEDIA_TYPE = CONTENT_TYPE_LATEST
_STAGE_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one application. `answered` and `requested` may be called from any thread."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter("yiwen_http_requests", "Requests", ("route", "method", "status"), registry=registry)
        self._request_s = Histogram(
            "yiwen_http_request_seconds", "Time to the end of the response", ("route",),
            buckets=_STAGE_S, registry=registry,
        )  # fmt: skip
        self._answers = Counter("yiwen_answers", "Answers", ("outcome", "generator"), registry=registry)
        self._stage_s = Histogram(
            "yiwen_answer_stage_seconds", "Time of a step of answering", ("stage",), buckets=_STAGE_S, registry=registry
        )
        self._tokens = Counter("yiwen_answer_tokens", "Estimated tokens of answers", registry=registry)
        self._dropped = Counter(
            "yiwen_dropped_sentences", "Sentences that did not pass the checker", ("reason",), registry=registry
        )
        self._red_flags = Counter("yiwen_red_flags", "Answers that triage began", ("category",), registry=registry)
        self._degraded = Counter("yiwen_degraded_answers", "Answers without something", ("part",), registry=registry)

    def requested(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request has ended; `route` is the pattern, not the address."""
        self._requests.labels(route, method, str(status)).inc()
        self._request_s.labels(route).observe(seconds)

    def answered(self, answer: Answer) -> None:
        """An answer is complete."""
        self._answers.labels(answer.outcome.value, answer.generator).inc()
        self._tokens.inc(estimated_tokens(answer.text))
        for stage, milliseconds in answer.timings_ms.items():
            self._stage_s.labels(stage).observe(milliseconds / 1000)
        for dropped in answer.dropped:
            self._dropped.labels(dropped.reason).inc()
        if answer.triage.red_flag:
            self._red_flags.labels(answer.triage.category or "other").inc()
        for part in answer.degraded:
            self._degraded.labels(part).inc()

    def watch(self, service: Service) -> None:
        """What is read when somebody looks."""
        answers, reads = service.answers, service.reads
        self._gauge("yiwen_answers_in_flight", "Answers that are written or wait", lambda: answers.taken)
        self._gauge("yiwen_answers_waiting", "Answers that wait for a slot", lambda: answers.waiting)
        self._gauge("yiwen_reads_waiting", "Short reads that wait for a thread", lambda: reads.waiting)
        self._gauge("yiwen_ready", "1 where a version is served", lambda: float(_version(service)[0] > 0))
        self._gauge("yiwen_kb_version", "Version of the knowledge base", lambda: _version(service)[0])
        self._gauge("yiwen_kb_revision", "Revision of the pointer", lambda: _version(service)[1])
        self._gauge(
            "yiwen_live_graph_breaker_open",
            "1 while Neo4j is left alone",
            lambda: float(service.pipeline.editions.live_graph_down()),
        )

    def _gauge(self, name: str, about: str, read: Callable[[], float]) -> None:
        Gauge(name, about, registry=self._registry).set_function(read)

    def text(self) -> bytes:
        """The text format of Prometheus."""
        return generate_latest(self._registry)


def _version(service: Service) -> tuple[int, int]:
    edition = service.pipeline.editions.served
    return (edition.pointer.version, edition.pointer.revision) if edition is not None else (0, 0)
