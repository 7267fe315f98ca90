"""Two observers as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.disclosure.observing import Hop, Lane, Observer, Part


@dataclass(frozen=True, slots=True)
class Both:
    """An `Observer` that tells two of them."""

    first: Observer
    second: Observer

    @contextmanager
    def request(self, request_id: str, headers: Mapping[str, str]) -> Iterator[None]:
        """Surround a request by both."""
        with self.first.request(request_id, headers), self.second.request(request_id, headers):
            yield

    @contextmanager
    def hop(self, name: Hop) -> Iterator[None]:
        """Surround a hop by both."""
        with self.first.hop(name), self.second.hop(name):
            yield

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Tell both."""
        self.first.answered(method, route, status, seconds)
        self.second.answered(method, route, status, seconds)

    def decided(self, outcome: str, reason: str) -> None:
        """Tell both."""
        self.first.decided(outcome, reason)
        self.second.decided(outcome, reason)

    def failed(self, part: Part) -> None:
        """Tell both."""
        self.first.failed(part)
        self.second.failed(part)

    def refused_token(self) -> None:
        """Tell both."""
        self.first.refused_token()
        self.second.refused_token()

    def shed(self, lane: Lane, why: str) -> None:
        """Tell both."""
        self.first.shed(lane, why)
        self.second.shed(lane, why)

    def noticed(self, outcome: str, fault: str, count: int) -> None:
        """Tell both."""
        self.first.noticed(outcome, fault, count)
        self.second.noticed(outcome, fault, count)

    def put_off(self, code: str) -> None:
        """Tell both."""
        self.first.put_off(code)
        self.second.put_off(code)
