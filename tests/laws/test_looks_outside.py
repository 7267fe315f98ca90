"""What lies on a custodian's own server, read by its client and previewed: by permit, checked, and an entry each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from adapters.custodian.fhir_server.simulated_faults import Fault
from adapters.custodian.fhir_server.simulator import SimulatedServer, simulated_server
from adapters.fhir.reading_view import reading_view
from adapters.observing.metrics import Metrics
from adapters.sql.fact_reader import SqlFactReader
from gateway.consent.model import Actor
from gateway.demo.custodian import held_sample, put_client, put_document, write_custodians
from gateway.demo.documents import Sample
from gateway.disclosure.decision import Permit
from gateway.disclosure.held import Fetched, Holdings, Place
from gateway.disclosure.insights import Insights, Lying, NotShown, OwnDocument, OwnReading
from gateway.disclosure.looking import Looker, LookerKind
from gateway.disclosure.own_documents import PAGE, OwnDocuments
from gateway.disclosure.release import Released
from gateway.disclosure.waiting import Waiting
from gateway.errors import CustodianUnavailable, NotAvailable
from gateway.insight import insights_of
from tests.laws.gateway_world import FEEDBACK, PLAN, UNKNOWN_ID, Laws, demo_world, open_world
from tests.parts.custodians import waiting, waits_in

SOTE = "sote-keskus"
AT = Place(SOTE, PLAN)
REPRESENTATIVE = Looker(LookerKind.REPRESENTATIVE, "rep-1", "Riitta Edustaja")
LIMITS = "{answer_bytes: 300000, failures: 100}"
UNBELIEVED = (
    Fault.SLOW, Fault.TRICKLES, Fault.HUGE, Fault.BROKEN, Fault.REDIRECTS, Fault.NOT_JSON, Fault.NOT_FHIR,
    Fault.WRONG_TYPE, Fault.WRONG_CATEGORY, Fault.WRONG_CLIENT,
)  # fmt: skip
UNLABELLED = (Fault.NO_LABELS, Fault.ODD_LABELS)
"""What comes then is sensitive as a whole: the client's to read, and nobody's who was not ticked all of it."""


@pytest.fixture(scope="module")
def running() -> Iterator[SimulatedServer]:
    """A simulated server."""
    with simulated_server() as one:
        yield one


@pytest.fixture
def server(running: SimulatedServer) -> SimulatedServer:
    """The server with a plan of Suvi's, of Turva's and of Maija's, as it is at first."""
    world = demo_world()
    with httpx.Client(trust_env=False) as web:
        for name in ("suvi", "turva", "maija"):
            put_client(web, running.base, name, world.clients[name])
            put_document(
                web, running.base, f"p-{name}", held_sample(world, Sample(f"p-{name}", SOTE, name, PLAN), world.now)
            )
    running.asked.clear()
    return running


@pytest.fixture
async def laws(request: pytest.FixtureRequest, server: SimulatedServer, place: Path) -> AsyncIterator[Laws]:
    """A gateway whose health centre keeps its plans there, impatient where nothing comes."""
    bounds = waiting(waits_in(request), LIMITS)
    async with open_world(place, custodians=write_custodians(place / "custodians.yaml", server.base, bounds)) as one:
        yield one


@pytest.fixture
def insights(laws: Laws) -> Insights:
    return insights_of(laws.gateway)


@asynccontextmanager
async def failing(server: SimulatedServer, fault: Fault) -> AsyncIterator[None]:
    server.fault = fault
    try:
        yield
    finally:
        server.fault = None


async def listed(laws: Laws, insights: Insights, client: str = "suvi") -> OwnDocument:
    """The one document that the server keeps of a client."""
    found = await insights.own.lying_at(await laws.client(client), AT)
    assert isinstance(found, Lying)
    (one,) = found.documents
    return one


# One's own.


async def test_a_client_finds_and_reads_what_a_custodian_keeps_though_nobody_may_see_it(
    laws: Laws, insights: Insights, server: SimulatedServer
) -> None:
    client = await laws.client("suvi")
    assert AT in insights.own.places()
    assert server.asked == []
    found = await listed(laws, insights)
    assert (found.category, found.custodian, found.outside) == (PLAN, SOTE, True)
    assert [one.id for one in await insights.own.documents(client)] == [found.id]
    before = laws.size()
    read = await insights.own.read(client, found.id)
    assert isinstance(read, OwnReading)
    assert [section.code for section in read.view.sections] == list(laws.world.directory.categories[PLAN].sections)
    assert not read.kept_back
    (entry,) = laws.entries()[before:]
    assert (entry.kind, entry.outcome, entry.client) == ("subject.read", "permit", client)
    assert entry.b is not None and entry.s is not None
    (told,) = entry.b["documents"]  # type: ignore[misc]
    assert (told["id"], told["basis"], told["custodian"]) == (found.id, "own-data", SOTE)
    met = entry.s["met"][found.id]  # type: ignore[index]
    assert (met["source"], len(met["sha256"])) == ("wellbeing-area", 64)
    assert laws.verify() == []


async def test_many_are_listed_a_page_at_a_time_and_each_keeps_its_id(place: Path, server: SimulatedServer) -> None:
    world = demo_world()
    many = [Sample(f"p-{number}", SOTE, "maija", PLAN) for number in range(PAGE + 2)]
    async with httpx.AsyncClient(trust_env=False) as web:
        for one in many:
            await web.put(f"{server.base}/CarePlan/{one.name}", json=held_sample(world, one, world.now))
    try:
        custodians = write_custodians(place / "custodians.yaml", server.base, waiting())
        async with open_world(place, custodians=custodians) as laws:
            client, own = await laws.client("maija"), insights_of(laws.gateway).own
            pages = [await own.lying_at(client, AT, page=number) for number in (1, 2, 3)]
            assert await own.lying_at(client, AT) == pages[0]
            assert laws.verify() == []
    finally:
        async with httpx.AsyncClient(trust_env=False) as web:
            for one in many:
                await web.delete(f"{server.base}/CarePlan/{one.name}")
    listings = [one for one in pages if isinstance(one, Lying)]
    # The one that the server has at first is among them.
    assert [(len(one.documents), one.more) for one in listings] == [(PAGE, True), (3, False), (0, False)]
    assert len({row.id for one in listings for row in one.documents}) == PAGE + 3


async def test_who_can_see_it_is_told_of_the_document_that_its_client_alone_has_met(
    laws: Laws, insights: Insights
) -> None:
    client = await laws.client("suvi")
    await laws.give()
    (before,) = (await insights.who_can_see.matrix(client)).cell("kuntakokeilu", PLAN).seen
    assert (before.permitted, before.document) == (True, None)
    document = (await listed(laws, insights)).id
    cell = (await insights.who_can_see.matrix(client)).cell("kuntakokeilu", PLAN)
    assert [(one.permitted, one.document) for one in cell.seen] == [(True, document)]


async def test_to_another_what_a_client_met_is_as_unknown_as_anything(
    laws: Laws, insights: Insights, server: SimulatedServer
) -> None:
    document = (await listed(laws, insights)).id
    sirpa, asked = await laws.client("sirpa"), len(server.asked)
    assert await insights.own.read(sirpa, document) is None
    assert await insights.own.read(sirpa, UNKNOWN_ID) is None
    assert await insights.own.lying_at(sirpa, Place("kela", PLAN)) is None
    assert len(server.asked) == asked
    assert await insights.own.lying_at(sirpa, AT) == Lying(())


async def test_a_look_at_ones_own_moves_no_version_that_a_release_rests_on(
    laws: Laws, insights: Insights, server: SimulatedServer
) -> None:
    client, document = await laws.client("suvi"), (await listed(laws, insights)).id
    await laws.give()
    async with failing(server, Fault.CHANGES):
        for _ in range(3):
            assert isinstance(await insights.own.read(client, document), OwnReading)
            assert isinstance(await laws.ask(laws.read_of(document)), Released)
    versions = [
        (one.s or {})["reliance"][document]["version"]  # type: ignore[index]
        for one in laws.entries()
        if one.kind == "disclosure"
    ]
    assert versions == [1, 2, 3]
    digests = {
        (one.s or {})["met"][document]["sha256"]  # type: ignore[index]
        for one in laws.entries()
        if one.kind == "subject.read" and "met" in (one.s or {})
    }
    assert len(digests) == 3
    assert laws.verify() == []


@pytest.mark.parametrize("fault", UNBELIEVED, ids=lambda one: one.name)
async def test_a_custodian_that_fails_shows_the_client_nothing_and_leaves_an_entry(
    laws: Laws, insights: Insights, server: SimulatedServer, fault: Fault
) -> None:
    client, document = await laws.client("suvi"), (await listed(laws, insights)).id
    before = laws.size()
    away = NotShown(SOTE, PLAN, "custodian-unavailable")
    async with failing(server, fault):
        assert await insights.own.read(client, document) == away
        assert await insights.own.lying_at(client, AT) == away
    told = laws.entries()[before:]
    assert [(one.kind, one.outcome, (one.b or {})["reasons"]) for one in told] == [
        ("subject.read", "error", ["custodian-unavailable"])
    ] * 2
    assert isinstance(await insights.own.read(client, document), OwnReading)
    assert laws.verify() == []


async def test_another_document_than_the_one_asked_for_is_not_shown(
    laws: Laws, insights: Insights, server: SimulatedServer
) -> None:
    client, document = await laws.client("suvi"), (await listed(laws, insights)).id
    async with failing(server, Fault.ANOTHER):
        assert await insights.own.read(client, document) == NotShown(SOTE, PLAN, "custodian-unavailable")


async def test_a_custodian_that_is_down_shows_nothing(laws: Laws, insights: Insights, server: SimulatedServer) -> None:
    client, document = await laws.client("suvi"), (await listed(laws, insights)).id
    await asyncio.to_thread(server.stop)
    try:
        assert await insights.own.read(client, document) == NotShown(SOTE, PLAN, "custodian-unavailable")
    finally:
        await asyncio.to_thread(server.start)


async def test_what_the_custodian_has_no_more_is_told_as_that(
    laws: Laws, insights: Insights, server: SimulatedServer
) -> None:
    client, document = await laws.client("suvi"), (await listed(laws, insights)).id
    async with httpx.AsyncClient(trust_env=False) as web:
        await web.delete(f"{server.base}/CarePlan/p-suvi")
    assert await insights.own.read(client, document) == NotShown(SOTE, PLAN, "not-found")
    last = laws.entries()[-1]
    assert (last.outcome, (last.b or {})["reasons"]) == ("deny", ["not-found"])


@pytest.mark.parametrize("fault", UNLABELLED, ids=lambda one: one.name)
async def test_what_bears_no_label_that_we_know_is_the_clients_to_read_and_nobody_elses(
    laws: Laws, insights: Insights, server: SimulatedServer, fault: Fault
) -> None:
    client, document = await laws.client("suvi"), (await listed(laws, insights)).id
    async with failing(server, fault):
        assert isinstance(await insights.own.read(client, document), OwnReading)
        assert await insights.own.read(client, document, REPRESENTATIVE) is None
        assert await insights.own.lying_at(client, AT, REPRESENTATIVE) == Lying(())
        shown = await insights.previews.preview(client, [laws.row(sensitivities=frozenset({"health"}))])
        assert [(one.permitted, one.reason) for one in shown.documents] == [(False, "sensitivity-not-covered")]


async def test_nothing_is_asked_for_while_the_client_is_suspended(
    laws: Laws, insights: Insights, server: SimulatedServer
) -> None:
    client, document = await laws.client("suvi"), (await listed(laws, insights)).id
    await laws.gateway.clients.suspend(client, suspended=True, by=Actor(system="gateway"))
    asked = len(server.asked)
    with pytest.raises(NotAvailable):
        await insights.own.read(client, document)
    with pytest.raises(NotAvailable):
        await insights.own.lying_at(client, AT)
    shown = await insights.previews.preview(client, [laws.row()])
    assert shown.documents == () and shown.not_shown == (NotShown(SOTE, PLAN, "suspended"),)
    assert len(server.asked) == asked


# A representative.


async def test_a_representative_reads_of_it_nothing_sensitive_that_was_not_ticked(
    laws: Laws, insights: Insights
) -> None:
    client, document = await laws.client("suvi"), (await listed(laws, insights)).id
    read = await insights.own.read(client, document, REPRESENTATIVE)
    assert isinstance(read, OwnReading)
    assert read.kept_back
    assert not [name for name in ("health", "mental-health", "substance-use") if name in repr(read)]
    (met,) = (await insights.previews.preview(client, [laws.row()], REPRESENTATIVE)).documents
    assert (met.document, met.withheld, met.kept_back) == (document, (), True)
    last = laws.entries()[-1]
    assert (last.kind, (last.a or {})["person"]) == ("mandate.read", "rep-1")


async def test_of_a_client_in_hiding_or_of_what_is_forbidden_to_all_a_representative_has_nothing_fetched(
    laws: Laws, insights: Insights, server: SimulatedServer
) -> None:
    turva, suvi = await laws.client("turva"), await laws.client("suvi")
    theirs, hers = (await listed(laws, insights, "turva")).id, (await listed(laws, insights)).id
    await laws.gateway.recording.prohibit(suvi, category=PLAN)
    asked = len(server.asked)
    for client, document in ((turva, theirs), (suvi, hers)):
        assert await insights.own.read(client, document, REPRESENTATIVE) is None
        # A reason that only a marking has would tell of the marking: nothing is there, as of anybody else.
        assert await insights.own.lying_at(client, AT, REPRESENTATIVE) == Lying(())
        shown = await insights.previews.preview(client, [laws.row()], REPRESENTATIVE)
        assert (shown.documents, shown.not_shown) == ((), ())
        assert shown.nothing_yet == (("kuntakokeilu", PLAN),)
    assert len(server.asked) == asked
    # The client in person reads on, whatever is forbidden to others.
    assert isinstance(await insights.own.read(turva, theirs), OwnReading)
    assert isinstance(await insights.own.read(suvi, hers), OwnReading)


# The preview.


@pytest.mark.parametrize("ticks", [frozenset(), frozenset({"health"}), frozenset({"health", "mental-health"})], ids=len)
async def test_a_preview_shows_of_it_what_the_recipient_then_gets(
    laws: Laws, insights: Insights, ticks: frozenset[str]
) -> None:
    client, row = await laws.client("suvi"), laws.row(sensitivities=ticks)
    shown = await insights.previews.preview(client, [row])
    (previewed,) = shown.documents
    assert (previewed.permitted, previewed.already, shown.not_shown) == (True, False, ())
    await laws.give("suvi", row)
    released = await laws.ask(laws.search_of(laws.code("suvi")))
    assert isinstance(released, Released)
    (one,) = released.documents
    assert one.document.id == previewed.document
    assert previewed.view == insights.read_document(one.body, PLAN)
    assert set(previewed.released) == one.permit.sections
    assert (await insights.previews.preview(client, [row])).documents[0].already
    assert laws.verify() == []


async def test_a_preview_of_what_lies_outside_gives_nobody_anything_and_is_an_entry(
    laws: Laws, insights: Insights
) -> None:
    client = await laws.client("suvi")
    before = laws.size()
    (previewed,) = (await insights.previews.preview(client, [laws.row()])).documents
    (entry,) = laws.entries()[before:]
    assert (entry.kind, (entry.b or {})["view"]) == ("subject.read", "preview")
    assert set((entry.s or {})["met"]) == {previewed.document}  # type: ignore[call-overload]
    assert not isinstance(await laws.ask(laws.read_of(previewed.document)), Released)
    assert laws.verify() == []


async def test_a_preview_of_what_is_forbidden_fetches_nothing_and_says_so(
    laws: Laws, insights: Insights, server: SimulatedServer
) -> None:
    client = await laws.client("suvi")
    await laws.gateway.recording.prohibit(client, recipient="kuntakokeilu")
    shown = await insights.previews.preview(client, [laws.row()])
    assert (shown.documents, shown.not_shown) == ((), (NotShown(SOTE, PLAN, "prohibited"),))
    assert shown.nothing_yet == ()
    assert server.asked == []


@pytest.mark.parametrize(
    "fault", [Fault.BROKEN, Fault.SLOW, Fault.WRONG_CLIENT, Fault.REDIRECTS], ids=lambda one: one.name
)
async def test_one_custodians_failure_spoils_no_preview_of_anothers_documents(
    laws: Laws, insights: Insights, server: SimulatedServer, fault: Fault
) -> None:
    client = await laws.client("suvi")
    deposited = await laws.deposit("suvi", custodian="sosiaalityo")
    rows = [laws.row(), laws.row(custodian="sosiaalityo")]
    before = laws.size()
    async with failing(server, fault):
        shown = await insights.previews.preview(client, rows)
    assert [one.document for one in shown.documents] == [deposited]
    assert shown.not_shown == (NotShown(SOTE, PLAN, "custodian-unavailable"),)
    assert [one.outcome for one in laws.entries()[before:]] == ["error", "permit"]
    assert {one.custodian for one in (await insights.previews.preview(client, rows)).documents} == {SOTE, "sosiaalityo"}


async def test_rows_that_open_nothing_at_a_custodians_server_either_are_named(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    shown = await insights.previews.preview(client, [laws.row(custodian="terveystarkastus", category=FEEDBACK)])
    assert shown.nothing_yet == (("kuntakokeilu", FEEDBACK),)


# What may change, or never come, while a custodian is asked.


@dataclass
class Meddled:
    """Holdings at which something happens while they are asked, as often as is said."""

    holdings: Holdings
    laws: Laws
    times: int

    def places(self, categories: Collection[str]) -> tuple[Place, ...]:
        return self.holdings.places(categories)

    async def fetch(self, permit: Permit, client: str, place: Place, document: str | None) -> tuple[Fetched, ...]:
        came = await self.holdings.fetch(permit, client, place, document)
        if self.times:
            self.times -= 1
            await self.laws.give()
        return came

    def keep(self, connection: object, fetched: Fetched, at: int, *, shown: bool) -> bool:
        return self.holdings.keep(connection, fetched, at, shown=shown)


async def test_what_changed_while_it_was_fetched_is_judged_and_fetched_anew(
    laws: Laws, insights: Insights, server: SimulatedServer
) -> None:
    client, document = await laws.client("suvi"), (await listed(laws, insights)).id
    parts = replace(laws.gateway.parts, holdings=Meddled(laws.gateway.parts.holdings, laws, 1))
    own = OwnDocuments(SqlFactReader(laws.gateway.database), reading_view, parts)
    asked, reads = len(server.asked), len([one for one in laws.entries() if one.kind == "subject.read"])
    assert isinstance(await own.read(client, document), OwnReading)
    assert len(server.asked) - asked == 2
    assert len([one for one in laws.entries() if one.kind == "subject.read"]) - reads == 1


async def test_nobody_waits_for_a_custodian_longer_than_a_page_may(laws: Laws, server: SimulatedServer) -> None:
    waiting = Waiting(laws.gateway.parts.holdings, patience=0.05)
    parts = replace(laws.gateway.parts, holdings=waiting)
    own = OwnDocuments(SqlFactReader(laws.gateway.database), reading_view, parts)
    async with failing(server, Fault.SLOW):
        found = await own.lying_at(await laws.client("suvi"), AT)
    assert found == NotShown(SOTE, PLAN, "custodian-unavailable")


async def test_a_custodians_failure_at_a_look_is_counted_and_is_no_decision(
    laws: Laws, server: SimulatedServer
) -> None:
    seen = CollectorRegistry()
    insights = insights_of(laws.gateway, Metrics(seen))
    document = (await listed(laws, insights)).id
    async with failing(server, Fault.BROKEN):
        await insights.own.read(await laws.client("suvi"), document)
    assert seen.get_sample_value("saattaen_failures_total", {"part": "custodian"}) == 1
    assert seen.get_sample_value("saattaen_hop_seconds_count", {"hop": "fetch"}) == 2
    assert not [row for one in seen.collect() if one.name == "saattaen_decisions" for row in one.samples]


async def test_a_permit_of_no_section_opens_nothing(laws: Laws, server: SimulatedServer) -> None:
    permit = Permit("own-data", (), None, frozenset(), ("whole", 1), frozenset(), None, "rev")
    with pytest.raises(CustodianUnavailable):
        await laws.gateway.parts.holdings.fetch(permit, await laws.client("suvi"), AT, None)
    assert server.asked == []
