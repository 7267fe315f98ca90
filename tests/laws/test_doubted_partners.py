"""A partner system that the log does not know as the register has it gets no token, on either store."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import text

from adapters.tokens.simulator import SimulatedPartner
from gateway.demo.partner import PartnerSystem, TokenRefused
from gateway.disclosure.logged_partners import READ_AGAIN, LoggedPartners, LogsWord
from gateway.disclosure.opened import Opened
from gateway.disclosure.order_partners import Registered
from tests.laws.gateway_world import BASE, READ, Laws

SYSTEM = "kuntakokeilu-system"
AT = 1_800_000_000_000_000


def edit(laws: Laws, statement: str, **values: object) -> None:
    """Change the register by hand."""
    with laws.gateway.database.write() as connection:
        assert connection.execute(text(statement), values).rowcount > 0
        connection.commit()


async def token_of(laws: Laws, partner: SimulatedPartner) -> str:
    """A token for that partner system; raises TokenRefused."""
    return await PartnerSystem(partner, laws.web, BASE, laws.clock.now).token(laws.acting(), READ)


def with_key(laws: Laws) -> SimulatedPartner:
    """The partner system with a key of somebody else's, under the id of its own."""
    real = laws.systems[SYSTEM]
    return SimulatedPartner(SYSTEM, ECKey.generate_key("P-256", {"kid": real.key.kid}))


async def test_key_that_was_put_there_by_hand_opens_nothing_and_is_told_of(
    laws: Laws, caplog: pytest.LogCaptureFixture
) -> None:
    real, forged = laws.systems[SYSTEM], with_key(laws)
    await token_of(laws, real)
    edit(laws, "UPDATE partner SET jwks = :keys WHERE id = :id", keys=forged.public_jwks(), id=SYSTEM)
    with caplog.at_level(logging.ERROR, "saattaen.partners"), pytest.raises(TokenRefused, match="400 invalid_client"):
        await token_of(laws, forged)
    (line,) = [one.getMessage() for one in caplog.records if one.name == "saattaen.partners"]
    assert SYSTEM in line and "thumbprints of keys" in line
    # Nobody else is touched by it, and its own keys serve again once they are back.
    await token_of(laws, laws.systems["kela-system"])
    edit(laws, "UPDATE partner SET jwks = :keys WHERE id = :id", keys=real.public_jwks(), id=SYSTEM)
    await token_of(laws, real)


async def test_system_that_no_entry_registered_gets_no_token(laws: Laws) -> None:
    rogue = SimulatedPartner("rogue", ECKey.generate_key("P-256", {"kid": "rogue"}))
    edit(
        laws,
        "INSERT INTO partner (id, organisation, jwks, scope, suspended, added) "
        "SELECT 'rogue', organisation, :keys, scope, suspended, added FROM partner WHERE id = :id",
        keys=rogue.public_jwks(), id=SYSTEM,
    )  # fmt: skip
    edit(laws, "INSERT INTO partner_service (partner, service) VALUES ('rogue', 'kuntakokeilu')")
    with pytest.raises(TokenRefused, match="400 invalid_client"):
        await token_of(laws, rogue)


@pytest.mark.parametrize("change", ["scope = 'system/*.rs saattaen/deposits'", "organisation = 'kela'"])
async def test_scope_or_organisation_that_was_changed_by_hand_is_no_ones(laws: Laws, change: str) -> None:
    edit(laws, f"UPDATE partner SET {change} WHERE id = :id", id=SYSTEM)  # noqa: S608
    with pytest.raises(TokenRefused, match="400 invalid_client"):
        await token_of(laws, laws.systems[SYSTEM])


async def test_change_by_its_own_command_serves_at_once_and_what_it_ended_does_not(laws: Laws) -> None:
    partners, real, other = laws.gateway.partners, laws.systems[SYSTEM], with_key(laws)
    await token_of(laws, real)
    await laws.gateway.log.submit(partners.changing(SYSTEM, by="op", jwks=other.public_jwks()))
    await token_of(laws, other)
    # An older state of the register is none, though the log knew it once.
    edit(laws, "UPDATE partner SET jwks = :keys WHERE id = :id", keys=real.public_jwks(), id=SYSTEM)
    with pytest.raises(TokenRefused, match="400 invalid_client"):
        await token_of(laws, real)
    await laws.gateway.log.submit(partners.changing(SYSTEM, by="op", jwks=other.public_jwks()))
    await laws.gateway.log.submit(partners.suspending(SYSTEM, by="op"))
    # A suspended one gets tokens, and every request with one is refused and recorded.
    await token_of(laws, other)
    edit(laws, "UPDATE partner SET suspended = :no WHERE id = :id", no=False, id=SYSTEM)
    with pytest.raises(TokenRefused, match="400 invalid_client"):
        await token_of(laws, other)


class Entries:
    """Entries about one partner system, and how often they were asked for."""

    def __init__(self, *bodies: dict[str, object] | None) -> None:
        self.all = [
            Opened("log", index, f"e{index}", AT + index, "partner.changed", "na", None, None, body)
            for index, body in enumerate(bodies)
        ]
        self.asked: list[int | None] = []

    def of_everyone(self, kinds: Sequence[str], *, since: int | None = None, at_most: int = 9) -> list[Opened]:
        """Return those since an instant."""
        self.asked.append(since)
        return [one for one in self.all if since is None or one.t >= since][-at_most:]


class Register:
    """A register of one row."""

    def __init__(self, row: Registered) -> None:
        self.row = row

    def find(self, partner: str) -> Registered | None:
        """Return it."""
        return self.row if partner == self.row.id else None

    def as_registered(self, partner: Registered) -> Registered:
        """Return it as it is."""
        return partner


async def test_log_is_read_on_from_where_it_was_read_at_once_in_doubt_and_else_now_and_then(laws: Laws) -> None:
    entries = Entries({"partner": "x", "scope": "one"}, {"partner": "x", "scope": "two"})
    register = Register(Registered("x", "o", frozenset(), "two", (), (), suspended=False))
    doubted: list[tuple[str, str]] = []
    found = LoggedPartners(register, LogsWord(entries), laws.clock.now, lambda *what: doubted.append(what))
    assert found.find("x") == found.find("x") == register.row and entries.asked == [None]
    assert found.find("y") is None and entries.asked == [None]
    laws.clock.advance(READ_AGAIN + timedelta(seconds=1))
    assert found.find("x") == register.row and entries.asked == [None, AT + 1]
    register.row = replace(register.row, scope="three")
    assert found.find("x") is None and entries.asked[2:] == [AT + 1] * 2
    assert doubted == [("x", "the register says otherwise than the log: scope")]


def test_one_that_is_not_told_of_is_doubted_only_where_every_entry_could_be_read() -> None:
    row = Registered("y", "o", frozenset(), "two", (), (), suspended=False)
    whole, torn = LogsWord(Entries({"partner": "x"})), LogsWord(Entries({"partner": "x"}, None))
    for word in (whole, torn):
        word.read_on()
    assert list(whole.differing(row)) == [("y", "no entry registered it")]
    assert list(torn.differing(row)) == []
