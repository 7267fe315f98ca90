"""People's pages are paced like partners' requests: short queues, turns, and places that rest after a flood's pages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from starlette.types import Scope

from gateway.app import create_app
from gateway.http.admission import Admission, Bounds
from gateway.http.people_lane import PeopleBounds, PeopleLane, PersonsPlace
from gateway.http.whence import whence
from gateway.site import make_site
from gateway.web.addresses import is_page
from tests.http.test_admission import settle
from tests.laws.gateway_world import BASE
from tests.simulators.steered_loop import on_steered_time, pass_time
from tests.web.people import open_people, words

LONG = 30.0


BUSY = {
    "fi": "Palvelu ei voi tehdä tätä juuri nyt", "fi-x-selko": "Palvelu ei toimi juuri nyt",
    "sv": "Tjänsten kan inte göra detta just nu", "en": "The service cannot do this right now",
}  # fmt: skip
"""What a page says to whoever is turned away, in each register."""


def lane(**changed: float) -> PeopleLane:
    given = {"signed_in": 4, "each": 2, "quick": 3, "rest": LONG, "visitors": 2, "visitors_rest": LONG} | changed
    return PeopleLane(PeopleBounds(**{"patience": 1000 * LONG, **given}))  # type: ignore[arg-type]


def signed_in(one: PeopleLane, name: str) -> PersonsPlace:
    one.learn(f"cookie of {name}", f"session of {name}")
    return one.place_for(f"cookie of {name}", "somewhere")


async def page(place: PersonsPlace, session: str | None = None) -> bool:
    """Get one page."""
    if not await place.take():
        return False
    place.leave(session)
    return True


async def test_a_page_of_somebody_unknown_rests_and_that_of_a_session_that_was_found_does_not() -> None:
    one = lane(visitors=1)
    for _ in range(3):
        assert await page(one.place_for("new cookie", "a"), "session of maija")
    # By now it is known, and needs no visitor's place.
    assert await page(one.place_for(None, "a"))
    assert await page(one.place_for("new cookie", "a"))
    waiting = asyncio.create_task(page(one.place_for("cookie of nobody", "b")))
    await settle()
    assert (one.in_service, one.waiting, waiting.done()) == (0, 1, False)
    waiting.cancel()


async def test_a_session_gets_what_a_person_clicks_at_once_and_then_as_its_places_rest() -> None:
    one = lane()
    assert [await page(signed_in(one, "maija")) for _ in range(3)] == [True] * 3
    flood = [asyncio.create_task(page(signed_in(one, "maija"))) for _ in range(8)]
    await settle()
    # Two of the four places, each of which rests now; the other places are for others.
    assert sum(task.done() for task in flood) == 2
    assert await asyncio.wait_for(page(signed_in(one, "suvi")), LONG)
    for task in flood:
        task.cancel()


@on_steered_time
async def test_places_that_rest_come_back_by_themselves_one_page_each() -> None:
    one = lane(visitors_rest=1000.0, patience=1_000_000.0)
    flood = [asyncio.create_task(page(one.place_for(None, "a"))) for _ in range(6)]
    made = []
    for _ in range(3):
        await settle()
        made.append(sum(task.done() for task in flood))
        pass_time(1001.0)
        await asyncio.sleep(0)
        await settle()
    assert made == [2, 4, 6]


async def test_addresses_and_sessions_take_turns_however_many_requests_wait() -> None:
    one = lane(visitors=1, each=1, signed_in=1, queue=100, queues=1000)
    for of in (lambda name: one.place_for(None, name), lambda name: signed_in(one, name)):
        first = of("flood")
        assert await first.take()
        flood = [asyncio.create_task(of("flood").take()) for _ in range(50)]
        await settle()
        other = asyncio.create_task(of("other").take())
        await settle()
        first._places.leave(first._holder)
        await settle()
        if not other.done():
            assert sum(task.done() for task in flood) == 1
        for task in [*flood, other]:
            task.cancel()


async def test_beyond_a_short_queue_somebody_is_told_at_once_to_come_again_and_others_are_not() -> None:
    one = lane(visitors=1, queue=3, short_patience=0.05)
    held = one.place_for(None, "flood")
    assert await held.take()
    queued = [asyncio.create_task(one.place_for(None, "flood").take()) for _ in range(3)]
    await settle()
    assert [await asyncio.wait_for(one.place_for(None, "flood").take(), LONG) for _ in range(3)] == [False] * 3
    other = asyncio.create_task(one.place_for(None, "other").take())
    await settle()
    assert one.waiting == 4 and not any(task.done() for task in [*queued, other])
    for task in [*queued, other]:
        task.cancel()


async def test_all_queues_together_are_bounded_save_for_who_has_nothing_waiting() -> None:
    one = lane(visitors=1, queues=5, short_patience=0.05, visitors_rest=0.0)
    held = one.place_for(None, "first")
    assert await held.take()
    queued = [asyncio.create_task(one.place_for(None, f"address {number}").take()) for number in range(5)]
    await settle()
    more = asyncio.create_task(one.place_for(None, "one more").take())
    await settle()
    # Whoever has others waiting is sent away, and came later.
    assert not await asyncio.wait_for(one.place_for(None, "address 0").take(), LONG)
    assert not more.done()
    for task in (*queued, more):
        task.cancel()


async def test_whoever_comes_for_the_first_time_stands_behind_nobody_who_asks_without_end() -> None:
    one = lane(visitors=1, visitors_rest=0.0)
    for _ in range(3):
        for number in range(5):
            place = one.place_for(None, f"flood {number}")
            assert await place.take()
            place.leave()
    held = one.place_for(None, "flood 0")
    assert await held.take()
    queued = [asyncio.create_task(one.place_for(None, f"flood {number}").take()) for number in range(5)]
    await settle()
    newcomer = asyncio.create_task(one.place_for(None, "somebody").take())
    await settle()
    held.leave()
    assert await asyncio.wait_for(newcomer, LONG)
    assert not any(task.done() for task in queued)
    for task in queued:
        task.cancel()


def test_the_latest_cookies_alone_are_remembered() -> None:
    one = lane()
    for number in range(10_100):
        one.learn(f"cookie {number}", f"session {number}")
    assert one.place_for("cookie 0", "a")._session is None
    assert one.place_for("cookie 10099", "a")._session == "session 10099"


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::"),
        (("2001:db8:1:2:ffff::1", 1), "2001:db8:1:2::"),
        (("::ffff:192.0.2.7", 1), "192.0.2.7"),
        (("not an address" * 20, 1), ("not an address" * 20)[:64]),
        (None, ""),
    ],
)
def test_a_request_counts_for_an_address_or_for_a_whole_network_of_ipv6(
    client: tuple[str, int] | None, counted: str
) -> None:
    assert whence({"type": "http", "client": client}) == counted


def test_a_page_never_takes_a_place_of_partners_nor_a_partner_one_of_pages() -> None:
    admission = Admission(Bounds(), lambda path: path == "/portal", "cookie")
    scope: Scope = {"type": "http", "method": "GET", "headers": [(b"cookie", b"cookie=value")], "client": ("a", 1)}
    lane_of_page, place = admission.place_for(scope | {"path": "/portal"})
    assert lane_of_page == "people" and isinstance(place, PersonsPlace)
    assert admission.place_for(scope | {"path": "/fhir/CarePlan/1"})[0] == "normal"


# In the application.


async def test_whoever_floods_pages_is_told_so_by_a_page_in_their_language_and_others_notice_nothing(
    tmp_path: Path,
) -> None:
    async with open_people(tmp_path) as people:
        laws = people.laws
        site = make_site(laws.gateway, people.sessions)
        bounds = PeopleBounds(
            signed_in=2, each=1, quick=1, rest=LONG, visitors=2, visitors_rest=LONG, queue=1, short_patience=0.05,
            patience=1000 * LONG,
        )  # fmt: skip
        people.app = create_app(
            laws.gateway, admission=Admission(Bounds(people=bounds), is_page, site.doors.cookie), site=site
        )
        maija, suvi = await people.client("maija"), await people.client("suvi", "sv")
        # Each is known by her first page, and her second one does not rest.
        for reader in (maija, suvi):
            assert (await reader.get("/portal")).status_code == 200
        flood = [asyncio.create_task(maija.get("/portal")) for _ in range(30)]
        told = await first_refused(flood)
        assert told.headers["content-type"] == "text/html; charset=utf-8" and int(told.headers["retry-after"]) >= 1
        assert "The service cannot do this right now" in words(told) and 'lang="en"' in told.text
        assert (await asyncio.wait_for(suvi.get("/portal"), LONG)).status_code == 200
        # Of visitors whom nobody knows each page rests, and those who are known do not need their places.
        for language, title in BUSY.items():
            stranger = await people.visitor(language=language)
            crowd = [asyncio.create_task(stranger.get("/help")) for _ in range(12)]
            told = await first_refused(crowd)
            assert told.status_code == 503 and title in words(told) and told.headers["cache-control"] == "no-store"
            for task in crowd:
                task.cancel()
        # Nor does a partner system: it gets its token and reads, while all of them wait.
        async with httpx.AsyncClient(transport=httpx.ASGITransport(people.app), base_url=BASE) as laws.web:
            assert (await asyncio.wait_for(laws.read("f" * 32), LONG)).status_code == 404
        for task in flood:
            task.cancel()


async def first_refused(tasks: Sequence[asyncio.Task[httpx.Response]]) -> httpx.Response:
    """Return the first answer that is a 503."""
    async with asyncio.timeout(LONG):
        for one in asyncio.as_completed(tasks):
            answer = await one
            if answer.status_code == 503:
                return answer
    raise AssertionError("nobody was turned away")
