"""What is counted, traced and logged of requests, and that none of it names anybody."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry, generate_latest

from adapters.observing.both import Both
from adapters.observing.metrics import Metrics
from adapters.observing.tracing import Tracing
from gateway.app import create_app
from gateway.consent.notice_choice import NoticeChoice, Rhythm
from gateway.disclosure.observing import REQUEST_ID, outgoing_headers
from gateway.disclosure.ports import Custodian
from gateway.http.openapi import PREFIX
from gateway.serving.logs import OURS, set_up_logs
from gateway.serving.sweeping import Sweep
from tests.laws.gateway_world import BASE, Laws, open_world
from tests.parts.chance import without_chance

TRACE = "0af7651916cd43dd8448eb211c80319c"


class KeptSpans(SpanExporter):
    """An exporter that keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: list[ReadableSpan]) -> SpanExportResult:  # type: ignore[override]
        """Keep them."""
        self.spans += spans
        return SpanExportResult.SUCCESS


@dataclass
class Watched:
    """A gateway that is observed in every way."""

    laws: Laws
    registry: CollectorRegistry
    spans: KeptSpans
    tracing: Tracing
    logged: io.StringIO

    def exposition(self) -> str:
        """What Prometheus would read."""
        return generate_latest(self.registry).decode()

    def traced(self) -> list[ReadableSpan]:
        """Every span so far."""
        self.tracing.close()
        return self.spans.spans


@pytest.fixture
def log_stream() -> Iterator[io.StringIO]:
    """Where the process log goes, as JSON and with every request's line; pytest's own handlers come back after."""
    root, stream = logging.getLogger(), io.StringIO()
    before = (root.handlers[:], root.level, {name: logging.getLogger(name).level for name in OURS})
    set_up_logs("json", "info", stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
async def watched(tmp_path: Path, log_stream: io.StringIO) -> object:
    """The demo world's gateway, observed."""
    async with open_world(tmp_path) as laws:
        registry, spans = CollectorRegistry(), KeptSpans()
        tracing = Tracing(spans)
        app = create_app(laws.gateway, Both(Metrics(registry), tracing))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as web:
            yield Watched(replace(laws, web=web), registry, spans, tracing, log_stream)


async def test_a_read_and_a_refusal_are_counted_by_route_outcome_and_reason(watched: Watched) -> None:
    laws = watched.laws
    document = await laws.deposit()
    assert (await laws.read(document)).status_code == 404
    await laws.give()
    assert (await laws.read(document)).status_code == 200
    await laws.web.get("/fhir/CarePlan/x", headers={"authorization": "Bearer abc.def.ghi"})
    shown = watched.exposition()
    assert 'saattaen_decisions_total{outcome="permit",reason=""} 1.0' in shown
    assert 'saattaen_decisions_total{outcome="deny",reason="no-consent"} 1.0' in shown
    assert 'saattaen_requests_total{method="GET",route="/fhir/CarePlan/{id}",status="200"} 1.0' in shown
    assert 'saattaen_requests_total{method="GET",route="/fhir/CarePlan/{id}",status="401"} 1.0' in shown
    assert "saattaen_tokens_refused_total 1.0" in shown
    for hop in ("authenticate", "facts", "judge", "claim", "fetch", "minimise", "append"):
        assert f'saattaen_hop_seconds_count{{hop="{hop}"}}' in shown


async def test_what_became_of_messages_is_counted_by_outcome_and_code(watched: Watched) -> None:
    gateway, client = watched.laws.gateway, await watched.laws.client("suvi")
    await gateway.recording.choose_notices(client, NoticeChoice(Rhythm.DAILY))
    await watched.laws.deposit()
    await watched.laws.relate()
    await watched.laws.ask(watched.laws.search_of(watched.laws.code("suvi")))
    registry = CollectorRegistry()
    await Sweep(gateway, noticed=Both(Metrics(registry), watched.tracing).noticed).once()
    told = generate_latest(registry).decode()
    assert 'saattaen_notices_total{fault="by-choice",outcome="put-off"} 1.0' in told.splitlines()


async def test_a_trace_has_a_span_a_hop_beneath_the_callers(watched: Watched) -> None:
    laws = watched.laws
    document = await laws.deposit()
    await laws.give()
    parent = f"00-{TRACE}-b7ad6b7169203331-00"
    answer = await laws.read(document, traceparent=parent, tracestate="vendor=150390-999J", x_request_id="mine-1234")
    assert answer.status_code == 200
    spans = [span for span in watched.traced() if f"{span.context.trace_id:032x}" == TRACE]
    (root,) = [span for span in spans if span.name == "GET /fhir/CarePlan/{id}"]
    assert f"{root.parent.span_id:016x}" == "b7ad6b7169203331"
    attributes = dict(root.attributes)
    assert attributes["saattaen.request_id"] == "mine-1234"
    assert attributes["saattaen.outcome"] == "permit"
    hops = [span.name for span in spans if span.parent.span_id == root.context.span_id]
    assert hops == ["authenticate", "facts", "judge", "claim", "fetch", "minimise", "append"]
    assert not any(span.context.trace_state for span in spans)


async def test_whom_we_ask_for_a_request_is_told_its_id_and_place_in_the_trace(watched: Watched) -> None:
    laws, told = watched.laws, []
    document = await laws.deposit()
    await laws.give()

    class Telling:
        def __init__(self, custodian: Custodian) -> None:
            self._custodian = custodian

        async def fetch(self, *what: object) -> bytes:
            told.append(outgoing_headers())
            return await self._custodian.fetch(*what)  # type: ignore[arg-type]

    gateway = replace(laws.gateway, parts=replace(laws.gateway.parts, custodian=Telling(laws.gateway.parts.custodian)))
    app = create_app(gateway, watched.tracing)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as web:
        await replace(laws, gateway=gateway, web=web).read(document, x_request_id="mine-1234")
    (headers,) = told
    assert headers["x-request-id"] == "mine-1234"
    (fetch,) = [span for span in watched.traced() if span.name == "fetch"]
    assert headers["traceparent"] == f"00-{fetch.context.trace_id:032x}-{fetch.context.span_id:016x}-01"


async def test_no_metric_span_or_log_line_names_anybody_whatever_is_sent(watched: Watched) -> None:
    laws = watched.laws
    document = await laws.deposit()
    await laws.give()
    code, client = laws.code("suvi"), await laws.client("suvi")
    token = await laws.token()
    spread = f"{code} {client} {document}"
    await laws.read(document)
    await laws.search(code)
    await laws.search(code, category=spread)
    sent = {"authorization": f"Bearer {token}"}
    for name in ("authorization", "x-request-id", "traceparent", "saattaen-basis", "if-match", "user-agent", "x-any"):
        await laws.web.get(f"/fhir/CarePlan/{document}", headers=sent | {name: spread})
    for path in (
        f"/fhir/CarePlan/{code}",
        f"/{code}/x",
        f"/fhir/{client}",
        f"{PREFIX}/consents/{client}",
        f"/audit/log/{code}/proof",
    ):
        for method in ("GET", "POST", "PUT", "DELETE", code.encode().hex().upper()):
            await laws.web.request(method, path, headers=sent, params={"index": spread, code: code}, content=spread)
    for body in (b"{", spread.encode(), json.dumps({code: code, "client": {"value": code}}).encode()):
        for path in (
            f"{PREFIX}/consents",
            f"{PREFIX}/prohibitions",
            f"{PREFIX}/relations",
            "/fhir/CarePlan",
            "/oauth/token",
        ):
            for kind in ("application/json", "application/fhir+json", "application/x-www-form-urlencoded"):
                await laws.web.post(path, headers=sent | {"content-type": kind}, content=body)
    try:
        raise ValueError(spread)
    except ValueError:
        REQUEST_ID.set("mine-1234")
        logging.getLogger("gateway.test").exception("something failed")
    told = watched.exposition() + watched.logged.getvalue() + "".join(map(ReadableSpan.to_json, watched.traced()))
    assert "saattaen_requests_total" in told
    assert '"message":"something failed"' in told
    for secret in (code, client, document, token, token[-20:], "suvi", "Suvi"):
        assert secret not in told, secret
    assert code[:6] not in without_chance(told)
    assert "ValueError at test_no_metric" in told


async def test_each_line_of_a_json_log_is_an_object_with_the_id_of_its_request(watched: Watched) -> None:
    await watched.laws.web.get("/health/live", headers={"x-request-id": "mine-1234"})
    lines = [json.loads(line) for line in watched.logged.getvalue().splitlines()]
    (line,) = [line for line in lines if line["request_id"] == "mine-1234"]
    assert line["level"] == "INFO"
    assert line["logger"] == "saattaen.access"
    assert "/health/live 200" in line["message"]
    assert "at" in line


def test_nothing_that_observes_is_imported_where_nothing_is_asked_for() -> None:
    asked = (
        "import sys, gateway.cli.serve, gateway.app\n"
        "print([name for name in ('prometheus_client', 'opentelemetry.sdk') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
