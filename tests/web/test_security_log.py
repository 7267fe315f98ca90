"""Each sign-in and sign-out leaves a line, and no line tells who it was."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import orjson
import pytest

from gateway.demo.provider.installing import CLIENTS
from gateway.serving.logs import set_up_logs
from gateway.web.sign_in.sessions import IDLE
from tests.laws.gateway_world import BASE
from tests.web.sign_in_world import SignInWorld, changed, open_sign_in

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


async def test_a_form_of_somebody_who_is_not_signed_in_leaves_no_line(world: SignInWorld, stream: StringIO) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    csrf = await browser.csrf()
    world.laws.clock.advance(IDLE)
    await browser.web.post(f"{BASE}/sign-out", data={"csrf": csrf}, headers={"origin": BASE})
    assert [one["event"] for one in lines(stream)] == ["sign-in"]


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
