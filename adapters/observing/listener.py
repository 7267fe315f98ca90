"""The listener that Prometheus reads: a port of its own with /metrics and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from gateway.errors import SettingsError

_SECONDS = 5


@contextmanager
def metrics_listener(host: str, port: int, registry: Callable[[], CollectorRegistry]) -> Iterator[None]:
    """Serve what *registry* returns at each request while the block runs. Raises SettingsError for a busy port."""

    class Answer(BaseHTTPRequestHandler):
        timeout = _SECONDS

        def do_GET(self) -> None:
            """Answer with the figures."""
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = generate_latest(registry())
            self.send_response(200)
            self.send_header("content-type", CONTENT_TYPE_PLAIN_0_0_4)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the line would repeat what was sent."""

    try:
        server = ThreadingHTTPServer((host, port), Answer)
    except OSError:
        raise SettingsError(f"Port {port} is in use: set another one for metrics, SAATTAEN_METRICS_PORT.") from None
    server.daemon_threads = True
    Thread(target=server.serve_forever, name="saattaen-metrics", daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
