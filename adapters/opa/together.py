"""Questions of several requests that wait for one policy server: asked together, in few calls at a time.

A server that is asked thirty things at once answers the last of them late, and whoever waits for it gives up, though
nothing is wrong. Here a call takes all that came while the calls before it ran, and no call is more than the server
answers in a moment; so its time-out tells of a server that is ill, not of one that is busy.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.opa.batches import MAX_BYTES, MAX_QUESTIONS, batches
from gateway.disclosure.decision import Decision
from gateway.errors import EngineUnavailable

CALLS = 2
"""How many calls run at once: while the answers to one are read, the server works on the other."""

Facts = Mapping[str, object]
Ask = Callable[[Sequence[Facts]], Awaitable[Sequence[Decision]]]


class NoAnswer(EngineUnavailable):
    """The server said nothing at all: asking it for less would not help."""


@dataclass(frozen=True, slots=True)
class _Asker:
    facts: Sequence[Facts]
    size: int
    decisions: asyncio.Future[Sequence[Decision]]


class Together:
    """Asks by *ask*, which returns a decision for each of the facts, in order, or raises EngineUnavailable."""

    def __init__(self, ask: Ask, calls: int = CALLS) -> None:
        self._ask, self._calls = ask, calls
        self._waiting: deque[_Asker] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def decide(self, facts: Sequence[Facts]) -> list[Decision]:
        """Return a decision for each; raises EngineUnavailable when one of them cannot be judged."""
        loop = asyncio.get_running_loop()
        decisions: list[Decision] = []
        for batch in batches(facts):
            some = facts[len(decisions) : len(decisions) + len(batch)]
            asker = _Asker(some, sum(map(len, batch)), loop.create_future())
            self._waiting.append(asker)
            if len(self._running) < self._calls:
                # It begins in the next pass of the loop, so that whoever asks in this one goes with it.
                work = loop.create_task(self._work())
                self._running.add(work)
                work.add_done_callback(self._running.discard)
            decisions += await asker.decisions
        return decisions

    async def _work(self) -> None:
        while askers := self._take():
            try:
                await self._call(askers)
            finally:
                for asker in askers:
                    asker.decisions.cancel()

    def _take(self) -> list[_Asker]:
        taken: list[_Asker] = []
        count = size = 0
        while self._waiting:
            asker = self._waiting[0]
            count, size = count + len(asker.facts), size + asker.size
            if taken and (count > MAX_QUESTIONS or size > MAX_BYTES):
                break
            self._waiting.popleft()
            if asker.decisions.done():
                # Nobody waits for it any more.
                count, size = count - len(asker.facts), size - asker.size
            else:
                taken.append(asker)
        return taken

    async def _call(self, askers: Sequence[_Asker]) -> None:
        try:
            decisions = await self._ask([one for asker in askers for one in asker.facts])
        except EngineUnavailable as error:
            if len(askers) > 1 and not isinstance(error, NoAnswer):
                # Whoever asked what cannot be judged has spoiled it for the others.
                for asker in askers:
                    await self._call([asker])
                return
            for asker in askers:
                if not asker.decisions.done():
                    asker.decisions.set_exception(EngineUnavailable(*error.args))
            return
        start = 0
        for asker in askers:
            end = start + len(asker.facts)
            if not asker.decisions.done():
                asker.decisions.set_result(decisions[start:end])
            start = end
