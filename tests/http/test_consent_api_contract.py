"""The same conversation with the consent room in memory and with the real one, so that the first cannot lie."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI

from gateway.http import examples
from tests.http.test_consent_routes import call, given
from tests.simulators.consent_api import NOW, api_over, consent_api
from tests.simulators.consent_desk import SteeredClock
from tests.unit.consent.consent_room import DIRECTORY, Room

CLIENT = {"client": examples.CLIENT}


@dataclass
class World:
    """An app, and the code that came to the client's own phone."""

    app: FastAPI
    code: Callable[[str], Awaitable[str]]


@pytest.fixture(params=["in memory", "real"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "in memory":
        api = consent_api()

        async def kept(handle: str) -> str:
            return api.desk.codes[handle][1]

        yield World(api.app, kept)
        return
    room = Room.open(tmp_path)

    async def sent(handle: str) -> str:
        await room.recording.deliver_outbox()
        bodies = [message.body for message, _ in room.channel.delivered]
        return next(str(body["code"]) for body in bodies if body.get("handle") == handle)

    yield World(
        api_over(
            room.recording, room.recording, room.recording.client_of, room.clients.enrol,
            SteeredClock(NOW), DIRECTORY, set(), [], demo=True,
        ),
        sent,
    )  # fmt: skip
    room.close()


async def test_a_consent_is_given_confirmed_on_the_own_phone_seen_and_withdrawn(world: World) -> None:
    made = await given(world)
    id, handle = made["consent"]["id"], made["confirmation"]["handle"]
    assert made["consent"]["grants"][0]["confirmed"] is False
    wrong = await call(world, "", f"/confirmations/{handle}", {"code": "WRONG"})
    assert (wrong.status_code, wrong.json()["reason"]) == (409, "confirm-not-allowed")
    right = await call(world, "", f"/confirmations/{handle}", {"code": await world.code(handle)})
    assert right.status_code == 200
    again = await call(world, "", f"/confirmations/{handle}", {"code": "7K4M2PQX"})
    assert again.json() | {"request_id": ""} == wrong.json() | {"request_id": ""}

    seen = (await call(world, "kuntakokeilu", f"/consents/{id}", method="GET")).json()
    assert (seen["version"], seen["state"], seen["grants"][0]["confirmed"]) == (1, "given", True)
    assert (await call(world, "kela", f"/consents/{id}", method="GET")).status_code == 404
    found = await call(world, "sote-keskus", "/consents/search", CLIENT)
    assert [one["id"] for one in found.json()["consents"]] == [id]
    receipts = await call(world, "kuntakokeilu", f"/consents/{id}/receipts", method="GET")
    assert receipts.json()["receipts"][0]["kind"] == "consent.given"

    for _ in range(2):
        withdrawn = await call(world, "kuntakokeilu", f"/consents/{id}/withdraw", CLIENT)
        assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "withdrawn")
    told = (await call(world, "sote-keskus", "/messages", method="GET")).json()["messages"]
    assert told[-1]["kind"] == "consent.withdrawn"
    assert (await call(world, "kela", f"/messages/{told[-1]['id']}/acknowledge")).status_code == 404
    assert (await call(world, "sote-keskus", f"/messages/{told[-1]['id']}/acknowledge")).status_code == 204


async def test_refusals_are_told_by_the_same_reasons(world: World) -> None:
    spoken = {"method": "verbal", "evidence": {"note": "said yes"}}
    body = {"client": examples.CLIENT, "grants": [examples.GRANT], "shown": examples.SHOWN, "capture": spoken}
    answer = await call(world, "kuntakokeilu", "/consents", body)
    assert (answer.status_code, answer.json()["reason"]) == (409, "capture-not-allowed")
    id = (await given(world))["consent"]["id"]
    mine = await call(world, "kuntakokeilu", f"/consents/{id}/confirm")
    assert (mine.status_code, mine.json()["reason"]) == (409, "confirm-not-allowed")
    theirs = await call(world, "sote-keskus", f"/consents/{id}/confirm")
    assert (theirs.status_code, theirs.json()["grants"][0]["confirmed"]) == (200, True)


async def test_choices_and_requests(world: World) -> None:
    row = {"custodian": "sote-keskus", "category": "work-ability-plan", "purpose": "employment-support"}
    for _ in range(2):
        assert (await call(world, "kuntakokeilu", "/consent-requests", CLIENT | row)).status_code == 202
        await given(world)
    no = {"refused": [{"recipient": "kela", "category": "work-ability-plan"}]}
    assert (await call(world, "kuntakokeilu", "/refusals", CLIENT | no)).status_code == 204
    assert (await call(world, "kuntakokeilu", "/deferrals", CLIENT | {"request": "nothing"})).status_code == 404
    made = await call(world, "kuntakokeilu", "/prohibitions", CLIENT | {"recipient": "kela"})
    # What the client said in person the client lifts, on their own page: no service's word opens it.
    lifted = await call(world, "kuntakokeilu", f"/prohibitions/{made.json()['id']}/lift", CLIENT)
    assert (lifted.status_code, lifted.json()["reason"]) == (409, "lift-not-allowed")


async def test_relations(world: World) -> None:
    fact = CLIENT | {"kind": "joint-service", "custodian": "sosiaalityo", "recipients": ["kela"]}
    wrong = await call(world, "kela", "/relations", fact)
    assert (wrong.status_code, wrong.json()["reason"]) == (409, "relation-not-allowed")
    made = await call(world, "sosiaalityo", "/relations", fact)
    assert made.status_code == 201
    assert (await call(world, "kela", f"/relations/{made.json()['id']}/end")).status_code == 404
    assert (await call(world, "sosiaalityo", f"/relations/{made.json()['id']}/end")).json()["ended_at"] is not None
    found = (await call(world, "kela", "/relations/search", CLIENT)).json()["relations"]
    assert [one["id"] for one in found] == [made.json()["id"]]
