"""One round of delivery: which waiting messages leave now, which wait or stay, and what became of those that left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.consent.acting import TO_CLIENT, Stores, officer_of
from gateway.consent.model import ClientId
from gateway.consent.notice_choice import ChannelKind, NoticeChoice, due_at
from gateway.consent.outbox import Outgoing
from gateway.consent.person import Person
from gateway.consent.ports import Channel, NoticePutOff, NoticeRefused, Reader
from gateway.consent.posting import NO_CHANNEL, Post, groups
from gateway.directory.instants import from_micros

BY_CHOICE, LATE, EXHAUSTED, UNREACHABLE, BROKEN = "by-choice", "late", "exhausted", "unreachable", "broken"
MAX_ATTEMPTS = 16
"""After as many, which is about two days, a client's notice is given up and the page says so. A service's never is."""
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=6)
_LANES = 4
_ROUND = 20.0
"""Seconds after which a round begins nothing new: the sweep has other work."""
_DOWN = 3
"""After as many failures in one round a channel that is down is left alone until the next."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Messages that wait until `due`; `fault` is the code of a failed attempt, None where the client chose so."""

    ids: tuple[str, ...]
    due: datetime
    fault: str | None


@dataclass(frozen=True, slots=True)
class Stays:
    """Messages that will not leave, and the code that says why."""

    ids: tuple[str, ...]
    fault: str


@dataclass(slots=True)
class Round:
    """What became of the messages of one round."""

    delivered: list[str] = field(default_factory=list)
    waits: list[Waits] = field(default_factory=list)
    stays: list[Stays] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be noted."""
        return not (self.delivered or self.waits or self.stays)

    def counts(self) -> Counter[tuple[str, str]]:
        """Return how many messages had which outcome (`delivered`, `put-off`, `given-up`, `kept`), by fault."""
        found = Counter({("delivered", ""): len(self.delivered)})
        for waiting in self.waits:
            found["put-off", waiting.fault or BY_CHOICE] += len(waiting.ids)
        for staying in self.stays:
            found["kept" if staying.fault == BY_CHOICE else "given-up", staying.fault] += len(staying.ids)
        return found


@dataclass(frozen=True, slots=True)
class _Parcel:
    """Messages that leave together: one for a service, or what a client is told by one notice."""

    messages: tuple[Outgoing, ...]
    person: Person | None = None
    choice: NoticeChoice | None = None
    way: ChannelKind | None = None
    """By which kind of channel a client is reached."""

    @property
    def to_client(self) -> bool:
        return self.messages[0].party == TO_CLIENT

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.messages)


@dataclass(slots=True)
class _Pace:
    """When a round stops beginning new work."""

    end: float
    failures: Counter[ChannelKind | None] = field(default_factory=Counter)
    """By channel; None is the services' folder."""

    def goes_on(self, parcel: _Parcel, now: float) -> bool:
        return now < self.end and self.failures[parcel.way] < _DOWN


class Delivery:
    """Delivers in rounds. *channel* takes the messages to services; those to clients too where *whole*, as the phone of
    a demo does.

    *officers* are the addresses of data protection officers by organisation, who are told by *post* alone of what waits
    for them. With *post* clients get notices on their own channels. What was handed over and could not be noted is
    remembered, so that a database that cannot be written does not make a notice leave every second.
    """

    def __init__(
        self, stores: Stores, read: Reader, channel: Channel, post: Post | None, *, whole: bool,
        officers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._stores, self._read, self._channel, self._post, self._whole = stores, read, channel, post, whole
        self._officers = officers or {}
        self._handed: set[str] = set()

    async def round(self, now: datetime, limit: int) -> Round:
        """Deliver what is due at *now*. The caller notes what the round tells, and says so by `noted`."""
        outbox = self._stores.outbox
        waiting = await self._read(lambda connection: outbox.waiting(connection, limit, now))
        result = Round([one.id for one in waiting if one.id in self._handed])
        result.stays += [Stays((one.id,), BROKEN) for one in waiting if one.is_altered]
        parcels: list[_Parcel] = []
        leaving = (one for one in waiting if one.id not in self._handed and not one.is_altered)
        for client, messages in _by_reader(leaving):
            if client is None:
                parcels += [_Parcel((one,), way=_way_of(one)) for one in messages]
            else:
                parcels += await self._to_client(client, messages, now, result)
        running, lanes = asyncio.get_running_loop(), asyncio.Semaphore(_LANES)
        pace = _Pace(running.time() + _ROUND)

        async def hand_over(parcel: _Parcel) -> None:
            async with lanes:
                if pace.goes_on(parcel, running.time()):
                    await self._hand_over(parcel, now, result, pace)

        # Services first: their folder never waits for a mail server.
        await asyncio.gather(*map(hand_over, sorted(parcels, key=lambda one: one.way is not None or one.to_client)))
        return result

    def noted(self, result: Round) -> None:
        """Forget what is noted as delivered."""
        self._handed.difference_update(result.delivered)

    async def _to_client(
        self, client: ClientId, messages: Sequence[Outgoing], now: datetime, result: Round
    ) -> list[_Parcel]:
        """Return what leaves for a client now; note what waits by their choice, and what stays."""
        clients, notices = self._stores.clients, self._stores.notices
        person, choice = await self._read(
            lambda connection: (clients.person(connection, client), notices.choice(connection, client))
        )
        leaving: list[Outgoing] = []
        for one in messages:
            due = due_at(one.kind, one.created, choice)
            if due is None:
                result.stays.append(Stays((one.id,), BY_CHOICE))
            elif due > now:
                result.waits.append(Waits((one.id,), due, None))
            elif _is_late(one, now):
                result.stays.append(Stays((one.id,), LATE))
            else:
                leaving.append(one)
        way = None if person is None or self._post is None else self._post.route(person, choice)
        return [_Parcel(tuple(group), person, choice, way) for group in groups(leaving)]

    async def _hand_over(self, parcel: _Parcel, now: datetime, result: Round, pace: _Pace) -> None:
        try:
            await self._send(parcel, now)
        except NoticeRefused as refused:
            result.stays.append(Stays(parcel.ids, refused.code))
        except OSError as error:
            fault, down = (error.code, error.down) if isinstance(error, NoticePutOff) else (UNREACHABLE, True)
            pace.failures[parcel.way] += down
            self._failed(parcel, fault, now, result)
        except Exception:
            # A channel that breaks on one message must not keep the others from leaving. What it raised may name
            # somebody, so it is counted and not told.
            self._failed(parcel, BROKEN, now, result)
        else:
            self._handed.update(parcel.ids)
            result.delivered += parcel.ids

    def _failed(self, parcel: _Parcel, fault: str, now: datetime, result: Round) -> None:
        attempts = max(one.attempts for one in parcel.messages) + 1
        if parcel.to_client and attempts >= MAX_ATTEMPTS:
            result.stays.append(Stays(parcel.ids, EXHAUSTED))
        else:
            result.waits.append(Waits(parcel.ids, now + _pause(attempts), fault))

    async def _send(self, parcel: _Parcel, now: datetime) -> None:
        person, organisation = parcel.person, officer_of(parcel.messages[0].party)
        if organisation is not None:
            if self._post is None:
                raise NoticeRefused(NO_CHANNEL)
            await self._post.send_to_officer(self._officers.get(organisation), parcel.messages[0], now)
            return
        if not parcel.to_client or self._whole:
            channels: Mapping[str, str] = {} if person is None else person.channels
            for one in parcel.messages:
                await self._channel.deliver(one, channels)
        if not parcel.to_client or self._post is None:
            return
        if self._whole and parcel.way is None:
            return
        if person is None:
            # Unknown, or their key was destroyed: there is nobody left to tell.
            raise NoticeRefused(NO_CHANNEL)
        await self._post.send(person, parcel.choice, parcel.messages, now)


def _way_of(message: Outgoing) -> ChannelKind | None:
    return None if officer_of(message.party) is None else ChannelKind.EMAIL


def _by_reader(messages: Iterable[Outgoing]) -> list[tuple[ClientId | None, list[Outgoing]]]:
    found: dict[ClientId | None, list[Outgoing]] = {}
    for one in messages:
        found.setdefault(one.client if one.party == TO_CLIENT else None, []).append(one)
    return list(found.items())


def _is_late(message: Outgoing, now: datetime) -> bool:
    """Return whether a code would come after its end."""
    until = message.body.get("until")
    return "code" in message.body and isinstance(until, int) and from_micros(until) <= now


def _pause(attempts: int) -> timedelta:
    # The first failure is tried again with the next round: most are a connection that was cut.
    return timedelta(0) if attempts == 1 else min(_FIRST * 2 ** (attempts - 2), _LONGEST)
