"""Somebody decides at the desk in a client's place: the register of mandates is asked first, and again at each act."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.routing import Route

from gateway.app import create_app
from gateway.consent.checks import coming_of_age
from gateway.consent.model import ConsentState, Giver, GiverKind
from gateway.consent.view import ConsentView
from gateway.demo.phone import read_messages
from gateway.errors import ConsentRefused
from gateway.serving.logs import OURS
from gateway.site import make_site
from tests.laws.gateway_world import STRANGER, open_world
from tests.simulators.sessions import SimulatedSessions
from tests.web.desk_visits import answer, compare, fill_in, find, found, place_of, prepare, represent
from tests.web.people import People, Visitor, words
from tests.web.test_desk_consents import FEEDBACK, PLAN, PNG, coach, doctor, nurse, record, upload

NO_MANDATE = "By the register this person may not decide for the client"
OVER = "By the register this person may not decide any more"


async def begun(people: People, desk: Visitor, of: str, by: str, capacity: str, purpose: str = "care") -> str:
    """Begin with a representative whom the register tells of; return the address of the draft."""
    page = await found(people, desk, of, purpose)
    return place_of(await represent(desk, page, "work-ability", people.laws.code(by), capacity)).removesuffix("/rows")


async def given(people: People, of: str, service: str = "sote-keskus") -> tuple[ConsentView, ...]:
    """The consents of somebody."""
    return await people.laws.gateway.recording.consents_of(await people.client_id(of), service)


def end(people: People, by: str, of: str) -> None:
    """Take a mandate out of the register."""
    assert people.register is not None
    people.register.end(people.laws.code(by), people.laws.code(of))


def allow(people: People, by: str, of: str, *topics: str) -> None:
    """Let the register tell of a mandate for topics."""
    assert people.register is not None
    people.register.add(people.laws.code(by), people.laws.code(of), "Nimi", topics)


async def test_guardian_gives_on_the_turned_screen_and_is_recorded_as_who_gave(people: People) -> None:
    laws, desk = people.laws, await doctor(people)
    draft = await fill_in(desk, await begun(people, desk, "nuori", "sirpa", "guardian"), [PLAN], "with-professional")
    for screen in ("rows", "details", "method"):
        assert "decides in the client's place: Guardian of a child under 18" in words(
            await desk.get(f"{draft}/{screen}")
        )
    turned = await desk.get(f"{draft}/show")
    assert (
        "Päätät toisen puolesta: " in words(turned)
        and "170809" in words(turned)
        and "Päätät huoltajana" in words(turned)
    )
    await answer(desk, draft, "yes")
    assert "Ask who decides" in words(await desk.get(f"{draft}/understood"))
    receipt = words(await record(desk, draft))
    assert "In force" in receipt and "Who gave it Guardian of a child under 18" in receipt
    consent = (await given(people, "nuori"))[0]
    of_age = coming_of_age(laws.world.clients["nuori"].code.birth_date)
    assert (consent.giver.kind, consent.giver.until, consent.giver.scope) == (GiverKind.GUARDIAN, of_age, "manage")
    own = await found(people, desk, "nuori", "care")
    assert "Who gave it Guardian of a child under 18" in words(await desk.get(f"{own}/consents/{consent.id}"))
    reference = consent.giver.register_reference
    assert reference is not None and re.fullmatch(r"valtuudet-[0-9a-f]{32}@[0-9]{16}-[0-9a-f]{32}", reference)
    entry = next(one for one in laws.entries() if one.kind == "consent.given")
    assert entry.b is not None and entry.s is not None
    assert entry.b["representative"] == "guardian" and entry.b["giver"]["scope"] == "manage"
    assert entry.s["mandate"] == reference and reference not in repr(entry.b)
    told = await laws.gateway.recording.messages_to("client", await people.client_id("nuori"))
    assert [one.kind for one in told] == ["consent.given"]
    assert laws.verify() == []


async def test_who_has_a_mandate_is_recorded_with_its_topic_and_an_appointed_guardian_needs_one_of_their_own(
    people: People,
) -> None:
    desk = await doctor(people)
    allow(people, "ari", "maija", "hallinta")
    draft = await fill_in(desk, await begun(people, desk, "maija", "ari", "mandate"), [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    await record(desk, draft)
    assert [(one.giver.kind, one.giver.scope) for one in await given(people, "maija")] == [
        (GiverKind.MANDATE, "hallinta")
    ]
    page = await found(people, desk, "maija", "care")
    refused = await represent(desk, page, "work-ability", people.laws.code("ari"), "trustee")
    assert refused.status_code == 422 and NO_MANDATE in words(refused)
    allow(people, "ari", "maija", "edunvalvonta")
    draft = await fill_in(desk, await begun(people, desk, "maija", "ari", "trustee"), [PLAN], "with-professional")
    assert "Päätät edunvalvojana" in words(await desk.get(f"{draft}/show"))
    await answer(desk, draft, "yes")
    await record(desk, draft)
    kinds = {(one.giver.kind, one.giver.scope) for one in await given(people, "maija")}
    assert (GiverKind.TRUSTEE, "edunvalvonta") in kinds
    maija = await people.client("maija")
    assert "A guardian appointed for you" in words(await maija.get("/portal/settings"))
    assert people.laws.verify() == []


async def test_whoever_the_register_does_not_tell_of_decides_nothing_and_each_question_is_an_entry(
    people: People,
) -> None:
    desk, laws = await doctor(people), people.laws
    allow(people, "valteri", "maija", "katselu")
    page = await found(people, desk, "maija", "care")
    before = laws.size()
    answers = [
        await represent(desk, page, "work-ability", code, capacity)
        for code, capacity in (
            (laws.code("suvi"), "mandate"), (laws.code("maija"), "mandate"), (laws.code("ari"), "guardian"),
            (laws.code("valteri"), "mandate"), (STRANGER, "mandate"), (laws.code("ari"), "trustee"),
        )
    ][:5]  # fmt: skip
    for one in answers:
        assert one.status_code == 422 and NO_MANDATE in words(one)
    looks = laws.entries()[before:]
    assert {one.kind for one in looks} == {"desk.lookup"} and len(looks) == 6
    draft = str(answers[0].url.path).removesuffix("/representative")
    for screen in ("rows", "details", "method", "show", "proof", "understood"):
        led = await desk.get(f"{draft}/{screen}")
        assert led.status_code == 303
    assert place_of(await desk.get(f"{draft}/rows")) == f"{draft}/representative"
    assert place_of(await desk.post(f"{draft}/rows", {"row": [PLAN]})) == f"{draft}/representative"
    assert await given(people, "maija") == ()
    maija = await people.client("maija")
    assert "register of mandates" in words(await maija.get("/portal/log"))


async def test_a_minor_is_decided_for_by_a_guardian_alone_and_by_none_once_of_age(people: People) -> None:
    desk, laws = await doctor(people), people.laws
    page = await found(people, desk, "nuori", "care")
    for capacity in ("mandate", "trustee"):
        assert NO_MANDATE in words(await represent(desk, page, "work-ability", laws.code("sirpa"), capacity))
    of_age = coming_of_age(laws.world.clients["nuori"].code.birth_date)
    laws.clock.advance(of_age - laws.clock.now() - timedelta(days=40))
    desk = await doctor(people)
    draft = await fill_in(desk, await begun(people, desk, "nuori", "sirpa", "guardian"), [PLAN], "with-professional")
    # Six months were chosen; the words on the screen end where the mandate does.
    assert "16.8.2027" in words(await desk.get(f"{draft}/show"))
    await answer(desk, draft, "yes")
    await record(desk, draft)
    assert (await given(people, "nuori"))[0].grants[0].row.until == of_age
    laws.clock.advance(timedelta(days=40))
    desk = await doctor(people)
    page = await found(people, desk, "nuori", "care")
    assert NO_MANDATE in words(await represent(desk, page, "work-ability", laws.code("sirpa"), "guardian"))
    assert not (await given(people, "nuori"))[0].grants[0].in_force(laws.clock.now())


@pytest.mark.parametrize("said", ["yes", "no", "later"])
async def test_a_mandate_that_ended_between_the_screens_decides_nothing(people: People, said: str) -> None:
    desk, laws = await doctor(people), people.laws
    draft = await fill_in(desk, await begun(people, desk, "maija", "ari", "mandate"), [PLAN], "with-professional")
    if said == "yes":
        await answer(desk, draft, "yes")
    end(people, "ari", "maija")
    before = laws.size()
    refused = (
        await desk.post(f"{draft}/understood", {"told": "1"}) if said == "yes" else await answer(desk, draft, said)
    )
    assert refused.status_code == 422 and OVER in words(refused)
    assert laws.size() == before and await given(people, "maija") == ()


async def test_code_comes_to_the_phone_of_who_decides_and_its_confirming_counts_for_nobody_else(people: People) -> None:
    desk, laws = await doctor(people), people.laws
    await people.client("ari")
    draft = await fill_in(desk, await begun(people, desk, "maija", "ari", "mandate"), [PLAN], "own-phone")
    await answer(desk, draft, "yes")
    await laws.gateway.recording.deliver_outbox()
    outbox = laws.folder / "outbox"
    assert read_messages(outbox, await people.client_id("maija")) == []
    body = next(one["body"] for one in read_messages(outbox, await people.client_id("ari")))
    assert isinstance(body, dict)
    shown = await desk.get(f"{draft}/proof")
    assert str(body["handle"]) in shown.text and str(body["code"]) not in shown.text
    assert "not been confirmed on the own phone of who decides" in words(await desk.post(f"{draft}/proof"))
    phone = await people.visitor()
    assert (await phone.post(f"/portal/confirm/{body['handle']}", {"code": str(body["code"])})).status_code == 200
    # The same rows and words as the client's own: what a representative confirmed is no evidence for it.
    kept = await laws.gateway.recording.has_confirmed(await people.client_id("maija"), str(body["handle"]))
    assert kept
    assert place_of(await desk.post(f"{draft}/proof")) == f"{draft}/understood"
    assert "In force" in words(await record(desk, draft))
    assert laws.verify() == []


async def test_desk_cannot_tell_whether_who_decides_is_known_to_us(people: People) -> None:
    desk, laws = await doctor(people), people.laws
    assert people.register is not None
    people.register.add(STRANGER, laws.code("maija"), "Nimi", {"hallinta"})
    allow(people, "ari", "maija", "hallinta")
    page, told = await found(people, desk, "maija", "care"), []
    for code in (STRANGER, laws.code("ari")):
        rows = place_of(await represent(desk, page, "work-ability", code, "mandate"))
        draft = await fill_in(desk, rows.removesuffix("/rows"), [PLAN], "own-phone")
        size = laws.size()
        await answer(desk, draft, "yes")
        assert laws.size() == size
        text = re.sub(r"[0-9a-f]{32}", "-", (await desk.get(f"{draft}/proof")).text)
        told.append(text)
    assert told[0] == told[1]
    await laws.gateway.recording.deliver_outbox()
    clients = laws.folder / "outbox" / "clients"
    reached = {file.parent.name for file in clients.glob("*/*.json")}
    # Nobody has a phone, and what is sent to nobody reaches nobody.
    assert reached == {await people.client_id("ari"), laws.gateway.register.decoy()}


async def test_recipients_own_recording_waits_for_a_representative_whose_mandate_stands_then(people: People) -> None:
    desk, laws = await coach(people), people.laws
    draft = await begun(people, desk, "maija", "ari", "mandate", "employment-support")
    await fill_in(desk, draft, [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    receipt = await record(desk, draft)
    assert "Waits for confirmation" in words(receipt) and "Who decides still confirms it" in words(receipt)
    await laws.gateway.recording.deliver_outbox()
    body = read_messages(laws.folder / "outbox", await people.client_id("ari"))[0]["body"]
    assert isinstance(body, dict)
    own = read_messages(laws.folder / "outbox", await people.client_id("maija"))
    assert [one["kind"] for one in own] == ["consent.given"] and "code" not in repr(own)
    end(people, "ari", "maija")
    with pytest.raises(ConsentRefused) as refused:
        await laws.gateway.recording.confirm_by_code(str(body["handle"]), str(body["code"]))
    assert refused.value.reason == "mandate-missing"
    assert not (await given(people, "maija", "kuntakokeilu"))[0].grants[0].confirmed
    allow(people, "ari", "maija", "hallinta")
    await laws.gateway.recording.confirm_by_code(str(body["handle"]), str(body["code"]))
    assert (await given(people, "maija", "kuntakokeilu"))[0].grants[0].confirmed
    assert laws.verify() == []


async def test_paper_and_spoken_words_of_a_representative(people: People) -> None:
    first, second, laws = await doctor(people, "w-1"), await doctor(people, "w-2"), people.laws
    draft = await fill_in(first, await begun(people, first, "maija", "ari", "mandate"), [PLAN], "paper-scan")
    await answer(first, draft, "yes")
    await upload(first, f"{draft}/proof", PNG, "image/png")
    seen = await second.get(f"{draft}/compare")
    assert "Who decides for the client signed this" in words(seen)
    assert place_of(await compare(second, draft)) == "/desk/worklist"
    assert "In force" in words(await record(first, draft))
    spoken = await nurse(people)
    draft = await fill_in(spoken, await begun(people, spoken, "maija", "ari", "mandate"), [FEEDBACK], "verbal")
    await answer(spoken, draft, "yes")
    assert "What did they say for the client?" in words(await spoken.get(f"{draft}/proof"))
    await spoken.post(f"{draft}/proof", {"note": "Ari sanoi: saat lähettää sen."})
    await record(spoken, draft)
    view = (await given(people, "maija", "terveystarkastus"))[0]
    assert view.giver.kind is GiverKind.MANDATE and view.grants[0].single_use
    assert laws.verify() == []


@pytest.mark.parametrize(("said", "kind"), [("no", "consent.refused"), ("later", "consent.deferred")])
async def test_no_and_later_of_a_representative_are_recorded_as_theirs(people: People, said: str, kind: str) -> None:
    desk, laws = await doctor(people), people.laws
    draft = await fill_in(desk, await begun(people, desk, "nuori", "sirpa", "guardian"), [PLAN], "with-professional")
    done = await desk.get(place_of(await answer(desk, draft, said)))
    assert "as good an answer as any other" in words(done) and "The client" not in words(done).split("Clients")[-1][:60]
    entry = laws.entries()[-1]
    assert entry.kind == kind and entry.b is not None and entry.b["representative"] == "guardian"
    assert laws.verify() == []


async def test_what_the_client_forbade_stays_forbidden_whoever_gives(people: People) -> None:
    desk, laws = await doctor(people), people.laws
    await laws.deposit("nuori", "sote-keskus")
    own = await laws.gateway.recording.prohibit(await people.client_id("nuori"), recipient="kuntakokeilu")
    draft = await fill_in(desk, await begun(people, desk, "nuori", "sirpa", "guardian"), [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    await record(desk, draft)
    reader = await coach(people)
    page = await found(people, reader, "nuori", "employment-support")
    opened = await reader.post(f"{page}/open", {"category": "work-ability-plan"})
    assert 'class="reading"' not in opened.text
    entry = next(one for one in reversed(laws.entries()) if one.kind in ("search", "decision"))
    assert entry.b is not None and "prohibited" in repr(entry.b)
    reference = (await given(people, "nuori"))[0].giver.register_reference
    with pytest.raises(ConsentRefused) as refused:
        await laws.gateway.recording.lift_prohibition(
            own.id, client=await people.client_id("nuori"), giver=Giver(GiverKind.GUARDIAN, reference)
        )
    assert refused.value.reason == "lift-not-allowed"
    assert laws.verify() == []


async def test_helper_is_told_on_the_screens_and_decides_nothing(people: People) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "valteri", "care")
    draft = await prepare(desk, page, "work-ability", [PLAN], "with-professional", decides="supported")
    assert "helps the client to understand" in words(await desk.get(f"{draft}/method"))
    await answer(desk, draft, "yes")
    await record(desk, draft)
    view = (await given(people, "valteri"))[0]
    assert view.giver.is_client and view.capture is not None
    assert view.capture.evidence.get("supported") == "yes" and view.state == ConsentState.GIVEN


async def test_who_decides_is_chosen_and_never_assumed(people: People) -> None:
    desk = await doctor(people)
    page = await found(people, desk, "suvi", "care")
    for decides in ("", "nobody", "<script>"):
        begun_so = await desk.post(f"{page}/consent", {"situation": "work-ability", "decides": decides})
        assert begun_so.status_code == 422 and "Choose who decides" in words(begun_so)
        assert "<script>" not in begun_so.text
    assert " checked" not in (await desk.get(f"{page}/consent")).text


async def test_drafts_of_others_and_of_clients_have_no_page_of_a_representative(people: People) -> None:
    desk, colleague, stranger = await doctor(people), await doctor(people, "w-2"), await coach(people)
    draft = await begun(people, desk, "maija", "ari", "mandate")
    fields = {"capacity": "mandate", "code": people.laws.code("ari")}
    for other in (colleague, stranger):
        assert (await other.get(f"{draft}/representative")).status_code == 404
        assert (await other.post(f"{draft}/representative", fields)).status_code == 404
    page = await found(people, desk, "maija", "care")
    own = await prepare(desk, page, "work-ability", [PLAN], "with-professional")
    assert (await desk.get(f"{own}/representative")).status_code == 404
    assert (await desk.post(f"{own}/representative", fields)).status_code == 404


async def test_another_representative_begins_anew(people: People) -> None:
    desk, laws = await doctor(people), people.laws
    allow(people, "suvi", "maija", "hallinta")
    draft = await fill_in(desk, await begun(people, desk, "maija", "ari", "mandate"), [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    other = {"capacity": "mandate", "code": laws.code("suvi")}
    assert place_of(await desk.post(f"{draft}/representative", other)) == f"{draft}/rows"
    assert (await desk.post(f"{draft}/understood", {"told": "1"})).status_code == 303
    assert await given(people, "maija") == ()


async def test_identity_code_of_a_representative_is_in_no_page_address_log_or_entry(
    people: People, caplog: pytest.LogCaptureFixture
) -> None:
    # As the process's own log has it: every line of ours, and the warnings of libraries.
    for name in OURS:
        caplog.set_level(logging.DEBUG, logger=name)
    caplog.set_level(logging.WARNING, logger="httpx")
    desk, laws = await doctor(people), people.laws
    code, size = laws.code("ari"), laws.size()
    page = await found(people, desk, "maija", "care")
    seen = [await represent(desk, page, "work-ability", code, "guardian")]
    seen.append(await represent(desk, page, "work-ability", f"<b>{code}", "<script>alert(1)</script>"))
    assert seen[1].status_code == 422 and "<script>alert" not in seen[1].text
    draft = await fill_in(desk, await begun(people, desk, "maija", "ari", "mandate"), [PLAN], "own-phone")
    seen += [await answer(desk, draft, "yes")]
    seen += [await desk.get(f"{draft}/{screen}") for screen in ("representative", "show", "proof")]
    for one in seen:
        assert code not in one.text and code not in str(one.headers) and code not in str(one.url)
    assert code not in caplog.text and code not in repr(laws.entries()[size:])


async def test_register_that_does_not_answer_lets_nobody_decide(people: People) -> None:
    desk = await doctor(people)
    assert people.register is not None
    draft = await begun(people, desk, "maija", "ari", "mandate")
    place = len(people.register.app.router.routes) - 1
    people.register.app.router.routes[place] = Route(
        "/service/rest/{rest:path}", lambda request: Response(status_code=500)
    )
    page = await found(people, desk, "maija", "care")
    silent = await represent(desk, page, "work-ability", people.laws.code("ari"), "mandate")
    assert silent.status_code == 503 and "does not answer now" in words(silent)
    assert people.laws.code("ari") not in silent.text
    await fill_in(desk, draft, [PLAN], "with-professional")
    assert (await answer(desk, draft, "no")).status_code == 503


async def test_desk_without_a_register_leads_to_where_a_mandate_is_asked(tmp_path: Path) -> None:
    async with open_world(tmp_path, web=False) as laws:
        sessions = SimulatedSessions(laws.clock.now)
        people = People(laws, sessions, create_app(laws.gateway, site=make_site(laws.gateway, sessions)))
        desk = await coach(people)
        page = await found(people, desk, "nuori", "employment-support")
        said = {"situation": "work-ability", "decides": "representative"}
        place = place_of(await desk.post(f"{page}/consent", said))
        shown = await desk.get(place)
        assert "cannot be asked here" in words(shown) and f'href="{page}/ask"' in shown.text
        fields = {"capacity": "guardian", "code": laws.code("sirpa")}
        assert (await desk.post(place, fields)).status_code == 422
        row = re.search(r'name="row" value="([a-z:-]*work-ability-plan[a-z:-]*)"', (await desk.get(f"{page}/ask")).text)
        assert row is not None
        place_of(await desk.post(f"{page}/ask", {"row": row[1]}))
        laws.gateway.mandates.add(await people.client_id("nuori"), GiverKind.GUARDIAN, "register:1")
        guardian = await people.client("maija", acting_for="nuori")
        assert "Somebody asks for this person's permission" in words(await guardian.get("/portal"))


async def test_person_whom_nobody_knows_is_enrolled_when_their_representative_answers(people: People) -> None:
    desk, laws = await doctor(people), people.laws
    assert people.register is not None
    people.register.add(laws.code("ari"), STRANGER, "Nimi", {"hallinta"})
    page = await find(desk, STRANGER, "care")
    rows = place_of(await represent(desk, page, "work-ability", laws.code("ari"), "mandate"))
    gateway = laws.gateway

    def known() -> int:
        with gateway.database.read() as connection:
            return len(gateway.register.clients(connection))

    before = known()
    draft = await fill_in(desk, rows.removesuffix("/rows"), [PLAN], "with-professional", name="Outi Esimerkki")
    await answer(desk, draft, "yes")
    assert known() == before
    await record(desk, draft)
    assert known() == before + 1 and laws.verify() == []
