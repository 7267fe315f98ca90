"""Clients' doubts at the officer's: only the own organisation's, neutral words, one answer."""

from __future__ import annotations

from gateway.disclosure.concern import Concern
from tests.web.people import People, words
from tests.web.test_oversight_search import read_plan

PATH = "/oversight/concerns"


async def raised(people: People, said: str = "I do not know this worker") -> Concern:
    """Let Suvi doubt the release of her plan."""
    await read_plan(people.laws)
    entry = next(one for one in people.laws.entries() if one.kind == "disclosure")
    client = await people.client_id("suvi")
    return await people.laws.gateway.concerns.raise_concern(client, entry.origin, entry.index, said=said)


async def test_a_question_is_shown_and_answered_once(people: People) -> None:
    concern = await raised(people)
    officer = await people.officer("tyollisyysalue")
    assert "To be looked into: 1" in words(await officer.get("/oversight"))
    page = words(await officer.get(PATH))
    assert "I do not know this worker" in page and "To be looked into by 22 December 2026" in page
    assert "suspect" not in page.lower()
    fields = {"answer": "rightful", "text": "Your job coach updated your plan with you."}
    assert (await officer.post(f"{PATH}/{concern.id}/answer", fields)).status_code == 303
    page = words(await officer.get(PATH))
    assert "Answered" in page and "Your job coach updated your plan" in page
    again = await officer.post(f"{PATH}/{concern.id}/answer", fields | {"text": "Another answer"})
    assert again.status_code == 303 and "Another answer" not in words(await officer.get(PATH))
    assert "No question waits" in words(await officer.get("/oversight"))
    assert people.laws.verify() == []


async def test_what_was_written_stays_when_something_is_missing(people: People) -> None:
    concern = await raised(people)
    officer = await people.officer("tyollisyysalue")
    answer = await officer.post(f"{PATH}/{concern.id}/answer", {"text": "Half an answer"})
    assert answer.status_code == 422 and "Choose what was found" in words(answer) and "Half an answer" in answer.text
    answer = await officer.post(f"{PATH}/{concern.id}/answer", {"answer": "mistake"})
    assert answer.status_code == 422 and "Write the answer" in words(answer)


async def test_another_organisations_question_is_not_there(people: People) -> None:
    concern = await raised(people)
    officer = await people.officer("kela")
    assert "I do not know" not in (await officer.get(PATH)).text
    fields = {"answer": "rightful", "text": "x"}
    theirs = await officer.post(f"{PATH}/{concern.id}/answer", fields)
    missing = await officer.post(f"{PATH}/{'f' * 32}/answer", fields)
    assert theirs.status_code == missing.status_code == 404 and words(theirs) == words(missing)


async def test_what_a_client_wrote_is_text_and_an_answer_needs_a_form_of_ours(people: People) -> None:
    concern = await raised(people, "<script>alert(1)</script>")
    officer = await people.officer("tyollisyysalue")
    page = (await officer.get(PATH)).text
    assert "<script" not in page and "&lt;script" in page
    fields = {"answer": "rightful", "text": "x"}
    assert (await officer.web.post(f"{PATH}/{concern.id}/answer", data=fields)).status_code == 403
