"""Traces for an OpenTelemetry collector: a span a request, in it one an answer and each of its steps.

Off unless `YIWEN_OTEL_URL` names a collector. Attributes come from closed sets, as labels of metrics do, so nothing
that a patient wrote can be in them. `traceparent` of a request is taken up; the SDK reads `OTEL_TRACES_SAMPLER` and its
other variables itself.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import metadata
from itertools import accumulate
from typing import TYPE_CHECKING

from rag.answer.prompt import estimated_tokens
from rag.errors import MissingExtraError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

    from rag.domain import Answer
    from rag.settings import Settings

SEND_S, CLOSE_S = 2.0, 1.0
"""How long a batch may take to be sent, and how long the end of the process waits for the last one."""


class Traces:
    """What one application tells its collector. Every method may be called from any thread."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("yiwen")
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, headers: Mapping[str, str]) -> Span:
        """A request has come in; it continues the trace that its headers name."""
        from opentelemetry.trace import SpanKind

        return self._tracer.start_span("request", self._propagator.extract(dict(headers)), SpanKind.SERVER)

    def end(self, span: Span, route: str, method: str, status: int) -> None:
        """A request has been answered; `route` is the pattern, not the address."""
        from opentelemetry.trace import StatusCode

        span.update_name(f"{method} {route}")
        span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
        if status >= 500 or not status:
            span.set_status(StatusCode.ERROR)
        span.end()

    def answered(self, request: Span, answer: Answer, began_ns: int) -> None:
        """An answer is complete that was begun at `began_ns` (since 1970): its steps, one behind the other."""
        from opentelemetry.trace import set_span_in_context

        took = [round(milliseconds * 1e6) for milliseconds in answer.timings_ms.values()]
        ends = [began_ns + spent for spent in accumulate(took)]
        whole = self._tracer.start_span("answer", set_span_in_context(request), start_time=began_ns)
        whole.set_attributes(_attributes(answer))
        inside = set_span_in_context(whole)
        for step, spent, end in zip(answer.timings_ms, took, ends, strict=True):
            self._tracer.start_span(step, inside, start_time=end - spent).end(end)
        whole.end(max(ends, default=began_ns))

    def close(self) -> None:
        """Send what is left, for at most `CLOSE_S`: a collector that is away must not keep the process."""
        closing = threading.Thread(target=self._provider.shutdown, name="last-traces", daemon=True)
        closing.start()
        closing.join(CLOSE_S)


def _attributes(answer: Answer) -> dict[str, str | int | bool | list[str]]:
    return {
        "yiwen.outcome": answer.outcome.value,
        "yiwen.generator": answer.generator,
        "yiwen.kb_version": answer.kb_version,
        "yiwen.red_flag": answer.triage.red_flag,
        "yiwen.citations": len(answer.citations),
        "yiwen.dropped_sentences": len(answer.dropped),
        "yiwen.tokens": estimated_tokens(answer.text),
        "yiwen.degraded": list(answer.degraded),
    }


def open_traces(settings: Settings) -> Traces | None:
    """What the settings ask for; None without a collector. Raises MissingExtraError without the extra `otel`."""
    if settings.otel_url is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"YIWEN_OTEL_URL needs the package {error.name}: pip install 'yiwen[otel]'") from error
    provider = TracerProvider(
        resource=Resource.create({"service.name": "yiwen", "service.version": metadata.version("yiwen")}),
        shutdown_on_exit=False,
    )
    address = settings.otel_url.rstrip("/") + "/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(address, timeout=SEND_S)))
    return Traces(provider)
