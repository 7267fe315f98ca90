"""A world in which every page has something to show: documents, consents of every state, looks and refusals, talks at
a desk at every step, a doubt and its answer, reports."""

from __future__ import annotations

import re
from datetime import timedelta

from gateway.consent.model import (
    Actor,
    AskedRow,
    Capture,
    CaptureMethod,
    Evidence,
    Giver,
    GiverKind,
    RefusedRow,
    Shown,
)
from gateway.disclosure.concern import Answer
from gateway.disclosure.log_query import Officer
from gateway.web.session import Kind, SignedIn
from tests.laws.gateway_world import FEEDBACK, PLAN, Laws
from tests.web.desk_visits import answer, fill_in, found, place_of, prepare, represent
from tests.web.people import People

_ROW = "sote-keskus:kuntakokeilu:work-ability-plan:employment-support"


async def furnish(people: People) -> None:
    """Let a year of Suvi's, Sirpa's, Maija's and Valteri's affairs happen, in all the rooms, and of a child's, for whom
    Maija acts."""
    await _decide(people)
    await _decide_for_a_child(people)
    await _talk_at_the_desk(people)
    await _ask_about_a_look(people)
    await _report(people)


async def _decide(people: People) -> None:
    laws = people.laws
    plan = await laws.deposit("suvi")
    feedback = await laws.deposit("suvi", "terveystarkastus", FEEDBACK)
    await laws.deposit("maija")
    await laws.deposit("valteri")
    coach = laws.requester()
    kela = laws.requester("kela", "kuntoutusasiantuntija", "rehabilitation-decision")
    await laws.ask(laws.read_of(plan, kela))
    first = await laws.give("suvi", laws.row())
    await laws.ask(laws.read_of(plan, coach))
    laws.clock.advance(timedelta(days=3))
    await laws.give(
        "suvi", laws.row(custodian="terveystarkastus", category=FEEDBACK, sensitivities=frozenset({"health"}))
    )
    await laws.ask(laws.read_of(feedback, coach, "Composition"))
    await laws.give("sirpa", laws.row(), laws.row(recipient="kela", purpose="rehabilitation-decision"))
    await _record_unconfirmed(laws)
    laws.clock.advance(timedelta(days=5))
    await laws.gateway.recording.withdraw(first.id, client=await laws.client("suvi"))
    await laws.ask(laws.read_of(plan, coach))
    again = await laws.give(
        "suvi", laws.row(sensitivities=frozenset({"health"}), until=laws.clock.now() + timedelta(days=20))
    )
    await laws.ask(laws.read_of(plan, coach))
    suvi = await laws.client("suvi")
    recording = laws.gateway.recording
    for name in ("suvi", "valteri", "maija"):
        asked = AskedRow("sote-keskus", "tyohonvalmennus", PLAN, "employment-support")
        by = Actor("tyohonvalmennus", "tyohonvalmennus-system", "w-9", "Ohjaaja Esimerkki", "tyohonvalmentaja")
        await recording.request(await laws.client(name), asked, by)
    await recording.prohibit(suvi, recipient="tyonantaja")
    await recording.refuse(suvi, [RefusedRow("elakelaitos", PLAN)])
    await laws.relate("suvi", "statutory", section="189/2001 5 §")
    sent = (await recording.messages_to("client", suvi))[-1].body
    people.places["client"] = [
        f"/portal/consents/{again.id}/given", f"/portal/consents/{first.id}/withdrawn",
        f"/portal/consents/{first.id}/again", "/portal/done/refused", "/portal/walk/done",
        "/portal/preview?recipient=kela&category=work-ability-plan&tick=health",
    ]  # fmt: skip
    people.places["stranger"] = ["/portal/confirm/" + str(sent.get("handle", "0" * 32))]


async def _decide_for_a_child(people: People) -> None:
    """Let a guardian give, withdraw and be asked, and the child have documents of whom somebody has read one."""
    laws, recording = people.laws, people.laws.gateway.recording
    child = await people.client_id("nuori")
    laws.gateway.mandates.add(child, GiverKind.GUARDIAN, "register:1")
    guardian = Giver(GiverKind.GUARDIAN, "register:1")
    plan = await laws.deposit("nuori")
    await laws.deposit("nuori", "terveystarkastus", FEEDBACK)
    wording = laws.gateway.wordings.current()
    shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    health = laws.row(sensitivities=frozenset({"health"}), until=laws.clock.now() + timedelta(days=20))
    given = [
        (await recording.give(child, rows, Capture(CaptureMethod.SELF_SERVICE), shown, giver=guardian)).consent
        for rows in ((health,), (laws.row(recipient="kela", purpose="rehabilitation-decision"),))
    ]
    await laws.ask(laws.read_of(plan))
    await recording.withdraw(given[1].id, client=child, giver=guardian)
    by = Actor("tyohonvalmennus", "tyohonvalmennus-system", "w-9", "Ohjaaja Esimerkki", "tyohonvalmentaja")
    await recording.request(child, AskedRow("sote-keskus", "tyohonvalmennus", PLAN, "employment-support"), by)
    await recording.refuse(child, [RefusedRow("elakelaitos", PLAN)], giver=guardian)
    await recording.prohibit(child, recipient="tyonantaja", giver=guardian)
    await laws.relate("nuori", "statutory", section="189/2001 5 §")
    people.places["representative"] = [
        f"/portal/consents/{given[0].id}/given", f"/portal/consents/{given[1].id}/withdrawn",
        f"/portal/consents/{given[1].id}/again", "/portal/done/refused", "/portal/walk/done", "/acting-for",
        "/portal/preview?recipient=kela&category=work-ability-plan&tick=health",
        "/portal/preview?recipient=tyonantaja&category=work-ability-plan",
        "/portal/matrix/tyonantaja/work-ability-plan", "/portal/matrix/kuntakokeilu/work-ability-plan",
    ]  # fmt: skip


async def _talk_at_the_desk(people: People) -> None:
    """Leave a talk at each of its steps to the doctor, and a signed paper that a colleague took in."""
    doctor, colleague = [
        await people.professional("sote-keskus", "laakari", worker=worker) for worker in ("w-1", "w-2")
    ]
    for one in (doctor, colleague):
        await one.post("/desk/work", {"work": "sote-keskus.laakari.care"})
    page = await found(people, doctor, "suvi", "care")
    methods = ("with-professional", "verbal", "own-phone")
    begun = [await prepare(doctor, page, "work-ability", [_ROW], method) for method in methods]
    for draft in begun:
        await answer(doctor, draft, "yes")
    done = await prepare(doctor, page, "work-ability", [_ROW], "with-professional", {"ticks-0": ["health"]})
    await answer(doctor, done, "yes")
    await doctor.post(f"{done}/understood", {"told": "1"})
    paper = await prepare(colleague, page, "work-ability", [_ROW], "paper-scan")
    await answer(colleague, paper, "yes")
    assert colleague.session is not None
    scan = {"scan": ("scan.png", b"\x89PNG\r\n\x1a\n" + b"a signature" * 20, "image/png")}
    await colleague.web.post(f"{paper}/proof", data={"csrf": colleague.session.csrf}, files=scan)
    late = await prepare(doctor, await found(people, doctor, "maija", "care"), "work-ability", [_ROW], "verbal")
    await answer(doctor, late, "later")
    await doctor.post(f"{page}/report", {"says": "in-vain"})
    maija, ari = await found(people, doctor, "maija", "care"), people.laws.code("ari")
    for_maija = []
    for method in ("own-phone", "with-professional", "verbal"):
        rows = place_of(await represent(doctor, maija, "work-ability", ari, "mandate"))
        for_maija.append(await fill_in(doctor, rows.removesuffix("/rows"), [_ROW], method))
        await answer(doctor, for_maija[-1], "yes")
    await doctor.post(f"{for_maija[1]}/understood", {"told": "1"})
    people.places["professional"] = [
        page, *(f"{begun[0]}/{step}" for step in ("details", "method", "show", "understood")), f"{begun[1]}/proof",
        f"{begun[2]}/proof", f"{done}/receipt", f"{page}/answered/no", f"{page}/reported", f"{page}/asked",
        f"{page}/deposit/work-ability-plan/done", f"{for_maija[0]}/proof", f"{for_maija[1]}/receipt",
        f"{maija}/answered/no-for-them", f"{maija}/answered/later-for-them",
        *(f"{for_maija[2]}/{step}" for step in ("representative", "method", "show", "proof")),
    ]  # fmt: skip


async def _ask_about_a_look(people: People) -> None:
    """Let Suvi doubt two looks, of which one is answered."""
    laws = people.laws
    suvi = await people.client_id("suvi")
    looks = [one for one in laws.entries() if (one.kind, one.client, one.outcome) == ("disclosure", suvi, "permit")]
    for entry in looks[:2]:
        raised = await laws.gateway.concerns.raise_concern(suvi, entry.origin, entry.index, said="En ollut siellä.")
    officer = Officer("o-2", "Vastaava Toinen", "hyvinvointialue")
    await laws.gateway.concerns.answer(raised.id, officer, Answer.RIGHTFUL, "Valmentajasi valmisteli tapaamista.")


async def _report(people: People) -> None:
    """Let one report wait for the officer's second look, and one have gone out."""
    officers = [
        await people.visitor(
            SignedIn(Kind.STAFF, id_, f"Officer {id_}", "substantial", people.laws.clock.now(),
                     organisation="hyvinvointialue", is_officer=True)
        )
        for id_ in ("o-1", "o-2")
    ]  # fmt: skip
    asked = {
        "package": "703-2023-11",
        "reason": "asiakas pyysi",
        "language": "fi",
        "client": people.laws.code("suvi"),
    }
    for maker, second in ((officers[1], None), (officers[0], officers[1])):
        report = place_of(await maker.post("/oversight/clients", asked))
        if second is not None:
            keys = re.findall(r'name="((?:worker|line)-[^"]+)"', (await second.get(report)).text)
            place_of(await second.post(f"{report}/check", dict.fromkeys(keys, "include")))
    people.places["officer"] = [report]


async def _record_unconfirmed(laws: Laws) -> None:
    wording = laws.gateway.wordings.current()
    shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    by = Actor("kuntakokeilu", "kuntakokeilu-system", "w-1", "Olli Esimerkki", "omavalmentaja")
    capture = Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=Evidence((("identity_check", "passport"),)))
    await laws.gateway.recording.give(
        await laws.client("suvi"), (laws.row(category="self-assessment"),), capture, shown, by=by
    )
