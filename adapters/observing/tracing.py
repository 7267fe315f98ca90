"""OpenTelemetry traces: a span for each request, and one within it for each hop.

Attributes are the request id, route, status, outcome and reason code. An exception's text is never recorded, for it may
repeat what was sent; a caller's `tracestate` is dropped for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.disclosure.observing import TRACEPARENT, Hop, Lane, Part

_PROPAGATOR = TraceContextTextMapPropagator()


class Tracing:
    """An `Observer` that makes spans and hands them to *exporter*, in batches and from a thread of its own."""

    def __init__(self, exporter: SpanExporter) -> None:
        # What a caller asks for does not decide what is recorded here.
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource({"service.name": "saattaen"}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("saattaen")

    @classmethod
    def to(cls, address: str) -> Tracing:
        """Trace to the collector at *address*, such as `http://127.0.0.1:4318`, by OTLP over HTTP."""
        return cls(OTLPSpanExporter(endpoint=f"{address.rstrip('/')}/v1/traces"))

    def close(self) -> None:
        """Hand over what is left, for a few seconds at most."""
        self._provider.force_flush(3000)
        self._provider.shutdown()

    def request(self, request_id: str, headers: Mapping[str, str]) -> AbstractContextManager[object]:
        """Make the span of a request, beneath that of the caller where its `traceparent` is a good one."""
        caller = {"traceparent": headers["traceparent"]} if "traceparent" in headers else {}
        parent = _PROPAGATOR.extract(caller, context=Context())
        return self._span("request", parent, SpanKind.SERVER, {"saattaen.request_id": request_id})

    def hop(self, name: Hop) -> AbstractContextManager[object]:
        """Make the span of a hop."""
        return self._span(name, set_span_in_context(get_current_span()), SpanKind.INTERNAL, {})

    @contextmanager
    def _span(self, name: str, parent: Context, kind: SpanKind, attributes: Mapping[str, str]) -> Iterator[None]:
        with self._tracer.start_as_current_span(
            name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            context = span.get_span_context()
            before = TRACEPARENT.set(f"00-{context.trace_id:032x}-{context.span_id:016x}-01")
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                raise
            finally:
                TRACEPARENT.reset(before)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Name the request's span by its route."""
        span = get_current_span()
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})

    def decided(self, outcome: str, reason: str) -> None:
        """Note the decision on the request's span."""
        get_current_span().set_attributes({"saattaen.outcome": outcome, "saattaen.reason": reason})

    def failed(self, part: Part) -> None:
        """Note which part failed, on the hop's span."""
        get_current_span().set_attribute("saattaen.failed", part)

    def refused_token(self) -> None:
        """Note it on the hop's span."""
        get_current_span().set_attribute("saattaen.token", "refused")

    def shed(self, lane: Lane, why: str) -> None:
        """Note it on the request's span."""
        get_current_span().set_attributes({"saattaen.lane": lane, "saattaen.shed": why})

    def noticed(self, outcome: str, fault: str, count: int) -> None:
        """Delivery is no request."""

    def put_off(self, code: str) -> None:
        """The sweep is no request."""
