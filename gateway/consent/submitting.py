"""Running acts as items of the log, and what the gateway does by itself: expiry, and delivering the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar, cast

from audit.errors import CommitFailed, CommitUnknown, LogBroken, LogBusy, LogForked, NotKept, NotSigned
from audit.log import Committed, Dropped
from gateway.consent import ending, notices
from gateway.consent.acting import TO_CLIENT, Act, ActItem, ActLog, Office
from gateway.consent.checks import Mandate
from gateway.consent.model import Actor, ClientId, Giver
from gateway.consent.ports import Channel, MandateRegister, Reader
from gateway.consent.reading import Reading
from gateway.directory.instants import from_micros
from gateway.errors import ConsentRefused, NotKeptTwice, StoreUnavailable, TooBusy

_GATEWAY = Actor(system="gateway")

R = TypeVar("R")


class Deposited(Protocol):
    """What a message about a deposit needs to know of it. `dated` in microseconds."""

    @property
    def id(self) -> str: ...
    @property
    def client(self) -> str: ...
    @property
    def custodian(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def dated(self) -> int: ...


class Submitting(Reading):
    """Runs acts: each is durable when its method returns."""

    def __init__(
        self,
        office: Office,
        log: ActLog,
        read: Reader,
        mandates: MandateRegister,
        channel: Channel,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(office, read)
        self._log = log
        self._mandates = mandates
        self._channel = channel
        self._now = now

    async def expire_due(self, limit: int = 200) -> int:
        """Write the expiry events of grants whose end has passed, and tell recipients of grants that came into force
        since.

        Expiry itself is judged by time, not by this. Return how many grants were written as expired.
        """
        return await self._do(_GATEWAY, lambda one: ending.expire(one, limit))

    async def deliver_outbox(self, limit: int = 100) -> int:
        """Hand the waiting messages to their channels. Return how many were delivered."""
        stores = self._office.stores
        waiting = await self._read(lambda connection: stores.outbox.waiting(connection, limit))
        done: list[str] = []
        for message in waiting:
            channels = await self._channels(message.client) if message.party == TO_CLIENT else {}
            try:
                await self._channel.deliver(message, channels)
            except OSError:
                continue  # The channel is down for this one; it stays in the outbox and is tried again.
            done.append(message.id)
        if done:
            await self._do(_GATEWAY, lambda one: stores.outbox.mark_delivered(one.connection, done, one.at))
        return len(done)

    async def acknowledge(self, message: str, party: str) -> bool:
        """Note that a service has read its message; False where it has no such message."""
        outbox = self._office.stores.outbox
        return await self._do(_GATEWAY, lambda one: outbox.acknowledge(one.connection, message, party, one.at))

    def tell_single_use(self, connection: object, order: int, document: Deposited, at: int) -> None:
        """Tell recipients whose single-use grant opens a document, in the transaction of its deposit."""
        notices.tell_deposited(
            self._office, connection, order, ClientId(document.client), document.id, document.custodian,
            document.category, from_micros(document.dated), from_micros(at),
        )  # fmt: skip

    def tell_released(self, connection: object, order: int, client: str, event_id: str, at: int) -> None:
        """Tell the client of a release, without content, in the transaction of its entry."""
        act = Act(self._office, _GATEWAY, connection, from_micros(at), order)
        act.tell("disclosure", TO_CLIENT, ClientId(client), None, {"event": event_id, "at": at})

    async def _do(self, by: Actor, do: Callable[[Act], R | ConsentRefused], *, urgent: bool = False) -> R:
        """Run an act as one item of the log, and return what it left once that is durable."""
        try:
            outcome = await self._log.submit(ActItem(self._office, by, do), urgent=urgent)
        except LogBusy as busy:
            raise TooBusy("too much is waiting to be written; try again later") from busy
        except (CommitFailed, CommitUnknown, LogBroken, LogForked, NotSigned) as failed:
            raise StoreUnavailable("the log cannot be written now") from failed
        except NotKept as failed:
            raise NotKeptTwice("it stands, and is not yet kept outside the database") from failed
        match outcome:
            case Committed(result=ConsentRefused() as refused):
                raise refused
            case Committed(result=result):
                return cast(R, result)
            case Dropped(value=ConsentRefused() as refused):
                raise refused
            case _:
                raise StoreUnavailable("the log dropped an act without a reason")

    async def _mandate(self, client: ClientId | None, giver: Giver) -> Mandate | None:
        # The register is asked before the act: nothing waits for a network under the head lock.
        if client is None or giver.is_client or giver.register_reference is None:
            return None
        return await self._mandates.find(client, giver.kind, giver.register_reference, self._now())

    async def _channels(self, client: ClientId) -> Mapping[str, str]:
        person = await self._read(lambda connection: self._office.stores.clients.person(connection, client))
        return person.channels if person is not None else {}
