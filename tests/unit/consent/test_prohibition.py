"""Who may lift a prohibition."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.consent.checks import Known, Mandate
from gateway.consent.model import ClientId, Giver, GiverKind, Prohibition
from gateway.consent.prohibition import lift
from gateway.demo.world import load_world
from gateway.directory.model import Directory
from gateway.errors import ConsentRefused

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
GUARDIAN = Giver(GiverKind.MANDATE, "m1")
KNOWN = Known(mandate=Mandate(GiverKind.MANDATE, "m1", None))


@pytest.fixture(scope="module")
def directory() -> Directory:
    return load_world().directory


def prohibition(recipient: str | None, *, by_client: bool) -> Prohibition:
    return Prohibition("p", ClientId("c"), recipient, None, by_client, AT)


def test_the_client_lifts_on_the_own_page(directory: Directory) -> None:
    assert lift(prohibition("kela", by_client=True), Giver(), None, Known(), directory, AT).lifted_at == AT


@pytest.mark.parametrize("told_at", ["kuntakokeilu", "kela", "kela-etuudet"])
def test_no_service_lifts_what_the_client_said_in_person(directory: Directory, told_at: str) -> None:
    with pytest.raises(ConsentRefused, match="own page"):
        lift(prohibition("kela", by_client=True), Giver(), told_at, Known(), directory, AT)


@pytest.mark.parametrize("told_at", ["kela", "kela-etuudet"])
def test_a_service_does_not_lift_what_keeps_its_own_organisation_out(directory: Directory, told_at: str) -> None:
    with pytest.raises(ConsentRefused, match="own organisation"):
        lift(prohibition("kela", by_client=False), GUARDIAN, told_at, KNOWN, directory, AT)


def test_a_service_does_not_lift_what_keeps_everybody_out(directory: Directory) -> None:
    with pytest.raises(ConsentRefused):
        lift(prohibition(None, by_client=False), GUARDIAN, "kuntakokeilu", KNOWN, directory, AT)


def test_another_service_records_that_the_representative_lifts_theirs(directory: Directory) -> None:
    lifted = lift(prohibition("kela", by_client=False), GUARDIAN, "kuntakokeilu", KNOWN, directory, AT)
    assert lifted.lifted_at == AT
