"""Who observes a process that serves: metrics and traces as the settings say, nobody where they say nothing.

prometheus-client and OpenTelemetry are imported here alone and only when they are asked for: the first decides at its
import where it keeps its figures.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from gateway.disclosure.observing import Observer, Sample
from gateway.settings import Settings

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True)
class Observation:
    """What observes this process: None where nobody does. *sample* takes what is looked at now and then."""

    observer: Observer | None = None
    sample: Callable[[Sample], None] | None = None


@contextmanager
def observation(settings: Settings, *, worker: bool) -> Iterator[Observation]:
    """Observe this process while the block runs; one that is no *worker* of several shows its own metrics."""
    with ExitStack() as closing:
        observers: list[Observer] = []
        sample = None
        if settings.metrics_port is not None:
            from prometheus_client import CollectorRegistry

            from adapters.observing.listener import metrics_listener
            from adapters.observing.metrics import Metrics

            registry = None if worker else CollectorRegistry()
            metrics = Metrics(registry)
            if registry is not None:
                closing.enter_context(metrics_listener(settings.metrics_host, settings.metrics_port, lambda: registry))
            observers.append(metrics)
            sample = metrics.sample
        if settings.otlp is not None:
            from adapters.observing.tracing import Tracing

            tracing = Tracing.to(settings.otlp)
            closing.callback(tracing.close)
            observers.append(tracing)
        yield Observation(_one(observers), sample)


@contextmanager
def metrics_of_workers(settings: Settings) -> Iterator[Callable[[int], None]]:
    """Show the metrics of all workers, from their parent, while the block runs; yield what to call when one ended."""
    if settings.metrics_port is None:
        yield lambda process: None
        return
    with tempfile.TemporaryDirectory(prefix="saattaen-metrics-") as folder:
        # For the workers: they inherit the environment, and are started after this.
        os.environ[_FOLDER] = folder
        from adapters.observing.listener import metrics_listener
        from adapters.observing.metrics import forget_process, of_all_processes

        with metrics_listener(settings.metrics_host, settings.metrics_port, lambda: of_all_processes(folder)):
            yield lambda process: forget_process(process, folder)


def _one(observers: list[Observer]) -> Observer | None:
    if len(observers) == 2:
        from adapters.observing.both import Both

        return Both(*observers)
    return observers[0] if observers else None
