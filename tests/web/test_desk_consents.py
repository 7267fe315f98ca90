"""Consents recorded with a client at the desk: each method, no and later as equals, and a withdrawal told there."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from adapters.sql.desk_records import SqlDeskRecords
from adapters.sql.sealing import Sealing
from gateway.demo.phone import read_messages
from gateway.web.desk.draft import Draft
from tests.laws.gateway_world import STRANGER
from tests.web.desk_visits import answer, compare, find, found, place_of, prepare
from tests.web.people import People, Visitor, words

FEEDBACK = "terveystarkastus:kuntakokeilu:health-check-feedback:employment-support"
PLAN = "sote-keskus:kuntakokeilu:work-ability-plan:employment-support"
PNG = b"\x89PNG\r\n\x1a\n" + b"a paper with a signature" * 20


async def nurse(people: People, worker: str = "w-1") -> Visitor:
    desk = await people.professional("terveystarkastus", "terveydenhoitaja", worker=worker)
    await desk.post("/desk/work", {"work": "terveystarkastus.terveydenhoitaja.care"})
    return desk


async def doctor(people: People, worker: str = "w-1") -> Visitor:
    desk = await people.professional("sote-keskus", "laakari", worker=worker)
    await desk.post("/desk/work", {"work": "sote-keskus.laakari.care"})
    return desk


async def coach(people: People, worker: str = "w-1") -> Visitor:
    return await people.professional("kuntakokeilu", "omavalmentaja", worker=worker)


async def record(desk: Visitor, draft: str) -> httpx.Response:
    """Say that the client understood; return the receipt."""
    return await desk.get(place_of(await desk.post(f"{draft}/understood", {"told": "1"})))


async def test_nurse_records_a_spoken_consent_which_opens_one_document_once(people: People) -> None:
    await people.laws.deposit("suvi", "terveystarkastus", "health-check-feedback")
    desk = await nurse(people)
    page = await found(people, desk, "suvi", "care")
    draft = await prepare(desk, page, "work-ability", [FEEDBACK], "verbal")
    assert place_of(await answer(desk, draft, "yes")) == f"{draft}/proof"
    assert (await desk.post(f"{draft}/proof", {"note": "joo"})).status_code == 422
    said = {"note": "Joo, saat lähettää palautteen työllisyyspalveluille."}
    assert place_of(await desk.post(f"{draft}/proof", said)) == f"{draft}/understood"
    assert "In force" in words(await record(desk, draft))
    given = (await people.laws.gateway.recording.consents_of(await people.client_id("suvi"), "kuntakokeilu"))[0]
    assert given.grants[0].single_use and given.grants[0].row.until <= people.laws.clock.now() + timedelta(hours=24)

    reader = await coach(people)
    client = await found(people, reader, "suvi", "employment-support")
    shown = await reader.get(client)
    document = re.search(r'name="document" value="([0-9a-f]{32})"', shown.text)
    assert document is not None
    asked = {"category": "health-check-feedback", "document": document[1]}
    once = await reader.post(f"{client}/open", asked)
    assert once.status_code == 200 and 'class="reading"' in once.text
    again = await reader.post(f"{client}/open", asked)
    assert 'class="reading"' not in again.text and "not open to you now" in words(again)
    assert 'name="document"' not in (await reader.get(client)).text
    assert people.laws.verify() == []


async def test_maija_lets_her_plan_be_seen_and_not_what_it_says_of_substance_use(people: People) -> None:
    await people.laws.deposit("maija", "sote-keskus")
    desk = await doctor(people)
    page = await found(people, desk, "maija", "care")
    draft = await prepare(
        desk, page, "work-ability", [PLAN], "with-professional", {"ticks-0": ["health", "mental-health"]}
    )
    assert place_of(await answer(desk, draft, "yes")) == f"{draft}/understood"
    assert "In force" in words(await record(desk, draft))
    reader = await coach(people)
    client = await found(people, reader, "maija", "employment-support")
    assert "I see" in words(await reader.get(client))
    opened = await reader.post(f"{client}/open", {"category": "work-ability-plan"})
    assert "<h3>Health</h3>" in opened.text and "<h3>Substance use</h3>" not in opened.text
    assert people.laws.verify() == []


async def test_nothing_is_ticked_before_the_client_says_so(people: People) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "maija", "care")
    begun = place_of(await desk.post(f"{page}/consent", {"situation": "work-ability", "decides": "client"}))
    assert " checked" not in (await desk.get(begun)).text
    draft = begun.removesuffix("/rows")
    await desk.post(begun, {"row": [PLAN]})
    assert " checked" not in (await desk.get(f"{draft}/details")).text
    await desk.post(f"{draft}/details", {"period": "3"})
    assert " checked" not in (await desk.get(f"{draft}/method")).text


async def test_spoken_words_are_no_choice_for_rows_that_others_hold(people: People) -> None:
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    draft = place_of(
        await desk.post(f"{page}/consent", {"situation": "work-ability", "decides": "client"})
    ).removesuffix("/rows")
    await desk.post(f"{draft}/rows", {"row": [PLAN]})
    await desk.post(f"{draft}/details", {"period": "3"})
    assert 'value="verbal"' not in (await desk.get(f"{draft}/method")).text
    forced = {"method": "verbal", "language": "fi", "identity_check": "known"}
    assert (await desk.post(f"{draft}/method", forced)).status_code == 422


async def test_recipients_own_recording_opens_nothing_until_the_client_confirms_it(people: People) -> None:
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    receipt = await record(desk, draft)
    assert "Waits for confirmation" in words(receipt) and f'src="{draft}/qr.svg"' in receipt.text
    picture = await desk.get(f"{draft}/qr.svg")
    assert picture.headers["content-type"] == "image/svg+xml" and picture.content.startswith(b"<?xml")
    assert (await (await coach(people, "w-2")).get(f"{draft}/qr.svg")).status_code == 404
    address = re.search(r'href="https://gateway.example/portal/confirm/([0-9a-f]{32})"', receipt.text)
    assert address is not None
    await people.laws.gateway.recording.deliver_outbox()
    messages = read_messages(people.laws.folder / "outbox", await people.client_id("suvi"))
    body = next(one["body"] for one in messages if one["kind"] == "consent.given")
    assert isinstance(body, dict) and body["handle"] == address[1]
    await people.laws.gateway.recording.confirm_by_code(address[1], str(body["code"]))
    assert "In force" in words(await desk.get(f"{draft}/receipt"))


async def test_code_is_written_on_the_clients_own_phone_and_never_at_the_desk(people: People) -> None:
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    draft = await prepare(desk, page, "work-ability", [PLAN], "own-phone")
    assert place_of(await answer(desk, draft, "yes")) == f"{draft}/proof"
    await people.laws.gateway.recording.deliver_outbox()
    messages = read_messages(people.laws.folder / "outbox", await people.client_id("suvi"))
    body = next(one["body"] for one in messages if one["kind"] == "consent.offer")
    assert isinstance(body, dict)
    shown = await desk.get(f"{draft}/proof")
    address = re.search(r"https://gateway.example(/portal/confirm/([0-9a-f]{32}))", shown.text)
    assert address is not None and address[2] == body["handle"] and f'src="{draft}/qr.svg"' in shown.text
    assert (await desk.get(f"{draft}/qr.svg")).status_code == 200
    assert 'name="code"' not in shown.text and str(body["code"]) not in shown.text
    # Neither a code written at the desk nor going on without one records anything.
    early = await desk.post(f"{draft}/proof", {"code": str(body["code"])})
    assert early.status_code == 422 and "has not confirmed it on their own phone yet" in words(early)
    refused = await desk.post(f"{draft}/understood", {"told": "1"})
    assert refused.status_code == 422 and "The proof does not hold" in words(refused)

    phone = await people.visitor()
    assert (await phone.post(address[1], {"code": "WRONG234"})).status_code == 422
    done = await phone.post(address[1], {"code": str(body["code"])})
    assert done.status_code == 200 and "The worker can go on" in words(done)
    assert place_of(await desk.post(f"{draft}/proof")) == f"{draft}/understood"
    assert "In force" in words(await record(desk, draft))
    assert people.laws.verify() == []


async def test_paper_counts_once_a_second_person_has_compared_it(people: People) -> None:
    first, second = await doctor(people, "w-1"), await doctor(people, "w-2")
    page = await found(people, first, "maija", "care")
    draft = await prepare(first, page, "work-ability", [PLAN], "paper-scan")
    await answer(first, draft, "yes")
    wrong = await upload(first, f"{draft}/proof", b"<script>alert(1)</script>", "image/png")
    assert wrong.status_code == 422
    assert place_of(await upload(first, f"{draft}/proof", PNG, "text/html")) == f"{draft}/proof"
    assert "waits for a second person" in words(await first.get(f"{draft}/proof"))
    assert place_of(await first.get(f"{draft}/understood")) == f"{draft}/proof"
    assert (await first.get(f"{draft}/compare")).status_code == 404
    assert f"{draft}/compare" in (await second.get("/desk/worklist")).text
    scan = await second.get(f"{draft}/scan")
    assert scan.content == PNG and scan.headers["content-disposition"].startswith("attachment")
    assert scan.headers["content-type"] == "image/png"
    digest = re.search(r'name="same" value="([0-9a-f]{64})"', (await second.get(f"{draft}/compare")).text)
    assert digest is not None
    assert (await second.post(f"{draft}/compare", {})).status_code == 422
    assert place_of(await compare(second, draft)) == "/desk/worklist"
    assert "In force" in words(await record(first, draft))
    consent = (await people.laws.gateway.recording.consents_of(await people.client_id("maija"), "sote-keskus"))[0]
    assert consent.capture is not None and consent.capture.evidence.get("scan_sha256") == digest[1]


async def test_second_person_is_shown_the_very_paper_and_rows_that_are_compared(people: People) -> None:
    first, second = await doctor(people, "w-1"), await doctor(people, "w-2")
    draft = await prepare(first, await found(people, first, "maija", "care"), "work-ability", [PLAN], "paper-scan")
    await answer(first, draft, "yes")
    await upload(first, f"{draft}/proof", PNG, "image/png")
    page = (await second.get(f"{draft}/compare")).text
    fields = dict(re.findall(r'name="(same|rows)" value="([0-9a-f]{64})"', page))
    link = re.search(rf'href="({draft}/scan[^"]*)"', page)
    assert link is not None and (await second.get(link[1])).content == PNG

    # Another paper is sent while the page stands open: neither it nor the answer to the page counts.
    other = PNG + b"another signature"
    await upload(first, f"{draft}/proof", other, "image/png")
    assert (await second.get(link[1])).status_code == 404
    assert (await second.post(f"{draft}/compare", fields)).status_code == 422
    # The same paper over other ticks is another question too.
    detail = {"period": "6", "ticks-0": ["health"]}
    assert place_of(await first.post(f"{draft}/details", detail)) == f"{draft}/method"
    chosen = {"method": "paper-scan", "language": "fi", "identity_check": "document"}
    await first.post(f"{draft}/method", chosen)
    await answer(first, draft, "yes")
    await upload(first, f"{draft}/proof", PNG, "image/png")
    assert (await second.get(link[1])).content == PNG
    assert (await second.post(f"{draft}/compare", fields)).status_code == 422
    assert place_of(await compare(second, draft)) == "/desk/worklist"


async def test_scan_that_is_not_the_drafts_is_shown_to_nobody(people: People) -> None:
    first, second = await doctor(people, "w-1"), await doctor(people, "w-2")
    draft = await prepare(first, await found(people, first, "maija", "care"), "work-ability", [PLAN], "paper-scan")
    await answer(first, draft, "yes")
    await upload(first, f"{draft}/proof", PNG, "image/png")
    gateway, id_ = people.laws.gateway, draft.rpartition("/")[2]
    store = SqlDeskRecords(gateway.database, Sealing(gateway.keys), gateway.register.lookups, people.laws.clock.now)
    kept = await store.draft("sote-keskus", id_)
    assert kept is not None
    await store.save_draft("sote-keskus", id_, kept.content, PNG + b"what nobody signed")
    assert [(await one.get(f"{draft}/scan")).status_code for one in (first, second)] == [404, 404]
    await store.save_draft("sote-keskus", id_, kept.content, PNG)
    assert (await second.get(f"{draft}/scan")).content == PNG


async def upload(desk: Visitor, path: str, content: bytes, said: str) -> httpx.Response:
    """Send a file, whatever it says it is."""
    assert desk.session is not None
    return await desk.web.post(path, data={"csrf": desk.session.csrf}, files={"scan": ("../x.png", content, said)})


@pytest.mark.parametrize(("said", "kind"), [("no", "consent.refused"), ("later", "consent.deferred")])
async def test_no_and_later_are_recorded_as_answers_like_any_other(people: People, said: str, kind: str) -> None:
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional")
    done = place_of(await answer(desk, draft, said))
    assert "as good an answer as any other" in words(await desk.get(done))
    assert people.laws.entries()[-1].kind == kind
    assert (await desk.get(f"{draft}/show")).status_code == 404
    asked = await desk.get(f"{page}/ask")
    assert "Can be asked again on 20 February 2027" in words(asked) and " disabled" in asked.text
    assert "Suvi" in words(await desk.get("/desk/worklist")) or "140395" in words(await desk.get("/desk/worklist"))
    assert people.laws.verify() == []


async def test_whoever_doubts_that_the_client_understood_records_no_permission(people: People) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "suvi", "care")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    assert (await desk.post(f"{draft}/understood", {})).status_code == 422
    assert place_of(await desk.post(f"{draft}/understood", {"unsure": "1"})) == f"{page}/answered/later"
    kinds = [entry.kind for entry in people.laws.entries()]
    assert "consent.given" not in kinds and kinds[-1] == "consent.deferred"


async def test_withdrawal_told_at_the_desk_is_in_effect_at_once_and_tells_the_others(people: People) -> None:
    await people.laws.give("suvi")
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    consent = re.search(r'href="(/desk/clients/[0-9a-f]+/consents/[0-9a-f]+)"', (await desk.get(page)).text)
    assert consent is not None
    assert "cannot be taken back" in words(await desk.get(f"{consent[1]}/withdraw"))
    after = await desk.get(place_of(await desk.post(f"{consent[1]}/withdraw")))
    assert "This permission is withdrawn" in words(after) and "withdrawn" in words(after).split("Receipts")[1]
    told = await people.laws.gateway.recording.messages_to("sote-keskus")
    assert "consent.withdrawn" in [message.kind for message in told]
    own = await people.laws.gateway.recording.messages_to("kuntakokeilu")
    assert "consent.withdrawn" not in [message.kind for message in own]
    assert "Withdrawn" in words(await desk.get("/desk/worklist"))


async def test_person_whom_nobody_knows_is_enrolled_when_they_answer_and_not_before(people: People) -> None:
    gateway = people.laws.gateway
    desk = await doctor(people)
    page = await find(desk, STRANGER, "care")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional", name="Outi Esimerkki")
    with gateway.database.read() as connection:
        before = len(gateway.register.clients(connection))
    await answer(desk, draft, "yes")
    receipt = await record(desk, draft)
    with gateway.database.read() as connection:
        assert len(gateway.register.clients(connection)) == before + 1
    assert "Outi Esimerkki" in words(receipt)


async def test_drafts_consents_and_scans_of_others_answer_as_unknown(people: People) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "suvi", "care")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    stranger, colleague = await coach(people), await doctor(people, "w-2")
    for other in (stranger, colleague):
        for screen in ("rows", "details", "method", "show", "proof", "understood", "receipt", "scan", "compare"):
            assert (await other.get(f"{draft}/{screen}")).status_code == 404, screen
            assert (await other.get(f"/desk/drafts/{'f' * 32}/{screen}")).status_code == 404
        for screen in ("rows", "details", "method", "answer", "proof", "understood", "language", "compare"):
            assert (await other.post(f"{draft}/{screen}")).status_code == 404, screen
    consent = await people.laws.give("maija")
    suvi = await found(people, stranger, "suvi", "employment-support")
    assert (await stranger.get(f"{suvi}/consents/{consent.id}")).status_code == 404
    assert (await stranger.post(f"{suvi}/consents/{consent.id}/withdraw")).status_code == 404
    social = await people.professional("sosiaalityo", "omatyontekija")
    maija = await found(people, social, "maija", "care-coordination")
    assert (await social.get(f"{maija}/consents/{consent.id}")).status_code == 404


async def test_draft_is_gone_after_a_day(people: People) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "suvi", "care")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional")
    assert draft in (await desk.get("/desk/worklist")).text
    people.laws.clock.advance(timedelta(days=1, seconds=1))
    assert (await desk.get(f"{draft}/rows")).status_code == 404
    assert draft not in (await desk.get("/desk/worklist")).text


async def test_form_sent_twice_records_one_permission(people: People) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "suvi", "care")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    for _ in range(2):
        assert place_of(await desk.post(f"{draft}/understood", {"told": "1"})) == f"{draft}/receipt"
    assert [entry.kind for entry in people.laws.entries()].count("consent.given") == 1


async def test_no_is_remembered_when_the_person_has_become_the_services_own_client(people: People) -> None:
    desk = await coach(people)
    contact = await found(people, desk, "suvi", "employment-support")
    draft = await prepare(desk, contact, "work-ability", [PLAN], "with-professional")
    await answer(desk, draft, "no")
    await people.laws.give("suvi", people.laws.row(category="self-assessment"))
    own = await found(people, desk, "suvi", "employment-support")
    assert own != contact
    assert "Can be asked again on" in words(await desk.get(f"{own}/ask"))
    assert "Suvi Esimerkki" in words(await desk.get("/desk/worklist"))


async def test_every_text_of_the_client_or_worker_is_only_text_on_the_pages(people: People) -> None:
    hostile = "<script>alert(1)</script>"
    desk = await doctor(people)
    page = await find(desk, STRANGER, "care", hostile)
    draft = await prepare(desk, page, "work-ability", [PLAN], "verbal", name=hostile)
    await answer(desk, draft, "yes")
    await desk.post(f"{draft}/proof", {"note": f"said {hostile}"})
    pages = [await desk.get(f"{draft}/{one}") for one in ("method", "proof", "understood")]
    pages.append(await record(desk, draft))
    pages += [await desk.get(one) for one in ("/desk", "/desk/log", "/desk/worklist")]
    assert any("&lt;script&gt;alert(1)" in one.text for one in pages)
    assert all(one.status_code == 200 and "<script" not in one.text for one in pages)


async def test_answer_to_other_words_than_those_on_the_screen_is_not_taken(people: People) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "suvi", "care")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional")
    stale = await desk.post(f"{draft}/answer", {"shown": "0" * 64, "answer": "yes"})
    assert stale.status_code == 422 and "Teksti on muuttunut" in words(stale)
    assert place_of(await desk.get(f"{draft}/understood")) == f"{draft}/show"


async def test_clients_screen_is_in_the_clients_language_and_says_nothing_of_the_desk(people: People) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "ari", "care")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional", language="sv")
    screen = await desk.get(f"{draft}/show")
    assert '<html lang="sv"' in screen.text and "Jag samtycker" in words(screen)
    assert "/desk/worklist" not in screen.text
    await desk.post(f"{draft}/language", {"language": "fi-x-selko"})
    assert "easy" in (await desk.get(f"{draft}/show")).text.split("<body>")[0]


def test_a_draft_is_kept_whole() -> None:
    draft = Draft("d", "r", "w", "work-ability", name="Å <b>")
    assert Draft.from_bytes(draft.to_bytes()) == draft


async def test_draft_of_another_version_of_the_program_is_no_page(people: People) -> None:
    desk, records = await doctor(people), people.laws.gateway
    store = SqlDeskRecords(records.database, Sealing(records.keys), records.register.lookups, people.laws.clock.now)
    for place, content in enumerate((b"{}", b"[]", b"not JSON", b'{"rows": [], "ticks": [], "more": 1}')):
        await store.save_draft("sote-keskus", f"{place:032x}", content)
        assert (await desk.get(f"/desk/drafts/{place:032x}/rows")).status_code == 404
    assert (await desk.get("/desk/worklist")).status_code == 200
