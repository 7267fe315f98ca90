"""Prometheus metrics. No label names a person, a document or a partner: labels are closed lists and route templates.

With several workers prometheus-client keeps each process's figures in files of the folder that PROMETHEUS_MULTIPROC_DIR
names. It decides so when it is first imported, so the parent sets the variable before it starts a worker.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from gateway.disclosure.decision import REASONS
from gateway.disclosure.observing import Hop, Lane, Part, Sample

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_HOP_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0)
_OUTCOMES = frozenset({"permit", "deny", "error"})
_NOTHING: AbstractContextManager[object] = nullcontext()


class Metrics:
    """An `Observer` that counts. *registry* takes the metrics; None leaves them to the files of several processes."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._requests = Counter(
            "saattaen_requests", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "saattaen_request_seconds", "Time to answer", ("route",), buckets=_SECONDS, registry=registry
        )
        self._hops = Histogram(
            "saattaen_hop_seconds", "Time of one hop", ("hop",), buckets=_HOP_SECONDS, registry=registry
        )
        self._decisions = Counter("saattaen_decisions", "Disclosures decided", ("outcome", "reason"), registry=registry)
        self._failures = Counter("saattaen_failures", "Parts that did not do their work", ("part",), registry=registry)
        self._tokens = Counter("saattaen_tokens_refused", "Requests that ended for their token", registry=registry)
        self._shed = Counter("saattaen_requests_shed", "Requests turned away", ("lane", "why"), registry=registry)
        self._notices = Counter(
            "saattaen_notices", "Messages by what became of them", ("outcome", "fault"), registry=registry
        )
        self._put_off = Counter("saattaen_sweeps_put_off", "Sweeps not done", ("code",), registry=registry)

        def gauge(name: str, help: str, mode: str = "livesum") -> Gauge:
            return Gauge(name, help, registry=registry, multiprocess_mode=mode)  # type: ignore[arg-type]

        self._log_waiting = gauge("saattaen_log_waiting", "Items that wait to be written to the log")
        self._log_batch = gauge("saattaen_log_last_batch_items", "Items of the last batch", "livemax")
        self._log_seconds = gauge("saattaen_log_last_commit_seconds", "Time of the last batch's commit", "livemax")
        self._age = gauge("saattaen_checkpoint_age_seconds", "Since the log's last entry", "livemin")
        self._connections = gauge("saattaen_store_connections", "Connections of the writing pool in use")
        self._in_service = gauge("saattaen_requests_in_service", "Requests that are worked on")
        self._second_volume = gauge("saattaen_second_volume_usable", "Whether the second volume can be used", "livemin")
        self._waiting = gauge("saattaen_requests_waiting", "Requests that wait for their turn")

    def request(self, request_id: str, headers: Mapping[str, str]) -> AbstractContextManager[object]:
        """Nothing is counted before the answer."""
        return _NOTHING

    @contextmanager
    def _timed(self, name: Hop) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._hops.labels(name).observe(time.perf_counter() - began)

    def hop(self, name: Hop) -> AbstractContextManager[object]:
        """Time a hop."""
        return self._timed(name)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer by the template of its route."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def decided(self, outcome: str, reason: str) -> None:
        """Count a decision; a reason that is none of the closed list is `other`."""
        known = reason if reason in REASONS or reason == "" else "other"
        self._decisions.labels(outcome if outcome in _OUTCOMES else "other", known).inc()

    def failed(self, part: Part) -> None:
        """Count a failure."""
        self._failures.labels(part).inc()

    def refused_token(self) -> None:
        """Count a refused token."""
        self._tokens.inc()

    def shed(self, lane: Lane, why: str) -> None:
        """Count a request that was turned away."""
        self._shed.labels(lane, why).inc()

    def noticed(self, outcome: str, fault: str, count: int) -> None:
        """Count messages by outcome; faults are codes of channels."""
        self._notices.labels(outcome, fault).inc(count)

    def put_off(self, code: str) -> None:
        """Count a sweep that was put off."""
        self._put_off.labels(code).inc()

    def sample(self, now: Sample) -> None:
        """Show what was looked at."""
        self._log_waiting.set(now.log_waiting)
        self._log_batch.set(now.log_last_batch)
        self._log_seconds.set(now.log_last_seconds)
        if now.checkpoint_age is not None:
            self._age.set(now.checkpoint_age)
        if now.second_volume is not None:
            self._second_volume.set(now.second_volume)
        self._connections.set(now.connections)
        self._in_service.set(now.in_service)
        self._waiting.set(now.waiting)


def of_all_processes(folder: str) -> CollectorRegistry:
    """Return what all processes together have counted in *folder*."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return registry


def forget_process(process: int, folder: str) -> None:
    """Take out what a process that has ended showed of its present; what it counted stays."""
    mark_process_dead(process, folder)  # type: ignore[no-untyped-call]
