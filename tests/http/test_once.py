"""An act sent twice with one Idempotency-Key: done once, answered alike, and never for another act."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gateway.consent.recording import Given
from gateway.directory.model import Directory
from gateway.http import examples
from tests.http.test_consent_routes import GIVING, call, given, giving
from tests.simulators.consent_api import ConsentApi, consent_api
from tests.simulators.consent_desk import ConsentDesk, SteeredClock

KEY = {"idempotency-key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}
CLIENT = {"client": examples.CLIENT}
NO = CLIENT | {"refused": [{"recipient": "kela", "category": "work-ability-plan"}]}
NEVER = CLIENT | {"recipient": "kela"}


@pytest.fixture
def api() -> ConsentApi:
    return consent_api()


async def keyed(
    api: ConsentApi, path: str, body: object = None, *, service: str = "kuntakokeilu", key: dict[str, str] = KEY
) -> httpx.Response:
    return await call(api, service, path, body, headers=key)


def same(one: httpx.Response, other: httpx.Response) -> bool:
    """Whether two answers are one, but for the number of the request."""
    told = [
        (answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k != "x-request-id"})
        for answer in (one, other)
    ]
    return told[0] == told[1]


async def test_consent_sent_twice_is_given_once_and_answered_alike(api: ConsentApi) -> None:
    first, second = [await keyed(api, "/consents", giving()) for _ in range(2)]
    assert first.status_code == 201 and same(first, second)
    assert len(api.desk.versions) == 1
    # Whoever sends no key, or a new one, gives anew.
    await given(api)
    other = {"idempotency-key": '"another-key-of-theirs"'}
    assert (await keyed(api, "/consents", giving(), key=other)).status_code == 201
    assert len(api.desk.versions) == 3


async def test_every_act_is_done_once(api: ConsentApi) -> None:
    id = (await given(api))["consent"]["id"]
    asked = {"custodian": "sote-keskus", "category": "work-ability-plan", "purpose": "employment-support"}
    relation = {"kind": "joint-service", "custodian": "sote-keskus", "recipients": ["kuntakokeilu"]}
    acts: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
        ("kuntakokeilu", "/refusals", NO), ("kuntakokeilu", "/prohibitions", NEVER),
        ("kuntakokeilu", "/consent-requests", CLIENT | asked), ("sote-keskus", "/relations", CLIENT | relation),
        ("sote-keskus", f"/consents/{id}/confirm", None), ("kuntakokeilu", f"/consents/{id}/withdraw", CLIENT),
    )  # fmt: skip
    for number, (service, path, body) in enumerate(acts):
        key = {"idempotency-key": f'"a-key-of-number-{number}"'}
        first, second = [await keyed(api, path, body, service=service, key=key) for _ in range(2)]
        assert first.status_code < 300 and same(first, second), (path, first.text, second.text)
    assert len(api.desk.refused) == len(api.desk.prohibitions) == len(api.desk.asked) == len(api.desk.relations) == 1


async def test_members_of_a_body_may_come_in_another_order(api: ConsentApi) -> None:
    first = await keyed(api, "/consents", GIVING)
    second = await keyed(api, "/consents", dict(reversed(GIVING.items())))
    assert same(first, second) and len(api.desk.versions) == 1


async def test_key_of_another_act_is_refused_and_does_nothing(api: ConsentApi) -> None:
    id = (await keyed(api, "/consents", giving())).json()["consent"]["id"]
    other = giving(grants=[{**examples.GRANT, "recipient": "kela", "purpose": "rehabilitation-decision"}])
    for path, body in (("/consents", other), ("/refusals", NO), (f"/consents/{id}/withdraw", CLIENT)):
        answer = await keyed(api, path, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "key-of-another-act")
    assert len(api.desk.versions) == 1 and not api.desk.refused
    assert api.desk.versions[id][-1].state == "given"


async def test_another_partner_has_keys_of_its_own(api: ConsentApi) -> None:
    first = await keyed(api, "/prohibitions", NEVER)
    second = await keyed(api, "/prohibitions", NEVER, service="sote-keskus")
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] != second.json()["id"] and len(api.desk.prohibitions) == 2


async def test_who_may_not_act_now_gets_no_kept_answer(api: ConsentApi) -> None:
    await keyed(api, "/consents", giving())
    narrow = await keyed(api, "/consents", giving(), service="kuntakokeilu+saattaen/relations")
    assert narrow.status_code == 403
    api.suspended.add("kuntakokeilu-system")
    assert (await keyed(api, "/consents", giving())).status_code == 404
    assert (await keyed(api, "/consents", giving(), service="")).status_code == 401


async def test_what_was_refused_leaves_its_key_free(api: ConsentApi) -> None:
    spoken = {"method": "verbal", "evidence": {"note": "said yes"}}
    refused = await keyed(api, "/consents", giving(capture=spoken))
    assert refused.status_code == 409 and refused.json()["reason"] == "capture-not-allowed"
    assert (await keyed(api, "/consents", {"client": 1})).status_code == 400
    assert (await keyed(api, "/consents", giving())).status_code == 201


@pytest.mark.parametrize(
    "key", ["", "8e03978e-40d5-43e8-bc93-6894a57f9324", '"short"', f'"{"x" * 129}"', '"a key with a \t tab in it"',
            f'"of-{examples.CLIENT["value"]}-today"']
)  # fmt: skip
async def test_key_that_is_none_is_refused_without_repeating_it(api: ConsentApi, key: str) -> None:
    answer = await keyed(api, "/consents", giving(), key={"idempotency-key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "request-invalid")
    assert answer.json()["errors"][0]["path"] == "header.Idempotency-Key"
    assert examples.CLIENT["value"] not in answer.text and not api.desk.versions


async def test_two_keys_at_once_are_none(api: ConsentApi) -> None:
    transport = httpx.ASGITransport(api.app)
    headers = [("authorization", "Bearer kuntakokeilu"), *((name, KEY[name]) for name in KEY for _ in range(2))]
    async with httpx.AsyncClient(transport=transport, base_url="https://gateway.example") as http:
        answer = await http.post("/api/v1/consents", json=giving(), headers=headers)
    assert answer.status_code == 400 and not api.desk.versions


class SlowDesk(ConsentDesk):
    """A consent room in which a giving takes as long as the test says."""

    def __init__(self, directory: Directory, clock: SteeredClock) -> None:
        super().__init__(directory, clock)
        self.at_work, self.go = asyncio.Event(), asyncio.Event()

    async def give(self, *args: Any, **kwargs: Any) -> Given:
        """Give once it may."""
        self.at_work.set()
        await self.go.wait()
        return await super().give(*args, **kwargs)


async def test_who_comes_while_it_is_under_way_is_told_to_come_again() -> None:
    api = consent_api(kind=SlowDesk)
    desk = api.desk
    assert isinstance(desk, SlowDesk)
    first = asyncio.create_task(keyed(api, "/consents", giving()))
    await desk.at_work.wait()
    second = await keyed(api, "/consents", giving())
    assert (second.status_code, second.json()["code"]) == (409, "act-under-way")
    assert second.headers["retry-after"].isdigit()
    assert (await keyed(api, "/consents", giving(refused=NO["refused"]))).status_code == 422
    desk.go.set()
    assert same(await first, await keyed(api, "/consents", giving())) and len(desk.versions) == 1


def test_reference_tells_of_the_key_on_every_act_and_on_no_question(api: ConsentApi) -> None:
    app: FastAPI = api.app
    takes = {
        operation["operationId"]
        for path in app.openapi()["paths"].values()
        for operation in path.values()
        if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))
    }
    assert takes == {
        "give_consent", "withdraw_consent", "confirm_consent", "refuse", "defer", "prohibit", "lift_prohibition",
        "request_consent", "record_relation", "end_relation", "offer_consent", "check_paper",
    }  # fmt: skip
