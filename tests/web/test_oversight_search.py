"""The officer's search: what may be seen and what never, addresses that hold no person, counts, exports."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from gateway.disclosure.release import Released
from tests.laws.gateway_world import Laws
from tests.web.people import People, Visitor, words

SEARCH = "/oversight/search"
REASON = "a question of the client"


async def read_plan(laws: Laws, client: str = "suvi", person: str = "worker-1", name: str = "Olli") -> str:
    """Let the employment service read a client's plan; return the document's id."""
    document = await laws.deposit(client)
    await laws.give(client)
    requester = replace(laws.requester(), person=person, person_name=name)
    assert isinstance(await laws.ask(laws.read_of(document, requester)), Released)
    return document


async def searched(officer: Visitor, **fields: str) -> str:
    """Search by the form; return the address of the results."""
    answer = await officer.post(SEARCH, {"reason": REASON} | fields)
    assert answer.status_code == 303, words(answer)
    return answer.headers["location"]


async def test_an_officer_finds_who_saw_a_client_and_why(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    address = await searched(officer, client=people.laws.code("suvi"))
    page = words(await officer.get(address))
    assert "municipal trial) received: work-ability plan" in page
    assert "Olli (worker-1), personal job coach" in page
    assert "supporting the client into work" in page and "the client's consent" in page


async def test_an_organisation_without_a_part_sees_nothing_of_it_anywhere(people: People) -> None:
    laws = people.laws
    await read_plan(laws, name="Salainen")
    for organisation in ("kela", "tyonantaja", "elakelaitos"):
        officer = await people.officer(organisation)
        for fields in ({"client": laws.code("suvi")}, {"recipient": "kuntakokeilu"}, {"person": "worker-1"}, {}):
            address = await searched(officer, **fields)
            answer = await officer.get(address)
            assert answer.status_code == 200
            assert "received:" not in answer.text and "Salainen" not in answer.text, (organisation, fields)
            assert not fields or "Nothing was found" in words(answer)
            for name in ("csv", "ndjson"):
                export = await officer.get(address.replace(SEARCH, f"{SEARCH}/export/{name}"))
                assert "worker-1" not in export.text and "Salainen" not in export.text
                assert "disclosure" not in export.text
        front = words(await officer.get("/oversight"))
        assert "Information given: 0" in front and "Permissions given or changed: 0" in front


async def test_the_custodians_officer_sees_the_same_release(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("hyvinvointialue")
    page = words(await officer.get(await searched(officer)))
    assert "received: work-ability plan" in page and "deposited: work-ability plan" in page


async def test_a_refusal_is_told_with_its_reason_in_the_officers_words(people: People) -> None:
    laws = people.laws
    document = await laws.deposit()
    await laws.ask(laws.read_of(document))
    officer = await people.officer("tyollisyysalue")
    page = words(await officer.get(await searched(officer, outcome="deny")))
    assert "asked for: work-ability plan. Nothing was given." in page
    assert "Why not" in page


async def test_no_person_stands_in_an_address(people: People) -> None:
    laws = people.laws
    await read_plan(laws)
    officer = await people.officer("tyollisyysalue")
    code, client = laws.code("suvi"), await people.client_id("suvi")
    address = await searched(officer, client=code, person="worker-1", recipient="kuntakokeilu")
    page = (await officer.get(address)).text
    assert "recipient=kuntakokeilu" in address
    for secret in (code, str(client), "worker-1", REASON.split()[0] + "+"):
        assert secret not in address
        for link in re.findall(r'(?:href|action)="([^"]*)"', page):
            assert secret not in link
    assert code not in page


async def test_a_faulty_identity_code_is_told_at_its_field_and_not_written_back(people: People) -> None:
    officer = await people.officer("tyollisyysalue")
    answer = await officer.post(SEARCH, {"reason": REASON, "client": "010101-123X", "recipient": "kela"})
    assert answer.status_code == 422
    assert "This is not a personal identity code" in words(answer) and "010101-123X" not in answer.text
    assert REASON in answer.text and '<option value="kela" selected>' in answer.text


async def test_nobody_known_looks_like_somebody_of_whom_nothing_may_be_seen(people: People) -> None:
    laws = people.laws
    await read_plan(laws)
    officer = await people.officer("kela")
    pages = []
    for code in (laws.code("suvi"), "150390-999J"):
        page = (await officer.get(await searched(officer, client=code))).text
        pages.append(re.sub(r"look=[\w-]+", "look", page))
    assert pages[0] == pages[1]


async def test_nothing_is_shown_before_it_is_said_why(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    page = words(await officer.get(f"{SEARCH}?recipient=kuntakokeilu"))
    assert "Why you look" in page and "received:" not in page
    answer = await officer.post(SEARCH, {"recipient": "kuntakokeilu"})
    assert answer.status_code == 422 and "Write why you look" in words(answer)


async def test_a_reference_is_of_one_officer_and_one_session_and_ends(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    address = await searched(officer, client=people.laws.code("suvi"))
    for other in (await people.officer("tyollisyysalue"), await people.officer("hyvinvointialue")):
        page = words(await other.get(address))
        assert "received:" not in page and "Search the log" in page
    people.laws.clock.advance(timedelta(hours=1))
    assert "received:" not in words(await officer.get(address))


async def test_each_look_is_an_entry_with_its_reason_that_the_client_sees(people: People) -> None:
    laws = people.laws
    await read_plan(laws)
    officer = await people.officer("tyollisyysalue")
    address = await searched(officer, client=laws.code("suvi"))
    before = laws.size()
    await officer.get(address)
    await officer.get(address.replace(SEARCH, f"{SEARCH}/export/csv"))
    looks = [one for one in laws.entries()[before:] if one.kind == "audit.read"]
    assert [one.b["view"] for one in looks if one.b] == ["search", "export-csv"]
    suvi = await people.client_id("suvi")
    assert all(one.client == suvi for one in looks)
    assert all(one.a and (one.a["reason"], one.a["person"]) == (REASON, "o-1") for one in looks)
    assert all(one.b and "client" not in str(one.b["query"]) for one in looks)
    assert laws.verify() == []


async def test_counts_say_of_what_they_are_and_link_to_the_days(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    answer = await officer.get(await searched(officer))
    assert "All are counted" in words(answer)
    assert 'role="group" aria-labelledby="bars-title bars-desc"' in answer.text
    assert "<desc" in answer.text and "<caption>" in answer.text
    assert "since=2026-11-22&amp;until=2026-11-22" in answer.text
    # A bar is a link, by its own name, to what the table's row of its days leads to.
    picture, table = answer.text.split('<svg class="chart"')[1].split("</svg>", 1)
    bars = re.findall(r'<a href="([^"]+)" aria-label="([^"]+)">', picture)
    assert bars and [href for href, _ in bars][::-1] == re.findall(
        r'<th scope="row"><a href="([^"]+since=[^"]+)"', table
    )
    assert bars[0][1].startswith("22 November 2026: ")
    assert "style=" not in answer.text


async def test_pages_go_on_where_the_last_one_ended(people: People) -> None:
    laws = people.laws
    document = await read_plan(laws)
    for _ in range(60):
        await laws.ask(laws.read_of(document))
    officer = await people.officer("tyollisyysalue")
    first = await officer.get(await searched(officer))
    more = re.search(r'href="(/oversight/search\?[^"]*after=[^"]*)"', first.text)
    assert more is not None
    second = await officer.get(more[1].replace("&amp;", "&"))
    of = re.compile(r'href="(/oversight/entries/2026/\d+)\?')
    assert len(of.findall(first.text)) == 50 and of.findall(second.text)
    assert not set(of.findall(first.text)) & set(of.findall(second.text))


async def test_what_others_wrote_is_shown_as_text_and_never_as_markup(people: People) -> None:
    evil = '"><script>alert(1)</script>'
    await read_plan(people.laws, person=evil, name=evil)
    officer = await people.officer("tyollisyysalue")
    address = await searched(officer, reason=evil, person=evil)
    listed = await officer.get(address)
    assert "received:" in words(listed)
    entry = re.search(r'href="(/oversight/entries/[^"]+)"', listed.text)
    assert entry is not None
    for page in (listed, await officer.get(entry[1])):
        assert "<script" not in page.text and "&lt;script" in page.text


@pytest.mark.parametrize("evil", ["=HYPERLINK(1)", "+1", "-1", "@sum", "\t=1"])
async def test_no_cell_of_an_export_is_a_formula(people: People, evil: str) -> None:
    await read_plan(people.laws, person=evil)
    officer = await people.officer("tyollisyysalue")
    address = (await searched(officer)).replace(SEARCH, f"{SEARCH}/export/csv")
    answer = await officer.get(address)
    assert (
        answer.headers["content-type"].startswith("text/csv") and "attachment" in answer.headers["content-disposition"]
    )
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert any(evil in cell for row in rows for cell in row)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def test_lines_of_an_export_are_json_each(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    address = (await searched(officer)).replace(SEARCH, f"{SEARCH}/export/ndjson")
    lines = [orjson.loads(line) for line in (await officer.get(address)).text.splitlines()]
    assert {"disclosure", "consent.given"} <= {line["kind"] for line in lines}


async def test_a_form_from_elsewhere_is_refused(people: People) -> None:
    officer = await people.officer("tyollisyysalue")
    fields = {"reason": REASON, "client": people.laws.code("suvi")}
    assert (await officer.web.post(SEARCH, data=fields)).status_code == 403
    forged = await officer.web.post(
        SEARCH, data=fields | {"csrf": officer.session.csrf if officer.session else ""},
        headers={"origin": "https://evil.example"},
    )  # fmt: skip
    assert forged.status_code == 403


async def test_only_officers_of_an_organisation_come_in(people: People) -> None:
    for visitor in (
        await people.client("suvi"),
        await people.professional("kuntakokeilu", "omavalmentaja"),
        await people.officer("no-such-organisation"),
    ):
        for path in ("/oversight", SEARCH, "/oversight/entries/2026/3", "/oversight/clients"):
            assert (await visitor.get(path)).status_code == 404
    nobody = await people.visitor()
    answer = await nobody.get("/oversight")
    assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("given", ["recipient=nobody", "outcome=perhaps", "since=yesterday", "kind=x", "after=../1"])
async def test_an_address_that_asks_nonsense_shows_the_form(people: People, given: str) -> None:
    officer = await people.officer("tyollisyysalue")
    reference = (await searched(officer)).partition("look=")[2]
    page = await officer.get(f"{SEARCH}?{given}&look={reference}")
    assert page.status_code == 200 and "There is something to correct" in words(page)
