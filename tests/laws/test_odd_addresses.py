"""Addresses with what no id is made of: answered and logged alike on either store, as what is unknown."""

from __future__ import annotations

import pytest

from gateway.app import create_app
from gateway.site import make_site
from tests.laws.gateway_world import UNKNOWN_ID, Laws
from tests.simulators.sessions import SimulatedSessions
from tests.web.people import People

ODD = ("%00", UNKNOWN_ID + "%00", "a%1Fb", "a" * 3000, "%C3%A4")


async def test_a_document_by_what_cannot_be_an_id_is_unknown_and_leaves_its_entry(laws: Laws) -> None:
    unknown = await laws.read(UNKNOWN_ID)
    for odd in ODD:
        size = laws.size()
        answer = await laws.read(odd)
        assert (answer.status_code, answer.content) == (unknown.status_code, unknown.content), odd
        assert laws.size() == size + 1, odd
        assert (laws.entries()[-1].b or {})["reasons"] == ["not-found"], odd
    token = await laws.token(laws.acting("sote-keskus", "laakari", "care"), "saattaen/deposits")
    sent = {"authorization": f"Bearer {token}", "content-type": "application/fhir+json", "if-match": 'W/"1"'}
    for odd in (UNKNOWN_ID, *ODD):
        put = await laws.web.put(f"/fhir/CarePlan/{odd}", content=laws.sample("suvi"), headers=sent)
        assert put.status_code == 404, odd


@pytest.mark.parametrize(
    "path", ["/fhir/CarePlan?_page=%00", "/api/v1/messages?after=%1f", "/audit/log/2026/proof?index=%7f"]
)
async def test_a_parameter_with_a_control_character_is_no_question(laws: Laws, path: str) -> None:
    refused = await laws.web.get(path, headers={"authorization": f"Bearer {await laws.token()}"})
    assert refused.status_code == 400
    assert "control characters" in refused.text


async def test_no_page_by_what_cannot_be_an_id_fails(laws: Laws) -> None:
    sessions = SimulatedSessions(laws.clock.now)
    people = People(laws, sessions, create_app(laws.gateway, site=make_site(laws.gateway, sessions)))
    desk = await people.professional("kuntakokeilu", "omavalmentaja")
    officer, client = await people.officer("tyollisyysalue"), await people.client("suvi")
    for who, paths in (
        (desk, ("/desk/clients/%00", "/desk/drafts/%00/rows", "/desk/clients/%00/consents/%00")),
        (officer, ("/oversight/clients/reports/%00", "/oversight/entries/2026/%00")),
        (client, ("/portal/log/%00", "/portal/documents/%00", "/portal/recipients/%00", "/portal/receipts/%00")),
    ):  # fmt: skip
        for path in paths:
            assert (await who.get(path)).status_code == 404, path
    for who, path in (
        (desk, "/desk/log?after=%00"), (officer, "/oversight/search?look=%00"), (client, "/portal/log?after=%00"),
    ):  # fmt: skip
        assert (await who.get(path)).status_code == 400, path
