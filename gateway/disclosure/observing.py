"""What is told of a request while it is served: to whoever counts and traces, and to the systems that we ask for it.

Nothing that is told here names a person or a document: the words are method, route, status, hop, outcome, reason code
and time, and the request's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, Protocol

Hop = Literal["authenticate", "facts", "judge", "claim", "fetch", "minimise", "append"]
Part = Literal["engine", "custodian", "store"]
Lane = Literal["urgent", "normal", "people"]

REQUEST_ID: ContextVar[str | None] = ContextVar("saattaen_request_id", default=None)
"""The id of the request that is served in this context, set at the outermost edge; None where none is."""
TRACEPARENT: ContextVar[str | None] = ContextVar("saattaen_traceparent", default=None)
"""The W3C `traceparent` of the hop that runs in this context; None where nobody traces."""


def outgoing_headers() -> dict[str, str]:
    """Return the headers by which another system's log can be joined with ours; empty outside of a request."""
    named = {"x-request-id": REQUEST_ID.get(), "traceparent": TRACEPARENT.get()}
    return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Sample:
    """What is looked at every few seconds, of one process."""

    log_waiting: int
    """Items that wait to be written to the log."""
    log_last_batch: int
    log_last_seconds: float
    checkpoint_age: float | None
    """Seconds since the log's last entry; None where there is no log."""
    connections: int
    """Connections of the writing pool that are in use."""
    in_service: int
    waiting: int
    """Requests that are worked on, and that wait for their turn."""
    second_volume: bool | None = None
    """Whether the second volume can be used; None where there is none."""


class Observer(Protocol):
    """Counts or traces what happens. No method raises, blocks or keeps what it is told."""

    def request(self, request_id: str, headers: Mapping[str, str]) -> AbstractContextManager[object]:
        """Surround one request; *headers* has its `traceparent` where it came with one."""
        ...

    def hop(self, name: Hop) -> AbstractContextManager[object]:
        """Surround one hop of a disclosure."""
        ...

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; *route* is its template."""
        ...

    def decided(self, outcome: str, reason: str) -> None:
        """A disclosure was decided; *reason* is a code, or empty."""
        ...

    def failed(self, part: Part) -> None:
        """A part that requests rest on did not do its work."""
        ...

    def refused_token(self) -> None:
        """A request ended for its token."""
        ...

    def shed(self, lane: Lane, why: str) -> None:
        """A request was turned away, for the gateway has too much to do."""
        ...

    def noticed(self, outcome: str, fault: str, count: int) -> None:
        """So many messages had this outcome in a round of delivery: `delivered`, `put-off`, `kept`, `given-up`."""
        ...

    def put_off(self, code: str) -> None:
        """The sweep could not be done and is tried again."""
        ...
