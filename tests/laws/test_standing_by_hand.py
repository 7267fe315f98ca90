"""A row that was made to say otherwise than the log is told, and swallows no withdrawal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.consent.model import Actor, Capture, CaptureMethod, ConsentState, RefusedRow, Shown
from gateway.directory.instants import to_micros
from gateway.disclosure.release import Refused, Released
from gateway.verification import verify_gateway
from tests.laws.by_hand import edit
from tests.laws.gateway_world import Laws

OTHERWISE = "its row says otherwise than the log: "


def told(laws: Laws) -> set[tuple[str, str]]:
    """What verifying finds in the register, by kind of row."""
    found = verify_gateway(laws.gateway)
    assert found.order is not None
    assert found.order.sound
    assert all(one.origin == "register" for one in found.tree.findings)
    return {(one.where.partition(" ")[0], one.what) for one in found.tree.findings}


HIDDEN = "UPDATE consent SET state = 'withdrawn', withdrawn_at = :at"


@pytest.mark.parametrize("all_at_once", [False, True])
async def test_a_withdrawal_is_not_swallowed_by_a_row_that_says_it_was_done(laws: Laws, all_at_once: bool) -> None:
    document, consent, suvi = await laws.deposit(), await laws.give(), await laws.client("suvi")
    edit(laws.gateway.database, HIDDEN, at=to_micros(laws.clock.now()))
    assert told(laws) == {("consent", f"{OTHERWISE}state")}
    # What opens is what stands, so the page shows it and can take it back.
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    (shown,) = (await laws.gateway.recording.for_client(suvi)).consents
    assert shown.state is ConsentState.GIVEN
    before = laws.size()
    if all_at_once:
        assert [one.id for one in await laws.gateway.recording.withdraw_all(suvi)] == [consent.id]
    else:
        assert (await laws.gateway.recording.withdraw(consent.id, client=suvi)).state is ConsentState.WITHDRAWN
    assert laws.size() == before + 1
    assert isinstance(await laws.ask(laws.read_of(document)), Refused)
    assert told(laws) == set()
    before = laws.size()
    await laws.gateway.recording.withdraw(consent.id, client=suvi)
    assert laws.size() == before


async def test_a_withdrawal_is_kept_even_where_every_row_said_it_was_done(laws: Laws) -> None:
    document, consent, suvi = await laws.deposit(), await laws.give(), await laws.client("suvi")
    edit(laws.gateway.database, HIDDEN, at=to_micros(laws.clock.now()))
    edit(laws.gateway.database, "UPDATE consent_grant SET withdrawn = TRUE")
    assert told(laws) == {("consent", f"{OTHERWISE}state"), ("grant", f"{OTHERWISE}withdrawn")}
    await laws.gateway.recording.withdraw(consent.id, client=suvi)
    # Put back as it was before, it opens nothing that nobody hears of.
    edit(laws.gateway.database, "UPDATE consent_grant SET withdrawn = FALSE")
    assert told(laws) == {("grant", f"{OTHERWISE}withdrawn")}
    await laws.ask(laws.read_of(document))
    assert "rests on a consent that was withdrawn before" in " ".join(laws.verify())


@pytest.mark.parametrize(
    ("statement", "where", "what"),
    [
        ("UPDATE consent SET state = 'ended'", "consent", f"{OTHERWISE}state"),
        ("UPDATE consent SET version = 2", "consent", f"{OTHERWISE}version"),
        ("UPDATE consent_grant SET recipient = 'kela', until = until + 1", "grant", f"{OTHERWISE}recipient, until"),
        ("UPDATE consent_grant SET confirmed_at = NULL", "grant", f"{OTHERWISE}confirmed"),
        ("UPDATE consent_grant SET spent_by = 'x', ended_at = 1", "grant", f"{OTHERWISE}spent, ended"),
        ("UPDATE consent_grant SET by_client = FALSE", "grant", f"{OTHERWISE}by_client"),
        ("DELETE FROM consent_grant", "grant", "the log tells of it and its row is gone"),
        ("UPDATE prohibition SET lifted_at = 1", "prohibition", "the log says that it stands, and no row does"),
        ("UPDATE prohibition SET recipient = 'kela'", "prohibition", f"{OTHERWISE}recipient"),
        ("UPDATE refusal SET lifted_at = 1", "client", "the log says that a refusal stands, and no row does"),
        ("UPDATE relation SET ended_at = NULL", "relation", f"{OTHERWISE}ended"),
        ("UPDATE relation SET recipients = 'kela'", "relation", f"{OTHERWISE}recipients"),
        ("DELETE FROM relation", "relation", "the log tells of it and its row is gone"),
        (
            "INSERT INTO prohibition (id, client, by_client, given_at) SELECT 'p', client, TRUE, 0 FROM relation",
            "prohibition", "it stands, and no entry tells of that",
        ),
        (
            "INSERT INTO refusal (id, client, recipient, category, by_client, at) "
            "SELECT 'r', client, 'kela', 'k', TRUE, 0 FROM relation",
            "client", "a refusal stands of which no entry tells",
        ),
        ("UPDATE client_state SET suspended = TRUE WHERE client = (SELECT client FROM relation)", "client",
         f"{OTHERWISE}suspended"),
        ("UPDATE client_state SET non_disclosure = TRUE WHERE client = (SELECT client FROM relation)", "client",
         f"{OTHERWISE}non-disclosure"),
    ],
)  # fmt: skip
async def test_a_row_that_says_otherwise_than_the_log_is_told(
    laws: Laws, statement: str, where: str, what: str
) -> None:
    recording, suvi = laws.gateway.recording, await laws.client("suvi")
    await laws.give()
    wording = laws.gateway.wordings.current()
    shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    no = [RefusedRow("kela", "handover")]
    other = laws.row(recipient="tyopaja")
    await recording.give(suvi, (other,), Capture(CaptureMethod.SELF_SERVICE), shown, refused=no)
    await recording.prohibit(suvi, recipient="tyopaja", category=None)
    await recording.end_relation(await laws.relate(), Actor(service="sote-keskus", system="sote-keskus-system"))
    assert told(laws) == set()
    edit(laws.gateway.database, statement)
    assert (where, what) in told(laws)


async def test_what_stands_agrees_with_the_log_over_the_turn_of_a_year(laws: Laws) -> None:
    recording, suvi = laws.gateway.recording, await laws.client("suvi")
    kept, taken_back = await laws.give(), await laws.give()
    relation = await laws.relate()
    lasting = await recording.prohibit(suvi, recipient="tyopaja", category=None)
    await recording.refuse(suvi, [RefusedRow("kela", "handover")])
    laws.clock.set(datetime(2027, 1, 2, tzinfo=UTC))
    await recording.withdraw(taken_back.id, client=suvi)
    assert len({entry.origin for entry in laws.entries()}) == 2
    assert told(laws) == set()
    await recording.lift_prohibition(lasting.id, client=suvi)
    await recording.end_relation(relation, Actor(service="sote-keskus", system="sote-keskus-system"))
    await recording.withdraw(kept.id, client=suvi)
    assert told(laws) == set()


async def test_what_stands_agrees_with_the_log_through_a_life(laws: Laws) -> None:
    recording, suvi = laws.gateway.recording, await laws.client("suvi")
    document = await laws.deposit()
    first = await laws.give("suvi", laws.row(once=True), laws.row(recipient="tyopaja"))
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    second = await laws.give("suvi", laws.row(until=laws.clock.now() + timedelta(hours=1)))
    wording = laws.gateway.wordings.current()
    shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    third = await laws.give()
    await recording.change(third.id, [laws.row(recipient="tyopaja")], shown, client=suvi)
    laws.clock.set(laws.clock.now() + timedelta(hours=2))
    await recording.expire_due()
    await recording.withdraw(first.id, client=suvi)
    assert await recording.withdraw_all(suvi)
    assert second.id != third.id
    assert told(laws) == set()
