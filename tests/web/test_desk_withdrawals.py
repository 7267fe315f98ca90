"""A withdrawal told at the desk: by the client in one press, by a representative only as the register says, and the
record, the receipts and the client's log say whose word it was."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
from starlette.responses import Response
from starlette.routing import Route

from adapters.tokens.receipt_signer import verify_receipt
from gateway.app import create_app
from gateway.consent.model import ConsentId, ConsentState
from gateway.consent.view import ReceiptView
from gateway.site import make_site
from tests.laws.gateway_world import STRANGER, open_world
from tests.simulators.sessions import SimulatedSessions
from tests.web.desk_visits import answer, fill_in, found, place_of
from tests.web.people import People, Visitor, words
from tests.web.test_desk_consents import PLAN, coach, doctor, record
from tests.web.test_desk_representatives import NO_MANDATE, allow, begun, end, given


async def permission(people: People, of: str) -> tuple[Visitor, str]:
    """Let a client give in person; return a worker who has a part in it, and the permission's page there."""
    consent = await people.laws.give(of)
    desk = await coach(people)
    return desk, f"{await found(people, desk, of, 'employment-support')}/consents/{consent.id}"


async def receipt_of_withdrawal(people: People, consent: ConsentId) -> ReceiptView:
    """The client's receipt of a withdrawal."""
    receipts = await people.laws.gateway.recording.receipts(consent)
    return next(one for one in receipts if one.kind == "consent.withdrawn")


async def state(people: People, of: str) -> str:
    """How somebody's only permission stands."""
    return (await given(people, of))[0].state


async def test_client_tells_it_in_one_press_and_somebody_else_is_asked_who_they_are(people: People) -> None:
    desk, page = await permission(people, "suvi")
    told = await desk.get(f"{page}/withdraw")
    ways = re.findall(r'class="button plain equal"', told.text)
    assert len(ways) == 2 and "The client says it" in words(told)
    assert f'href="{page}/withdraw/for-them"' in told.text and " checked" not in told.text
    shown = await desk.get(f"{page}/withdraw/for-them")
    assert "Tell the person that the register of mandates is asked" in words(shown) and " checked" not in shown.text
    after = words(await desk.get(place_of(await desk.post(f"{page}/withdraw"))))
    assert "This permission is withdrawn" in after and "Who withdrew it" not in after
    suvi = await people.client("suvi")
    assert "You withdrew this on" in words(await suvi.get(f"/portal/consents/{page.rsplit('/', 1)[1]}"))
    # What is withdrawn has no page of withdrawing any more.
    assert place_of(await desk.get(f"{page}/withdraw/for-them")) == page


async def test_representative_withdraws_at_the_desk_and_record_receipt_and_log_say_so(people: People) -> None:
    desk, laws = await doctor(people), people.laws
    allow(people, "ari", "maija", "hallinta")
    draft = await fill_in(desk, await begun(people, desk, "maija", "ari", "mandate"), [PLAN], "with-professional")
    await answer(desk, draft, "yes")
    await record(desk, draft)
    consent = (await given(people, "maija"))[0].id
    page = f"{await found(people, desk, 'maija', 'care')}/consents/{consent}"
    code, size = laws.code("ari"), laws.size()
    done = await desk.post(f"{page}/withdraw/for-them", {"capacity": "mandate", "code": code})
    after = words(await desk.get(place_of(done)))
    assert "This permission is withdrawn" in after and "Who withdrew it Somebody with the client's mandate" in after
    looked, entry = laws.entries()[size:]
    assert (looked.kind, entry.kind) == ("desk.lookup", "consent.withdrawn")
    assert looked.b is not None and entry.b is not None and entry.s is not None
    assert looked.b["asks"] == "mandate"
    assert (entry.b["representative"], entry.b["told"]) == ("mandate", "sote-keskus")
    assert re.fullmatch(r"valtuudet-[0-9a-f]{32}@[0-9]{16}-[0-9a-f]{32}", str(entry.s["representative"]))
    assert str(entry.s["representative"]) not in repr(entry.b) and code not in repr((looked, entry))
    receipt = await receipt_of_withdrawal(people, consent)
    content = verify_receipt(receipt.jws, orjson.dumps(laws.gateway.receipt_keys.jwks()))
    assert isinstance(content["withdrawn"], dict) and isinstance(content["event"], dict)
    assert content["withdrawn"]["by"] == content["event"]["by"] == "mandate"
    maija = await people.client("maija")
    assert "Who withdrew it Somebody with a mandate" in words(await maija.get(f"/portal/receipts/{receipt.id}"))
    assert "Somebody who acts for you withdrew this on" in words(await maija.get(f"/portal/consents/{consent}"))
    assert "heard it from somebody who acts for you" in words(await maija.get(f"/portal/consents/{consent}/withdrawn"))
    assert "Your representative withdrew the consent for you. The withdrawal was told to" in words(
        await maija.get("/portal/log")
    )
    assert laws.verify() == []


async def test_representative_may_withdraw_what_the_client_gave_in_person(people: People) -> None:
    desk, page = await permission(people, "nuori")
    fields = {"capacity": "guardian", "code": people.laws.code("sirpa")}
    after = words(await desk.get(place_of(await desk.post(f"{page}/withdraw/for-them", fields))))
    assert "Who withdrew it Guardian of a child under 18" in after and "Who gave it" not in after
    nuori = await people.client("nuori")
    receipt = await receipt_of_withdrawal(people, (await given(people, "nuori"))[0].id)
    shown = words(await nuori.get(f"/portal/receipts/{receipt.id}"))
    assert "Who withdrew it A guardian" in shown and "Who gave it" not in shown


async def test_nobody_withdraws_whom_the_register_does_not_tell_of_or_lets_only_look(people: People) -> None:
    desk, page = await permission(people, "maija")
    laws = people.laws
    allow(people, "valteri", "maija", "katselu")
    end(people, "ari", "maija")
    size = laws.size()
    asked = [
        ("mandate", laws.code("suvi")), ("mandate", laws.code("maija")), ("mandate", laws.code("valteri")),
        ("mandate", laws.code("ari")), ("guardian", laws.code("sirpa")), ("trustee", laws.code("valteri")),
        ("mandate", STRANGER),
    ]  # fmt: skip
    for capacity, code in asked:
        refused = await desk.post(f"{page}/withdraw/for-them", {"capacity": capacity, "code": code})
        assert refused.status_code == 422 and NO_MANDATE in words(refused) and "Nothing is withdrawn" in words(refused)
        assert code not in refused.text
    assert [one.kind for one in laws.entries()[size:]] == ["desk.lookup"] * len(asked)
    assert await state(people, "maija") == ConsentState.GIVEN
    own = words(await desk.get("/desk/log"))
    assert own.count("You asked the register of mandates whether somebody may decide for the client.") == len(asked)


async def test_form_that_is_not_whole_asks_no_register_and_shows_nothing_that_was_written(people: People) -> None:
    desk, page = await permission(people, "maija")
    size = people.laws.size()
    code = people.laws.code("ari")
    for fields in ({}, {"capacity": "mandate"}, {"code": code}, {"capacity": "<script>x", "code": f"<b>{code}"}):
        wrong = await desk.post(f"{page}/withdraw/for-them", fields)
        assert wrong.status_code == 422 and "There is something to correct" in words(wrong)
        assert "<script>x" not in wrong.text and code not in wrong.text
    assert people.laws.size() == size and await state(people, "maija") == ConsentState.GIVEN


async def test_register_that_does_not_answer_lets_nobody_withdraw_for_another_and_the_client_does(
    people: People,
) -> None:
    desk, page = await permission(people, "maija")
    assert people.register is not None
    place = len(people.register.app.router.routes) - 1
    people.register.app.router.routes[place] = Route(
        "/service/rest/{rest:path}", lambda request: Response(status_code=500)
    )
    fields = {"capacity": "mandate", "code": people.laws.code("ari")}
    silent = await desk.post(f"{page}/withdraw/for-them", fields)
    assert silent.status_code == 503 and "does not answer now" in words(silent)
    assert await state(people, "maija") == ConsentState.GIVEN
    place_of(await desk.post(f"{page}/withdraw"))
    assert await state(people, "maija") == ConsentState.WITHDRAWN


async def test_permission_of_others_has_no_page_of_withdrawing(people: People) -> None:
    _, page = await permission(people, "maija")
    consent = page.rsplit("/", 1)[1]
    social = await people.professional("sosiaalityo", "omatyontekija")
    maija = await found(people, social, "maija", "care-coordination")
    fields = {"capacity": "mandate", "code": people.laws.code("ari")}
    assert (await social.get(f"{maija}/consents/{consent}/withdraw/for-them")).status_code == 404
    assert (await social.post(f"{maija}/consents/{consent}/withdraw/for-them", fields)).status_code == 404
    desk = await coach(people)
    suvi = await found(people, desk, "suvi", "employment-support")
    assert (await desk.post(f"{suvi}/consents/{consent}/withdraw/for-them", fields)).status_code == 404
    foreign = await desk.web.post(f"{page}/withdraw/for-them", data=fields)
    assert foreign.status_code in (403, 422) and await state(people, "maija") == ConsentState.GIVEN


async def test_desk_without_a_register_says_so_and_takes_the_clients_word(tmp_path: Path) -> None:
    async with open_world(tmp_path, web=False) as laws:
        sessions = SimulatedSessions(laws.clock.now)
        people = People(laws, sessions, create_app(laws.gateway, site=make_site(laws.gateway, sessions)))
        desk, page = await permission(people, "maija")
        assert "cannot be asked here" in words(await desk.get(f"{page}/withdraw/for-them"))
        fields = {"capacity": "mandate", "code": laws.code("ari")}
        assert (await desk.post(f"{page}/withdraw/for-them", fields)).status_code == 422
        assert await state(people, "maija") == ConsentState.GIVEN
        place_of(await desk.post(f"{page}/withdraw"))
        assert await state(people, "maija") == ConsentState.WITHDRAWN
