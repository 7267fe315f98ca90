"""Who is let in, in which order, and who is told to come again: lanes, fair places, bodies."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.app import create_app
from gateway.http.admission import URGENT, Admission, AdmissionLayer, Bounds
from gateway.http.bodies import Bodies
from gateway.http.fair_places import About, FairPlaces
from gateway.http.limits import Limits
from gateway.http.problems import EdgeError, answer
from tests.laws.gateway_world import Laws, open_world

SHORT, LONG = 0.05, 30.0


def places(number: int = 4, shared: int = 2, patience: float = LONG, about: About | None = None) -> FairPlaces:
    return FairPlaces(about or About(), places=number, shared=shared, patience=patience, fixed={"stranger": 1})


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_alone_takes_every_place_and_not_one_more() -> None:
    one = places(4)
    assert [await one.enter("a") for _ in range(4)] == [True] * 4
    waiting = asyncio.create_task(one.enter("a"))
    await settle()
    assert (one.in_service, one.waiting, waiting.done()) == (4, 1, False)
    one.leave("a")
    assert await waiting
    assert one.in_service == 4


async def test_who_finds_no_place_in_time_is_told_so_and_leaves_nothing_behind() -> None:
    one = places(1, patience=SHORT)
    assert await one.enter("a")
    assert not await one.enter("a")
    assert one.waiting == 0
    one.leave("a")
    assert await one.enter("a")


async def test_while_another_is_about_a_flood_holds_its_share_alone() -> None:
    one = places(8, shared=4)
    assert await one.enter("victim")
    one.leave("victim")
    flood = [asyncio.create_task(one.enter("flood")) for _ in range(50)]
    await settle()
    assert one.in_service == 2
    # It has others waiting, so what it gives back is not all taken again.
    one.leave("flood")
    assert one.in_service == 1
    assert [await asyncio.wait_for(one.enter("victim"), LONG) for _ in range(2)] == [True, True]
    one.leave("flood")
    await settle()
    assert one.in_service == 3
    for task in flood:
        task.cancel()


async def test_turns_go_round_whoever_has_sent_more() -> None:
    one, served = places(2, shared=2), Counter[str]()
    assert await one.enter("a")
    assert await one.enter("b")

    async def ask(partner: str) -> None:
        if await one.enter(partner):
            served[partner] += 1
            await asyncio.sleep(0)
            one.leave(partner)

    tasks = [asyncio.create_task(ask("a")) for _ in range(40)] + [asyncio.create_task(ask("b")) for _ in range(5)]
    await settle()
    one.leave("a")
    one.leave("b")
    while served["b"] < 5:
        await asyncio.sleep(0)
    assert served["a"] <= 8
    await asyncio.gather(*tasks)
    assert (one.in_service, one.waiting, served["a"]) == (0, 0, 40)


async def test_a_stranger_has_its_own_few_places_and_takes_no_share_of_a_partner() -> None:
    one = places(8, shared=4)
    assert await one.enter("stranger")
    waiting = asyncio.create_task(one.enter("stranger"))
    assert [await asyncio.wait_for(one.enter("a"), LONG) for _ in range(7)] == [True] * 7
    assert not waiting.done()
    waiting.cancel()


async def test_who_asks_for_more_than_it_gets_lets_those_end_first_who_had_less() -> None:
    one = places(8, shared=2, about=About(lambda: 0.0))
    for _ in range(3):
        assert await one.enter("flood")
        one.leave("flood")
    assert await one.enter("victim")
    flood = [asyncio.create_task(one.enter("flood")) for _ in range(20)]
    await settle()
    assert (one.in_service, one.waiting) == (2, 19)
    one.leave("flood")
    await settle()
    # It had more than the victim, whose request is worked on: what it gives back it does not take again.
    assert (one.in_service, one.waiting) == (1, 19)
    one.leave("victim")
    await settle()
    assert (one.in_service, one.waiting) == (1, 18)
    for task in flood:
        task.cancel()


async def test_who_had_less_of_late_is_not_kept_waiting_by_one_that_never_waits() -> None:
    now = 0.0
    about = About(lambda: now)
    one = places(8, shared=4, about=about)
    for _ in range(10):
        assert await one.enter("steady")
        one.leave("steady")
    assert await one.enter("steady")
    flood = [asyncio.create_task(one.enter("flood")) for _ in range(20)]
    await settle()
    one.leave("flood")
    await settle()
    assert sum(task.done() for task in flood) == 3
    for done in (*range(4, 13), 12, 12):
        one.leave("flood")
        await settle()
        # "steady" had eleven: until more went to the other, the request that it has there is waited for by nobody.
        assert sum(task.done() for task in flood) == done
    for task in flood:
        task.cancel()


async def test_what_one_that_reads_little_asks_at_once_is_done_at_once_beside_a_flood() -> None:
    one = places(8, shared=4, about=About(lambda: 0.0))
    for _ in range(20):
        assert await one.enter("flood")
        one.leave("flood")
    assert await one.enter("victim")
    one.leave("victim")
    flood = [asyncio.create_task(one.enter("flood")) for _ in range(20)]
    await settle()
    one.leave("flood")
    assert (one.in_service, one.waiting) == (1, 18)
    some = [asyncio.create_task(one.enter("victim")) for _ in range(3)]
    await settle()
    assert all(task.done() for task in some)
    one.leave("flood")
    await settle()
    # Those of the flood wait for them.
    assert one.in_service == 3
    for task in flood:
        task.cancel()


async def test_a_request_that_takes_long_keeps_nobody_out_for_so_long() -> None:
    now = 0.0
    one = places(8, shared=2, about=About(lambda: now))
    for _ in range(3):
        assert await one.enter("flood")
        one.leave("flood")
    assert await one.enter("slow")
    assert await one.enter("flood")
    waiting = [asyncio.create_task(one.enter("flood")) for _ in range(2)]
    await settle()
    one.leave("flood")
    await settle()
    assert (one.in_service, one.waiting) == (1, 2)
    # Nothing ends, nobody comes: by itself, after a while.
    now = 1.0
    assert await asyncio.wait_for(waiting[0], LONG)
    assert (one.in_service, one.waiting) == (2, 1)
    waiting[1].cancel()


async def test_what_a_partner_had_is_forgotten_by_and_by() -> None:
    now = 0.0
    about = About(lambda: now)
    about.see("a")
    for _ in range(8):
        about.count("a")
    for second in (2, 3, 4, 5):
        now = float(second)
        about.see("a")
    assert about.had("a") == 0
    now = 20.0
    about.see("b")
    assert (about.had("a"), about.number) == (0, 1)


async def test_one_that_is_cancelled_harms_nobody() -> None:
    one = places(1)
    assert await one.enter("a")
    waiting = [asyncio.create_task(one.enter("a")) for _ in range(3)]
    await settle()
    waiting[0].cancel()
    one.leave("a")
    # The second has been handed the place, and is cancelled before it knows.
    waiting[1].cancel()
    await settle()
    assert await asyncio.wait_for(waiting[2], LONG)
    one.leave("a")
    assert (one.in_service, one.waiting) == (0, 0)


async def test_who_is_about_is_forgotten_after_a_while() -> None:
    now = 0.0
    about = About(lambda: now)
    about.see("a")
    about.see("b")
    assert about.number == 2
    now = 5.0
    about.see("a")
    assert about.number == 1


# On the layers.


def layered(app: ASGIApp, admission: Admission, bodies: Bodies | None = None) -> ASGIApp:
    return Limits(AdmissionLayer(app, admission=admission), new_request_id=lambda: "made-here-1", bodies=bodies)


async def test_a_withdrawal_comes_in_while_reads_hold_every_place_and_a_read_is_told_to_come_again() -> None:
    going, released = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/fhir/CarePlan/held"):
            going.set()
            await released.wait()
        await Response(b"done")(scope, receive, send)

    admission = Admission(Bounds(places=1, strangers=1, patience=SHORT))
    transport = httpx.ASGITransport(layered(app, admission))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as web:
        held = asyncio.create_task(web.get("/fhir/CarePlan/held"))
        await going.wait()
        shed = await web.get("/fhir/CarePlan/other")
        assert (shed.status_code, shed.headers["retry-after"]) == (503, "2")
        assert shed.content == bytes(answer(EdgeError("too-busy"), "/fhir/CarePlan/other", "made-here-1").body)
        for path in ("/api/v1/consents/x/withdraw", "/api/v1/prohibitions", "/oauth/revoke"):
            assert (await web.post(path)).status_code == 200
        assert (await web.get("/health/live")).status_code == 200
        assert (await web.get("/api/v1/prohibitions")).status_code == 503
        assert (await web.post("/fhir/CarePlan/_search")).status_code == 503
        released.set()
        assert (await held).status_code == 200
        assert (admission.in_service, admission.waiting) == (0, 0)


async def test_each_urgent_address_is_a_route_that_is_there(tmp_path: object) -> None:
    async with open_world(tmp_path) as laws:  # type: ignore[arg-type]
        schema = (await laws.web.get("/openapi.json")).json()
    posts = {path.replace("{", "").replace("}", "") for path, row in schema["paths"].items() if "post" in row}
    assert {path for path in posts if URGENT.fullmatch(path)} == {
        "/api/v1/consents/consent/withdraw", "/api/v1/consents/consent/confirm", "/api/v1/prohibitions",
        "/api/v1/refusals", "/api/v1/confirmations/handle", "/api/v1/relations/relation/end", "/oauth/revoke",
    }  # fmt: skip


async def test_a_token_counts_for_its_partner_once_it_was_verified(tmp_path: object) -> None:
    async with open_world(tmp_path, web=False) as laws:  # type: ignore[arg-type]
        await counted_for_partner(laws)


async def counted_for_partner(laws: Laws) -> None:
    admission = Admission()
    app = create_app(laws.gateway, admission=admission)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://gateway.example") as web:
        laws.web = web
        token = await laws.token()
        headers = [(b"authorization", b"Bearer " + token.encode())]
        assert admission.partners.find(headers) == "a token not seen before"
        await laws.read("f" * 32)
        assert admission.partners.find(headers) == "kuntakokeilu-system"
        assert admission.partners.find([(b"authorization", b"Bearer " + token.encode()[:-1])]) != "kuntakokeilu-system"
        assert admission.partners.find([]) == "no token"


# Bodies.


async def test_a_body_that_does_not_come_is_not_waited_for_and_ends_the_connection() -> None:
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("a request whose body is not there was served")

    async def receive() -> Message:
        await asyncio.sleep(LONG)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/oauth/token", "raw_path": b"/oauth/token", "query_string": b"",
        "headers": [(b"content-length", b"10")],
    }  # fmt: skip
    await layered(app, Admission(), Bodies(seconds=SHORT))(scope, receive, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_a_body_in_many_pieces_comes_whole_and_none_is_held_after_its_request() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(await Request(scope, receive).body())(scope, receive, send)

    async def pieces():  # type: ignore[no-untyped-def]
        for number in range(100):
            yield str(number % 10).encode()

    bodies = Bodies(most=100, together=150, free=0)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(layered(app, Admission(), bodies)), base_url="http://x"
    ) as web:
        for _ in range(3):
            answer = await web.post("/x", content=pieces())
            assert answer.content == b"0123456789" * 10
        refused = await web.post("/x", content=b"a" * 101)
        assert (refused.status_code, refused.headers["connection"]) == (413, "close")
        assert (await web.post("/x", content=b"a" * 100)).status_code == 200


async def test_a_body_whose_sender_has_gone_is_not_taken_for_the_whole() -> None:
    messages = [{"type": "http.request", "body": b"a=1", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return messages.pop(0)

    with pytest.raises(EdgeError) as raised:
        await Bodies().read(receive)
    assert raised.value.code == "body-too-slow"


async def test_more_bodies_together_than_memory_is_meant_for_are_turned_away() -> None:
    bodies = Bodies(most=100, together=150, free=0)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"a" * 100, "more_body": False}

    first = await bodies.read(receive)
    with pytest.raises(EdgeError) as raised:
        await bodies.read(receive)
    assert raised.value.code == "too-busy"
    bodies.forget(first)
    assert await bodies.read(receive) == first


LARGE, SMALL = 2 * 1024 * 1024, 256 * 1024


async def _unfinished(bodies: Bodies, size: int, path: str, address: str) -> asyncio.Task[bytes]:
    """Begin a body of which all but the end comes; it waits for the end."""
    begun = asyncio.Event()

    async def receive() -> Message:
        if not begun.is_set():
            begun.set()
            return {"type": "http.request", "body": b"a" * size, "more_body": True}
        return await asyncio.Future()

    task = asyncio.ensure_future(bodies.read(receive, path, address))
    await begun.wait()
    await asyncio.sleep(0)
    return task


def _whole(size: int) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"a" * size, "more_body": False}

    return receive


async def test_no_unfinished_bodies_of_strangers_keep_out_an_act_or_anothers_document() -> None:
    bodies, deposit = Bodies(), "/fhir/CarePlan"
    held = [await _unfinished(bodies, 2 * 1024 * 1024 - 1, deposit, "192.0.2.1") for _ in range(33)]
    turned_away = [task for task in held if task.done()]
    # A quarter of what all may hold is the most that one address gets.
    assert len(turned_away) == 33 - 8
    for task in turned_away:
        assert isinstance(error := task.exception(), EdgeError) and error.code == "too-busy"
    assert len(await bodies.read(_whole(2 * 1024 * 1024), deposit, "192.0.2.2")) == 2 * 1024 * 1024
    # Nor do many addresses together: what an act needs counts for nobody.
    held += [
        await _unfinished(bodies, 2 * 1024 * 1024 - 1, deposit, f"198.51.100.{n}") for n in range(40)
    ]  # fmt: skip
    with pytest.raises(EdgeError):
        await bodies.read(_whole(LARGE), deposit, "192.0.2.3")
    for address in ("192.0.2.1", "192.0.2.3"):
        assert await bodies.read(_whole(64 * 1024), "/api/v1/consents/x/withdraw", address)
    for task in held:
        task.cancel()
    await asyncio.gather(*held, return_exceptions=True)


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/fhir/CarePlan", LARGE), ("/fhir/Bundle/abc", LARGE), ("/api/v1/consents", LARGE),
        ("/desk/drafts/abc/proof", LARGE), ("/oauth/token", SMALL), ("/api/v1/refusals", SMALL),
        ("/portal/give/kela", SMALL), ("/fhir/CarePlan/a/b", SMALL),
    ],
)  # fmt: skip
async def test_only_where_documents_come_in_a_body_may_be_large(path: str, most: int) -> None:
    bodies = Bodies()
    assert len(await bodies.read(_whole(most), path)) == most
    with pytest.raises(EdgeError) as raised:
        await bodies.read(_whole(most + 1), path)
    assert raised.value.code == "body-too-large"
