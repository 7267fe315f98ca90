"""Asking a gateway again and again on one connection, and what was answered."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.parts.wire import Answered, Wire


@dataclass
class Heard:
    """What somebody was answered, in seconds: in time with what was asked for, and told to come again."""

    seconds: list[float] = field(default_factory=list)
    shed: list[float] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def hear(self, answer: Answered) -> None:
        """Note an answer."""
        if answer.status == 503 and "retry-after" in answer.headers:
            self.shed.append(answer.seconds)
        elif answer.status in (200, 404):
            self.seconds.append(answer.seconds)
        else:
            self.others[str(answer.status)] += 1

    def add(self, other: Heard) -> None:
        """Note what another one heard too."""
        self.seconds += other.seconds
        self.shed += other.shed
        self.others += other.others

    def as_json(self) -> dict[str, object]:
        """Return what `of_json` takes."""
        return {"seconds": self.seconds, "shed": self.shed, "others": dict(self.others)}

    @classmethod
    def of_json(cls, said: dict[str, object]) -> Heard:
        """Return what another process heard."""
        return cls(said["seconds"], said["shed"], Counter(said["others"]))  # type: ignore[arg-type]


def percentile(values: list[float], share: float) -> float:
    """In milliseconds."""
    return 1000 * sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


async def ask_for_ever(
    host: str, port: int, path: str, token: list[str], heard: Heard, pause: Callable[[], float]
) -> None:
    """Read again and again on one connection, with a pause between the beginnings of two reads."""
    wire = Wire(host, port)
    try:
        while True:
            next_at = time.perf_counter() + pause()
            try:
                heard.hear(await wire.ask("GET", path, authorization=f"Bearer {token[0]}"))
            except (OSError, asyncio.IncompleteReadError):
                heard.others["no answer"] += 1
            await asyncio.sleep(max(0.0, next_at - time.perf_counter()))
    finally:
        with contextlib.suppress(OSError):
            await wire.close()
