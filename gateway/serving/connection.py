"""One connection, as uvicorn's httptools protocol handles it, with the bounds that it does not have.

uvicorn waits for ever for a first request, for the rest of a header and for a reader who does not read, and holds a
header of any length. Here each of these ends: a header that is not whole in time, or too long; an answer that nobody
takes off us; more requests sent ahead than anyone needs; more connections than were meant. Who was answered without
having waited for a place is read again in turn (`pacing`). uvicorn's own keep-alive bounds the pause between two
requests, `gateway.http.bodies` the time that a body takes.
"""

from __future__ import annotations

import asyncio
from asyncio.events import TimerHandle
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.http.turning_away import PACED
from gateway.serving.pacing import Pacing

_BUSY_BODY: Final = (
    b'{"type":"urn:saattaen:problem:too-busy","title":"Too much at once","status":503,"code":"too-busy"}'
)
_LONG_HEADER: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """Times in seconds."""

    connections: int = 1000
    """So many are served by one process; as many again are told to come later, and any others cut off."""
    header: float = 10.0
    """For a header to be whole, from the connection's beginning or the request's first byte."""
    header_bytes: int = 32 * 1024
    write: float = 20.0
    """For a reader to take something off an answer that waits."""
    ahead: int = 8
    """Requests that may be sent before the answer to the first."""
    paced: int = 30
    """So many connections that were turned away are read again in each `turn`; the others wait for the next ones."""
    turn: float = 0.01


class BoundedProtocol(HttpToolsProtocol):
    """A connection within *bounds*; see the module. `bounded` gives uvicorn the class."""

    bounds = ConnectionBounds()
    pacing = Pacing(bounds.paced, bounds.turn)

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:  # fmt: skip
        super().__init__(config, server_state, app_state, _loop)
        self._in_header = True
        self._header_bytes = 0
        self._header_timer: TimerHandle | None = None
        self._write_timer: TimerHandle | None = None
        self._is_too_many = False
        self._answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        number = len(self.connections)
        if number > 2 * self.bounds.connections:
            transport.abort()
            return
        self._is_too_many = number > self.bounds.connections
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        self._drop_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_header:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._in_header and self._header_bytes and not self.transport.is_closing():
            self._header_is_not_whole()

    def on_headers_complete(self) -> None:
        self._in_header = False
        self._drop_header_timer()
        if len(self.pipeline) >= self.bounds.ahead:
            self.transport.abort()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_header, self._header_bytes = True, 0

    def on_response_complete(self) -> None:
        weight = None if self._answering is None else self._answering.scope.get(PACED)
        if isinstance(weight, int) and not self.pacing.is_at_once(super().on_response_complete, weight):
            # Neither what it sends next nor what it has sent ahead is looked at until then.
            self.flow.pause_reading()
            return
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.bounds.write, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def timeout_keep_alive_handler(self) -> None:
        # Closing would wait for a reader who did not take the last answer.
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        answering: Any = _too_many if self._is_too_many else app
        self._answering = cycle
        super()._start_asgi_task(cycle, answering)

    def _header_is_not_whole(self) -> None:
        if self._header_bytes > self.bounds.header_bytes:
            self.transport.write(_LONG_HEADER)
            self.transport.close()
        elif self._header_timer is None:
            self._await_header()

    def _await_header(self) -> None:
        self._header_timer = self.loop.call_later(self.bounds.header, self._header_is_late)

    def _header_is_late(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()

    def _drop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _drop_timers(self) -> None:
        self._drop_header_timer()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def bounded(bounds: ConnectionBounds) -> type[BoundedProtocol]:
    """Return the protocol with these bounds, for `uvicorn.Config(http=...)`."""
    own = {"bounds": bounds, "pacing": Pacing(bounds.paced, bounds.turn)}
    return type("Bounded", (BoundedProtocol,), own)


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [
        (b"content-type", b"application/problem+json"), (b"content-length", str(len(_BUSY_BODY)).encode()),
        (b"retry-after", b"2"), (b"cache-control", b"no-store"), (b"connection", b"close"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _BUSY_BODY})
