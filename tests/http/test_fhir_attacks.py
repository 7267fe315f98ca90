"""Attacks that other gateways have met, each tried on the whole gateway at /fhir (security design, section 7)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.laws.gateway_world import BASE, DEPOSIT, FEEDBACK, PLAN, READ, UNKNOWN_ID, Laws, open_world

AUTHORITY = "urn:oid:1.2.246.21"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """An open gateway with the demo world in it."""
    async with open_world(tmp_path) as made:
        yield made


async def _bearer(laws: Laws, service: str = "kuntakokeilu", scope: str = READ, **acting: str) -> dict[str, str]:
    return {"authorization": f"Bearer {await laws.token(laws.acting(service, **acting), scope)}"}


async def _depositor(laws: Laws, service: str = "sote-keskus") -> dict[str, str]:
    bearer = await _bearer(laws, service, DEPOSIT, role="laakari", purpose="care")
    return bearer | {"content-type": "application/fhir+json"}


def _say(answer: httpx.Response) -> str:
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    return " ".join(issue["diagnostics"] for issue in outcome["issue"])


def _same(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.content, [row for row in answer.headers.items() if row[0] != "x-request-id"]


# Identity codes.


@pytest.mark.parametrize(
    "address",
    [
        "/fhir/CarePlan?patient.identifier={authority}|{code}",
        "/fhir/CarePlan?patient.identifier={authority}%7C{code}",
        "/fhir/CarePlan?_page={code}",
        "/fhir/CarePlan/{code}",
        "/fhir/Patient?identifier={code}",
        "/fhir/CarePlan?patient.identifier={spelled}",
    ],
)
async def test_an_identity_code_in_an_address_is_refused_with_a_remedy_and_logged_nowhere(
    laws: Laws, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = laws.code("suvi")
    spelled = "".join(f"%{ord(letter):02x}" for letter in code)
    # The test's own client logs what it sends; the gateway's logs are what is judged.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    before = laws.size()
    asked = address.format(authority=AUTHORITY, code=code, spelled=spelled)
    answer = await laws.web.get(asked, headers=await _bearer(laws))
    assert answer.status_code == 400
    assert "_search" in _say(answer)
    assert code not in answer.text
    assert code not in caplog.text
    assert spelled not in caplog.text
    assert laws.size() == before
    assert code not in json.dumps([[entry.s, entry.a, entry.b] for entry in laws.entries()])


async def test_an_identity_code_in_a_refused_body_is_logged_nowhere(
    laws: Laws, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = laws.code("suvi")
    for form in (
        {code: "x"},
        {"patient.identifier": code},
        {"category": code, "patient.identifier": f"{AUTHORITY}|{code}"},
    ):
        answer = await laws.web.post("/fhir/CarePlan/_search", data=form, headers=await _bearer(laws))
        assert code not in answer.text
    assert code not in caplog.text


async def test_an_identity_code_sent_as_a_code_stands_in_no_entry(laws: Laws) -> None:
    code, before = laws.code("suvi"), laws.size()
    answers = [await laws.search(code, category=code)]
    for header in ("saattaen-role", "saattaen-purpose", "saattaen-basis"):
        headers = await _bearer(laws) | {header: code}
        answers.append(await laws.web.get(f"/fhir/CarePlan/{UNKNOWN_ID}", headers=headers))
    assert [answer.status_code for answer in answers] == [400] * 4
    assert not any(code in answer.text for answer in answers)
    assert laws.size() == before


@pytest.mark.parametrize("header", ["Saattaen-Role", "Saattaen-Purpose", "Saattaen-Basis"])
async def test_a_header_twice_is_refused(laws: Laws, header: str) -> None:
    both = [*(await _bearer(laws)).items(), (header, "care"), (header, "care")]
    answer = await laws.web.get(f"/fhir/CarePlan/{UNKNOWN_ID}", headers=both)
    assert answer.status_code == 400


# Search.


REFUSED_PARAMETERS = [
    ("_include", "CarePlan:goal"),
    ("_include:iterate", "CarePlan:goal"),
    ("_revinclude", "Provenance:target"),
    ("_has:Observation:patient:code", "1234-5"),
    ("_summary", "count"),
    ("_summary", "true"),
    ("_total", "accurate"),
    ("_elements", "goal"),
    ("_sort", "-date"),
    ("_filter", "status eq active"),
    ("_query", "everything"),
    ("_contained", "true"),
    ("subject:Patient.name", "Esimerkki"),
    ("patient.name", "Esimerkki"),
    ("goal.description", "work"),
    ("patient.identifier:not", "x"),
    ("category:not", PLAN),
    ("_id", UNKNOWN_ID),
    ("_lastUpdated", "gt2026-01-01"),
    ("_count", "0"),
    ("_count", "51"),
    ("_count", "-1"),
    ("_count", "٣"),
    ("_page", "x"),
    ("status", "active"),
    ("_format", "xml"),
    ("unheard-of", "x"),
]


async def test_what_a_search_does_not_know_is_refused_and_not_ignored(laws: Laws) -> None:
    await laws.deposit()
    await laws.give()
    before = laws.size()
    answers = {row: await laws.search(laws.code("suvi"), **dict([row])) for row in REFUSED_PARAMETERS}
    assert [row for row, answer in answers.items() if answer.status_code != 400 or not _say(answer)] == []
    assert laws.size() == before


async def test_a_parameter_twice_is_refused_though_both_say_the_same(laws: Laws) -> None:
    one = f"patient.identifier={AUTHORITY}%7C{laws.code('suvi')}"
    headers = await _bearer(laws) | {"content-type": FORM}
    for body in (f"{one}&{one}", f"{one}&category={PLAN}&category={FEEDBACK}"):
        answer = await laws.web.post("/fhir/CarePlan/_search", content=body, headers=headers)
        assert answer.status_code == 400
        assert "once" in _say(answer)


async def test_a_search_with_anything_in_its_address_is_refused(laws: Laws) -> None:
    form = {"patient.identifier": f"{AUTHORITY}|{laws.code('suvi')}"}
    for query in ("category=work-ability-plan", "_include=x", "x", "_count=1"):
        answer = await laws.web.post(f"/fhir/CarePlan/_search?{query}", data=form, headers=await _bearer(laws))
        assert answer.status_code == 400


REFUSED_BODIES = [
    ("application/json", "{}"),
    ("text/plain", "category=x"),
    ("multipart/form-data; boundary=x", "--x--"),
    ("", "category=x"),
    (FORM, ""),
    (FORM, "category"),
    (FORM, "%ff=%fe"),
    (FORM, "&".join(f"a{number}=1" for number in range(50))),
    (FORM, "category=" + "x" * 9000),
]


async def test_a_search_body_of_another_kind_is_refused(laws: Laws) -> None:
    for media, body in REFUSED_BODIES:
        headers = await _bearer(laws) | {"content-type": media}
        answer = await laws.web.post("/fhir/CarePlan/_search", content=body.encode("latin-1"), headers=headers)
        assert answer.status_code in (400, 413, 415), (media, body)
        assert answer.json()["resourceType"] == "OperationOutcome"


async def test_a_search_in_another_charset_is_refused(laws: Laws) -> None:
    body = f"patient.identifier={AUTHORITY}%7C{laws.code('suvi')}"
    for charset, status in (("utf-16", 400), ("iso-8859-1", 400), ("UTF-7", 400), ("utf-8", 200), ('"UTF-8"', 200)):
        headers = await _bearer(laws) | {"content-type": f"{FORM}; charset={charset}"}
        answer = await laws.web.post("/fhir/CarePlan/_search", content=body.encode(), headers=headers)
        assert answer.status_code == status, charset


ABSENT = [
        "/fhir/CarePlan/{id}/_history/1", "/fhir/CarePlan/{id}/_history", "/fhir/CarePlan/_history", "/fhir/_history",
        "/fhir/CarePlan/{id}/$everything", "/fhir/Patient", "/fhir/Patient/{id}", "/fhir/Patient/$everything",
        "/fhir/$export", "/fhir/Patient/$export", "/fhir/Goal", "/fhir/Goal/{id}", "/fhir/CareTeam/{id}",
        "/fhir/AuditEvent", "/fhir/CarePlan/{id}/", "/fhir//CarePlan/{id}",
]  # fmt: skip


async def test_no_history_no_export_and_no_other_resource_is_there(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    for address in ABSENT:
        answer = await laws.web.get(address.format(id=document), headers=await _bearer(laws))
        assert answer.status_code in (404, 405), address
        assert "Tavoitteena" not in answer.text


async def test_an_old_version_cannot_be_had_after_a_narrowing(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    first = await laws.read(document)
    await laws.replace(document, 1)
    for suffix in ("?_version=1", "?versionId=1", "/_history/1"):
        assert (
            await laws.web.get(f"/fhir/CarePlan/{document}{suffix}", headers=await _bearer(laws))
        ).status_code >= 400
    conditional = await laws.read(document, if_match=first.headers["etag"])
    assert "versionId" not in conditional.json().get("meta", {})


async def test_whoever_forges_the_host_gets_links_to_the_public_address(laws: Laws) -> None:
    await laws.deposit()
    await laws.deposit()
    await laws.give()
    forged = await _bearer(laws) | {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "forwarded": "host=evil",
    }
    form = {"patient.identifier": f"{AUTHORITY}|{laws.code('suvi')}", "_count": "1"}
    answer = await laws.web.post("/fhir/CarePlan/_search", data=form, headers=forged)
    assert "evil" not in answer.text
    for link in answer.json()["link"]:
        assert link["url"].startswith(f"{BASE}/fhir/CarePlan")
    # A redirect would be built from the Host that came, and would carry the asker's token away.
    for address in ("/fhir/CarePlan/", f"/fhir/CarePlan/{UNKNOWN_ID}/", "/fhir/metadata/"):
        redirected = await laws.web.get(address, headers=forged)
        assert (redirected.status_code, "location" in redirected.headers) == (404, False)


# Paging.


async def _first_page(laws: Laws, documents: int = 3) -> tuple[list[str], str]:
    ids = [await laws.deposit() for _ in range(documents)]
    answer = await laws.search(laws.code("suvi"), _count="1")
    links = {link["relation"]: link["url"] for link in answer.json()["link"]}
    return ids, links.get("next", "").removeprefix(BASE)


async def test_page_two_is_judged_anew(laws: Laws) -> None:
    consent = await laws.give()
    ids, following = await _first_page(laws)
    second = await laws.web.get(following, headers=await _bearer(laws))
    assert [entry["resource"]["id"] in ids for entry in second.json()["entry"]] == [True]
    await laws.gateway.recording.withdraw(consent.id)
    answer = await laws.web.get(following, headers=await _bearer(laws))
    empty = await laws.search(laws.code("sirpa"))
    assert answer.status_code == 200
    assert (answer.json(), _same(answer)) == (empty.json(), _same(empty))
    last = laws.entries()[-2]
    assert (last.kind, last.outcome) == ("search", "deny")


async def test_every_page_is_an_entry_and_no_page_is_empty(laws: Laws) -> None:
    await laws.give()
    before = laws.size()
    ids, following = await _first_page(laws, 3)
    seen = 1
    while following:
        answer = (await laws.web.get(following, headers=await _bearer(laws))).json()
        assert answer["entry"]
        seen += 1
        links = {link["relation"]: link["url"] for link in answer["link"]}
        following = links.get("next", "").removeprefix(BASE)
    assert seen == 3
    assert laws.size() - before == len(ids) + 3


async def test_a_page_is_nobody_elses(laws: Laws) -> None:
    await laws.give()
    _, following = await _first_page(laws)
    others = await _bearer(laws, "kela", role="kuntoutusasiantuntija", purpose="rehabilitation-decision")
    foreign = await laws.web.get(following, headers=others)
    unknown = await laws.web.get("/fhir/CarePlan?_page=nothing", headers=others)
    assert foreign.status_code == unknown.status_code == 400
    assert _say(foreign) == _say(unknown)


async def test_a_page_of_another_type_or_past_its_time_is_refused(laws: Laws) -> None:
    await laws.give()
    _, following = await _first_page(laws)
    page = following.partition("?")[2]
    assert (await laws.web.get(f"/fhir/ServiceRequest?{page}", headers=await _bearer(laws))).status_code == 400
    for wrong in (f"{page}&{page}", f"{page}&_count=50", "", "_page="):
        assert (await laws.web.get(f"/fhir/CarePlan?{wrong}", headers=await _bearer(laws))).status_code == 400
    laws.clock.advance(timedelta(minutes=10))
    assert (await laws.web.get(following, headers=await _bearer(laws))).status_code == 400


async def test_a_search_tells_of_what_it_shows_and_counts_nothing(laws: Laws) -> None:
    shown = await laws.deposit()
    hidden = [await laws.deposit(labels=["health"]), await laws.deposit(custodian="sosiaalityo")]
    await laws.give()
    answer = await laws.search(laws.code("suvi"))
    bundle = answer.json()
    assert [entry["resource"]["id"] for entry in bundle["entry"]] == [shown]
    assert "total" not in bundle
    assert "meta" not in bundle
    assert "timestamp" not in bundle
    assert not any(one in answer.text for one in hidden)
    assert [link["relation"] for link in bundle["link"]] == ["self"]
    assert laws.code("suvi") not in answer.text


# Deposits.


async def test_a_put_on_anothers_document_answers_as_on_an_unknown_one(laws: Laws) -> None:
    theirs = await laws.deposit()
    body = laws.sample("suvi", custodian="sosiaalityo")
    headers = await _depositor(laws, "sosiaalityo") | {"if-match": 'W/"1"'}
    answers = [
        await laws.web.put(f"/fhir/CarePlan/{one}", content=body, headers=headers) for one in (theirs, UNKNOWN_ID)
    ]
    assert _same(answers[0]) == _same(answers[1])
    assert answers[0].status_code == 404


async def test_a_put_needs_the_version_that_is_there(laws: Laws) -> None:
    document = await laws.deposit()
    body, headers = laws.sample("suvi"), await _depositor(laws)

    async def put(**more: str) -> httpx.Response:
        sent = {name.replace("_", "-").encode(): value.encode() for name, value in (headers | more).items()}
        return await laws.web.put(f"/fhir/CarePlan/{document}", content=body, headers=sent)

    assert (await put()).status_code == 428
    assert (await put(if_match='W/"2"')).status_code == 412
    for wrong in ("*", '"1"', 'W/"x"', "1", 'W/"1", W/"2"', 'W/"٣"', 'W/"99999999999"'):
        assert (await put(if_match=wrong)).status_code == 400
    stored = await put(if_match='W/"1"')
    assert (stored.status_code, stored.headers["etag"]) == (200, 'W/"2"')
    assert (await put(if_match='W/"1"')).status_code == 412


async def test_a_put_moves_no_document_to_another_client(laws: Laws) -> None:
    document = await laws.deposit("suvi")
    headers = await _depositor(laws) | {"if-match": 'W/"1"'}
    answer = await laws.web.put(f"/fhir/CarePlan/{document}", content=laws.sample("sirpa"), headers=headers)
    assert answer.status_code == 400
    await laws.give("sirpa")
    assert (await laws.read(document)).status_code == 404


async def test_a_deposit_needs_its_scope_and_its_media_type(laws: Laws) -> None:
    body = laws.sample("suvi")
    reader = await _bearer(laws, "sote-keskus", READ, role="laakari", purpose="care")
    answer = await laws.web.post(
        "/fhir/CarePlan", content=body, headers=reader | {"content-type": "application/fhir+json"}
    )
    assert answer.status_code == 403
    headers = await _depositor(laws) | {"content-type": "text/plain"}
    assert (await laws.web.post("/fhir/CarePlan", content=body, headers=headers)).status_code == 415


async def test_a_partner_that_is_suspended_deposits_nothing_and_the_refusal_is_an_entry(laws: Laws) -> None:
    headers = await _depositor(laws)
    await laws.gateway.log.submit(laws.gateway.partners.suspending("sote-keskus-system", by="test"), urgent=True)
    answer = await laws.web.post("/fhir/CarePlan", content=laws.sample("suvi"), headers=headers)
    assert answer.status_code == 404
    last = laws.entries()[-1]
    assert (last.kind, (last.b or {})["reasons"]) == ("decision", ["suspended"])


# Who asks.


async def test_a_token_of_another_service_opens_nothing(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    unknown = await laws.read(UNKNOWN_ID)
    kela = laws.acting("kela", "kuntoutusasiantuntija", "rehabilitation-decision")
    # Kela's system says that it acts for the employment service: its token is given, and judged.
    foreign = await laws.token(laws.acting(), system="kela-system")
    for headers in (
        await _bearer(laws, "kela", role=kela.role, purpose=kela.purpose), {"authorization": f"Bearer {foreign}"}
    ):  # fmt: skip
        answer = await laws.web.get(f"/fhir/CarePlan/{document}", headers=headers)
        assert _same(answer) == _same(unknown)
    assert (laws.entries()[-1].b or {})["reasons"] == ["requester-mismatch"]


async def test_without_a_token_in_force_nothing_is_looked_up(laws: Laws) -> None:
    before = laws.size()
    for header in ("", "Basic x", "Bearer x", "Bearer a.b.c", "Bearer"):
        answer = await laws.web.get(f"/fhir/CarePlan/{UNKNOWN_ID}", headers={"authorization": header})
        assert answer.status_code == 401, header
    assert laws.size() == before


async def test_a_token_past_its_time_opens_nothing(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    bearer = await _bearer(laws)
    laws.clock.advance(timedelta(minutes=10))
    assert (await laws.web.get(f"/fhir/CarePlan/{document}", headers=bearer)).status_code == 401


async def test_a_suspended_partner_reads_nothing_with_the_token_that_it_still_has(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    bearer = await _bearer(laws)
    await laws.gateway.log.submit(laws.gateway.partners.suspending("kuntakokeilu-system", by="test"), urgent=True)
    assert (await laws.web.get(f"/fhir/CarePlan/{document}", headers=bearer)).status_code == 404


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"saattaen-purpose": "care"}, "requester-mismatch"),
        ({"saattaen-role": "laakari"}, "requester-mismatch"),
        ({"saattaen-basis": "statutory"}, "basis-not-applicable"),
    ],
)
async def test_a_header_that_disagrees_with_the_token_is_refused(
    laws: Laws, headers: dict[str, str], reason: str
) -> None:
    document = await laws.deposit()
    await laws.give()
    answer = await laws.web.get(f"/fhir/CarePlan/{document}", headers=await _bearer(laws) | headers)
    assert _same(answer) == _same(await laws.read(UNKNOWN_ID))
    assert (laws.entries()[-2].b or {})["reasons"] == [reason]


async def test_a_code_that_nobody_knows_is_a_fault_of_the_request_whoever_it_is_about(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    for header in ("saattaen-purpose", "saattaen-role"):
        answers = [
            await laws.web.get(f"/fhir/CarePlan/{one}", headers=await _bearer(laws) | {header: "no-such-code"})
            for one in (document, UNKNOWN_ID)
        ]
        assert [answer.status_code for answer in answers] == [400, 400]
        assert _say(answers[0]) == _say(answers[1])


async def test_a_scope_for_one_type_reads_no_other(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    for scope, status in (("system/CarePlan.r", 200), ("system/CarePlan.s", 403), ("system/Task.r", 403)):
        headers = await _bearer(laws, scope=scope)
        assert (await laws.web.get(f"/fhir/CarePlan/{document}", headers=headers)).status_code == status


# What an answer tells.


async def test_a_304_is_a_release_with_an_entry(laws: Laws) -> None:
    document = await laws.deposit()
    consent = await laws.give()
    etag = (await laws.read(document)).headers["etag"]
    before = laws.size()
    answer = await laws.read(document, if_none_match=etag)
    assert (answer.status_code, answer.content, laws.size() - before) == (304, b"", 1)
    assert laws.entries()[-1].kind == "disclosure"
    await laws.gateway.recording.withdraw(consent.id)
    assert (await laws.read(document, if_none_match=etag)).status_code == 404
    assert (await laws.read(document, if_none_match="*")).status_code == 404


async def test_an_etag_tells_nothing_to_another_recipient(laws: Laws) -> None:
    document = await laws.deposit(category="handover")
    both = [("kuntakokeilu", "omavalmentaja"), ("tyohonvalmennus", "tyohonvalmentaja")]
    rows = [laws.row(recipient=recipient, category="handover") for recipient, _ in both]
    await laws.give("suvi", *rows)
    answers = [await laws.read(document, laws.acting(*one), resource="Task") for one in both]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].headers["etag"] != answers[1].headers["etag"]
    assert answers[0].json()["for"] != answers[1].json()["for"]


async def test_an_answer_tells_no_version_no_time_and_is_not_stored(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    for answer in (await laws.read(document), await laws.search(laws.code("suvi")), await laws.read(UNKNOWN_ID)):
        assert answer.headers["cache-control"] == "no-store"
        assert "last-modified" not in answer.headers
        assert "lastUpdated" not in answer.text
        assert "versionId" not in answer.text
    assert not (await laws.read(document)).headers["etag"].startswith("W/")


async def test_a_refusal_bears_no_header_that_a_release_bears(laws: Laws) -> None:
    answer = await laws.read(UNKNOWN_ID)
    assert not {"etag", "saattaen-entry", "saattaen-proof", "location"} & set(answer.headers)


async def test_who_is_named_in_the_answer_is_known_by_another_name_than_the_code(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    answer = await laws.read(document)
    assert laws.code("suvi") not in answer.text
    assert await laws.client("suvi") not in answer.text


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_not_there(laws: Laws, method: str) -> None:
    document = await laws.deposit()
    answer = await laws.web.request(method, f"/fhir/CarePlan/{document}", headers=await _bearer(laws))
    assert answer.status_code == 405


async def test_an_access_token_cannot_be_given_in_the_address(laws: Laws) -> None:
    token = await laws.token()
    answer = await laws.web.get(f"/fhir/CarePlan/{UNKNOWN_ID}?access_token={token}", headers=await _bearer(laws))
    assert answer.status_code == 401


async def test_another_recipients_release_cannot_be_opened_in_the_log(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    entry = (await laws.read(document)).headers["saattaen-entry"]
    year, index = entry.split("/")[-2:]
    kela = await _bearer(laws, "kela", role="kuntoutusasiantuntija", purpose="rehabilitation-decision")
    opened: list[Any] = [
        await laws.web.get(f"/audit/log/{year}/opening/{number}", headers=kela) for number in (index, "999999")
    ]
    assert opened[0].status_code == opened[1].status_code == 404


async def test_what_is_no_traceparent_comes_into_no_entry(laws: Laws) -> None:
    """Anything might stand there: a person's code too, which is made of the same characters."""
    document = await laws.deposit()
    good = f"00-{'1' * 32}-{'2' * 16}-01"
    for given, kept in ((f"00-150390-9991-{'0' * 40}", None), (good, good)):
        await laws.read(document, traceparent=given)
        assert (laws.entries()[-1].b or {}).get("traceparent") == kept


# How much a page holds, and which version of a consent somebody has.


async def test_count_is_one_to_fifty_however_it_is_written(laws: Laws) -> None:
    for count in ("0", "51", "0000019999", "000001" + "9" * 5000, "1.0", "-1", "+1", "٣", "", " 1", "001"):
        assert (await laws.search(laws.code("suvi"), _count=count)).status_code == 400, count[:12]
    assert (await laws.search(laws.code("suvi"), _count="01")).status_code == 200


async def test_fhir_consent_has_a_weak_tag_that_is_compared_whole(laws: Laws) -> None:
    consent = await laws.give()
    token = await laws.token(scope="system/Consent.rs")

    async def read(*known: str) -> httpx.Response:
        sent = [("authorization", f"Bearer {token}"), *(("if-none-match", one) for one in known)]
        return await laws.web.get(f"/fhir/Consent/{consent.id}", headers=sent)

    first = await read()
    tag = first.headers["etag"]
    assert first.status_code == 200 and re.fullmatch(r'W/"[0-9a-f]{32}"', tag)
    for same in (tag, tag.removeprefix("W/"), f'"other", {tag}', f'W/"a",{tag} , "b"'):
        again = await read(same)
        assert (again.status_code, again.headers["etag"], again.content) == (304, tag, b""), same
    bare = tag.removeprefix('W/"').removesuffix('"')
    for other in (bare, f'"x{bare}"', f'W/"{bare}x"', f'"a {bare} b"', f'"{bare.upper()}"', "", '""', "W/"):
        assert (await read(other)).status_code == 200, other
