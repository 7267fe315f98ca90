"""Requests whose partner nobody can tell yet: a few places, a turn for each address, and what forgeries may cost."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app import create_app
from gateway.disclosure.request import Requester
from gateway.errors import TokenInvalid, TooBusy
from gateway.http.admission import Admission, AdmissionLayer, Bounds
from gateway.http.authentication import Authenticator
from gateway.http.fair_places import About, FairPlaces
from gateway.http.lanes import NEW, NOBODY, Lane, Rests
from gateway.http.limits import Limits
from tests.http.test_admission import settle
from tests.laws.gateway_world import open_world

SHORT, LONG = 0.05, 30.0


def lane(*, places: int = 4, strangers: int = 2, rest: float = LONG, first: float = LONG) -> Lane:
    partners = FairPlaces(About(), places=places, shared=places, patience=SHORT, fixed={})
    return Lane(partners, Rests(strangers, rest, first), LONG)


async def test_a_verified_token_takes_a_place_of_its_partner_and_gives_the_strangers_one_back() -> None:
    one = lane(strangers=1)
    first, second = one.place_for(NEW, "a"), one.place_for(NEW, "a")
    assert await first.take()
    waiting = asyncio.create_task(second.take())
    await settle()
    assert not waiting.done()
    assert await first.belongs_to("partner")
    assert await asyncio.wait_for(waiting, LONG)
    assert await second.belongs_to("partner")
    assert one.in_service == 2
    first.leave()
    second.leave()
    # Both were somebody's: nothing rests.
    assert (one.in_service, one.waiting) == (0, 0)


@pytest.mark.parametrize("kind", [NEW, NOBODY])
async def test_the_place_of_a_request_that_was_nobodys_rests(kind: str) -> None:
    one = lane(strangers=1)
    forged = one.place_for(kind, "a")
    assert await forged.take()
    forged.leave()
    forged.leave()
    again = asyncio.create_task(one.place_for(kind, "a").take())
    await settle()
    # Nothing is worked on, and yet nobody comes in.
    assert (one.in_service, one.waiting, again.done()) == (0, 1, False)
    again.cancel()


@pytest.mark.parametrize("kind", [NEW, NOBODY])
async def test_a_place_that_rests_is_there_again_by_itself(kind: str) -> None:
    one = lane(strangers=1, rest=SHORT)
    for _ in range(3):
        place = one.place_for(kind, "a")
        assert await asyncio.wait_for(place.take(), LONG)
        assert one.in_service == 1
        place.leave()


async def test_the_place_of_somebody_who_proved_to_be_known_without_a_token_does_not_rest() -> None:
    one = lane(strangers=1)
    for _ in range(3):
        place = one.place_for(NOBODY, "a")
        assert await asyncio.wait_for(place.take(), LONG)
        place.leave_at_once()
        place.leave()
    assert (one.in_service, one.waiting) == (0, 0)


async def test_addresses_take_turns_however_many_wait_at_one_of_them() -> None:
    one = lane(strangers=1)
    first = one.place_for(NEW, "forger")
    assert await first.take()
    forged = [asyncio.create_task(one.place_for(NEW, "forger").take()) for _ in range(50)]
    await settle()
    honest = asyncio.create_task(one.place_for(NEW, "honest").take())
    await settle()
    assert await first.belongs_to("somebody")
    await settle()
    # One turn for the forger, at most, and the next is not its own again.
    if not honest.done():
        assert sum(task.done() for task in forged) == 1
    for task in [*forged, honest]:
        task.cancel()


async def test_the_first_request_of_a_partner_that_has_no_place_waits_longer_and_is_then_turned_away() -> None:
    one = lane(places=1, first=SHORT)
    held, late = one.place_for("partner", "a"), one.place_for(NEW, "a")
    assert await held.take()
    assert await late.take()
    assert not await late.belongs_to("partner")
    assert late.was_lost
    late.leave()
    held.leave()
    assert (one.in_service, one.waiting) == (0, 0)


# In the application.


class Verifier:
    """Knows the tokens `good-...`, each of the one partner."""

    def __init__(self) -> None:
        self.asked = 0

    async def verify(self, token: str) -> Requester:
        self.asked += 1
        await asyncio.sleep(0)
        if not token.startswith("good-"):
            raise TokenInvalid("not ours")
        return Requester("system", "org", "svc", "role", "care", "high", "1", "Olli", token, frozenset())


def guarded(admission: Admission, verifier: Verifier, going: list[str], released: asyncio.Event) -> ASGIApp:
    authenticate = Authenticator(verifier, verified=admission.verified)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            requester = await authenticate(Request(scope, receive))
        except TokenInvalid:
            await Response(status_code=401)(scope, receive, send)
        except TooBusy:
            await Response(status_code=503)(scope, receive, send)
        else:
            going.append(requester.token_id)
            await released.wait()
            await Response(b"done")(scope, receive, send)

    return Limits(AdmissionLayer(app, admission=admission), new_request_id=lambda: "made-here-1")


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_burst_of_new_tokens_is_let_in_though_strangers_have_few_places() -> None:
    admission, verifier = Admission(Bounds(places=32, strangers=4, patience=LONG, first_patience=LONG)), Verifier()
    going, released = list[str](), asyncio.Event()
    transport = httpx.ASGITransport(guarded(admission, verifier, going, released))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as web:
        burst = [asyncio.create_task(web.get("/fhir/CarePlan/a", headers=bearer(f"good-{n}"))) for n in range(32)]
        async with asyncio.timeout(LONG):
            while len(going) < 32:
                await asyncio.sleep(0)
        # None is done, and yet each is past the strangers' places.
        assert admission.in_service == 32
        released.set()
        assert {answer.status_code for answer in await asyncio.gather(*burst)} == {200}
    assert (admission.in_service, admission.waiting) == (0, 0)


async def test_forged_tokens_are_looked_at_only_as_often_as_places_rest_and_keep_no_partner_out() -> None:
    admission = Admission(Bounds(strangers=2, rest=LONG, patience=SHORT))
    verifier, going, released = Verifier(), list[str](), asyncio.Event()
    released.set()
    transport = httpx.ASGITransport(guarded(admission, verifier, going, released))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as web:
        assert (await web.get("/fhir/CarePlan/a", headers=bearer("good-1"))).status_code == 200
        asked = verifier.asked
        forged = await asyncio.gather(*(web.get("/fhir/CarePlan/a", headers=bearer(f"bad-{n}")) for n in range(40)))
        statuses = sorted(answer.status_code for answer in forged)
        assert statuses == [401] * 2 + [503] * 38
        assert verifier.asked == asked + 2
        # A token that is known already has nothing to do with it.
        assert (await web.get("/fhir/CarePlan/a", headers=bearer("good-1"))).status_code == 200


async def test_what_is_posted_without_a_token_and_done_frees_its_place_and_what_is_refused_rests() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=200 if scope["path"] != "/oauth/none" else 401)(scope, receive, send)

    def web(patience: float) -> httpx.AsyncClient:
        admission = Admission(Bounds(strangers=1, rest=LONG, patience=patience))
        layered = Limits(AdmissionLayer(app, admission=admission), new_request_id=lambda: "made-here-1")
        return httpx.AsyncClient(transport=httpx.ASGITransport(layered), base_url="http://x")

    async with web(LONG) as patient:
        # Patient: how fast this machine is does not matter here, only that no place rests.
        tokens = await asyncio.gather(*(patient.post("/oauth/token") for _ in range(20)))
        assert {answer.status_code for answer in tokens} == {200}
    async with web(SHORT) as hasty:
        assert (await hasty.post("/oauth/none")).status_code == 401
        assert (await hasty.post("/oauth/token")).status_code == 503
        assert (await hasty.get("/health/live")).status_code == 200


async def test_a_whole_gateway_lets_a_burst_of_new_tokens_in(tmp_path: object) -> None:
    async with open_world(tmp_path, web=False) as laws:  # type: ignore[arg-type]
        # Patient: how fast this machine is does not matter here, only that everyone gets through few places.
        admission = Admission(Bounds(strangers=2, patience=LONG, first_patience=LONG))
        transport = httpx.ASGITransport(create_app(laws.gateway, admission=admission))
        async with httpx.AsyncClient(transport=transport, base_url="https://gateway.example") as web:
            laws.web = web
            tokens = [await laws.token(laws.acting(person=f"{number}")) for number in range(16)]
            assert len(set(tokens)) == 16
            answers = await asyncio.gather(
                *(web.get(f"/fhir/CarePlan/{'f' * 32}", headers=bearer(token)) for token in tokens)
            )
        assert {answer.status_code for answer in answers} == {404}
        assert (admission.in_service, admission.waiting) == (0, 0)
