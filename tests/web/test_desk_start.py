"""The desk's first page: as what one works, own clients, and looking somebody up."""

from __future__ import annotations

from dataclasses import replace

from gateway.web.session import Kind, SignedIn
from tests.laws.gateway_world import STRANGER
from tests.web.desk_visits import find, found, place_of
from tests.web.people import People, words

COACH = ("kuntakokeilu", "omavalmentaja")
NURSE = ("terveystarkastus", "terveydenhoitaja")


async def test_somebody_with_one_service_role_and_purpose_is_at_work_at_once(people: People) -> None:
    desk = await people.professional(*COACH)
    page = await desk.get("/desk")
    assert page.status_code == 200 and "supporting the client into work" in words(page)


async def test_somebody_with_several_purposes_chooses_first_and_only_what_is_theirs(people: People) -> None:
    desk = await people.professional(*NURSE)
    assert place_of(await desk.get("/desk")) == "/desk/work"
    assert "care and rehabilitation" in words(await desk.get("/desk/work"))
    assert (await desk.post("/desk/work", {"work": "sote-keskus.laakari.care"})).status_code == 422
    assert place_of(await desk.post("/desk/work", {"work": "terveystarkastus.terveydenhoitaja.care"})) == "/desk"
    assert (await desk.get("/desk")).status_code == 200


async def test_forged_choice_of_work_counts_for_nothing(people: People) -> None:
    desk = await people.professional(*NURSE)
    desk.web.cookies.set("__Host-saattaen-work", "sote-keskus.laakari.care")
    assert place_of(await desk.get("/desk")) == "/desk/work"


async def test_clients_and_officers_have_no_desk(people: People) -> None:
    for visitor in (await people.client("suvi"), await people.officer("kela")):
        assert (await visitor.get("/desk")).status_code == 404
    assert "/sign-in" in place_of(await (await people.visitor()).get("/desk"))


async def test_own_clients_are_those_named_with_the_service_and_nobody_else(people: People) -> None:
    await people.laws.give("suvi")
    coach, nurse = await people.professional(*COACH), await people.professional("sosiaalityo", "omatyontekija")
    assert "Suvi Esimerkki" in words(await coach.get("/desk"))
    assert "Suvi" not in words(await nurse.get("/desk"))


async def test_lookup_needs_a_purpose_of_the_role_and_a_reason_and_keeps_what_was_written(people: People) -> None:
    desk = await people.professional(*COACH)
    code = people.laws.code("sirpa")
    wrong = await desk.post("/desk/find", {"code": code, "purpose": "care", "reason": ""})
    assert wrong.status_code == 422 and "Say in a few words" in words(wrong) and code not in wrong.text
    bad = await desk.post("/desk/find", {"code": "123", "purpose": "employment-support", "reason": "a <b>reason"})
    assert bad.status_code == 422 and "a &lt;b&gt;reason" in bad.text


async def test_unknown_person_looks_the_same_as_one_without_anything_for_the_service(people: People) -> None:
    desk = await people.professional(*COACH)
    known = await desk.get(await found(people, desk, "sirpa", "employment-support"))
    unknown = await desk.get(await find(desk, STRANGER, "employment-support"))

    def plain(text: str, code: str) -> str:
        return text.replace(code, "CODE")

    first, second = words(known), words(unknown)
    assert "Sirpa" not in first
    assert plain(first, "020975-****") == plain(second, "150390-****")
    kinds = [entry.kind for entry in people.laws.entries()]
    assert kinds.count("desk.lookup") == kinds.count("probe") == 2


async def test_lookup_is_an_entry_with_its_reason_and_no_code_in_any_address(people: People) -> None:
    desk = await people.professional(*COACH)
    page = await found(people, desk, "sirpa", "employment-support")
    assert people.laws.code("sirpa") not in page
    entry = next(one for one in people.laws.entries() if one.kind == "desk.lookup")
    assert entry.b is not None and entry.b["reason"] == "came to a meeting today"
    assert entry.client == await people.client_id("sirpa")
    assert people.laws.verify() == []


async def test_reference_of_one_service_is_unknown_to_another(people: People) -> None:
    await people.laws.give("suvi")
    coach, social = await people.professional(*COACH), await people.professional("sosiaalityo", "omatyontekija")
    own = await found(people, coach, "suvi", "employment-support")
    contact = await found(people, coach, "sirpa", "employment-support")
    for page in (own, contact, "/desk/clients/" + "f" * 32):
        answer = await social.get(page)
        assert answer.status_code == 404 and "There is no such page" in words(answer)
        assert (await social.post(f"{page}/open", {"category": "work-ability-plan"})).status_code == 404


async def test_suspended_desk_may_do_nothing_and_leaves_an_entry(people: People) -> None:
    desk = await people.professional(*COACH)
    gateway = people.laws.gateway
    await gateway.log.submit(gateway.partners.suspending("saattaen-desk-tyollisyysalue", by="operator"))
    refused = await desk.post("/desk/find", {"code": STRANGER, "purpose": "employment-support", "reason": "a meeting"})
    assert refused.status_code == 404
    assert (await desk.get("/desk")).status_code == 404
    assert people.laws.entries()[-1].b is not None and people.laws.entries()[-1].b["reasons"] == ["suspended"]


async def test_form_of_another_session_is_not_taken(people: People) -> None:
    desk = await people.professional(*COACH)
    forged = replace(desk, session=None)
    answer = await forged.post("/desk/find", {"code": STRANGER, "purpose": "employment-support", "reason": "a meeting"})
    assert answer.status_code == 403


async def test_role_that_does_not_work_in_the_service_has_nothing_to_do(people: People) -> None:
    person = SignedIn(
        Kind.STAFF, "w-9", "Väärä Rooli", "substantial", people.laws.clock.now(), organisation="kela",
        services=("kela",), roles=("laakari",),
    )  # fmt: skip
    desk = await people.visitor(person)
    assert place_of(await desk.get("/desk")) == "/desk/work"
    assert "nothing you can work on" in words(await desk.get("/desk/work"))
