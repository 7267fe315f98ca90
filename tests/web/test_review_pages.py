"""The client's pages of looking, on the composed gateway."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from gateway.consent.model import Actor, AskedRow, GiverKind
from gateway.directory.names import LANGUAGES
from gateway.disclosure.release import Released
from tests.laws.gateway_world import PLAN
from tests.web.people import People, Visitor, words

PAGES = (
    "/portal/matrix", "/portal/matrix?everyone=1", "/portal/matrix?on=2026-11-21",
    f"/portal/matrix/kuntakokeilu/{PLAN}", f"/portal/matrix/kela/{PLAN}", "/portal/recipients/kuntakokeilu",
    f"/portal/preview?recipient=kuntakokeilu&category={PLAN}", "/portal/timeline", "/portal/log", "/portal/concerns",
    "/portal/documents", "/portal/walk", "/portal/walk/done", "/portal/print",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_opens_in_every_register(people: People, language: str) -> None:
    laws = people.laws
    document = await laws.deposit()
    await laws.give()
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    visitor = await people.client("suvi", language)
    for path in PAGES:
        answer = await visitor.get(path)
        assert answer.status_code == 200, (path, words(answer)[:300])
        assert answer.text.count("<h1") == 1
        assert " style=" not in answer.text and "<script" not in answer.text
        assert len(re.findall(r"<table", answer.text)) == len(re.findall(r"<caption", answer.text))


async def test_pages_open_for_a_client_of_whom_nothing_stands(people: People) -> None:
    visitor = await people.client("ari")
    for path in PAGES:
        assert (await visitor.get(path)).status_code == 200, path


async def test_nobody_who_is_not_signed_in_as_a_client_sees_them(people: People) -> None:
    nobody, worker = await people.visitor(), await people.professional("kuntakokeilu", "omavalmentaja")
    for path in (*PAGES, "/portal/print/qr.svg", "/portal/documents/" + "0" * 32):
        assert (await nobody.get(path)).headers["location"].startswith("/sign-in"), path
        assert (await worker.get(path)).status_code == 404, path


# The matrix.


async def test_matrix_says_permission_law_and_nothing_and_each_cell_leads_to_its_reason(people: People) -> None:
    laws = people.laws
    await laws.deposit()
    await laws.give("suvi", laws.row(recipient="kela", purpose="rehabilitation-decision"))
    await laws.relate()
    visitor = await people.client("suvi")
    page = await visitor.get("/portal/matrix")
    assert "Sees: the law" in words(page) and "Sees: your permission" in words(page)
    reason = words(await visitor.get(f"/portal/matrix/kela/{PLAN}"))
    assert "preparing a decision on rehabilitation" in reason and "Until" in reason and "Has not looked" in reason
    assert f'href="/portal/matrix/kela/{PLAN}"' in page.text


async def test_reason_leads_to_changing_and_withdrawing_in_equal_buttons(people: People) -> None:
    laws = people.laws
    await laws.deposit()
    consent = await laws.give()
    page = (await (await people.client("suvi")).get(f"/portal/matrix/kuntakokeilu/{PLAN}")).text
    for act in ("change", "withdraw"):
        assert f'<a class="button plain equal" href="/portal/consents/{consent.id}/{act}">' in page


async def test_matrix_of_a_past_day_is_that_days(people: People) -> None:
    laws = people.laws
    await laws.deposit()
    laws.clock.advance(timedelta(days=3))
    await laws.give()
    visitor = await people.client("suvi")
    assert "Sees: your permission" in words(await visitor.get("/portal/matrix"))
    past = await visitor.get("/portal/matrix?on=23.11.2026")
    assert past.status_code == 200 and "Sees: your permission" not in words(past)
    assert "This is how it was" in words(past)


@pytest.mark.parametrize("on", ["yesterday", "1.1.2050"])
async def test_day_that_cannot_be_shown_is_told_at_its_field(people: People, on: str) -> None:
    answer = await (await people.client("suvi")).get(f"/portal/matrix?on={on}")
    assert answer.status_code == 422 and 'href="#on"' in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/portal/matrix/nobody/" + PLAN, "/portal/matrix/kela/nothing", "/portal/recipients/nobody",
        "/portal/preview", "/portal/preview?recipient=kela&category=nothing", "/portal/documents/x",
        "/portal/walk/" + "0" * 32, "/portal/requests/x/preview",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_told_as_a_page(people: People, path: str) -> None:
    answer = await (await people.client("suvi")).get(path)
    assert answer.status_code == 404 and "There is no such page" in words(answer)


# Documents and preview.


async def test_client_reads_their_document_and_nobody_elses(people: People) -> None:
    document = await people.laws.deposit("suvi")
    visitor, stranger = await people.client("suvi"), await people.client("ari")
    assert "Tavoitteena on palata" in words(await visitor.get(f"/portal/documents/{document}"))
    others, nowhere = await stranger.get(f"/portal/documents/{document}"), await stranger.get("/portal/documents/x")
    assert others.status_code == nowhere.status_code == 404 and words(others) == words(nowhere)


async def test_client_whose_information_is_stopped_is_told_so_whatever_they_open(people: People) -> None:
    laws = people.laws
    document = await laws.deposit()
    await laws.gateway.clients.suspend(await people.client_id("suvi"), suspended=True, by=Actor(system="operator"))
    visitor = await people.client("suvi")
    pages = [await visitor.get(f"/portal/documents{path}") for path in ("", f"/{document}", "/x")]
    assert {page.status_code for page in pages} == {403} and len({words(page) for page in pages}) == 1
    assert "Your documents are not shown right now" in words(pages[0])
    assert "Sees:" not in words(await visitor.get("/portal/matrix"))


async def test_preview_shows_the_ticked_part_and_names_what_stays_hidden(people: People) -> None:
    await people.laws.deposit()
    visitor = await people.client("suvi")
    path = f"/portal/preview?recipient=kela&category={PLAN}"
    plain, ticked = words(await visitor.get(path)), words(await visitor.get(path + "&tick=health"))
    assert "Selkäkivun" not in plain and "These parts stay hidden health" in plain
    assert "Selkäkivun" in ticked and "mental health" in ticked.partition("These parts stay hidden")[2]
    assert "checked" not in (await visitor.get(path)).text


async def test_preview_of_a_request_is_of_its_own_rows_and_of_ones_own_request_alone(people: People) -> None:
    laws = people.laws
    await laws.deposit()
    client = await people.client_id("suvi")
    asked = AskedRow("sote-keskus", "kuntakokeilu", PLAN, "employment-support")
    await laws.gateway.recording.request(client, asked, by=Actor(service="kuntakokeilu", system="s", worker="w"))
    (waiting,) = (await laws.gateway.recording.for_client(client)).requests
    path = f"/portal/requests/{waiting.id}/preview"
    page = await (await people.client("suvi")).get(path)
    assert "Tavoitteena on palata" in words(page) and f'href="/portal/requests/{waiting.id}"' in page.text
    assert (await (await people.client("ari")).get(path)).status_code == 404


async def test_every_look_is_an_entry_before_it_is_shown(people: People) -> None:
    document = await people.laws.deposit()
    visitor = await people.client("suvi")
    for path in (
        "/portal/matrix", f"/portal/preview?recipient=kela&category={PLAN}", "/portal/documents",
        f"/portal/documents/{document}", "/portal/log", "/portal/timeline", "/portal/recipients/kela",
    ):  # fmt: skip
        before = people.laws.size()
        await visitor.get(path)
        assert people.laws.size() > before, path
    assert people.laws.verify() == []


async def test_words_of_a_document_are_never_markup(people: People) -> None:
    laws = people.laws
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    body = laws.sample("suvi", custodian="sote-keskus").replace(b"Haluan t\xc3\xb6ihin", bad.encode())
    assert bad.encode() in body
    accepted = await laws.gateway.acceptance.accept("CarePlan", body)
    stored = await laws.gateway.deposits.create(accepted, laws.requester("sote-keskus", "laakari", "care"))
    visitor = await people.client("suvi")
    for path in (f"/portal/documents/{stored.id}", f"/portal/preview?recipient=kela&category={PLAN}"):
        page = (await visitor.get(path)).text
        assert "<script" not in page and "<img" not in page and "onerror" in page, path


# Walk, timeline, print.


async def test_walk_shows_one_consent_a_screen_and_changes_nothing(people: People) -> None:
    laws = people.laws
    first = await laws.give()
    laws.clock.advance(timedelta(minutes=1))
    second = await laws.give("suvi", laws.row(recipient="kela"))
    visitor = await people.client("suvi")
    assert f"/portal/walk/{first.id}" in (await visitor.get("/portal/walk")).text
    before = await laws.gateway.recording.for_client(await people.client_id("suvi"))
    page = await visitor.get(f"/portal/walk/{first.id}")
    assert "Step 1 of 2" in words(page) and f"/portal/walk/{second.id}" in page.text
    assert page.text.count('class="button plain equal"') == 3 and "button primary" not in page.text
    assert 'href="/portal/walk/done"' in (await visitor.get(f"/portal/walk/{second.id}")).text
    assert await laws.gateway.recording.for_client(await people.client_id("suvi")) == before
    assert (await (await people.client("ari")).get(f"/portal/walk/{first.id}")).status_code == 404


async def test_whoever_walks_to_the_end_is_reminded_a_year_from_then_and_whoever_stops_before_is_not(
    people: People,
) -> None:
    laws, recording = people.laws, people.laws.gateway.recording
    client = await people.client_id("suvi")
    await recording.prohibit(client, recipient="kela")
    laws.clock.advance(timedelta(days=300))
    consent = await laws.give()
    visitor = await people.client("suvi")
    await visitor.get("/portal/walk/done")
    assert "walk/done" in (await visitor.get(f"/portal/walk/{consent.id}")).text
    answer = await visitor.post("/portal/walk/done", {})
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/walk/done")
    laws.clock.advance(timedelta(days=70))
    assert await _yearly(people) == 0
    laws.clock.advance(timedelta(days=300))
    assert await _yearly(people) == 1


async def _yearly(people: People) -> int:
    await people.laws.gateway.recording.remind_due()
    picture = await people.laws.gateway.recording.for_client(await people.client_id("suvi"))
    return sum(one.kind == "reminder.yearly" for one in picture.messages)


async def test_timeline_is_a_picture_with_words_and_the_same_as_a_table(people: People) -> None:
    laws = people.laws
    document = await laws.deposit()
    await laws.give()
    await laws.ask(laws.read_of(document))
    page = (await (await people.client("suvi")).get("/portal/timeline")).text
    assert 'role="img" aria-labelledby="chart-title chart-desc"' in page
    assert "<rect" in page and "<circle" in page and 'class="bar consent"' in page
    assert "20 February 2027: work-ability plan, your permission" in page


async def test_printed_sheet_names_nobody_in_its_code(people: People) -> None:
    suvi, ari = await people.client("suvi"), await people.client("ari")
    assert (await suvi.get("/portal/print/qr.svg")).content == (await ari.get("/portal/print/qr.svg")).content
    assert 'src="/portal/print/qr.svg"' in (await suvi.get("/portal/print")).text


# A representative.


async def guardian(people: People) -> Visitor:
    """The browser of Suvi, who acts for the young client with a mandate that the register knows."""
    client = await people.client_id("nuori")
    people.laws.gateway.mandates.add(client, GiverKind.GUARDIAN, "register:1")
    return await people.client("suvi", acting_for="nuori")


async def test_representative_whose_mandate_has_ended_sees_nothing_from_then_on(people: People) -> None:
    visitor = await guardian(people)
    assert (await visitor.get("/portal/matrix")).status_code == 200
    people.laws.gateway.mandates.end(await people.client_id("nuori"), GiverKind.GUARDIAN, "register:1")
    for path in (*PAGES, "/portal/print/qr.svg"):
        answer = await visitor.get(path)
        assert answer.status_code in (404, 409) and "work-ability" not in words(answer), path


async def test_each_page_that_a_representative_opens_is_an_entry(people: People) -> None:
    await people.laws.give("nuori")
    visitor = await guardian(people)
    for path in ("/portal/walk", "/portal/matrix", "/portal/log", "/portal/documents"):
        before = people.laws.size()
        assert (await visitor.get(path)).status_code == 200
        assert people.laws.size() > before, path


async def test_representative_sees_nothing_that_the_client_decided_in_person(people: People) -> None:
    laws = people.laws
    document = await laws.deposit("nuori")
    consent = await laws.give("nuori")
    visitor = await guardian(people)
    for path in ("/portal/log", "/portal/timeline", "/portal/walk", "/portal/recipients/kuntakokeilu"):
        page = await visitor.get(path)
        assert page.status_code == 200 and str(consent.id) not in page.text, path
        assert "You gave consent" not in words(page) and "The permission that you gave" not in words(page)
    assert "You are acting for" in words(await visitor.get("/portal/matrix"))
    read = words(await visitor.get(f"/portal/documents/{document}"))
    assert "Selkäkivun" not in read and "Parts of this are not shown to you" in read


async def test_representatives_look_is_told_as_theirs_in_the_clients_log(people: People) -> None:
    await people.laws.deposit("nuori")
    visitor = await guardian(people)
    for path in ("/portal/log", "/portal/matrix"):
        await visitor.get(path)
    assert "Your representative looked" in words(await (await people.client("nuori")).get("/portal/log"))


async def test_entries_questions_and_proofs_are_the_clients_in_person(people: People) -> None:
    await people.laws.deposit("nuori")
    place = re.search(r"/portal/log/(\d{4}\.\d+)", (await (await people.client("nuori")).get("/portal/log")).text)
    assert place is not None
    visitor = await guardian(people)
    for path in (f"/portal/log/{place[1]}", f"/portal/log/{place[1]}/proof.json", "/portal/concerns"):
        assert (await visitor.get(path)).status_code == 404, path
    assert place[0] not in (await visitor.get("/portal/log")).text
