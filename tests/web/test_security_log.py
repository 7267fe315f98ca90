"""Each sign-in and sign-out leaves a line, and no line tells who it was."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import httpx
import orjson
import pytest

from gateway.demo.provider.installing import CLIENTS
from gateway.serving.logs import set_up_logs
from gateway.web.sign_in.sessions import IDLE
from tests.laws.gateway_world import BASE
from tests.web.sign_in_world import COOKIE, SignInWorld, changed, open_sign_in

FIELDS = ("event", "role", "provider", "outcome", "session")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SignInWorld]:
    """A gateway with providers beside it."""
    async with open_sign_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def stream() -> Iterator[StringIO]:
    """The process log as JSON, at its quietest."""
    root, written = logging.getLogger(), StringIO()
    handlers, level = root.handlers[:], root.level
    set_up_logs("json", "warning", written)
    yield written
    root.handlers[:], root.level = handlers, level


def lines(stream: StringIO) -> list[dict[str, str]]:
    """Return the security log's lines."""
    told = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    return [one for one in told if one["logger"] == "saattaen.security"]


@pytest.mark.parametrize(
    ("provider", "person", "role"),
    [
        (CLIENTS, "suvi", "client"),
        ("hyvinvointialue", "hyvinvointialue-saara", "worker"),
        ("hyvinvointialue", "hyvinvointialue-hilla", "officer"),
    ],
)
async def test_a_way_in_and_out_is_two_lines_of_one_session(
    world: SignInWorld, stream: StringIO, provider: str, person: str, role: str
) -> None:
    browser = world.browser()
    assert (await browser.signs_in(person, provider)).status_code == 303
    await browser.web.post(f"{BASE}/sign-out", data={"csrf": await browser.csrf()}, headers={"origin": BASE})
    begun, ended = lines(stream)
    assert [begun[name] for name in FIELDS[:4]] == ["sign-in", role, provider, "done"]
    assert [ended[name] for name in FIELDS[:4]] == ["sign-out", role, provider, "done"]
    assert begun["session"] == ended["session"] and len(begun["session"]) == 16
    assert begun["level"] == "INFO" and begun["request_id"] and begun["at"]


async def test_two_sessions_of_one_person_cannot_be_told_to_be_theirs(world: SignInWorld, stream: StringIO) -> None:
    for _ in range(2):
        await world.browser().signs_in("suvi")
    first, second = lines(stream)
    assert first["session"] != second["session"]
    assert {name for name in first if first[name] == second[name]} & {"session", "subject", "client"} == set()


async def test_who_is_turned_away_leaves_the_reason_alone(world: SignInWorld, stream: StringIO) -> None:
    browser = world.browser()
    answer = await browser.identifies(await browser.asks(), "suvi")
    assert (await browser.web.get(changed(answer, {"state": "x"}))).status_code == 400
    back = world.browser()
    assert (await back.web.get(await back.identifies(await back.asks(), ""))).status_code == 400
    told = lines(stream)
    assert [(one["event"], one["role"], one["outcome"], one["session"], one["level"]) for one in told] == [
        ("sign-in", "unknown", "mismatch", "none", "WARNING"),
        ("sign-in", "unknown", "cancelled", "none", "WARNING"),
    ]


async def test_a_form_of_somebody_whose_session_timed_out_leaves_the_time_out_alone_and_once(
    world: SignInWorld, stream: StringIO
) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    csrf = await browser.csrf()
    world.laws.clock.advance(IDLE)
    for _ in range(2):
        await browser.web.post(f"{BASE}/sign-out", data={"csrf": csrf}, headers={"origin": BASE})
        await browser.web.get(f"{BASE}/portal")
    begun, over = lines(stream)
    assert [over[name] for name in FIELDS[:4]] == ["time-out", "client", CLIENTS, "done"]
    assert over["session"] == begun["session"] and over["level"] == "INFO"


async def test_a_cookie_of_nobodys_leaves_no_line(world: SignInWorld, stream: StringIO) -> None:
    browser = world.browser()
    browser.web.cookies.set(COOKIE, "guessed", domain="gateway.example")
    assert (await browser.web.get(f"{BASE}/portal")).status_code == 303
    assert lines(stream) == []


async def test_choosing_on_whose_behalf_and_going_back_are_lines_of_the_same_session(
    world: SignInWorld, stream: StringIO
) -> None:
    browser = world.browser()
    await browser.signs_in("sirpa")
    sent = await browser.web.get(f"{BASE}/acting-for/start")
    back = await browser.identifies(httpx.URL(sent.headers["location"]), "0")
    assert (await browser.web.get(back)).status_code == 303
    # The answer counts once.
    assert (await browser.web.get(back)).status_code == 400
    await browser.web.post(f"{BASE}/acting-for/self", data={"csrf": await browser.csrf()})
    told = [one for one in lines(stream) if one["event"] != "provider-sign-out"]
    assert [(one["event"], one["outcome"]) for one in told] == [
        ("sign-in", "done"), ("acting-for", "done"), ("acting-for", "stale"), ("acting-for-self", "done"),
    ]  # fmt: skip
    assert len({one["session"] for one in told}) == 1 and told[2]["level"] == "WARNING"
    sirpa, nuori = world.laws.world.clients["sirpa"], world.laws.world.clients["nuori"]
    written, other = stream.getvalue(), await world.laws.client("nuori")
    for secret in (other, nuori.name, nuori.code.reveal(), nuori.code.masked, sirpa.code.reveal(), "valtuudet-"):
        assert secret not in written


async def test_no_line_has_a_name_a_code_or_an_id_of_the_person(world: SignInWorld, stream: StringIO) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    session = await world.sessions.find(browser.cookie or "")
    assert session is not None
    written, who = stream.getvalue(), world.laws.world.clients["suvi"]
    for secret in (
        who.name, who.name.split()[0], who.code.reveal(), who.code.masked, session.signed_in.subject,
        session.reference, session.csrf, browser.cookie, session.provider_session,
    ):  # fmt: skip
        assert secret and secret not in written


async def test_the_quick_way_out_is_a_line_too_and_only_where_somebody_was_in(
    world: SignInWorld, stream: StringIO
) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    kept = browser.cookie
    assert (await browser.web.get(f"{BASE}/leave")).headers["location"].startswith("https://www.ilmatieteenlaitos.fi")
    begun, ended = lines(stream)
    assert [ended[name] for name in FIELDS[:4]] == ["sign-out", "client", CLIENTS, "done"]
    assert begun["session"] == ended["session"]
    for cookie in ({}, {"cookie": f"{COOKIE}={kept}"}, {"cookie": f"{COOKIE}=nobodys"}):
        assert (await world.browser().web.get(f"{BASE}/leave", headers=cookie)).status_code == 303
    assert len(lines(stream)) == 2
