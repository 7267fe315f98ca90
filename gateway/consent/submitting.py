"""Running acts as items of the log, and what the gateway does by itself: expiry, and delivering the outbox."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol, TypeVar, cast

from audit.errors import CommitFailed, CommitUnknown, LogBroken, LogBusy, LogForked, NotKept, NotSigned
from audit.log import Committed, Dropped
from gateway.consent import ending, notices
from gateway.consent.acting import TO_CLIENT, Act, ActItem, ActLog, Office
from gateway.consent.checks import Mandate
from gateway.consent.delivering import Delivery, Round
from gateway.consent.model import Actor, ClientId, Giver
from gateway.consent.notice_choice import ChannelKind
from gateway.consent.ports import Channel, MandateRegister, Reader
from gateway.consent.posting import Post
from gateway.consent.reading import Reading
from gateway.directory.instants import from_micros
from gateway.errors import ConsentRefused, NotKeptTwice, StoreUnavailable, TooBusy

_GATEWAY = Actor(system="gateway")

CLIENT = Giver()
"""The client in person."""

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
        post: Post | None = None,
        *,
        whole: bool = True,
    ) -> None:
        super().__init__(office, read)
        self._log = log
        self._mandates = mandates
        self._delivery = Delivery(office.stores, read, channel, post, whole=whole)
        self._reachable_kinds: Collection[ChannelKind] = frozenset() if post is None else post.kinds
        self._now = now

    async def run(self, by: Actor, do: Callable[[Act], R], /) -> R:
        """Run an act of another room as one item of the log; return what it left once that is durable."""
        return await self._do(by, do)

    async def expire_due(self, limit: int = 200) -> int:
        """Write the expiry events of grants whose end has passed, and tell recipients of grants that came into force
        since.

        Expiry itself is judged by time, not by this. Return how many grants were written as expired.
        """
        return await self._do(_GATEWAY, lambda one: ending.expire(one, limit))

    async def deliver_outbox(self, limit: int = 100) -> int:
        """Hand the waiting messages to their channels. Return how many were delivered."""
        return len((await self.deliver(limit)).delivered)

    async def deliver(self, limit: int = 100) -> Round:
        """Hand over what is due, as each client chose; return what became of it. Nothing is lost: what could not be
        delivered waits longer each time, and what never will be says why."""
        outbox = self._office.stores.outbox
        result = await self._delivery.round(self._now(), limit)
        if result.is_empty:
            return result

        def note(one: Act) -> None:
            if result.delivered:
                outbox.mark_delivered(one.connection, result.delivered, one.at)
            for waiting in result.waits:
                outbox.put_off(one.connection, waiting.ids, waiting.due, waiting.fault)
            for staying in result.stays:
                outbox.give_up(one.connection, staying.ids, staying.fault)

        await self._do(_GATEWAY, note)
        self._delivery.noted(result)
        return result

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

    async def _do(
        self, by: Actor, do: Callable[[Act], R | ConsentRefused], *, giver: Giver = CLIENT, urgent: bool = False
    ) -> R:
        """Run an act as one item of the log, and return what it left once that is durable."""
        try:
            outcome = await self._log.submit(ActItem(self._office, by, do, giver), urgent=urgent)
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
