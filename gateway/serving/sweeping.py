"""What the gateway does by itself, a second at a time: messages go to their channels, what time has ended is written.

Of all processes on a database one has the turn; another takes it once that one has gone. Nothing is judged by what the
sweep has done or not: an end holds by its time, and a message waits in its table.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta

from sqlalchemy.exc import DBAPIError

from audit.errors import AuditError
from gateway.errors import GatewayError, SettingsError
from gateway.open_gateway import Gateway

SWEEP_SECONDS = 1.0
KEEP_SECONDS = 2.0
REMIND_EVERY = timedelta(hours=1)
"""How often it is looked which reminders are due: they count in days."""
_log = logging.getLogger(__name__)


async def _at_once() -> None:
    """Wait for no request, where none is served."""


class Sweep:
    """The sweep of one process. *put_off* is called with a code whenever it could not be done, *noticed* with what
    became of messages (outcome, fault, how many): counters. *settled* returns once every request that was begun before
    has ended."""

    def __init__(
        self,
        gateway: Gateway,
        put_off: Callable[[str], None] = lambda code: None,
        noticed: Callable[[str, str, int], None] = lambda outcome, fault, count: None,
        settled: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        self._gateway, self._put_off, self._noticed, self._settled = gateway, put_off, noticed, settled
        self._keyed: date | None = None
        self._reminded: datetime | None = None

    async def run(self) -> None:
        """Sweep until cancelled. Raises SettingsError once another process judges by another directory or policy."""
        while True:
            try:
                await self.once()
            except SettingsError:
                raise
            except (GatewayError, AuditError) as error:
                self._say(getattr(error, "code", type(error).__name__))
            except (DBAPIError, OSError) as error:
                self._say(type(error).__name__)
            await asyncio.sleep(SWEEP_SECONDS)

    async def keep(self) -> None:
        """Have the head outside the database never much older than the one in it, until cancelled."""
        while True:
            try:
                await self._gateway.log.keep()
            except (AuditError, GatewayError) as error:
                _log.warning("the second volume was not written: %s", error)
                self._put_off(getattr(error, "code", type(error).__name__))
            await asyncio.sleep(KEEP_SECONDS)

    async def renew(self) -> None:
        """Read the keys again where a file has changed, until cancelled; those of before serve where they do not load.

        `saattaen keys rotate` uses a key once every process has said on the roll that it knows it.
        """
        while True:
            try:
                await self.renew_once()
            except SettingsError as error:
                _log.warning("the keys were not read again: %s", error)
            except (GatewayError, OSError) as error:
                _log.warning("it could not be told which keys are used here: %s", error)
            await asyncio.sleep(SWEEP_SECONDS)

    async def renew_once(self) -> None:
        """Read the keys again where a file has changed, and say so once nothing uses those of before.

        Raises SettingsError, StoreUnavailable or OSError.
        """
        if self._gateway.renew_keys():
            # A request may hold what it computed with a former key; the roll says that nobody does.
            await self._settled()
        await asyncio.to_thread(self._gateway.sign_roll)

    async def once(self) -> None:
        """Sweep once, where this process has the turn. Raises as `run` does, and whatever put the sweep off."""
        gateway = self._gateway
        if not await gateway.judges_as_recorded():
            # Facts of the new world must not be judged by the old one's rules, which are in this process's memory.
            raise SettingsError(
                "Another process has recorded another directory or other policies: start this one again."
            )
        if not await asyncio.to_thread(gateway.turn.take):
            return
        now = gateway.clock.now()
        if (today := now.date()) != self._keyed:
            await asyncio.to_thread(gateway.make_log_keys)
            self._keyed = today
        await gateway.recording.expire_due()
        may_be_due = self._reminded is None or now - self._reminded >= REMIND_EVERY
        if may_be_due and not await gateway.recording.remind_due() + await gateway.concerns.remind_late():
            # As long as some were written, more may be left: those are for the next second, not the next hour.
            self._reminded = now
        # Last of all: a mail server may be slow.
        for (outcome, fault), count in (await gateway.recording.deliver()).counts().items():
            if count:
                self._noticed(outcome, fault, count)

    def _say(self, code: str) -> None:
        _log.warning("the sweep was put off: %s", code)
        self._put_off(code)
