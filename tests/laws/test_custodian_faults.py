"""A custodian's server fails in every way: a clear refusal, an entry, no bytes, and recovery without a restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from adapters.custodian.fhir_server.simulated_faults import Fault
from adapters.custodian.fhir_server.simulator import SimulatedServer, simulated_server
from gateway.demo.custodian import held_sample, put_client, put_document, write_custodians
from gateway.demo.documents import Sample
from gateway.directory.identity_trace import url_holds_identity_code
from tests.laws.gateway_world import PLAN, STRANGER, UNKNOWN_ID, Laws, demo_world, open_world
from tests.parts.custodians import LONG, waiting, waits_in

SOTE = "sote-keskus"
PAUSE = 2.0
LIMITS = "{{answer_bytes: 300000, failures: 2, pause: {pause:.0f}}}"
DOWN = "down"
FAULTS: dict[Fault | str, str] = {
    DOWN: "custodian-unavailable",
    Fault.SLOW: "custodian-unavailable",
    Fault.TRICKLES: "custodian-unavailable",
    Fault.HUGE: "custodian-unavailable",
    Fault.BROKEN: "custodian-unavailable",
    Fault.REDIRECTS: "custodian-unavailable",
    Fault.NOT_JSON: "custodian-unavailable",
    Fault.NOT_FHIR: "custodian-unavailable",
    Fault.WRONG_TYPE: "custodian-unavailable",
    Fault.WRONG_CATEGORY: "custodian-unavailable",
    Fault.WRONG_CLIENT: "custodian-unavailable",
    Fault.ANOTHER: "custodian-unavailable",
    Fault.LEADS_AWAY: "custodian-unavailable",
    Fault.NO_LABELS: "sensitivity-not-covered",
    Fault.ODD_LABELS: "sensitivity-not-covered",
}
"""What goes wrong, and the reason that stands in the log. Of a read; what differs for a search is told below."""
HARMLESS_TO_A_READ = {Fault.LEADS_AWAY}
"""A read of one document has no next page."""
HARMLESS_TO_A_SEARCH = {Fault.ANOTHER}
"""Two documents of the client are two documents."""


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatedServer]:
    """Return a simulated server with Suvi's plan."""
    world = demo_world()
    with simulated_server() as running, httpx.Client(trust_env=False) as web:
        for name in ("suvi", "maija"):
            put_client(web, running.base, name, world.clients[name])
        put_document(web, running.base, "p-1", held_sample(world, Sample("p-1", SOTE, "suvi", PLAN), world.now))
        yield running


@pytest.fixture
async def laws(request: pytest.FixtureRequest, server: SimulatedServer, tmp_path: Path) -> AsyncIterator[Laws]:
    """Return a gateway whose health centre keeps its plans there, impatient where nothing comes."""
    async with _gateway(server, tmp_path, waits_in(request), pause=0.2) as one:
        yield one


@asynccontextmanager
async def _gateway(server: SimulatedServer, folder: Path, milliseconds: int, *, pause: float) -> AsyncIterator[Laws]:
    bounds = waiting(milliseconds, LIMITS.format(pause=1000 * pause))
    async with open_world(folder, custodians=write_custodians(folder / "custodians.yaml", server.base, bounds)) as one:
        yield one


@asynccontextmanager
async def failing(server: SimulatedServer, fault: Fault | str) -> AsyncIterator[None]:
    """Let the server fail for a while."""
    if isinstance(fault, Fault):
        server.fault = fault
    else:
        await asyncio.to_thread(server.stop)
    try:
        yield
    finally:
        if isinstance(fault, Fault):
            server.fault = None
        else:
            await asyncio.to_thread(server.start)


async def _met(laws: Laws) -> str:
    # Again where the machine stood still for as long as an impatient gateway waits.
    async with asyncio.timeout(120):
        while "entry" not in (found := await laws.search(laws.code("suvi"))).json():
            await asyncio.sleep(0.2)
    (entry,) = found.json()["entry"]
    return str(entry["resource"]["id"])


async def _recovered(laws: Laws, document: str) -> httpx.Response:
    """Ask until the custodian is tried again; the breaker's pause is a fifth of a second."""
    give_up = time.monotonic() + 120
    while True:
        answer = await laws.read(document)
        if answer.status_code == 200 or time.monotonic() > give_up:
            return answer
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: getattr(one, "name", one))
async def test_a_failing_custodian_costs_a_clear_refusal_and_an_entry_and_no_byte(
    laws: Laws, server: SimulatedServer, fault: Fault | str
) -> None:
    await laws.give()
    document = await _met(laws)
    async with failing(server, fault):
        if fault not in HARMLESS_TO_A_READ:
            before = laws.size()
            began = time.monotonic()
            answer = await laws.read(document)
            assert time.monotonic() - began < 10
            _is_refused(laws, answer, FAULTS[fault], before, "decision")
            if FAULTS[fault] == "custodian-unavailable":
                assert answer.status_code == 503
                assert "retry-after" in answer.headers
            else:
                assert answer.status_code == 404
        if fault not in HARMLESS_TO_A_SEARCH:
            before = laws.size()
            answer = await laws.search(laws.code("suvi"))
            _is_refused(laws, answer, FAULTS[fault], before, "search")
            assert answer.status_code == (503 if FAULTS[fault] == "custodian-unavailable" else 200)
    assert (await _recovered(laws, document)).status_code == 200
    assert laws.verify() == []


def _is_refused(laws: Laws, answer: httpx.Response, reason: str, before: int, kind: str) -> None:
    expected = "Bundle" if answer.status_code == 200 else "OperationOutcome"
    assert answer.json()["resourceType"] == expected
    assert "entry" not in answer.json()
    assert not {"etag", "saattaen-proof", "saattaen-entry"} & set(answer.headers)
    (entry,) = laws.entries()[before:]
    assert (entry.kind, (entry.b or {})["reasons"]) == (kind, [reason])


async def test_two_gigabytes_are_cut_at_the_limit(laws: Laws, server: SimulatedServer) -> None:
    await laws.give()
    async with failing(server, Fault.HUGE):
        assert (await laws.search(laws.code("suvi"))).status_code == 503
        # What lies in the sockets' buffers was sent too; it is megabytes, and not two thousand of them.
        assert server.sent < 64 * 1024 * 1024


async def test_a_server_that_keeps_failing_is_left_alone_and_then_tried_once(
    server: SimulatedServer, tmp_path: Path
) -> None:
    async with _gateway(server, tmp_path, LONG, pause=PAUSE) as laws:
        await laws.give()
        document = await _met(laws)
        async with failing(server, Fault.BROKEN):
            asked, began = len(server.asked), time.monotonic()
            for _ in range(6):
                await laws.read(document)
            # Twice, and then once in each pause that has passed, however long this machine took for it.
            assert 2 <= len(server.asked) - asked <= 2 + (time.monotonic() - began) // PAUSE
        assert (await _recovered(laws, document)).status_code == 200


async def test_no_request_without_a_permit_reaches_a_custodian(laws: Laws, server: SimulatedServer) -> None:
    await laws.give()
    document = await _met(laws)
    asked = len(server.asked)
    kela = laws.acting("kela", "kuntoutusasiantuntija", "rehabilitation-decision")
    await laws.read(document, kela)
    await laws.search(laws.code("suvi"), kela)
    await laws.search(laws.code("maija"))
    await laws.search(STRANGER)
    await laws.read(UNKNOWN_ID)
    await laws.search(laws.code("suvi"), category=None, resource="Task")
    await laws.gateway.recording.prohibit(await laws.client("suvi"), recipient="kuntakokeilu")
    await laws.read(document)
    await laws.search(laws.code("suvi"))
    assert server.asked[asked:] == []


async def test_no_identity_code_stands_in_an_address_that_a_custodian_is_asked_at(
    laws: Laws, server: SimulatedServer
) -> None:
    await laws.give()
    await laws.read(await _met(laws))
    assert server.asked
    assert not [address for address in server.asked if url_holds_identity_code(address.partition(" ")[2])]
    assert {address for address in server.asked if "?" in address} == set()


async def test_what_changes_without_a_version_is_a_new_version_of_ours(laws: Laws, server: SimulatedServer) -> None:
    await laws.give()
    document = await _met(laws)
    async with failing(server, Fault.CHANGES):
        titles = {(await laws.read(document)).json()["title"] for _ in range(2)}
    assert len(titles) == 2
    versions = [
        (entry.s or {})["reliance"][document]["version"] for entry in laws.entries() if entry.kind == "disclosure"
    ]  # type: ignore[index]
    assert versions == [2, 3]
    assert laws.verify() == []


async def test_one_custodians_failure_leaves_anothers_documents_as_they_are(
    laws: Laws, server: SimulatedServer
) -> None:
    await laws.give("suvi", laws.row(), laws.row(custodian="sosiaalityo"))
    await laws.give("maija", laws.row(custodian="sosiaalityo"))
    suvis, maijas = (
        await laws.deposit("suvi", custodian="sosiaalityo"),
        await laws.deposit("maija", custodian="sosiaalityo"),
    )
    await laws.token()
    async with failing(server, Fault.SLOW):
        # Nobody who asks for what does not lie there waits for it.
        async with asyncio.TaskGroup() as group:
            slow = [group.create_task(laws.search(laws.code("suvi"))) for _ in range(20)]
            for _ in range(5):
                assert (await laws.read(maijas)).status_code == 200
            # None of those who wait for the silent server was answered before.
            assert not any(one.done() for one in slow)
            server.fault = Fault.BROKEN
        # The others' documents are shown, and the answer says that it is not whole.
        for answer in (one.result() for one in slow):
            modes = [entry["search"]["mode"] for entry in answer.json()["entry"]]
            assert (answer.status_code, modes) == (200, ["match", "outcome"])
            assert answer.json()["entry"][0]["resource"]["id"] == suvis
            assert answer.json()["entry"][1]["resource"]["issue"][0]["code"] == "incomplete"
    reasons = [(entry.b or {}).get("reasons") for entry in laws.entries() if entry.outcome == "error"]
    assert reasons == [["custodian-unavailable"]] * 20
    assert laws.verify() == []


async def test_a_custodian_is_told_the_id_of_the_request_that_it_is_asked_for(
    laws: Laws, server: SimulatedServer
) -> None:
    await laws.give()
    document = await _met(laws)
    before = len(server.ids)
    assert (await laws.read(document, x_request_id="theirs-1234")).status_code == 200
    assert set(server.ids[before:]) == {"theirs-1234"}


async def test_where_documents_lie_cannot_be_read_is_told_like_any_failure_of_the_database(
    laws: Laws, server: SimulatedServer
) -> None:
    await laws.give()
    document = await _met(laws)
    with laws.gateway.database.write() as connection:
        connection.execute(text("ALTER TABLE document_origin RENAME TO gone"))
        connection.commit()
    answer = await laws.read(document)
    assert (answer.status_code, answer.json()["resourceType"]) == (503, "OperationOutcome")
