"""Documents that lie on a custodian's own server: told on every page where they are, and whom to ask; never fetched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.custodian.fhir_server.simulator import simulated_server
from gateway.app import create_app
from gateway.demo.custodian import put_samples, write_custodians
from gateway.site import make_site
from tests.laws.gateway_world import demo_world, open_world
from tests.simulators.sessions import SimulatedSessions
from tests.web.people import People, words

CALL = "Asiakasneuvonta: +358 50 555 0101, neuvonta@hyvinvointialue.example"


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    """A gateway with its pages whose health centre keeps its plans itself; Suvi's was met before."""
    world = demo_world()
    with simulated_server() as server:
        file = write_custodians(tmp_path / "custodians.yaml", server.base)
        put_samples(server.base, world, world.now)
        async with open_world(tmp_path, custodians=file) as laws:
            consent = await laws.give("suvi")
            assert (await laws.search(laws.code("suvi"))).json()["entry"]
            await laws.gateway.recording.withdraw(consent.id)
            server.asked.clear()
            sessions = SimulatedSessions(laws.clock.now)
            yield People(laws, sessions, create_app(laws.gateway, site=make_site(laws.gateway, sessions)))
            assert server.asked == []


async def met(people: People) -> str:
    """The id of Suvi's plan."""
    client = await people.client_id("suvi")
    with people.laws.gateway.database.read() as connection:
        found = connection.execute(
            text("SELECT document.id FROM document JOIN document_origin ON document_origin.document = document.id "
                 "WHERE document.client = :client"),
            {"client": client},
        )  # fmt: skip
        return str(found.scalars().first())


async def test_the_list_says_where_it_lies_and_whom_to_ask(people: People) -> None:
    listed = await (await people.client("suvi")).get("/portal/documents")
    assert CALL in words(listed) and "cannot be shown here" in words(listed)
    assert f"/portal/documents/{await met(people)}" not in listed.text


async def test_the_document_itself_says_so_too_and_to_others_it_is_none(people: People) -> None:
    document = await met(people)
    page = await (await people.client("suvi")).get(f"/portal/documents/{document}")
    assert page.status_code == 409 and "This document is kept elsewhere" in words(page) and CALL in words(page)
    others = await (await people.client("sirpa")).get(f"/portal/documents/{document}")
    unknown = await (await people.client("sirpa")).get(f"/portal/documents/{'0' * 32}")
    assert others.status_code == unknown.status_code == 404
    assert others.text.replace(document, "0" * 32) == unknown.text


async def test_a_preview_says_what_it_does_not_show_and_whom_to_ask(people: People) -> None:
    asked = "/portal/preview?recipient=kuntakokeilu&category=work-ability-plan"
    page = await (await people.client("suvi")).get(asked)
    told = words(page)
    assert page.status_code == 200 and "not shown here: 1" in told and CALL in told
    assert "There is no such document about you now" not in told
