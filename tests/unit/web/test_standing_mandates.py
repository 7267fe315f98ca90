"""The mandate of who acts for another is asked at each page: what the register says now counts, silence is no yes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from gateway.consent.checks import Mandate, MandateScope
from gateway.consent.model import ClientId, GiverKind
from gateway.errors import ConsentRefused, StoreUnavailable
from gateway.web.session import ActingFor, Kind, Session, SignedIn
from gateway.web.standing_mandates import StandingMandates

START = datetime(2026, 11, 27, 9, tzinfo=UTC)
OTHER = ActingFor(ClientId("nuori"), "Nuori", "guardian", "r-1")


@dataclass
class Register:
    """A register that says what a test lets it say; `down` is silence."""

    scope: MandateScope | None = MandateScope.MANAGE
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def find(self, client: ClientId, kind: GiverKind, reference: str, at: datetime) -> Mandate | None:
        self.asked.append(reference)
        if self.down:
            raise StoreUnavailable("silent")
        return None if self.scope is None else Mandate(kind, reference, None, self.scope)


def acting(other: ActingFor | None = OTHER) -> Session:
    """The session of somebody who acts for another, or for nobody."""
    who = SignedIn(Kind.CLIENT, "maija", "Maija", "substantial", START, acting_for=other)
    return Session("s-1", "csrf", who, START, START)


async def not_over(client: ClientId, reference: str) -> bool:
    """No end of any mandate was recorded."""
    return False


async def may_decide(mandates: StandingMandates) -> bool:
    """What the session says of the mandate."""
    other = (await mandates.need(acting())).signed_in.acting_for
    return other is not None and other.may_decide


async def test_each_page_asks_and_what_the_register_says_now_counts() -> None:
    register = Register()
    mandates = StandingMandates(register, lambda: START, not_over)
    assert await may_decide(mandates)
    register.scope = MandateScope.SEE
    assert not await may_decide(mandates)
    register.scope = None
    with pytest.raises(ConsentRefused) as refused:
        await mandates.need(acting())
    assert refused.value.reason == "mandate-missing"
    assert register.asked == ["r-1"] * 3


async def test_a_register_that_does_not_answer_is_no_yes() -> None:
    register = Register()
    mandates = StandingMandates(register, lambda: START, not_over)
    assert await may_decide(mandates)
    register.down = True
    with pytest.raises(StoreUnavailable):
        await mandates.need(acting())


async def test_whoever_acts_for_nobody_is_asked_nothing() -> None:
    register, own = Register(), acting(None)
    assert await StandingMandates(register, lambda: START, not_over).need(own) is own
    assert register.asked == []


async def test_an_end_that_was_recorded_here_counts_whatever_the_register_says() -> None:
    async def over(client: ClientId, reference: str) -> bool:
        return (client, reference) == (OTHER.client, OTHER.register_reference)

    with pytest.raises(ConsentRefused) as refused:
        await StandingMandates(Register(), lambda: START, over).need(acting())
    assert refused.value.reason == "mandate-missing"
