"""The end of a mandate ends what rests on it, whenever it was chosen, and nothing is done under it after that."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.consent.checks import Mandate
from gateway.consent.mandate_reference import new_reference
from gateway.consent.model import (
    Actor,
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentId,
    Giver,
    GiverKind,
    RefusedRow,
    Shown,
)
from gateway.demo.world import WORLD
from gateway.errors import ConsentRefused
from tests.laws.gateway_world import PLAN, Laws, open_world, settings_in

THEIRS, ANOTHERS = "a" * 32, "b" * 32
OPERATOR = Actor(system="operator", worker="op", role="operator")


@dataclass
class EndsMeanwhile:
    """A register that says yes, and whose answer is on its way while the end is recorded here."""

    laws: Laws
    reference: str

    async def find(self, client: ClientId, kind: GiverKind, reference: str, at: datetime) -> Mandate | None:
        if reference != self.reference:
            return None
        await self.laws.gateway.recording.end_mandate(client, reference, OPERATOR)
        return Mandate(kind, reference, None)


def _shown(laws: Laws) -> Shown:
    wording = laws.gateway.wordings.current()
    return Shown(wording.id, wording.version, "fi", "plain", "0" * 64)


def _chosen(laws: Laws, client: ClientId, mandate: str = THEIRS) -> Giver:
    """Return a mandate as it is chosen in the register now, in a session of its own."""
    reference = new_reference(mandate, laws.clock.now())
    laws.gateway.mandates.add(client, GiverKind.MANDATE, reference)
    laws.clock.advance(timedelta(seconds=1))
    return Giver(GiverKind.MANDATE, reference)


async def _given(laws: Laws, client: ClientId, giver: Giver) -> Consent:
    capture = Capture(CaptureMethod.SELF_SERVICE)
    return (await laws.gateway.recording.give(client, [laws.row()], capture, _shown(laws), giver=giver)).consent


async def _is_ended(laws: Laws, client: ClientId, consent: ConsentId) -> bool:
    found = await laws.gateway.recording.consent_of_client(consent, client)
    assert found is not None
    return all(grant.ended for grant in found.grants)


async def test_an_end_that_comes_between_the_registers_word_and_the_act_counts(laws: Laws) -> None:
    client, document = await laws.client("suvi"), await laws.deposit("suvi")
    reference = new_reference(THEIRS, laws.clock.now())
    laws.gateway.mandates.lead_on_to(EndsMeanwhile(laws, reference))
    with pytest.raises(ConsentRefused) as refused:
        await _given(laws, client, Giver(GiverKind.MANDATE, reference))
    assert refused.value.reason == "mandate-missing"
    assert (await laws.read(document)).status_code == 404
    assert laws.verify() == []


async def test_an_end_ends_what_was_given_in_every_session_and_by_nobody_else(laws: Laws) -> None:
    client, document = await laws.client("suvi"), await laws.deposit("suvi")
    first = await _given(laws, client, _chosen(laws, client))
    second = await _given(laws, client, _chosen(laws, client))
    other = await _given(laws, client, _chosen(laws, client, ANOTHERS))
    own = await laws.give("suvi")
    assert await laws.gateway.recording.end_mandate_of(first.id, OPERATOR) == 2
    ended = [await _is_ended(laws, client, one.id) for one in (first, second, other, own)]
    assert ended == [True, True, False, False]
    await laws.gateway.recording.withdraw(own.id, client=client)
    assert (await laws.read(document)).status_code == 200
    await laws.gateway.recording.end_mandate_of(other.id, OPERATOR)
    assert (await laws.read(document)).status_code == 404
    assert laws.verify() == []


async def test_after_an_end_nothing_is_done_by_what_was_chosen_before_and_a_new_choosing_counts(laws: Laws) -> None:
    client, document = await laws.client("suvi"), await laws.deposit("suvi")
    used, unused = _chosen(laws, client), _chosen(laws, client)
    consent, recording = await _given(laws, client, used), laws.gateway.recording
    await recording.end_mandate_of(consent.id, OPERATOR)
    for giver in (used, unused):
        assert giver.register_reference is not None
        assert await recording.is_mandate_over(client, giver.register_reference)
        for act in (
            _given(laws, client, giver),
            recording.refuse(client, [RefusedRow("kela", PLAN)], giver=giver),
            recording.prohibit(client, recipient="kela", giver=giver),
            recording.withdraw(consent.id, client=client, giver=giver),
            recording.pause(client, giver=giver),
        ):
            with pytest.raises(ConsentRefused) as refused:
                await act
            assert refused.value.reason == "mandate-missing"
    laws.clock.advance(timedelta(seconds=1))
    await _given(laws, client, _chosen(laws, client))
    assert (await laws.read(document)).status_code == 200
    assert laws.verify() == []


async def test_of_a_consent_that_the_client_gave_no_mandate_can_end(laws: Laws) -> None:
    own = await laws.give("suvi")
    for consent, reason in ((own.id, "mandate-missing"), (ConsentId("f" * 32), "not-found")):
        with pytest.raises(ConsentRefused) as refused:
            await laws.gateway.recording.end_mandate_of(consent, OPERATOR)
        assert refused.value.reason == reason


def _saattaen(place: Path, *arguments: str) -> tuple[int, str]:
    """Run the operator's command on an installation; return its exit status and what it said."""
    settings = settings_in(place)
    environment = {
        "SAATTAEN_DATABASE": settings.database, "SAATTAEN_KEY_DATABASE": settings.key_database,
        "SAATTAEN_KEYS": str(settings.keys), "SAATTAEN_BASE_URL": settings.base_url,
        "SAATTAEN_DIRECTORY": str(WORLD), "SAATTAEN_OUTBOX": str(settings.outbox), "SAATTAEN_DEMO": "true",
    }  # fmt: skip
    done = CliRunner().invoke(app, arguments, env=environment)
    return done.exit_code, done.output if done.exception is None else str(done.exception)


def test_the_operator_ends_a_mandate_by_any_consent_given_under_it(place: Path) -> None:
    async def before() -> tuple[ClientId, ConsentId, ConsentId, ConsentId]:
        async with open_world(place) as laws:
            client = await laws.client("suvi")
            first, second = [await _given(laws, client, _chosen(laws, client)) for _ in range(2)]
            return client, first.id, second.id, (await laws.give("suvi")).id

    async def after(*consents: ConsentId) -> list[bool]:
        async with open_world(place) as laws:
            assert laws.verify() == []
            assert laws.entries()[-1].kind == "mandate.ended"
            return [await _is_ended(laws, client, one) for one in consents]

    client, first, second, own = asyncio.run(before())
    assert _saattaen(place, "mandate", "end", own) == (
        1, "The client gave that consent in person; no mandate stands behind it."
    )  # fmt: skip
    assert _saattaen(place, "mandate", "end", "f" * 32) == (1, "There is no consent of that id.")
    assert _saattaen(place, "mandate", "end", first, "--as", "maija") == (
        0, "The mandate has ended, and 2 grants with it.\n"
    )  # fmt: skip
    assert asyncio.run(after(first, second, own)) == [True, True, False]
