"""Where a law steps in between two hops of a disclosure: an engine that lets something happen after it has judged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from gateway.disclosure.decision import Decision
from gateway.disclosure.ports import PolicyEngine
from gateway.disclosure.release import Parts


class InterruptedEngine:
    """Judges as the engine does; then, before anything is released, lets *then* happen, as often as it is told."""

    def __init__(self, engine: PolicyEngine, then: Callable[[], Awaitable[None]], times: int = 1) -> None:
        self._engine, self._then, self._times = engine, then, times
        self.judgements = 0

    @property
    def revision(self) -> str:
        """The engine's own."""
        return self._engine.revision

    async def decide(self, facts: Mapping[str, object]) -> Decision:
        """Judge one."""
        return (await self.decide_many([facts]))[0]

    async def decide_many(self, facts: Sequence[Mapping[str, object]]) -> list[Decision]:
        """Judge, then interrupt."""
        decisions = await self._engine.decide_many(facts)
        self.judgements += 1
        if self.judgements <= self._times:
            await self._then()
        return decisions


def interrupted(parts: Parts, then: Callable[[], Awaitable[None]], times: int = 1) -> tuple[Parts, InterruptedEngine]:
    """Return the parts with something happening between judgement and release, and the engine that counts."""
    engine = InterruptedEngine(parts.engine, then, times)
    return replace(parts, engine=engine), engine
