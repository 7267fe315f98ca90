"""The mandates that are remembered for a minute: for reading alone, never a no, and never longer than they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request

from gateway.consent.checks import Mandate, MandateScope
from gateway.consent.model import ClientId, GiverKind
from gateway.errors import ConsentRefused, StoreUnavailable
from gateway.web.session import ActingFor, Kind, Session, SignedIn
from gateway.web.standing_mandates import MOST, REMEMBERED, StandingMandates

START = datetime(2026, 11, 27, 9, tzinfo=UTC)
OTHER = ActingFor(ClientId("nuori"), "Nuori", "guardian", "r-1")


@dataclass
class Register:
    """Counts how often it is asked; *until* is the mandates' end, `stands` whether there are any, `down` is silence."""

    until: datetime | None = None
    stands: bool = True
    down: bool = False
    scope: MandateScope = MandateScope.MANAGE
    asked: list[str] = field(default_factory=list)

    async def find(self, client: ClientId, kind: GiverKind, reference: str, at: datetime) -> Mandate | None:
        self.asked.append(reference)
        if self.down:
            raise StoreUnavailable("silent")
        return Mandate(kind, reference, self.until, self.scope) if self.stands else None


def sent(method: str) -> Request:
    """A request."""
    return Request({"type": "http", "method": method, "headers": []})


def acting(other: ActingFor | None) -> Session:
    """The session of somebody who acts for another, or for nobody."""
    who = SignedIn(Kind.CLIENT, "maija", "Maija", "substantial", START, acting_for=other)
    return Session("s-1", "csrf", who, START, START)


@dataclass
class World:
    register: Register = field(default_factory=Register)
    at: datetime = START
    may_decide: bool = False

    def __post_init__(self) -> None:
        self.mandates = StandingMandates(self.register, lambda: self.at)

    async def look(self, method: str = "GET", other: ActingFor = OTHER) -> bool:
        """Whether a page is shown."""
        try:
            session = await self.mandates.need(acting(other), sent(method))
            self.may_decide = session.signed_in.acting_for is not None and session.signed_in.acting_for.may_decide
        except ConsentRefused as refused:
            return refused.reason != "mandate-missing"
        return True


async def test_a_page_asks_once_a_minute_and_what_is_sent_asks_each_time() -> None:
    world = World()
    assert all([await world.look(), await world.look("HEAD"), await world.look()])
    assert len(world.register.asked) == 1
    assert await world.look("POST") and len(world.register.asked) == 2
    world.at += REMEMBERED - timedelta(microseconds=1)
    assert await world.look() and len(world.register.asked) == 2
    world.at += timedelta(microseconds=1)
    assert await world.look() and len(world.register.asked) == 3


async def test_a_no_is_never_remembered_and_forgets_the_yes_before_it() -> None:
    world = World()
    assert await world.look()
    world.register.stands = False
    assert not await world.look("POST")
    assert not await world.look()
    world.register.stands = True
    assert await world.look()


async def test_silence_is_raised_and_leaves_nothing_remembered() -> None:
    world = World()
    assert await world.look()
    world.register.down = True
    for method in ("POST", "GET"):
        with pytest.raises(StoreUnavailable):
            await world.look(method)


async def test_a_mandate_is_not_remembered_beyond_its_end_nor_when_the_clock_was_set_back() -> None:
    world = World(Register(until=START + timedelta(seconds=10)))
    assert await world.look()
    world.at += timedelta(seconds=10)
    await world.look()
    assert len(world.register.asked) == 2
    world.at = START - timedelta(seconds=1)
    await world.look()
    assert len(world.register.asked) == 3


async def test_another_reference_is_asked_by_itself_and_only_so_many_are_remembered() -> None:
    world = World()
    others = [ActingFor(ClientId("nuori"), "Nuori", "guardian", f"r-{place}") for place in range(MOST + 1)]
    for other in others:
        assert await world.look(other=other)
    assert len(world.register.asked) == MOST + 1
    await world.look(other=others[-1])
    assert len(world.register.asked) == MOST + 1
    await world.look(other=others[0])
    assert len(world.register.asked) == MOST + 2


async def test_what_the_mandate_lets_them_do_is_as_the_register_says_it_now() -> None:
    world = World()
    assert await world.look() and world.may_decide
    world.register.scope = MandateScope.SEE
    assert await world.look("POST") and not world.may_decide
    assert await world.look() and not world.may_decide


async def test_whoever_acts_for_nobody_is_asked_nothing() -> None:
    world, own = World(), acting(None)
    assert await world.mandates.need(own, sent("POST")) is own
    assert world.register.asked == []
