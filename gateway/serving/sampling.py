"""Looking every few seconds at what no request tells of: the log's queue, the age of its checkpoint, the pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from gateway.directory.instants import to_micros
from gateway.disclosure.observing import Sample
from gateway.errors import GatewayError
from gateway.http.admission import Admission
from gateway.open_gateway import Gateway

SAMPLE_SECONDS = 5.0


class Sampler:
    """Tells *sample* of one process."""

    def __init__(self, gateway: Gateway, admission: Admission, sample: Callable[[Sample], None]) -> None:
        self._gateway, self._admission, self._sample = gateway, admission, sample

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            load, safe = self._gateway.log.load(), self._gateway.safe
            self._sample(
                Sample(
                    log_waiting=load.waiting, log_last_batch=load.last_batch, log_last_seconds=load.last_seconds,
                    checkpoint_age=await self._age(), connections=self._gateway.connections_in_use(),
                    in_service=self._admission.in_service, waiting=self._admission.waiting,
                    second_volume=None if safe is None else await asyncio.to_thread(safe.is_usable),
                )
            )  # fmt: skip
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _age(self) -> float | None:
        try:
            last = await self._gateway.last_entry_at()
        except (DBAPIError, GatewayError):
            return None  # The metric keeps what it showed last; readiness tells that the store is away.
        return None if last is None else (to_micros(self._gateway.clock.now()) - last) / 1_000_000
