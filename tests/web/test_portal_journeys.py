"""Journeys through the client's pages, in process: what the pages did is read from the registry and from the log."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gateway.consent.bounds import MOST_IN_FORCE
from gateway.consent.model import ConsentState
from gateway.consent.wording import render
from gateway.directory.period import Period
from tests.laws.gateway_world import PLAN, demo_world
from tests.web.people import People, open_people, words
from tests.web.portal_steps import confirm, reading, recorded_by_worker, request_of

TOO_MANY = {
    "fi": "Yhdellä palvelulla on liian monta lupaa", "fi-x-selko": "Palvelulla on liian monta lupaa",
    "sv": "En tjänst har för många tillstånd", "en": "There are too many permissions for one service",
}  # fmt: skip
"""What a page says in each register where a service may rely on so many permissions already."""


async def test_suvi_answers_a_request_in_two_screens_and_what_was_shown_is_recorded_by_its_hash(people: People) -> None:
    laws = reading(people)
    request = await request_of(people, "suvi")
    document = await laws.deposit("suvi")
    assert (await laws.read(document)).status_code == 404
    suvi = await people.client("suvi", language="fi")
    start = await suvi.get("/portal")
    assert f"/portal/requests/{request}" in start.text
    path = f"/portal/requests/{request}"
    first = await suvi.get(path)
    assert "checked" not in first.text and "selected" not in first.text
    checked = await suvi.post(path, {"answer": "yes", "until": "6", "tick-asked": ["health"]})
    done = await confirm(suvi, path, checked, **{"tick-asked": ["health"]})
    assert done.status_code == 303

    picture = await laws.gateway.recording.for_client(await people.client_id("suvi"))
    consent = picture.consents[0]
    assert not picture.requests
    assert (consent.shown.language, consent.shown.register) == ("fi", "plain")
    row = consent.grants[0].row
    assert (row.recipient, row.sensitivities) == ("kuntakokeilu", frozenset({"health"}))
    wording = laws.gateway.wordings.current()
    text = render(wording, "fi", "plain", [row], at=consent.given_at, directory=laws.gateway.directory)
    assert consent.shown.sha256 == text.sha256
    for paragraph in (*text.rows[0].paragraphs, *text.general):
        assert paragraph in words(checked)
    page = await suvi.get(f"/portal/consents/{consent.id}")
    assert text.rows[0].heading in words(page)
    assert (await laws.read(document)).status_code == 200
    assert laws.verify() == []


async def test_suvi_says_no_and_nobody_hears_of_it(people: People) -> None:
    request = await request_of(people, "suvi")
    suvi = await people.client("suvi")
    answer = await suvi.post(f"/portal/requests/{request}", {"answer": "no"})
    assert answer.headers["location"] == "/portal/done/refused"
    picture = await people.laws.gateway.recording.for_client(await people.client_id("suvi"))
    assert [row.recipient for row in picture.refusals] == ["kuntakokeilu"] and not picture.consents
    assert not [one for one in picture.messages if one.party == "kuntakokeilu"]


async def test_a_request_that_is_put_aside_stays_on_the_start_page(people: People) -> None:
    request = await request_of(people, "suvi")
    suvi = await people.client("suvi")
    assert (await suvi.post(f"/portal/requests/{request}", {"answer": "later"})).status_code == 303
    start = await suvi.get("/portal")
    assert "You decide later" in words(start) and f"/portal/requests/{request}" in start.text


async def test_sirpa_withdraws_from_kela_only_and_the_coach_still_sees(people: People) -> None:
    laws = reading(people)
    kela = laws.row(custodian="sosiaalityo", recipient="kela", purpose="rehabilitation-decision")
    coach = laws.row(custodian="sosiaalityo", recipient="tyohonvalmennus")
    consent = await laws.give("sirpa", kela, coach)
    document = await laws.deposit("sirpa", custodian="sosiaalityo")
    by_kela = laws.acting("kela", "kuntoutusasiantuntija", "rehabilitation-decision")
    by_coach = laws.acting("tyohonvalmennus", "tyohonvalmentaja", "employment-support")
    assert (await laws.read(document, by_kela)).status_code == 200
    sirpa = await people.client("sirpa")
    before = await sirpa.get(f"/portal/consents/{consent.id}/withdraw")
    assert "Kela rehabilitation, work-ability plan" in words(before)
    away = next(grant.id for grant in consent.grants if grant.row.recipient == "kela")
    rest = await sirpa.post(f"/portal/consents/{consent.id}/withdraw", {"what": "some", "away": [away]})
    assert "Supported job coaching" in words(rest) and "Kela rehabilitation" not in words(rest)
    done = await confirm(sirpa, f"/portal/consents/{consent.id}/change", rest)
    assert done.status_code == 303
    assert (await laws.read(document, by_kela)).status_code == 404
    assert (await laws.read(document, by_coach)).status_code == 200
    picture = await laws.gateway.recording.for_client(await people.client_id("sirpa"))
    changed = [one.party for one in picture.messages if one.kind == "consent.changed"]
    assert "kela" in changed and "tyohonvalmennus" not in changed
    assert laws.verify() == []


async def test_sirpa_withdraws_a_part_although_a_service_of_another_part_has_ended(tmp_path: Path) -> None:
    world = demo_world()
    services, over = world.directory.services, world.now + timedelta(days=10)
    gone = services["kuntakokeilu"].name.text("en")
    ending = replace(services["kuntakokeilu"], period=Period(None, over), succeeded_by="tyohonvalmennus")
    directory = replace(world.directory, services={**services, "kuntakokeilu": ending})
    async with open_people(tmp_path, directory=directory) as people:
        laws = people.laws
        kela = laws.row(recipient="kela", purpose="rehabilitation-decision")
        consent = await laws.give("sirpa", kela, laws.row(recipient="tyohonvalmennus"), laws.row())
        laws.clock.advance(timedelta(days=11))
        sirpa, here = await people.client("sirpa"), f"/portal/consents/{consent.id}"
        before = await sirpa.get(f"{here}/withdraw")
        assert before.text.count('name="away"') == 2
        away = next(grant.id for grant in consent.grants if grant.row.recipient == "kela")
        rest = await sirpa.post(f"{here}/withdraw", {"what": "some", "away": [away]})
        for page in (before, await sirpa.get(f"{here}/change"), rest):
            assert "These end too" in words(page)
            assert f"{gone}: work-ability plan" in words(page).split("These end too")[1]
        done = await confirm(sirpa, f"{here}/change", rest)
        assert done.status_code == 303
        after = await sirpa.get(done.headers["location"])
        _, ended = words(after).split("These have ended:")
        assert "Kela rehabilitation" in ended and gone in ended
        stands = await laws.gateway.recording.consent_of_client(consent.id, consent.client)
        assert stands is not None
        assert [grant.row.recipient for grant in stands.grants] == ["tyohonvalmennus"]
        assert laws.verify() == []


async def test_sirpa_withdraws_the_whole_and_sees_whom_we_told_and_who_has_read_it(people: People) -> None:
    laws = reading(people)
    consent = await laws.give("sirpa")
    sirpa = await people.client("sirpa")
    done = await sirpa.post(f"/portal/consents/{consent.id}/withdraw", {"what": "all"})
    after = await sirpa.get(done.headers["location"])
    assert "Not yet" in words(after) and "Esimerkkilä employment services" in words(after)
    told = await laws.gateway.recording.messages_to("kuntakokeilu")
    await laws.gateway.recording.acknowledge(told[-1].id, "kuntakokeilu")
    assert words(await sirpa.get(done.headers["location"])).count("Not yet") == words(after).count("Not yet") - 1
    stands = await laws.gateway.recording.consent_of_client(consent.id, await people.client_id("sirpa"))
    assert stands is not None and stands.state is ConsentState.WITHDRAWN


async def test_suvi_is_told_of_another_permission_by_which_the_same_goes_on(people: People) -> None:
    laws = people.laws
    await laws.deposit()
    longer = await laws.give()
    shorter = await laws.give("suvi", laws.row(until=laws.clock.now() + timedelta(days=20)))
    unlike = await laws.give("suvi", laws.row(recipient="kela", purpose="rehabilitation-decision"))
    suvi = await people.client("suvi")
    for page in ("/portal/print", "/portal/recipients/kuntakokeilu", f"/portal/matrix/kuntakokeilu/{PLAN}"):
        assert "Another permission goes on until" in words(await suvi.get(page)), page
    way = f"/portal/consents/{shorter.id}/withdraw"
    before = await suvi.get(way)
    assert "Another permission goes on" in words(before)
    assert f'href="/portal/consents/{longer.id}"' in before.text and unlike.id not in before.text
    after = await suvi.get((await suvi.post(way, {"what": "all"})).headers["location"])
    assert f'href="/portal/consents/{longer.id}"' in after.text
    assert "Another permission" not in words(await suvi.get(f"/portal/consents/{longer.id}/withdraw"))


async def test_valteri_reads_easy_finnish_with_a_supporter_beside_him(people: People) -> None:
    laws = reading(people)
    request = await request_of(people, "valteri", "tyohonvalmennus", "sosiaalityo")
    valteri = await people.client("valteri", language="fi-x-selko")
    path = f"/portal/requests/{request}"
    first = await valteri.get(path)
    for text in ("Sinun ei ole pakko antaa lupaa.", "Kyllä, saa nähdä", "Ei saa nähdä", "En tiedä vielä"):
        assert text in words(first)
    checked = await valteri.post(path, {"answer": "yes", "until": "3"})
    assert "Saako Työikäisten sosiaalipalvelut antaa sinun tietojasi?" in words(checked)
    done = await confirm(valteri, path, checked, supported="yes")
    consent = (await laws.gateway.recording.for_client(await people.client_id("valteri"))).consents[0]
    assert (consent.shown.language, consent.shown.register) == ("fi", "easy")
    assert consent.giver.is_client and consent.capture.evidence.get("supported") == "yes"
    assert consent.grants[0].row.sensitivities == frozenset()
    assert done.headers["location"] == f"/portal/consents/{consent.id}/given"


async def test_what_a_recipient_recorded_opens_nothing_until_the_client_confirms_it(people: People) -> None:
    laws = reading(people)
    consent = await recorded_by_worker(people, "maija", laws.row())
    document = await laws.deposit("maija")
    maija = await people.client("maija")
    assert "A worker recorded a permission for you" in words(await maija.get("/portal"))
    assert (await laws.read(document)).status_code == 404
    done = await maija.post(f"/portal/consents/{consent.id}/confirm")
    assert done.status_code == 303 and (await laws.read(document)).status_code == 200


async def test_confirming_by_code_needs_no_sign_in_and_a_wrong_code_confirms_nothing(people: People) -> None:
    laws = reading(people)
    await recorded_by_worker(people, "maija", laws.row())
    sent = (await laws.gateway.recording.messages_to("client", await people.client_id("maija")))[-1]
    phone = await people.visitor()
    path = f"/portal/confirm/{sent.body['handle']}"
    unknown = await phone.get("/portal/confirm/" + "0" * 32)
    asked = await phone.get(path)
    assert asked.text.replace(str(sent.body["handle"]), "0" * 32) == unknown.text
    wrong = await phone.post(path, {"code": "22222222"})
    assert wrong.status_code == 422 and "confirms nothing" in words(wrong)
    assert "You have confirmed it" in words(await phone.post(path, {"code": str(sent.body["code"])}))
    document = await laws.deposit("maija")
    assert (await laws.read(document)).status_code == 200


async def test_at_a_hundred_permissions_a_page_says_so_and_the_client_withdraws_one_and_confirms(
    people: People,
) -> None:
    laws = reading(people)
    waiting = await recorded_by_worker(people, "maija", laws.row())
    sent = (await laws.gateway.recording.messages_to("client", await people.client_id("maija")))[-1]
    first, *_ = [await laws.give("maija") for _ in range(MOST_IN_FORCE)]
    phone, maija = await people.visitor(), await people.client("maija")
    path, code = f"/portal/confirm/{sent.body['handle']}", {"code": str(sent.body["code"])}
    told = await phone.post(path, code)
    assert told.status_code == 422 and "a hundred permissions for this service already" in words(told)
    for language, title in TOO_MANY.items():
        reader = await people.client("maija", language)
        page = await reader.post(f"/portal/consents/{waiting.id}/confirm")
        assert page.status_code == 409 and title in words(page) and page.headers["content-type"].startswith("text/html")
    withdrawn = await maija.post(f"/portal/consents/{first.id}/withdraw", {"what": "all"})
    assert withdrawn.status_code == 303
    assert "You have confirmed it" in words(await phone.post(path, code))


async def test_ari_gives_without_being_asked_changes_and_gives_again(people: People) -> None:
    laws = reading(people)
    ari = await people.client("ari", language="sv")
    path = "/portal/give/kela"
    chosen = {"row": [f"{'work-ability-plan'}.sosiaalityo"], "purpose": "rehabilitation-decision", "until": "day"}
    checked = await ari.post(path, chosen | {"until_day": "31.5.2027"})
    assert "till och med 31.5.2027" in words(checked)
    done = await confirm(ari, path, checked, **{"tick-work-ability-plan.sosiaalityo": ["mental-health"]})
    client = await people.client_id("ari")
    consent = (await laws.gateway.recording.for_client(client)).consents[0]
    assert consent.grants[0].row.sensitivities == frozenset({"mental-health"})
    assert done.headers["location"].endswith("/given")

    change = f"/portal/consents/{consent.id}/change"
    page = await ari.get(change)
    assert page.text.count(" checked") == 3  # The row, its one sensitivity, and the end as it stands.
    key = consent.grants[0].id
    checked = await ari.post(change, {"row": [key], "until": "keep"})
    assert (await confirm(ari, change, checked)).status_code == 303
    changed = await laws.gateway.recording.consent_of_client(consent.id, client)
    assert changed is not None and changed.version == 2 and changed.grants[0].row.sensitivities == frozenset()
    assert changed.grants[0].row.until == consent.grants[0].row.until

    await ari.post(f"/portal/consents/{consent.id}/withdraw", {"what": "all"})
    again = f"/portal/consents/{consent.id}/again"
    assert " checked" not in (await ari.get(again)).text
    checked = await ari.post(again, {"row": [changed.grants[0].id], "until": "3"})
    done = await confirm(ari, again, checked)
    consents = (await laws.gateway.recording.for_client(client)).consents
    assert len(consents) == 2 and consents[0].id in done.headers["location"]


async def test_pausing_stops_every_permission_and_going_on_brings_them_back(people: People) -> None:
    laws = reading(people)
    await laws.give("suvi")
    document = await laws.deposit("suvi")
    suvi = await people.client("suvi")
    assert (await suvi.post("/portal/pause")).headers["location"] == "/portal/done/paused"
    assert (await laws.read(document)).status_code == 404
    assert "Stopped by you" in words(await suvi.get("/portal/consents"))
    assert "You have paused everything" in words(await suvi.get("/portal"))
    await suvi.post("/portal/resume")
    assert (await laws.read(document)).status_code == 200


async def test_withdrawing_everything_leaves_nothing_in_force(people: People) -> None:
    laws = reading(people)
    await laws.give("suvi")
    await laws.give("suvi", laws.row(recipient="kela", purpose="rehabilitation-decision"))
    suvi = await people.client("suvi")
    done = await suvi.post("/portal/withdraw-all")
    assert "Permissions withdrawn: 2" in words(done)
    assert "No permission is in force" in words(await suvi.get("/portal/consents"))


async def test_forbidding_beats_a_permission_until_it_is_lifted(people: People) -> None:
    laws = reading(people)
    await laws.give("suvi")
    document = await laws.deposit("suvi")
    suvi = await people.client("suvi")
    assert (await suvi.post("/portal/prohibitions", {"recipient": "", "category": ""})).status_code == 422
    await suvi.post("/portal/prohibitions", {"recipient": "kuntakokeilu", "category": ""})
    assert (await laws.read(document)).status_code == 404
    row = (await laws.gateway.recording.for_client(await people.client_id("suvi"))).prohibitions[0]
    await suvi.post(f"/portal/prohibitions/{row.id}/lift")
    assert (await laws.read(document)).status_code == 200


async def test_a_relation_by_law_is_seen_and_contested(people: People) -> None:
    laws = reading(people)
    relation = await laws.relate("suvi")
    suvi = await people.client("suvi")
    assert "By law" in words(await suvi.get("/portal"))
    assert (await suvi.post(f"/portal/relations/{relation}/contest")).status_code == 303
    assert "You said on" in words(await suvi.get("/portal/relations"))


async def test_the_language_of_messages_is_a_setting_that_stands_apart_from_the_pages_own(people: People) -> None:
    suvi, client = await people.client("suvi"), await people.client_id("suvi")
    page = await suvi.get("/portal/settings")
    assert "In which language do we write to you?" in words(page)
    fields = {"rhythm": "daily", "channel": "first", "language": "fi-x-selko"}
    assert (await suvi.post("/portal/settings", fields)).status_code == 303
    assert (await people.laws.gateway.recording.contact(client)).language == "fi-x-selko"
    again = await suvi.get("/portal/settings")
    assert re.search(r'name="language" value="fi-x-selko"[^>]* checked', again.text) and "Settings" in words(again)
    # What somebody chose is kept on a fault, and a language that there is not is none.
    wrong = await suvi.post("/portal/settings", {"language": "sv", "channel": "first"})
    assert wrong.status_code == 422 and re.search(r'name="language" value="sv"[^>]* checked', wrong.text)
    assert (await suvi.post("/portal/settings", fields | {"language": "tlh"})).status_code == 303
    assert (await people.laws.gateway.recording.contact(client)).language == "fi-x-selko"
