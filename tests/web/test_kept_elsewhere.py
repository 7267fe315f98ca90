"""Documents on a custodian's own server, on the pages: read by their client, previewed, and opened at the desk; what
fails is told with a way to try again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from adapters.custodian.fhir_server.simulated_faults import Fault
from adapters.custodian.fhir_server.simulator import SimulatedServer, simulated_server
from gateway.app import create_app
from gateway.consent.model import GiverKind
from gateway.demo.custodian import held_sample, put_client, put_document, put_samples, write_custodians
from gateway.demo.documents import Sample
from gateway.demo.world import World
from gateway.site import make_site
from tests.laws.gateway_world import FEEDBACK, PLAN, demo_world, open_world
from tests.parts.custodians import waiting, waits_in
from tests.parts.html_validate import findings
from tests.simulators.sessions import SimulatedSessions
from tests.web.desk_visits import found
from tests.web.people import People, Visitor, words

CALL = "Asiakasneuvonta: +358 50 555 0101, neuvonta@hyvinvointialue.example"
AT = f"/portal/documents/at/sote-keskus/{PLAN}"
PREVIEW = f"/portal/preview?recipient=kuntakokeilu&category={PLAN}"
LIMITS = "{answer_bytes: 300000, failures: 100}"
LANGUAGES = {
    "fi": ("Palvelu ei vastaa juuri nyt", "Yritä uudelleen"),
    "fi-x-selko": ("Palvelu ei vastaa nyt", "Yritä uudelleen"),
    "sv": ("Tjänsten svarar inte just nu", "Försök på nytt"),
    "en": ("The service does not answer right now", "Try again"),
}
READING = 'class="reading"'
"""Where a document's own words stand, on any page."""
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@dataclass
class Elsewhere(People):
    """Pages over a gateway whose health centre keeps its plans on a server of its own."""

    server: SimulatedServer | None = None

    @property
    def asked(self) -> int:
        """How often the server was asked."""
        assert self.server is not None
        return len(self.server.asked)

    @asynccontextmanager
    async def failing(self, fault: Fault | None) -> AsyncIterator[None]:
        """Let the server fail for a while; None is down."""
        assert self.server is not None
        if fault is None:
            await asyncio.to_thread(self.server.stop)
        self.server.fault = fault
        try:
            yield
        finally:
            self.server.fault = None
            if fault is None:
                await asyncio.to_thread(self.server.start)


@pytest.fixture
async def people(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Elsewhere]:
    """The pages, and on the server plans of Suvi's and of a child's, which nobody has met."""
    world = demo_world()
    with simulated_server() as server:
        file = write_custodians(tmp_path / "custodians.yaml", server.base, waiting(waits_in(request), LIMITS))
        put_samples(server.base, world, world.now)
        _put_the_childs(server.base, world)
        server.asked.clear()
        async with open_world(tmp_path, custodians=file) as laws:
            sessions = SimulatedSessions(laws.clock.now)
            app = create_app(laws.gateway, site=make_site(laws.gateway, sessions))
            yield Elsewhere(laws, sessions, app, server=server)


def _put_the_childs(base: str, world: World) -> None:
    with httpx.Client(trust_env=False) as web:
        put_client(web, base, "nuori", world.clients["nuori"])
        plan = Sample("nuori-plan", "sote-keskus", "nuori", PLAN)
        put_document(web, base, plan.name, held_sample(world, plan, world.now))


async def met(visitor: Visitor) -> str:
    """The address of the one plan, as the page that lists it says."""
    page = await visitor.get(AT)
    assert page.status_code == 200, page.text
    (address,) = re.findall(r'href="(/portal/documents/[0-9a-f]{32})"', page.text)
    return str(address)


# The client's own.


async def test_a_client_finds_lists_and_reads_it_and_no_server_is_asked_before_that(people: Elsewhere) -> None:
    suvi = await people.client("suvi")
    before = await suvi.get("/portal/documents")
    assert f'href="{AT}"' in before.text and "Documents that services keep themselves" in words(before)
    assert people.asked == 0
    address = await met(suvi)
    page = await suvi.get(address)
    assert page.status_code == 200 and READING in page.text and "mental health" in words(page)
    assert page.headers["cache-control"] == "no-store"
    listed = await suvi.get("/portal/documents")
    assert f'href="{address}"' in listed.text and "We fetch it when you open it" in words(listed)
    assert people.laws.verify() == []


async def test_to_others_it_is_no_document_at_all(people: Elsewhere) -> None:
    address = await met(await people.client("suvi"))
    sirpa, asked = await people.client("sirpa"), people.asked
    others = await sirpa.get(address)
    unknown = await sirpa.get(f"/portal/documents/{'0' * 32}")
    assert others.status_code == unknown.status_code == 404
    assert others.text.replace(address.rsplit("/", 1)[1], "0" * 32) == unknown.text
    assert people.asked == asked
    assert (await people.visitor()).session is None
    away = await (await people.visitor()).get(AT)
    assert away.status_code == 303 and away.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("page", ["2", "0", "x", "-1", "%D9%A1", "99999"])
async def test_a_page_that_is_none_is_an_empty_one_or_the_first(people: Elsewhere, page: str) -> None:
    answer = await (await people.client("suvi")).get(f"{AT}?page={page}")
    assert answer.status_code == 200 and ('class="pager"' in answer.text) == (page == "2")


@pytest.mark.parametrize("place", ["kela/work-ability-plan", "nobody/nothing", "sote-keskus/handover", "%3Cb%3E/x"])
async def test_a_place_that_is_none_has_no_page_and_nobody_is_asked(people: Elsewhere, place: str) -> None:
    answer = await (await people.client("suvi")).get(f"/portal/documents/at/{place}")
    assert answer.status_code == 404 and "<b>" not in answer.text
    assert people.asked == 0


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_custodian_that_does_not_answer_is_told_in_every_register_with_whom_to_ask(
    people: Elsewhere, language: str
) -> None:
    suvi = await people.client("suvi", language)
    address = await met(suvi)
    title, again = LANGUAGES[language]
    async with people.failing(Fault.BROKEN):
        for place in (AT, address):
            page = await suvi.get(place)
            assert page.status_code == 503 and page.headers["retry-after"]
            assert title in words(page) and CALL in words(page)
            assert f'href="{place}">{again}</a>' in page.text
    assert (await suvi.get(address)).status_code == 200


@pytest.mark.parametrize("fault", [None, Fault.SLOW, Fault.WRONG_CLIENT, Fault.REDIRECTS, Fault.HUGE], ids=str)
async def test_nothing_of_a_wrong_answer_is_shown(people: Elsewhere, fault: Fault | None) -> None:
    suvi = await people.client("suvi")
    address = await met(suvi)
    async with people.failing(fault):
        page = await suvi.get(address)
    assert page.status_code == 503 and READING not in page.text
    last = people.laws.entries()[-1]
    assert (last.kind, last.outcome) == ("subject.read", "error")


async def test_labels_that_nobody_knows_keep_nothing_from_the_client(people: Elsewhere) -> None:
    suvi = await people.client("suvi")
    address = await met(suvi)
    async with people.failing(Fault.ODD_LABELS):
        assert READING in (await suvi.get(address)).text
        preview = await suvi.get(PREVIEW)
    assert "It would see nothing of this" in words(preview) and READING not in preview.text


async def test_what_is_there_no_more_is_told_as_that(people: Elsewhere) -> None:
    suvi = await people.client("suvi")
    address = await met(suvi)
    assert people.server is not None
    async with httpx.AsyncClient(trust_env=False) as web:
        await web.delete(f"{people.server.base}/CarePlan/suvi-plan")
    page = await suvi.get(address)
    assert page.status_code == 404 and "does not have this document any more" in words(page) and CALL in words(page)
    assert "There is no such document about you there." in words(await suvi.get(AT))


async def test_no_markup_of_a_custodians_document_reaches_a_page(people: Elsewhere) -> None:
    assert people.server is not None
    async with httpx.AsyncClient(trust_env=False) as web:
        there = (await web.get(f"{people.server.base}/CarePlan/suvi-plan")).json()
        await web.put(f"{people.server.base}/CarePlan/suvi-plan", json=there | {"title": HOSTILE})
    suvi = await people.client("suvi")
    for page in (await suvi.get(await met(suvi)), await suvi.get(PREVIEW)):
        assert page.status_code == 200 and "<script>alert" not in page.text and "<img src=x" not in page.text


async def test_a_representative_reads_what_no_tick_is_needed_for(people: Elsewhere) -> None:
    people.laws.gateway.mandates.add(await people.client_id("nuori"), GiverKind.GUARDIAN, "register:1")
    parent = await people.client("suvi", acting_for="nuori")
    assert f'href="{AT}"' in (await parent.get("/portal/documents")).text
    page = await parent.get(await met(parent))
    assert page.status_code == 200 and READING in page.text and "Parts of this are not shown to you" in words(page)
    assert not re.search(r"<h2>(health|mental health|substance use)</h2>", page.text)
    last = people.laws.entries()[-1]
    assert (last.kind, last.outcome, last.client) == ("mandate.read", "permit", await people.client_id("nuori"))
    async with people.failing(Fault.BROKEN):
        assert (await parent.get(AT)).status_code == 503
    told = words(await (await people.client("nuori")).get("/portal/log"))
    assert told.count("Your representative looked at your information.") >= 1
    assert told.count("Your representative tried to look at your information. Nothing was shown.") == 1


@pytest.mark.needs_node
async def test_the_markup_of_pages_of_what_fails_is_sound(people: Elsewhere) -> None:
    suvi = await people.client("suvi")
    address = await met(suvi)
    desk = await coach(people)
    await people.laws.give("suvi")
    page = await found(people, desk, "suvi", "employment-support")
    async with people.failing(Fault.BROKEN):
        told = {place: (await suvi.get(place)).text for place in (AT, address, PREVIEW)}
        told["the desk"] = (await desk.post(f"{page}/open", {"category": PLAN})).text
    assert not findings(told)
    assert all(len(re.findall(r"<h1\b", text)) == 1 for text in told.values())


# The preview.


async def test_a_preview_shows_what_the_service_would_see_of_it(people: Elsewhere) -> None:
    suvi = await people.client("suvi")
    plain, ticked = await suvi.get(PREVIEW), await suvi.get(f"{PREVIEW}&tick=health")
    for page in (plain, ticked):
        assert "It would see this" in words(page) and "These parts stay hidden" in words(page) and READING in page.text
    assert ("<h3>health</h3>" in plain.text, "<h3>health</h3>" in ticked.text) == (False, True)
    assert people.laws.verify() == []


async def test_a_preview_shows_what_there_is_and_says_what_could_not_be_asked(people: Elsewhere) -> None:
    await people.laws.deposit("suvi", custodian="sosiaalityo")
    suvi = await people.client("suvi")
    async with people.failing(Fault.SLOW):
        page = await suvi.get(f"{PREVIEW}&tick=health")
    told = words(page)
    assert page.status_code == 200 and "It would see this" in told
    assert "That system did not answer as it should. We do not know what is there." in told and CALL in told
    again = re.search(
        r'<form method="get" action="/portal/preview">(.*?)</form>', page.text[page.text.index("kept-1") :], re.DOTALL
    )
    assert again is not None and "Try again" in again[1]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]+)"', again[1]))
    assert fields == {"recipient": "kuntakokeilu", "category": PLAN, "tick": "health"}
    whole = words(await suvi.get(f"{PREVIEW}&tick=health"))
    assert "did not answer" not in whole and whole.count("It would see this") == 2


async def test_a_preview_of_which_nothing_can_be_had_says_so_and_when_to_come_back(people: Elsewhere) -> None:
    async with people.failing(None):
        page = await (await people.client("suvi")).get(PREVIEW)
    assert page.status_code == 503 and page.headers["retry-after"]
    assert "There is no such document about you now" not in words(page)


async def test_a_preview_of_what_is_forbidden_says_why_and_asks_nobody(people: Elsewhere) -> None:
    await people.laws.gateway.recording.prohibit(await people.client_id("suvi"), recipient="kuntakokeilu")
    told = words(await (await people.client("suvi")).get(PREVIEW))
    assert "It would see nothing of this" in told and "You have forbidden this disclosure." in told
    assert people.asked == 0


# The desk.


async def coach(people: People, language: str = "en") -> Visitor:
    """A worker who may ask for the plan."""
    return await people.professional("kuntakokeilu", "omavalmentaja", language)


async def test_a_desk_lists_the_category_without_asking_and_opens_it_by_the_same_path(people: Elsewhere) -> None:
    await people.laws.give("suvi")
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    assert "Open: work-ability plan" in words(await desk.get(page)) and people.asked == 0
    opened = await desk.post(f"{page}/open", {"category": PLAN})
    assert opened.status_code == 200 and READING in opened.text and people.asked == 1
    entry = next(one for one in people.laws.entries() if one.outcome == "permit" and one.kind == "search")
    assert entry.a is not None and entry.a["person"] == "w-1" and "met" in str(entry.s)
    assert people.laws.verify() == []


async def test_a_desk_without_a_permit_asks_nobody(people: Elsewhere) -> None:
    await people.laws.give("suvi", people.laws.row(custodian="terveystarkastus", category=FEEDBACK))
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    opened = await desk.post(f"{page}/open", {"category": PLAN})
    assert opened.status_code == 200 and READING not in opened.text and people.asked == 0


@pytest.mark.parametrize("fault", [None, Fault.SLOW, Fault.WRONG_CLIENT, Fault.REDIRECTS], ids=str)
async def test_a_desk_is_told_that_the_service_does_not_answer_and_may_try_again(
    people: Elsewhere, fault: Fault | None
) -> None:
    await people.laws.give("suvi")
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    async with people.failing(fault):
        opened = await desk.post(f"{page}/open", {"category": PLAN})
    told = words(opened)
    assert opened.status_code == 503 and opened.headers["retry-after"]
    assert "The service that holds the information does not answer." in told and READING not in opened.text
    assert "You opened this" not in told
    assert f'action="{page}/open"' in opened.text and "Try again" in told
    last = people.laws.entries()[-1]
    assert (last.kind, last.outcome, (last.b or {})["reasons"]) == ("search", "error", ["custodian-unavailable"])


async def test_a_desk_is_shown_what_others_have_and_told_that_more_may_come(people: Elsewhere) -> None:
    await people.laws.deposit("suvi", custodian="sosiaalityo")
    await people.laws.give("suvi", people.laws.row(), people.laws.row(custodian="sosiaalityo"))
    desk = await coach(people)
    page = await found(people, desk, "suvi", "employment-support")
    async with people.failing(Fault.BROKEN):
        opened = await desk.post(f"{page}/open", {"category": PLAN})
    told = words(opened)
    assert opened.status_code == 200 and READING in opened.text
    assert "Something could not be fetched" in told and "Try again" in told
