"""A form that is sent twice gives one consent, however close together: on one gateway or two, on page and desk."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sql.desk_records import SqlDeskRecords
from adapters.sql.sealing import Sealing
from gateway.app import create_app
from gateway.consent.model import Actor, Capture, CaptureMethod, Evidence, GrantRow, Shown
from gateway.errors import ConsentRefused
from gateway.site import make_site
from tests.laws.gateway_world import Laws, demo_world, open_world
from tests.simulators.sessions import SimulatedSessions
from tests.web.desk_visits import answer, found, place_of, prepare
from tests.web.people import People, words
from tests.web.portal_steps import hidden, request_of

FORM = "0123456789abcdef" * 2
PLAN = "sote-keskus:kuntakokeilu:work-ability-plan:employment-support"


@pytest.fixture
async def people(place: Path) -> AsyncIterator[People]:
    """A gateway with its pages, on either store."""
    async with open_world(place, web=False) as laws:
        sessions = SimulatedSessions(laws.clock.now)
        yield People(laws, sessions, create_app(laws.gateway, site=make_site(laws.gateway, sessions)))


async def _give(laws: Laws, client: str = "suvi", form: str = FORM, *, by: str | None = None) -> tuple[str, str | None]:
    """Give by a form; return the consent's id, and the handle of the code to confirm it with."""
    wording = laws.gateway.wordings.current()
    shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    capture, actor = Capture(CaptureMethod.SELF_SERVICE), Actor()
    if by is not None:
        evidence = Evidence((("identity_check", "passport"),))
        capture = Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=evidence)
        actor = Actor(service=by, system=f"{by}-system", worker="w-1")
    given = await laws.gateway.recording.give(
        await laws.client(client), (laws.row(),), capture, shown, by=actor, form=form
    )
    return given.consent.id, given.handle


def _records(laws: Laws) -> SqlDeskRecords:
    gateway = laws.gateway
    return SqlDeskRecords(gateway.database, Sealing(gateway.keys), gateway.register.lookup, laws.clock.now)


def _kinds(laws: Laws) -> Counter[str]:
    return Counter(entry.kind for entry in laws.entries())


async def test_one_form_at_once_on_one_gateway_gives_once(laws: Laws) -> None:
    given = await asyncio.gather(*(_give(laws) for _ in range(8)))
    assert len(set(given)) == 1
    await _give(laws)
    assert _kinds(laws)["consent.given"] == 1
    assert laws.verify() == []


async def test_one_form_at_once_on_two_gateways_gives_once(place: Path) -> None:
    async with open_world(place) as first, open_world(place) as second:
        for number in range(5):
            form = f"{number:032x}"
            given = await asyncio.gather(*(_give(one, form=form) for one in (first, second, first, second)))
            assert len(set(given)) == 1
        assert _kinds(first)["consent.given"] == 5
        assert first.verify() == []


async def test_another_form_and_another_client_give_anew(laws: Laws) -> None:
    given = [await _give(laws), await _give(laws, form=FORM[::-1]), await _give(laws, "sirpa")]
    assert len({consent for consent, _ in given}) == 3
    assert FORM not in str(given)


async def test_what_waits_for_the_client_has_one_code_that_confirms_it(laws: Laws) -> None:
    given = await asyncio.gather(*(_give(laws, by="kuntakokeilu") for _ in range(3)))
    assert len(set(given)) == 1 and given[0][1] is not None
    messages = await laws.gateway.recording.messages_to("client", await laws.client("suvi"))
    codes = [one.body for one in messages if "code" in one.body]
    assert [one["handle"] for one in codes] == [given[0][1]]
    confirmed = await laws.gateway.recording.confirm_by_code(str(codes[0]["handle"]), str(codes[0]["code"]))
    # Once it is confirmed there is nothing left to confirm with.
    assert await _give(laws, by="kuntakokeilu") == (confirmed, None)


async def test_a_double_click_on_the_clients_page_gives_once_and_shows_the_same_page(people: People) -> None:
    laws = people.laws
    suvi = await people.client("suvi")
    fields = {"row": ["work-ability-plan.sote-keskus"], "purpose": "rehabilitation-decision", "until": "3"}
    checked = await suvi.post("/portal/give/kela", fields)
    assert checked.status_code == 200, checked.text
    form = hidden(checked) | {"answer": "yes"}
    clicks = await asyncio.gather(*(suvi.post("/portal/give/kela", form) for _ in range(4)))
    assert {one.status_code for one in clicks} == {303}
    assert len({one.headers["location"] for one in clicks}) == 1
    assert _kinds(laws)["consent.given"] == 1
    # The same choice on a screen of its own is another giving.
    anew = hidden(await suvi.post("/portal/give/kela", fields)) | {"answer": "yes"}
    assert (await suvi.post("/portal/give/kela", anew)).headers["location"] != clicks[0].headers["location"]


async def test_a_request_answered_by_a_double_click_is_answered_once(people: People) -> None:
    path = f"/portal/requests/{await request_of(people, 'suvi')}"
    suvi = await people.client("suvi")
    form = hidden(await suvi.post(path, {"answer": "yes", "until": "3"})) | {"answer": "yes"}
    clicks = await asyncio.gather(*(suvi.post(path, form) for _ in range(3)))
    # Who comes after the answer finds no request any more, and is led to the same page.
    last = await suvi.post(path, form)
    assert {one.status_code for one in (*clicks, last)} == {303}
    assert len({one.headers["location"] for one in (*clicks, last)}) == 1
    assert (await suvi.post(path, form | {"form": "0" * 32})).status_code == 404
    assert _kinds(people.laws)["consent.given"] == 1


async def test_a_screen_without_its_one_time_key_gives_nothing(people: People) -> None:
    suvi = await people.client("suvi")
    fields = {"row": ["work-ability-plan.sote-keskus"], "purpose": "rehabilitation-decision", "until": "3"}
    checked = hidden(await suvi.post("/portal/give/kela", fields)) | {"answer": "yes"}
    for key in ("", "x" * 32, "0" * 31):
        assert (await suvi.post("/portal/give/kela", checked | {"form": key})).status_code == 200
    assert _kinds(people.laws)["consent.given"] == 0


async def test_a_double_click_at_the_desk_records_once_and_leads_to_one_receipt(people: People) -> None:
    desk = await people.professional("kuntakokeilu", "omavalmentaja")
    page = await found(people, desk, "suvi", "employment-support")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    clicks = await asyncio.gather(*(desk.post(f"{draft}/understood", {"told": "1"}) for _ in range(4)))
    assert {one.headers.get("location") for one in clicks} == {f"{draft}/receipt"}
    assert _kinds(people.laws)["consent.given"] == 1
    # The code to confirm it with is on the receipt, whoever of them kept the draft last.
    assert "/portal/confirm/" in (await desk.get(f"{draft}/receipt")).text
    assert people.laws.verify() == []


@pytest.mark.parametrize("again", ["yes", "no", "later"])
async def test_another_answer_on_a_draft_that_did_not_hear_of_its_consent_is_not_lost_unseen(
    people: People, again: str
) -> None:
    laws = people.laws
    desk = await people.professional("kuntakokeilu", "omavalmentaja")
    page = await found(people, desk, "suvi", "employment-support")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional", {"ticks-0": ["health"]})
    await answer(desk, draft, "yes")
    records = _records(laws)
    kept = await records.draft("kuntakokeilu", draft.split("/")[-1])
    assert kept is not None
    assert place_of(await desk.post(f"{draft}/understood", {"told": "1"})) == f"{draft}/receipt"
    # What was recorded stands, and the draft is as if it could not have been kept afterwards.
    await records.save_draft("kuntakokeilu", kept.id, kept.content)
    # The client reconsiders: nothing sensitive, and three months only.
    assert (await desk.post(f"{draft}/details", {"period": "3"})).status_code == 303
    chosen = {"method": "with-professional", "language": "fi", "identity_check": "document"}
    assert (await desk.post(f"{draft}/method", chosen)).status_code == 303
    said = await answer(desk, draft, again)
    if again == "yes":
        assert said.status_code == 303
        said = await desk.post(f"{draft}/understood", {"told": "1"})
        unsure = await desk.post(f"{draft}/understood", {"unsure": "1"})
        assert unsure.status_code == 409
    assert said.status_code == 409
    shown = words(said)
    assert "An earlier answer is recorded" in shown and "Record a withdrawal" in shown
    assert "Sensitive parts: health" in shown
    kinds = _kinds(laws)
    assert (kinds["consent.given"], kinds["consent.refused"], kinds["consent.deferred"]) == (1, 0, 0)


async def test_the_same_answer_on_such_a_draft_leads_to_the_receipt_of_the_first(people: People) -> None:
    desk = await people.professional("kuntakokeilu", "omavalmentaja")
    page = await found(people, desk, "suvi", "employment-support")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    records = _records(people.laws)
    kept = await records.draft("kuntakokeilu", draft.split("/")[-1])
    assert kept is not None
    await desk.post(f"{draft}/understood", {"told": "1"})
    await records.save_draft("kuntakokeilu", kept.id, kept.content)
    assert place_of(await desk.post(f"{draft}/understood", {"told": "1"})) == f"{draft}/receipt"
    assert _kinds(people.laws)["consent.given"] == 1


CHANGES: dict[str, dict[str, object]] = {
    "other sensitivities": {"sensitivities": frozenset({"health"})},
    "another end": {"until": demo_world().now + timedelta(days=30)},
    "a later beginning": {"valid_from": demo_world().now + timedelta(days=2)},
    "another purpose": {"purpose": "rehabilitation-decision"},
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_form_sent_again_with_another_answer_is_refused_and_changes_nothing(laws: Laws, change: str) -> None:
    wording = laws.gateway.wordings.current()
    told = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    suvi = await laws.client("suvi")

    async def give(row: GrantRow) -> str:
        by_hand = Capture(CaptureMethod.SELF_SERVICE)
        return (await laws.gateway.recording.give(suvi, (row,), by_hand, told, form=FORM)).consent.id

    until = laws.row().until
    first = await give(laws.row())
    laws.clock.advance(timedelta(minutes=5))
    # Begun "now" once more is the same answer.
    assert await give(laws.row(until=until)) == first
    size = laws.size()
    with pytest.raises(ConsentRefused) as refused:
        await give(laws.row(**({"until": until} | CHANGES[change])))
    assert refused.value.reason == "answered-otherwise"
    assert laws.size() == size
