"""Refusals cannot be told apart: neither by their bytes nor by the work that they cost (consent rules, 2 and 3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from adapters.custodian.fhir_server.simulator import simulated_server
from gateway.consent.model import Actor, RefusedRow
from gateway.demo.custodian import put_samples, write_custodians
from tests.laws.gateway_world import FEEDBACK, PLAN, STRANGER, UNKNOWN_ID, Laws, demo_world, open_world
from tests.laws.traces import Trace, statements, trace_ports
from tests.parts.custodians import waiting

RECIPIENT = "kuntakokeilu"


@dataclass
class Watched:
    """A gateway whose work is written down."""

    laws: Laws
    trace: Trace

    async def answer(self, ask: Callable[[], Awaitable[httpx.Response]]) -> tuple[object, Trace, int]:
        """Return the answer without its request id, the work it cost, and how many entries it left.

        The keys are forgotten first, so that it does not matter whose were used last.
        """
        self.laws.gateway.keys.forget()
        self.trace.clear()
        before = self.laws.size()
        with statements(self.trace, [self.laws.gateway.database]):
            response = await ask()
        work = list(self.trace)
        headers = [(name, value) for name, value in response.headers.raw if name != b"x-request-id"]
        return (response.status_code, headers, response.content), work, self.laws.size() - before


@pytest.fixture
async def watched(place: Path) -> AsyncIterator[Watched]:
    """A gateway under watch."""
    trace: Trace = []
    async with open_world(place, lambda gateway: trace_ports(gateway, trace)) as laws:
        yield Watched(laws, trace)


async def _people(laws: Laws) -> dict[str, tuple[str, str]]:
    """Let each person stand for one ground of refusal; return (a document's id, an identity code) by its name."""
    recording = laws.gateway.recording
    made: dict[str, tuple[str, str]] = {"unknown": (UNKNOWN_ID, STRANGER)}

    async def case(name: str, client: str, **more: object) -> str:
        document = await laws.deposit(client, **more)  # type: ignore[arg-type]
        made[name] = (document, laws.code(client))
        return document

    await case("without consent", "suvi")
    await case("withdrawn", "sirpa")
    await recording.withdraw((await laws.give("sirpa")).id)
    await case("prohibited", "ari")
    await laws.give("ari")
    await recording.prohibit(await laws.client("ari"), recipient=RECIPIENT)
    await case("refused", "maija")
    await recording.refuse(await laws.client("maija"), (RefusedRow(RECIPIENT, PLAN),))
    await case("another custodian's", "valteri", custodian="sosiaalityo")
    await laws.give("valteri")
    await case("another resource type", "nuori", custodian="terveystarkastus", category=FEEDBACK)
    await laws.give("nuori")
    await case("suspended", "kaima-1")
    await laws.give("kaima-1")
    await laws.gateway.clients.suspend(await laws.client("kaima-1"), suspended=True, by=Actor(system="gateway"))
    await case("sensitive as a whole", "kaima-2", labels=["health"])
    await laws.give("kaima-2")
    return made


async def _told_apart(watched: Watched, asks: dict[str, Callable[[], Awaitable[httpx.Response]]]) -> dict[str, object]:
    """Ask twice for each; return what differs from the first: by name, in answer, work or entries."""
    for ask in asks.values():
        await ask()
    seen = {name: await watched.answer(ask) for name, ask in asks.items()}
    _, _, entries = first = next(iter(seen.values()))
    assert entries == 1, "a refusal is exactly one entry"
    differing: dict[str, object] = {}
    for name, (answer, work, count) in seen.items():
        if answer != first[0]:
            differing[name] = (answer, first[0])
        elif work != first[1]:
            differing[name] = {"more": _without(work, first[1]), "less": _without(first[1], work)}
        elif count != entries:
            differing[name] = f"{count} entries"
    return differing


def _without(one: Trace, other: Trace) -> Trace:
    left = list(other)
    return [line for line in one if line not in left or left.remove(line)]  # type: ignore[func-returns-value]


async def test_no_refused_read_can_be_told_from_one_of_an_unknown_document(watched: Watched) -> None:
    laws = watched.laws
    people = await _people(laws)
    await laws.token()

    def ask(document: str) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: laws.read(document)

    asks = {name: ask(document) for name, (document, _) in people.items()}
    assert await _told_apart(watched, asks) == {}
    reasons = {(entry.b or {})["reasons"][0] for entry in laws.entries() if entry.kind == "decision"}  # type: ignore[index]
    assert {"not-found", "no-consent", "withdrawn", "prohibited", "suspended", "sensitivity-not-covered"} <= reasons


async def test_no_empty_search_can_be_told_from_one_for_an_unknown_client(watched: Watched) -> None:
    laws = watched.laws
    people = await _people(laws)
    people["known, without document"] = ("", laws.code("turva"))
    await laws.token()

    def ask(code: str) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: laws.search(code)

    asks = {name: ask(code) for name, (_, code) in people.items()}
    assert await _told_apart(watched, asks) == {}


async def test_an_empty_search_does_not_tell_how_many_documents_stayed_hidden(watched: Watched) -> None:
    laws = watched.laws
    for _ in range(3):
        await laws.deposit("suvi")
    asks = {"unknown": lambda: laws.search(STRANGER), "three hidden": lambda: laws.search(laws.code("suvi"))}
    assert await _told_apart(watched, asks) == {}


async def test_a_read_at_the_end_of_a_grant_and_one_of_nothing_cost_the_same(watched: Watched) -> None:
    laws = watched.laws
    document = await laws.deposit("suvi")
    await laws.give("suvi", laws.row(until=laws.clock.now() + timedelta(hours=1)))
    laws.clock.advance(timedelta(hours=1))
    asks = {"unknown": lambda: laws.read(UNKNOWN_ID), "expired": lambda: laws.read(document)}
    assert await _told_apart(watched, asks) == {}


async def test_a_suspended_partner_learns_no_more_than_any_other(watched: Watched) -> None:
    laws = watched.laws
    document = await laws.deposit("suvi")
    await laws.give("suvi")
    await laws.token()
    await laws.gateway.log.submit(laws.gateway.partners.suspending("kuntakokeilu-system", by="test"), urgent=True)
    asks = {"unknown": lambda: laws.read(UNKNOWN_ID), "granted": lambda: laws.read(document)}
    assert await _told_apart(watched, asks) == {}


@pytest.mark.parametrize("giver", [{}, {"giver": {"kind": "mandate", "register_reference": "made-up"}}])
async def test_no_act_about_what_is_not_there_tells_whether_the_person_is_a_client(
    watched: Watched, giver: dict[str, object]
) -> None:
    laws = watched.laws
    token = await laws.token(scope="saattaen/consents")
    consent = (await laws.give("suvi")).id
    for path, more in (
        ("deferrals", {"request": UNKNOWN_ID}), (f"prohibitions/{UNKNOWN_ID}/lift", {}),
        (f"consents/{consent}/withdraw", {}), (f"consents/{UNKNOWN_ID}/withdraw", {}),
    ):  # fmt: skip

        async def ask(code: str, path: str = path, more: dict[str, str] = more) -> httpx.Response:
            client = {"system": "urn:oid:1.2.246.21", "value": code}
            headers = {"authorization": f"Bearer {token}"}
            return await laws.web.post(f"/api/v1/{path}", json={"client": client} | more | giver, headers=headers)

        codes = (laws.code("valteri"), STRANGER)
        for code in codes:
            await ask(code)
        (known, work, entries), unknown = [await watched.answer(lambda code=code: ask(code)) for code in codes]  # type: ignore[misc]
        assert known[0] == 404  # type: ignore[index]
        assert unknown == (known, work, entries), path


async def test_the_first_request_of_the_year_about_a_client_costs_what_it_costs_about_nobody(watched: Watched) -> None:
    laws = watched.laws
    await laws.token()
    for _ in range(2):
        unknown = await watched.answer(lambda: laws.search(STRANGER))
    # Enrolled, and nothing happened since.
    assert await watched.answer(lambda: laws.search(laws.code("sirpa"))) == unknown


# With a custodian outside, a refusal costs one judgement as ever, and no call leaves the gateway.


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Watched]:
    """A gateway under watch whose health centre keeps its plans on a server of its own; Suvi's was seen before."""
    trace: Trace = []
    world = demo_world()
    with simulated_server() as server:
        file = write_custodians(tmp_path / "custodians.yaml", server.base, waiting())
        put_samples(server.base, world, world.now)
        async with open_world(tmp_path, lambda gateway: trace_ports(gateway, trace), custodians=file) as laws:
            for client in ("suvi", "maija"):
                consent = await laws.give(client)
                assert (await laws.search(laws.code(client))).json()["entry"]
                await laws.gateway.recording.withdraw(consent.id)
            server.asked.clear()
            yield Watched(laws, trace)
            assert server.asked == []


async def _met_outside(laws: Laws) -> str:
    with laws.gateway.database.read() as connection:
        found = connection.execute(text("SELECT document FROM document_origin ORDER BY server_id DESC"))
        return str(found.scalars().first())


async def test_no_refused_search_tells_whether_documents_lie_outside(outside: Watched) -> None:
    laws = outside.laws
    await laws.gateway.recording.prohibit(await laws.client("maija"), recipient=RECIPIENT)
    await laws.give("sirpa", laws.row(custodian="sosiaalityo"))
    codes = {"unknown": STRANGER} | {name: laws.code(name) for name in ("suvi", "maija", "sirpa", "turva")}

    def ask(code: str) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: laws.search(code)

    assert await _told_apart(outside, {name: ask(code) for name, code in codes.items()}) == {}


async def test_no_refused_read_tells_whether_a_document_lies_outside(outside: Watched) -> None:
    laws = outside.laws
    documents = {"unknown": UNKNOWN_ID, "outside": await _met_outside(laws), "with us": await laws.deposit("sirpa")}

    def ask(document: str) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: laws.read(document)

    assert await _told_apart(outside, {name: ask(document) for name, document in documents.items()}) == {}
