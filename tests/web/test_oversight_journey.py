"""An officer answers who saw Suvi's plan in May, and why: searched, explained, proved, and told to her on paper."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.disclosure.release import Refused, Released
from tests.web.people import People, words
from tests.web.test_oversight_report import officer_named

MAY = datetime(2027, 5, 12, 9, tzinfo=UTC)


async def test_an_officer_answers_who_saw_suvis_plan_in_may_and_why(people: People) -> None:
    laws = people.laws
    plan = await laws.deposit("suvi")
    await laws.deposit("maija")
    await laws.give("suvi")
    assert isinstance(await laws.ask(laws.read_of(plan)), Released)  # In November, by the year's first log.

    laws.clock.set(MAY)
    await laws.give("suvi", laws.row())
    coach = replace(laws.requester(), person="w-77", person_name="Olli Ohjaaja")
    kela = laws.requester("kela", "kuntoutusasiantuntija", "rehabilitation-decision")
    assert isinstance(await laws.ask(laws.read_of(plan, coach)), Released)
    assert isinstance(await laws.ask(laws.read_of(plan, kela)), Refused)
    laws.clock.set(MAY + timedelta(days=30))
    assert isinstance(await laws.ask(laws.read_of(plan, coach)), Released)

    # The custodian's officer searches.
    officer = await officer_named(people, "o-1", "hyvinvointialue")
    asked = await officer.post(
        "/oversight/search",
        {
            "reason": "Suvi asked on 20 June who saw her plan in May", "client": laws.code("suvi"),
            "category": "work-ability-plan", "since": "2027-05-01", "until": "2027-05-31",
        },
    )  # fmt: skip
    found = await officer.get(asked.headers["location"])
    page = words(found)
    assert page.count("received: work-ability plan") == 1 and page.count("Nothing was given.") == 1
    assert "12 May 2027 at 12:00" in page and "Olli Ohjaaja (w-77), personal job coach" in page
    assert "supporting the client into work" in page and "the client's consent" in page

    # One entry, with its explanation and its proof.
    released = re.search(r'href="(/oversight/entries/2027/\d+\?[^"]+)">\s*Esimerkkilä[^<]*received', found.text)
    assert released is not None
    entry = words(await officer.get(released[1]))
    assert "Explained" in entry and laws.gateway.engine.revision in entry
    checked = words(await officer.post(released[1].replace("?", "/verify?")))
    assert "Every step that could be checked holds" in checked and checked.count(" Holds ") == 6

    # And what Suvi is given: another officer decides about the worker's name.
    report = await officer.post(
        "/oversight/clients",
        {
            "package": "703-2023-11", "client": laws.code("suvi"), "language": "fi", "reason": "Suvi asked on 20 June",
            "since": "2027-05-01",
        },
    )  # fmt: skip
    second = await officer_named(people, "o-2", "hyvinvointialue")
    address = report.headers["location"]
    keys = re.findall(r'id="(worker-\d+)"', (await second.get(address)).text)
    assert len(keys) == 1
    assert (await second.post(f"{address}/check", {keys[0]: "without-name"})).status_code == 303
    table = (await second.get(f"{address}/files/report.csv")).text
    assert "12.5.2027 12.00" in table and "Olli" not in table and "w-77" not in table
    assert table.count("työkyvyn tuen suunnitelma") == 2

    # Suvi sees in her own log that the officer looked; and the log is whole.
    suvi = await people.client_id("suvi")
    looks = [one for one in laws.entries() if one.kind == "audit.read" and one.client == suvi]
    assert len(looks) >= 5
    assert laws.verify() == []
