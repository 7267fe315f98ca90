"""A world in which every page has something to show: documents, consents of every state, looks and refusals."""

from __future__ import annotations

from datetime import timedelta

from gateway.consent.model import Actor, AskedRow, Capture, CaptureMethod, Evidence, RefusedRow, Shown
from tests.laws.gateway_world import FEEDBACK, PLAN, Laws
from tests.web.people import People


async def furnish(people: People) -> None:
    """Let a year of Suvi's, Sirpa's, Maija's and Valteri's affairs happen."""
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
    await laws.give("suvi", laws.row(sensitivities=frozenset({"health"}), until=laws.clock.now() + timedelta(days=20)))
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


async def _record_unconfirmed(laws: Laws) -> None:
    wording = laws.gateway.wordings.current()
    shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    by = Actor("kuntakokeilu", "kuntakokeilu-system", "w-1", "Olli Esimerkki", "omavalmentaja")
    capture = Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=Evidence((("identity_check", "passport"),)))
    await laws.gateway.recording.give(
        await laws.client("suvi"), (laws.row(category="self-assessment"),), capture, shown, by=by
    )
