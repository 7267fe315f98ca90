"""One client at the desk: what is open, opening it, owning up, asking, writing a document, and the worker's own log."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import httpx
import pytest

from gateway.disclosure.desk_requester import desk_system
from tests.laws.gateway_world import STRANGER
from tests.web.desk_visits import find, found, place_of
from tests.web.people import People, Visitor, words

HOSTILE = "<script>alert(1)</script>\"'<img src=x onerror=alert(1)>"


async def coach(people: People, language: str = "en") -> Visitor:
    return await people.professional("kuntakokeilu", "omavalmentaja", language)


async def doctor(people: People) -> Visitor:
    desk = await people.professional("sote-keskus", "laakari")
    await desk.post("/desk/work", {"work": "sote-keskus.laakari.care"})
    return desk


async def test_worker_sees_per_category_what_is_open_and_what_to_do(people: People) -> None:
    await people.laws.deposit("suvi", "sote-keskus")
    await people.laws.give("suvi")
    desk = await coach(people)
    page = words(await desk.get(await found(people, desk, "suvi", "employment-support")))
    assert "I see" in page and "I do not see" in page and "You may see this information." in page
    assert "You may also ask for consent." in page


async def test_opened_document_is_an_entry_with_the_worker_and_nothing_of_it_is_kept(people: People) -> None:
    document = await people.laws.deposit("suvi", "sote-keskus")
    await people.laws.give("suvi")
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    opened = await desk.post(f"{page}/open", {"category": "work-ability-plan"})
    assert "Goals" in words(opened) and "supporting the client into work" in words(opened)
    assert opened.headers["cache-control"] == "no-store"
    entry = next(one for one in people.laws.entries() if one.outcome == "permit")
    assert entry.a is not None and entry.a["system"] == desk_system("tyollisyysalue") and entry.a["person"] == "w-1"
    assert document in str(entry.b)
    assert people.laws.verify() == []


async def test_closed_category_opens_nothing_whatever_the_reason_is(people: People) -> None:
    await people.laws.deposit("suvi", "sote-keskus")
    await people.laws.deposit("sirpa", "sote-keskus")
    desk = await coach(people)
    pages = []
    await people.laws.gateway.recording.prohibit(await people.client_id("suvi"), recipient="kuntakokeilu")
    for page in (
        await found(people, desk, "suvi", "employment-support"),
        await found(people, desk, "sirpa", "employment-support"),
        await find(desk, STRANGER, "employment-support"),
    ):
        answer = words(await desk.post(f"{page}/open", {"category": "work-ability-plan"}))
        for code in ("140395-****", "020975-****", "150390-****"):
            answer = answer.replace(code, "CODE")
        pages.append(answer)
    assert pages[0] == pages[1] == pages[2] and "not open to you now" in pages[0]


async def test_document_of_another_client_is_no_page_of_this_one(people: People) -> None:
    document = await people.laws.deposit("suvi", "sote-keskus")
    await people.laws.give("suvi")
    desk = await coach(people)
    page = await found(people, desk, "sirpa", "employment-support")
    size = people.laws.size()
    asked = {"category": "work-ability-plan", "document": document}
    assert (await desk.post(f"{page}/open", asked)).status_code == 404
    assert (await desk.post(f"{page}/open", {"category": "no-such"})).status_code == 404
    assert people.laws.size() == size


async def test_marking_for_personal_safety_is_shown_on_an_own_client_alone(people: People) -> None:
    await people.laws.give("turva")
    mine, other = await coach(people), await people.professional("sosiaalityo", "omatyontekija")
    shown = await mine.get(await found(people, mine, "turva", "employment-support"))
    assert "Non-disclosure for personal safety" in words(shown)
    hidden = await other.get(await found(people, other, "turva", "care-coordination"))
    assert "Non-disclosure" not in words(hidden)


async def test_worker_who_opened_in_vain_says_so_and_the_client_is_told(people: People) -> None:
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    assert "Thank you" in words(await desk.get(place_of(await desk.post(f"{page}/report", {"says": "wrong-client"}))))
    entry = people.laws.entries()[-1]
    assert entry.kind == "desk.report" and entry.b is not None and entry.b["says"] == "wrong-client"
    assert entry.client == await people.client_id("suvi")


async def test_request_is_answered_alike_for_everybody_and_not_sent_again_within_the_cool_down(people: People) -> None:
    desk = await coach(people)
    row = "sote-keskus:kuntakokeilu:work-ability-plan:employment-support"
    answers = []
    for page in (
        await found(people, desk, "suvi", "employment-support"),
        await find(desk, STRANGER, "employment-support"),
    ):
        done = await desk.get(place_of(await desk.post(f"{page}/ask", {"row": row})))
        again = await desk.post(f"{page}/ask", {"row": row})
        assert again.status_code == 422 and "Can be asked again on 20 February 2027" in words(again)
        both = words(done) + words(again)
        answers.append(both.replace("140395-****", "CODE").replace("150390-****", "CODE"))
    assert answers[0] == answers[1]
    assert [one.kind for one in people.laws.entries()].count("consent.requested") == 2
    waiting = words(await desk.get("/desk/worklist"))
    assert "140395-****" in waiting and "150390-****" in waiting
    foreign = {"row": "sote-keskus:kela:work-ability-plan:rehabilitation-decision"}
    assert (await desk.post(f"{page}/ask", foreign)).status_code == 422


async def test_worklist_tells_what_ends_soon_and_what_was_given_to_a_predecessor(people: People) -> None:
    now = people.laws.clock.now()
    await people.laws.give("suvi", people.laws.row(until=now + timedelta(days=20)))
    await people.laws.give("maija", people.laws.row(until=now + timedelta(days=80)))
    listed = words(await (await coach(people)).get("/desk/worklist"))
    soon = listed.split("End within 30 days")[1].split("Wait for your confirmation")[0]
    assert "Suvi" in soon and "Maija" not in soon


async def test_own_log_tells_the_worker_what_they_did_and_nobody_elses_doings(people: People) -> None:
    await people.laws.deposit("suvi", "sote-keskus")
    await people.laws.give("suvi")
    mine = await coach(people)
    page = await found(people, mine, "suvi", "employment-support")
    await mine.post(f"{page}/open", {"category": "work-ability-plan"})
    told = words(await mine.get("/desk/log"))
    assert "work-ability plan" in told and "Suvi Esimerkki" in told and "looked a client up" in told
    other = await people.professional("kuntakokeilu", "omavalmentaja", worker="w-2")
    assert "Suvi" not in words(await other.get("/desk/log"))
    assert (await mine.get("/desk/log?after=nonsense")).status_code == 404
    assert people.laws.entries()[-1].kind == "audit.read"


@pytest.mark.parametrize("category", ["work-ability-plan", "referral-summary"])
async def test_document_written_by_form_is_accepted_as_a_partners_is_and_read_by_who_may(
    people: People, category: str
) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "suvi", "care")
    row = people.laws.world.directory.categories[category]
    texts = {f"text-{section}": f"{section}: {HOSTILE} & more" for section in row.sections}
    done = await desk.post(f"{page}/deposit/{category}", texts)
    assert "The document is saved" in words(await desk.get(place_of(done)))
    recipient, role, purpose = {
        "work-ability-plan": ("kuntakokeilu", "omavalmentaja", "employment-support"),
        "referral-summary": ("tyohonvalmennus", "tyohonvalmentaja", "employment-support"),
    }[category]
    every = frozenset({"health", "mental-health", "substance-use"})
    given = people.laws.row(recipient=recipient, category=category, purpose=purpose, sensitivities=every)
    await people.laws.give("suvi", given)
    reader = await people.professional(recipient, role)
    opened = await reader.post(f"{await found(people, reader, 'suvi', purpose)}/open", {"category": category})
    assert opened.text.count("alert(1)&lt;/script&gt;") == len(row.sections)
    assert_harmless(opened)


async def test_feedback_of_a_health_check_keeps_added_labels_from_who_may_not_see_them(people: People) -> None:
    nurse = await people.professional("terveystarkastus", "terveydenhoitaja")
    await nurse.post("/desk/work", {"work": "terveystarkastus.terveydenhoitaja.care"})
    page = await found(people, nurse, "suvi", "care")
    texts: dict[str, str | list[str]] = {
        "text-work-ability": "Jaksaa osa-aikatyötä.", "text-recommendations": "Liikuntaa & lepoa < paljon.",
        "text-next-steps": "Soitto viikolla 3.", "text-strengths": "Ei kuulu muille.", "labels-strengths": ["health"],
    }  # fmt: skip
    assert place_of(await nurse.post(f"{page}/deposit/health-check-feedback", texts)).endswith("/done")
    row = people.laws.row(custodian="terveystarkastus", category="health-check-feedback")
    await people.laws.give("suvi", row)
    reader = await coach(people)
    client = await found(people, reader, "suvi", "employment-support")
    opened = words(await reader.post(f"{client}/open", {"category": "health-check-feedback"}))
    assert "Liikuntaa & lepoa < paljon." in opened and "Ei kuulu muille" not in opened


async def test_form_with_a_part_missing_or_another_persons_code_keeps_what_was_written(people: People) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "suvi", "care")
    address = f"{page}/deposit/work-ability-plan"
    missing = await desk.post(address, {"text-goals": HOSTILE})
    assert missing.status_code == 422 and "this part is needed" in words(missing)
    assert HOSTILE in as_read(missing)
    assert_harmless(missing)
    whole = {"text-goals": "a", "text-services": "b", "text-responsibilities": people.laws.code("sirpa")}
    foreign = await desk.post(address, whole)
    assert foreign.status_code == 422 and "another person" in words(foreign)
    assert (await desk.post(f"{page}/deposit/medical-statement-b", {})).status_code == 404
    assert "deposit" not in [entry.kind for entry in people.laws.entries()]


async def test_coach_writes_only_what_the_directory_lets_the_service_hand_on(people: People) -> None:
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    assert (await desk.get(f"{page}/deposit/work-ability-plan")).status_code == 404
    assert (await desk.get(f"{page}/deposit/referral-summary")).status_code == 200


def assert_harmless(answer: httpx.Response) -> None:
    """No markup that was written by somebody is markup of the page."""
    assert "<script" not in answer.text and "<img src=x" not in answer.text


def as_read(answer: httpx.Response) -> str:
    """Return what a reader sees of a page's text."""
    return unescape(answer.text)
