"""What the client's pages must not do: show or touch another's, act on a forged form, run what somebody wrote."""

from __future__ import annotations

import pytest

from gateway.consent.model import GiverKind
from tests.web.people import People, words
from tests.web.portal_steps import confirm, recorded_by_worker, request_of

PATHS = (
    "/portal", "/portal/consents", "/portal/give", "/portal/give/kela", "/portal/prohibitions", "/portal/relations",
    "/portal/settings", "/portal/withdraw-all", "/portal/done/refused",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_comes_in_without_a_sign_in_and_staff_find_no_such_page(people: People, path: str) -> None:
    stranger = await people.visitor()
    answer = await stranger.get(path)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    assert (await (await people.professional("kela", "etuuskasittelija")).get(path)).status_code == 404


@pytest.mark.parametrize("language", ["fi", "fi-x-selko", "sv", "en"])
async def test_every_page_opens_in_every_register_with_one_heading_and_no_style_or_script_in_it(
    people: People, language: str
) -> None:
    laws = people.laws
    consent = await laws.give("suvi", laws.row(), laws.row(recipient="kela", purpose="rehabilitation-decision"))
    request = await request_of(people, "suvi", "tyohonvalmennus")
    await laws.relate("suvi")
    await laws.gateway.recording.prohibit(await people.client_id("suvi"), recipient="tyonantaja")
    receipt = (await laws.gateway.recording.receipts(consent.id))[0]
    own = f"/portal/consents/{consent.id}"
    paths = [
        *PATHS, f"/portal/requests/{request}", own, f"{own}/given", f"{own}/change", f"{own}/again", f"{own}/withdraw",
        f"/portal/receipts/{receipt.id}",
    ]  # fmt: skip
    suvi = await people.client("suvi", language)
    for path in paths:
        answer = await suvi.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.text.count("<h1>") == 1, path
        assert " style=" not in answer.text and "<script" not in answer.text and " on" + "click" not in answer.text
        assert people.laws.world.clients["suvi"].code.reveal() not in answer.text
        assert answer.headers["cache-control"] == "no-store"


async def test_anothers_ids_answer_exactly_like_unknown_ones(people: People) -> None:
    laws = people.laws
    consent = await laws.give("suvi")
    request = await request_of(people, "suvi", "kela", purpose="rehabilitation-decision")
    receipt = (await laws.gateway.recording.receipts(consent.id))[0]
    relation = await laws.relate("suvi")
    forbidden = await laws.gateway.recording.prohibit(await people.client_id("suvi"), recipient="tyonantaja")
    sirpa = await people.client("sirpa")
    unknown = "0" * 32
    for path in ("", "/given", "/change", "/again", "/withdraw", "/withdrawn"):
        theirs = await sirpa.get(f"/portal/consents/{consent.id}{path}")
        nobodys = await sirpa.get(f"/portal/consents/{unknown}{path}")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text.replace(consent.id, unknown) == nobodys.text
    for path in ("change", "again", "withdraw", "confirm"):
        fields = {"what": "all", "row": [consent.grants[0].id], "until": "3"}
        assert (await sirpa.post(f"/portal/consents/{consent.id}/{path}", fields)).status_code == 404
    for path in ("", "/qr.svg", "/pdf", "/signed"):
        assert (await sirpa.get(f"/portal/receipts/{receipt.id}{path}")).status_code == 404
    assert (await sirpa.get(f"/portal/requests/{request}")).status_code == 404
    assert (await sirpa.post(f"/portal/requests/{request}", {"answer": "no"})).status_code == 404
    assert (await sirpa.post(f"/portal/relations/{relation}/contest")).status_code == 404
    assert (await sirpa.post(f"/portal/prohibitions/{forbidden.id}/lift")).status_code == 404
    picture = await laws.gateway.recording.for_client(await people.client_id("suvi"))
    assert picture.consents[0].in_force(laws.clock.now()) and len(picture.requests) == 1
    assert picture.prohibitions[0].lifted_at is None and picture.relations[0].contested_at is None


@pytest.mark.parametrize(
    "path",
    ["/portal/requests/{request}", "/portal/consents/{consent}/withdraw", "/portal/consents/{consent}/change",
     "/portal/consents/{consent}/again", "/portal/consents/{consent}/confirm", "/portal/give/kela", "/portal/pause",
     "/portal/resume", "/portal/withdraw-all", "/portal/prohibitions", "/portal/settings"],
)  # fmt: skip
async def test_a_form_without_this_sessions_token_or_from_elsewhere_does_nothing(people: People, path: str) -> None:
    laws = people.laws
    consent = await laws.give("suvi")
    request = await request_of(people, "suvi", "kela", purpose="rehabilitation-decision")
    where = path.format(consent=consent.id, request=request)
    suvi, sirpa = await people.client("suvi"), await people.client("sirpa")
    assert suvi.session is not None and sirpa.session is not None
    before = laws.size()
    fields = {"answer": "no", "what": "all", "recipient": "kela", "rhythm": "never"}
    forged = await suvi.web.post(where, data=fields | {"csrf": sirpa.session.csrf})
    assert forged.status_code == 403 and "no longer open" in words(forged)
    elsewhere = {"origin": "https://evil.example"}
    from_there = await suvi.web.post(where, data=fields | {"csrf": suvi.session.csrf}, headers=elsewhere)
    assert from_there.status_code == 403 and laws.size() == before


async def test_a_text_that_is_not_the_one_in_use_is_shown_once_more_and_nothing_is_saved(people: People) -> None:
    request = await request_of(people, "suvi")
    suvi = await people.client("suvi")
    path = f"/portal/requests/{request}"
    checked = await suvi.post(path, {"answer": "yes", "until": "6"})
    suvi.web.cookies.set("saattaen-language", "sv")
    again = await confirm(suvi, path, checked)
    assert again.status_code == 200 and "Läs detta en gång till" in words(again)
    assert not (await people.laws.gateway.recording.for_client(await people.client_id("suvi"))).consents


async def test_what_was_not_offered_cannot_be_chosen(people: People) -> None:
    suvi = await people.client("suvi")
    strange = {"row": ["interruption-notice.kuntakokeilu"], "purpose": "rehabilitation-decision", "until": "3"}
    assert (await suvi.post("/portal/give/kela", strange)).status_code == 422
    assert (await suvi.post("/portal/give/nowhere", strange)).status_code == 404
    fields = {"row": ["work-ability-plan.sosiaalityo"], "purpose": "care", "until": "3"}
    assert (await suvi.post("/portal/give/kela", fields)).status_code == 422


async def test_what_somebody_wrote_is_shown_as_text_and_kept_on_a_fault(people: People) -> None:
    evil = '"><script>alert(1)</script>'
    suvi = await people.client("suvi")
    answers = [
        await suvi.post("/portal/give/kela", {"until": "day", "until_day": evil[:20], "purpose": evil}),
        await suvi.post("/portal/settings", {"rhythm": "each", "channel": "email", "address": evil}),
        await suvi.post("/portal/prohibitions", {"recipient": evil, "category": ""}),
        await suvi.get("/portal/done/" + "x"),
    ]
    for answer in answers:
        assert answer.status_code in (404, 409, 422) and "<script" not in answer.text
    assert "&lt;script&gt;" in answers[1].text


async def test_a_representative_sees_what_representatives_gave_and_gives_in_that_capacity(people: People) -> None:
    laws = people.laws
    child = await people.client_id("nuori")
    laws.gateway.mandates.add(child, GiverKind.GUARDIAN, "register:1")
    own = await laws.give("nuori")
    request = await request_of(people, "nuori", "kela", purpose="rehabilitation-decision")
    forbidden = await laws.gateway.recording.prohibit(child, recipient="tyonantaja")
    guardian = await people.client("maija", acting_for="nuori")
    start = await guardian.get("/portal")
    assert "You are acting for Nuori Esimerkki" in words(start)
    listed = await guardian.get("/portal/consents")
    assert own.id not in listed.text
    assert (await guardian.get(f"/portal/consents/{own.id}")).status_code == 404
    assert (await guardian.post(f"/portal/consents/{own.id}/withdraw", {"what": "all"})).status_code == 404
    receipt = (await laws.gateway.recording.receipts(own.id))[0]
    assert (await guardian.get(f"/portal/receipts/{receipt.id}")).status_code == 404

    never = await guardian.get("/portal/prohibitions")
    assert "Only they can change it" in words(never) and f"{forbidden.id}/lift" not in never.text
    assert (await guardian.post(f"/portal/prohibitions/{forbidden.id}/lift")).status_code == 409
    assert (await guardian.post("/portal/settings", {"rhythm": "never"})).status_code == 404

    path = f"/portal/requests/{request}"
    done = await confirm(guardian, path, await guardian.post(path, {"answer": "yes", "until": "3"}))
    assert done.status_code == 303
    given = (await laws.gateway.recording.for_client(child)).consents[0]
    assert (given.giver.kind, given.giver.register_reference) == (GiverKind.GUARDIAN, "register:1")
    page = await guardian.get(f"/portal/consents/{given.id}")
    assert page.status_code == 200 and f"{given.id}/change" in page.text
    looks = [entry for entry in laws.entries() if entry.kind == "mandate.read"]
    assert looks and all(entry.client == child for entry in looks)
    assert "Who acts for you" in words(await (await people.client("nuori")).get("/portal/settings"))
    assert laws.verify() == []


async def test_once_the_mandate_has_ended_nothing_of_the_client_is_shown(people: People) -> None:
    guardian = await people.client("maija", acting_for="nuori")
    answer = await guardian.get("/portal")
    assert answer.status_code == 409 and "Permissions" not in words(answer).split("Sign out")[-1]


async def test_a_representative_cannot_confirm_what_was_recorded_of_the_client(people: People) -> None:
    laws = people.laws
    laws.gateway.mandates.add(await people.client_id("nuori"), GiverKind.GUARDIAN, "register:1")
    consent = await recorded_by_worker(people, "nuori", laws.row())
    guardian = await people.client("maija", acting_for="nuori")
    assert (await guardian.post(f"/portal/consents/{consent.id}/confirm")).status_code == 404


async def test_a_representative_does_on_the_page_what_the_client_can(people: People) -> None:
    laws, recording = people.laws, people.laws.gateway.recording
    child = await people.client_id("nuori")
    laws.gateway.mandates.add(child, GiverKind.GUARDIAN, "register:1")
    guardian = await people.client("maija", acting_for="nuori")
    request = await request_of(people, "nuori", "kela", purpose="rehabilitation-decision")
    relation = await laws.relate("nuori")
    assert (await guardian.post(f"/portal/requests/{request}", {"answer": "later"})).status_code == 303
    assert (await guardian.post(f"/portal/relations/{relation}/contest")).status_code == 303
    picture = await recording.for_client(child)
    assert picture.requests[0].state == "deferred" and picture.relations[0].contested_at is not None

    path = f"/portal/requests/{request}"
    await confirm(guardian, path, await guardian.post(path, {"answer": "yes", "until": "3"}))
    given = (await recording.for_client(child)).consents[0]
    change = f"/portal/consents/{given.id}/change"
    assert (await guardian.get(change)).status_code == 200
    fields = {"row": [given.grants[0].id], "until": "6", f"tick-{given.grants[0].id}": ["health"]}
    assert (await confirm(guardian, change, await guardian.post(change, fields))).status_code == 303
    changed = await recording.consent_of_client(given.id, child)
    assert changed is not None and (changed.version, changed.giver.kind) == (2, GiverKind.GUARDIAN)
    told = words(await (await people.client("nuori")).get("/portal/log"))
    assert "Your representative changed for you" in told and "Your representative put the request" in told
    assert "Your representative said for you that a recorded ground is wrong" in told

    # Once the client in person has changed it, it is the client's own.
    nuori = await people.client("nuori")
    fields = {"row": [changed.grants[0].id], "until": "6"}
    assert (await confirm(nuori, change, await nuori.post(change, fields))).status_code == 303
    assert (await guardian.get(change)).status_code == 404
    assert laws.verify() == []
