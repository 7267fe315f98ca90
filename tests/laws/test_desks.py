"""An organisation's own desk reads as a partner system: judged, suspended and logged alike, and never given a token."""

from __future__ import annotations

import json

import pytest

from adapters.tokens.simulator import SimulatedPartner
from adapters.tokens.unheld import unheld_jwks
from gateway.demo.partner import PartnerSystem, TokenRefused
from gateway.desks import register_desks
from gateway.disclosure.desk_requester import desk_requester, desk_system
from gateway.disclosure.release import Refused, Released
from gateway.disclosure.request import Requester
from tests.laws.gateway_world import BASE, PLAN, READ, Laws


def at_desk(laws: Laws, service: str = "kuntakokeilu", role: str = "omavalmentaja") -> Requester:
    """Return a worker signed in at the desk of the service's organisation."""
    return desk_requester(
        laws.world.directory, service, role=role, purpose="employment-support", assurance="substantial",
        worker="olli", name="Olli Esimerkki", session="session-1",
    )  # fmt: skip


async def test_a_worker_at_a_desk_reads_as_a_partner_system_does(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    answered = await laws.ask(laws.read_of(document, at_desk(laws)))
    assert isinstance(answered, Released)
    actor = laws.entries()[-1].a or {}
    assert (actor["system"], actor["person"]) == (desk_system("tyollisyysalue"), "olli")
    searched = await laws.ask(laws.search_of(laws.code("suvi"), at_desk(laws), PLAN))
    assert isinstance(searched, Released)
    assert [one.document.id for one in searched.documents] == [document]
    assert laws.verify() == []


async def test_a_suspended_desk_reads_nothing(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    desk = desk_system("tyollisyysalue")
    await laws.gateway.log.submit(laws.gateway.partners.suspending(desk, by="test"), urgent=True)
    answered = await laws.ask(laws.read_of(document, at_desk(laws)))
    assert isinstance(answered, Refused)
    assert answered.reason == "suspended"


@pytest.mark.parametrize(
    "service, role, reason",
    [("kela", "omavalmentaja", "role-not-allowed"), ("nobody", "omavalmentaja", "request-invalid")],
)
async def test_a_desk_is_judged_and_not_believed(laws: Laws, service: str, role: str, reason: str) -> None:
    document = await laws.deposit()
    await laws.give()
    answered = await laws.ask(laws.read_of(document, at_desk(laws, service, role)))
    assert isinstance(answered, Refused)
    assert answered.reason == reason


async def test_no_key_gets_a_token_for_a_desk(laws: Laws) -> None:
    forged = PartnerSystem(SimulatedPartner.create(desk_system("tyollisyysalue")), laws.web, BASE, laws.clock.now)
    with pytest.raises(TokenRefused, match="invalid_client"):
        await forged.token(laws.acting(), READ)
    first, second = (json.loads(unheld_jwks("desk"))["keys"][0] for _ in range(2))
    assert "d" not in first
    assert first["x"] != second["x"]


async def test_desks_are_registered_once_and_follow_the_directory(laws: Laws) -> None:
    partners = {one.id: one for one in laws.gateway.partners.list()}
    for organisation in laws.world.directory.organisations:
        services = {code for code, row in laws.world.directory.services.items() if row.organisation == organisation}
        assert set(partners[desk_system(organisation)].services) == services
    size = laws.size()
    assert await register_desks(laws.gateway, "test") == ()
    assert laws.size() == size
    desk = desk_system("hyvinvointialue")
    await laws.gateway.log.submit(laws.gateway.partners.changing(desk, services=["miepa"], by="test"))
    assert await register_desks(laws.gateway, "test") == (desk,)
    assert "sote-keskus" in laws.gateway.partners.services_of(desk)
