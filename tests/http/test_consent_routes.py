"""What a service's worker may record, see and withdraw through the JSON API, and what nobody learns from it."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import httpx
import pytest
from fastapi import FastAPI

from gateway.http import examples
from tests.parts.chance import without_chance
from tests.simulators.consent_api import ConsentApi, consent_api

PLAN = {**examples.GRANT, "recipient": "kuntakokeilu"}
GIVING: dict[str, Any] = {
    "client": examples.CLIENT,
    "grants": [PLAN],
    "capture": {"method": "with-professional", "evidence": {"identity_check": "passport"}},
    "shown": examples.SHOWN,
}
SUVI, SIRPA = examples.CLIENT["value"], "020975-9042"


class HasApp(Protocol):
    """A world with an app to ask."""

    app: FastAPI


@pytest.fixture
def api() -> ConsentApi:
    return consent_api()


def giving(**changed: Any) -> dict[str, Any]:
    return copy.deepcopy(GIVING) | changed


async def call(
    api: HasApp, service: str, path: str, body: object = None, *, method: str = "POST", **more: Any
) -> httpx.Response:
    """Ask as a worker of *service*; as nobody where it is empty."""
    transport = httpx.ASGITransport(app=api.app)
    headers = {"authorization": f"Bearer {service}"} if service else {}
    async with httpx.AsyncClient(transport=transport, base_url="https://gateway.example") as http:
        return await http.request(
            method, "/api/v1" + path, headers=headers | more.pop("headers", {}), json=body, **more
        )


async def given(api: HasApp, service: str = "kuntakokeilu", **changed: Any) -> dict[str, Any]:
    answer = await call(api, service, "/consents", giving(**changed))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_the_recipient_records_is_unconfirmed_until_the_client_sends_the_code(api: ConsentApi) -> None:
    answer = await call(api, "kuntakokeilu", "/consents", giving())
    assert answer.status_code == 201
    made = answer.json()
    id = made["consent"]["id"]
    assert answer.headers["location"] == f"/api/v1/consents/{id}"
    assert made["consent"]["grants"][0]["confirmed"] is False
    handle = made["confirmation"]["handle"]

    wrong = await call(api, "", f"/confirmations/{handle}", {"code": "WRONG"})
    unknown = await call(api, "", "/confirmations/nobody", {"code": "7K4M2PQX"})
    odd = await call(api, "", "/confirmations/%C3%A4%00", {"code": "ä"})
    for one in (wrong, unknown, odd):
        assert one.status_code == 409
        assert one.json() | {"request_id": ""} == wrong.json() | {"request_id": ""}

    right = await call(api, "", f"/confirmations/{handle}", {"code": "7K4M2PQX"})
    assert (right.status_code, right.json()) == (200, {"status": "confirmed"})
    now = await call(api, "kuntakokeilu", f"/consents/{id}", method="GET")
    assert now.json()["grants"][0]["confirmed"] is True
    assert now.headers["etag"] != answer.headers["etag"]


async def test_a_worker_of_the_custodian_confirms_and_a_recipients_worker_does_not(api: ConsentApi) -> None:
    id = (await given(api))["consent"]["id"]
    mine = await call(api, "kuntakokeilu", f"/consents/{id}/confirm")
    assert (mine.status_code, mine.json()["reason"]) == (409, "confirm-not-allowed")
    theirs = await call(api, "sote-keskus", f"/consents/{id}/confirm")
    assert theirs.status_code == 200
    assert theirs.json()["grants"][0]["confirmed"] is True


async def test_a_party_sees_its_own_rows_alone(api: ConsentApi) -> None:
    other = {**PLAN, "recipient": "kela", "purpose": "rehabilitation-decision"}
    id = (await given(api, "sote-keskus", grants=[PLAN, other]))["consent"]["id"]
    seen = (await call(api, "kela", f"/consents/{id}", method="GET")).json()
    assert [grant["recipient"] for grant in seen["grants"]] == ["kela"]
    assert seen["method"] is None
    assert "kuntakokeilu" not in str(seen)


async def test_an_unknown_consent_and_another_partys_answer_alike_whatever_is_asked_of_them(api: ConsentApi) -> None:
    id = (await given(api))["consent"]["id"]
    client = {"client": examples.CLIENT}
    for ending, method, body in (
        ("", "GET", None), ("/receipts", "GET", None), ("/withdraw", "POST", client), ("/confirm", "POST", None),
    ):  # fmt: skip
        foreign = await call(api, "elakelaitos", f"/consents/{id}{ending}", body, method=method)
        unknown = await call(api, "elakelaitos", f"/consents/{'0' * 32}{ending}", body, method=method)
        odd = await call(api, "elakelaitos", f"/consents/%00%C3{ending}", body, method=method)
        assert foreign.status_code == unknown.status_code == odd.status_code == 404
        assert foreign.content == unknown.content == odd.content
        drop = {"x-request-id"}
        told = [{k: v for k, v in one.headers.items() if k not in drop} for one in (foreign, unknown, odd)]
        assert told[0] == told[1] == told[2]


async def test_a_withdrawal_told_at_a_party_ends_all_and_tells_the_others(api: ConsentApi) -> None:
    id = (await given(api))["consent"]["id"]
    for client in ({"system": "urn:oid:1.2.246.21", "value": SIRPA}, {"system": "urn:example:ids", "value": "nobody"}):
        other = await call(api, "kuntakokeilu", f"/consents/{id}/withdraw", {"client": client})
        assert other.status_code == 404
    for _ in range(2):
        answer = await call(api, "kuntakokeilu", f"/consents/{id}/withdraw", {"client": examples.CLIENT})
        assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    told = (await call(api, "sote-keskus", "/messages", method="GET")).json()["messages"]
    assert [message["kind"] for message in told] == ["consent.given", "consent.withdrawn"]
    mine = (await call(api, "kuntakokeilu", "/messages", method="GET")).json()["messages"]
    assert mine == []


async def test_messages_come_in_pages_and_are_acknowledged_by_their_own_service_alone(api: ConsentApi) -> None:
    for _ in range(3):
        await given(api)
    first = (await call(api, "sote-keskus", "/messages?limit=2", method="GET")).json()
    assert len(first["messages"]) == 2
    rest = (await call(api, "sote-keskus", f"/messages?limit=2&after={first['next']}", method="GET")).json()
    assert (len(rest["messages"]), rest["next"]) == (1, None)
    message = first["messages"][0]["id"]
    assert (await call(api, "kela", f"/messages/{message}/acknowledge")).status_code == 404
    assert (await call(api, "sote-keskus", f"/messages/{message}/acknowledge")).status_code == 204
    assert message in api.desk.acknowledged


async def test_a_search_for_an_unknown_client_is_empty_and_adds_nobody(api: ConsentApi) -> None:
    await given(api)
    known = dict(api.register.known)
    found = await call(api, "kuntakokeilu", "/consents/search", {"client": examples.CLIENT})
    nobody = await call(api, "kuntakokeilu", "/consents/search", {"client": examples.CLIENT | {"value": SIRPA}})
    assert len(found.json()["consents"]) == 1
    assert (nobody.status_code, nobody.json()) == (200, {"consents": []})
    assert api.register.known == known


async def test_a_request_for_a_consent_answers_the_same_for_a_client_who_is_not_known(api: ConsentApi) -> None:
    await given(api)
    row = {"custodian": "sote-keskus", "category": "work-ability-plan", "purpose": "employment-support"}
    answers = [
        await call(api, "kuntakokeilu", "/consent-requests", {"client": examples.CLIENT | {"value": value}, **row})
        for value in (SUVI, SIRPA)
    ]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    assert [asked.recipient for _, asked in api.desk.asked] == ["kuntakokeilu"] * 2
    wrong = await call(
        api, "kuntakokeilu", "/consent-requests", {"client": examples.CLIENT, **row, "purpose": "curiosity"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (400, "request-invalid")


async def test_refusals_deferrals_and_prohibitions_are_recorded_with_the_client(api: ConsentApi) -> None:
    refused = await call(
        api, "kuntakokeilu", "/refusals",
        {"client": examples.CLIENT, "refused": [{"recipient": "kela", "category": "work-ability-plan"}]},
    )  # fmt: skip
    assert (refused.status_code, refused.content) == (204, b"")
    client = api.desk.refused[0][0]
    api.desk.requests["a1"] = client
    for request, status in (("a1", 204), ("b2", 404)):
        answer = await call(api, "kuntakokeilu", "/deferrals", {"client": examples.CLIENT, "request": request})
        assert answer.status_code == status
    made = await call(api, "kuntakokeilu", "/prohibitions", {"client": examples.CLIENT, "recipient": "kela"})
    assert made.status_code == 201
    nothing = await call(api, "kuntakokeilu", "/prohibitions", {"client": examples.CLIENT})
    assert nothing.status_code == 400
    guardian = {"kind": "guardian", "register_reference": "r1"}
    path = f"/prohibitions/{made.json()['id']}/lift"
    not_theirs = await call(api, "kuntakokeilu", path, {"client": examples.CLIENT, "giver": guardian})
    assert (not_theirs.status_code, not_theirs.json()["reason"]) == (409, "lift-not-allowed")
    foreign = await call(api, "kuntakokeilu", path, {"client": examples.CLIENT | {"value": SIRPA}})
    assert foreign.status_code == 404
    by_word = await call(api, "kuntakokeilu", path, {"client": examples.CLIENT})
    assert (by_word.status_code, by_word.json()["reason"]) == (409, "lift-not-allowed")


async def test_an_offer_on_the_own_phone_confirms_by_itself(api: ConsentApi) -> None:
    row = PLAN | {"valid_from": "2026-11-22T09:00:00+02:00"}
    offer = {"client": examples.CLIENT, "grants": [row], "shown": examples.SHOWN}
    handle = (await call(api, "kuntakokeilu", "/offers", offer)).json()["handle"]
    evidence = {"handle": handle, "code": "7K4M2PQX"}
    made = await given(api, grants=[row], capture={"method": "own-phone", "evidence": evidence})
    assert made["consent"]["grants"][0]["confirmed"] is True
    assert made["confirmation"] is None
    check = await call(api, "sote-keskus", "/paper-checks", offer | {"scan_sha256": "4e" * 32})
    assert check.status_code == 201
    without = await call(api, "kuntakokeilu", "/offers", offer | {"grants": [PLAN]})
    assert (without.status_code, without.json()["errors"][0]["path"]) == (400, "grants[0].valid_from")


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"grants": [PLAN | {"until": "2026-11-01"}]}, "period-empty"),
        ({"grants": [PLAN | {"until": "2028-11-01"}]}, "period-too-long"),
        ({"grants": [PLAN | {"category": "medical-statement-b"}]}, "basis-not-applicable"),
        ({"capture": {"method": "self-service", "evidence": {"session": "s"}}}, "capture-not-allowed"),
        ({"capture": {"method": "verbal", "evidence": {"note": "said yes"}}}, "capture-not-allowed"),
        ({"capture": {"method": "with-professional"}}, "evidence-missing"),
        ({"giver": {"kind": "mandate", "register_reference": "m1"}}, "mandate-missing"),
    ],
)
async def test_what_must_not_be_recorded_is_told_by_its_reason(
    api: ConsentApi, change: dict[str, Any], reason: str
) -> None:
    answer = await call(api, "kuntakokeilu", "/consents", giving(**change))
    assert (answer.status_code, answer.json()["reason"]) == (409, reason)
    assert answer.headers["content-type"] == "application/problem+json"
    assert not api.desk.versions


@pytest.mark.parametrize(
    "change, path",
    [
        ({"grants": []}, "grants"),
        ({"grants": [{**PLAN, "until": "soon"}]}, "grants[0].until"),
        ({"grants": [{**PLAN, "until": "2027-05-31T00:00:00"}]}, "grants[0].until"),
        ({"grants": [PLAN, {**PLAN, "until": "9999-12-31"}]}, "grants[1].until"),
        ({"grants": [{**PLAN, "once": "yes"}]}, "grants[0].once"),
        ({"grants": [{**PLAN, "recipient": "nobody"}]}, "grants[0].recipient"),
        ({"grants": [{**PLAN, "sensitivities": ["secrets"]}]}, "grants[0].sensitivities"),
        ({"capture": {"method": "telepathy"}}, "capture.method"),
        ({"capture": {"method": "verbal", "evidence": {"scan": "x"}}}, "capture"),
        ({"giver": {"kind": "client", "register_reference": "r"}}, "giver"),
        ({"client": {"system": "urn:oid:1.2.246.21", "value": "140395-9023"}}, "client.value"),
        ({"client": {"system": "not a uri", "value": "1"}}, "client.system"),
        ({"client": {"system": "urn:x", "value": "a\u0000b"}}, "client.value"),
        ({"shown": None}, "shown"),
        ({"colour": "blue"}, "colour"),
    ],
)
async def test_bad_input_names_the_place_and_says_what_to_do(
    api: ConsentApi, change: dict[str, Any], path: str
) -> None:
    answer = await call(api, "kuntakokeilu", "/consents", giving(**change))
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["code"] == "request-invalid"
    assert problem["errors"][0]["path"] == path
    assert problem["errors"][0]["detail"].startswith(("must", "is", "the"))
    assert not api.register.known


@pytest.mark.parametrize(
    "change",
    [
        {"client": {"system": "urn:oid:1.2.246.21", "value": "140395-9023"}},
        {"client": {"system": "140395-9022", "value": "x"}},
        {"140395-9022": 1},
        {"grants": [{**PLAN, "custodian": "140395-9022"}]},
        {"capture": {"method": "140395-9022"}},
        {"capture": {"method": "verbal", "evidence": {"140395-9022": "x"}}},
    ],
)
async def test_no_answer_repeats_what_may_be_an_identity_code(api: ConsentApi, change: dict[str, Any]) -> None:
    answer = await call(api, "kuntakokeilu", "/consents", giving(**change))
    assert answer.status_code == 400
    assert "140395" not in without_chance(answer.text)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b'{"client": 1, "client": 2}', b'{"a": NaN}', b"\xff", b"[" * 100_000, b"9" * 10_000,
        b'{"client": {"system": "urn:x", "value": "\\ud800"}}',
    ],
)  # fmt: skip
async def test_what_is_not_one_object_with_each_key_once_is_bad_input(api: ConsentApi, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await call(api, "kuntakokeilu", "/consents/search", headers=headers, content=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "request-invalid"


@pytest.mark.parametrize("body", [b"", b"{", b"{}"])
async def test_the_token_is_asked_for_before_the_body_is_judged(api: ConsentApi, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await call(api, "", "/consents", headers=headers, content=body)
    assert answer.status_code == 401


async def test_another_media_type_and_an_unknown_parameter_are_refused(api: ConsentApi) -> None:
    headers = {"content-type": "text/plain"}
    answer = await call(api, "kuntakokeilu", "/consents/search", headers=headers, content=b"{}")
    assert answer.status_code == 415
    answer = await call(api, "kuntakokeilu", "/messages?all=yes", method="GET")
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "query.all")


async def test_outside_a_demo_a_temporary_code_needs_its_issuer() -> None:
    api = consent_api(demo=False)
    body = {"client": {"system": "urn:oid:1.2.246.21", "value": SUVI}}
    answer = await call(api, "kuntakokeilu", "/consents/search", body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "client.issuer")
    assert (await call(api, "kuntakokeilu", "/consents/search", {"client": examples.CLIENT})).status_code == 200


async def test_no_token_no_scope_and_a_suspended_system_end_before_anything_is_looked_at(api: ConsentApi) -> None:
    nobody = await call(api, "", "/consents", giving())
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    assert (await call(api, "kuntakokeilu+saattaen/relations", "/consents", giving())).status_code == 403
    api.suspended.add("kuntakokeilu-system")
    assert (await call(api, "kuntakokeilu", "/consents", giving())).status_code == 404
    assert api.acts == ["consent.give"]
    assert not api.register.known


async def test_the_rendered_text_and_its_hash_are_what_a_consent_names(api: ConsentApi) -> None:
    body = {"wording": "consent", "language": "fi", "register": "easy", "grants": [PLAN]}
    rendered = (await call(api, "kuntakokeilu", "/wordings/render", body)).json()
    assert (rendered["language"], rendered["register"]) == ("fi", "easy")
    assert rendered["text"].startswith(rendered["title"])
    assert set(rendered["rows"][0]["ticks"]) == {"health", "mental-health", "substance-use"}
    unknown = await call(api, "kuntakokeilu", "/wordings/render", body | {"version": 99})
    assert unknown.status_code == 404
    listed = (await call(api, "kuntakokeilu", "/wordings", method="GET")).json()["wordings"]
    assert ("consent", 1) in [(one["id"], one["version"]) for one in listed]
    template = await call(api, "kuntakokeilu", "/wordings/consent/1?language=sv", method="GET")
    assert template.json()["language"] == "sv"
    assert (await call(api, "kuntakokeilu", "/wordings/consent/1", method="GET")).status_code == 400
    assert (await call(api, "kuntakokeilu", "/wordings/consent/7?language=sv", method="GET")).status_code == 404


async def test_evidence_and_mandate_hold_nobodys_identity_code(api: ConsentApi) -> None:
    code = "020975-9042"
    spoken = {"method": "verbal", "evidence": {"note": f"said beside {code}"}}
    mandate = {"kind": "guardian", "register_reference": f"dvv {code}"}
    for body in (giving() | {"capture": spoken}, giving() | {"giver": mandate}):
        refused = await call(api, "sote-keskus", "/consents", body)
        assert refused.status_code == 400 and code not in refused.text
        assert "no personal identity code" in refused.text
