"""One suite for every custodian's FHIR server: HAPI's, which is not ours, and the simulator, which so cannot lie."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from gateway.demo.custodian import Kind, custodian_server, held_sample, put_client, put_document, write_custodians
from gateway.demo.documents import Sample
from gateway.disclosure.held import Place
from gateway.disclosure.insights import Lying, NotShown, OwnReading
from gateway.disclosure.release import Refused, Released
from gateway.insight import insights_of
from tests.laws.gateway_world import FEEDBACK, PLAN, STRANGER, Laws, open_world
from tests.laws.seams import interrupted
from tests.parts.custodians import waiting

SOTE, CHECK = "sote-keskus", "terveystarkastus"


@pytest.fixture(scope="module", params=["simulator", pytest.param("hapi", marks=pytest.mark.needs_java)])
def base(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of each kind of server."""
    kind: Kind = request.param
    with custodian_server(kind) as address:
        yield address


@dataclass
class Outside:
    """A gateway with a custodian's server, and hands on both."""

    laws: Laws
    base: str
    web: httpx.Client
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    kept: set[str] = field(default_factory=set)

    def put(
        self, client: str = "suvi", category: str = PLAN, name: str = "plan", custodian: str = SOTE, **changed: object
    ) -> None:
        """Let the custodian keep a document, or its next version."""
        sample = Sample(name, custodian, client, category)
        document = {**held_sample(self.laws.world, sample, self.laws.world.now), **changed}
        id_ = self.server_id(client, name)
        put_client(self.web, self.base, client, self.laws.world.clients[client])
        put_document(self.web, self.base, id_, document)
        self.kept.add(f"{document['resourceType']}/{id_}")

    def server_id(self, client: str = "suvi", name: str = "plan") -> str:
        """The server's id of a document. HAPI keeps labels when a document is put again, so each test has its own."""
        return f"{client}-{name}-{self.run}"

    def remove(self, address: str) -> None:
        """Let the custodian delete a document."""
        self.web.delete(f"{self.base}/{address}").raise_for_status()

    async def found(self, client: str = "suvi") -> list[dict[str, object]]:
        """Search for a client's plans; return the documents shown."""
        answer = await self.laws.search(self.laws.code(client))
        assert answer.status_code == 200, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    async def met(self, client: str = "suvi") -> str:
        """Search, and return our id of the one plan there."""
        (document,) = await self.found(client)
        return str(document["id"])

    def last_reason(self) -> object:
        """Why the last request was refused."""
        return (self.laws.entries()[-1].b or {}).get("reasons")


@pytest.fixture
async def outside(base: str, tmp_path: Path) -> AsyncIterator[Outside]:
    """Return a gateway of its own whose health centre keeps its plans on that server, empty of plans."""
    file = write_custodians(tmp_path / "custodians.yaml", base, waiting())
    with httpx.Client(timeout=60, trust_env=False) as web:
        async with open_world(tmp_path, custodians=file) as laws:
            one = Outside(laws, base, web)
            yield one
        for address in one.kept:
            one.remove(address)


async def test_a_document_outside_is_found_minimised_and_then_read_by_our_id(outside: Outside) -> None:
    outside.put()
    await outside.laws.give()
    (shown,) = await outside.found()
    assert outside.server_id() not in str(shown)
    assert "Patient/" not in str(shown)
    assert outside.laws.code("suvi") not in str(shown)
    answer = await outside.laws.read(str(shown["id"]))
    assert answer.status_code == 200
    assert answer.json() == shown
    assert outside.laws.verify() == []


async def test_without_a_consent_nothing_is_shown(outside: Outside) -> None:
    outside.put()
    assert await outside.found() == []
    assert outside.last_reason() == ["no-consent"]


async def test_a_withdrawn_consent_refuses_what_was_read_before(outside: Outside) -> None:
    outside.put()
    consent = await outside.laws.give()
    document = await outside.met()
    await outside.laws.gateway.recording.withdraw(consent.id)
    assert (await outside.laws.read(document)).status_code == 404
    assert outside.last_reason() == ["withdrawn"]
    assert await outside.found() == []


async def test_another_clients_documents_are_not_found(outside: Outside) -> None:
    outside.put("maija")
    await outside.laws.give("suvi")
    assert await outside.found("suvi") == []
    assert outside.last_reason() == ["not-found"]


async def test_a_stranger_has_nothing(outside: Outside) -> None:
    answer = await outside.laws.search(STRANGER)
    assert "entry" not in answer.json()


async def test_a_document_without_labels_is_sensitive_as_a_whole(outside: Outside) -> None:
    outside.put(meta={})
    await outside.laws.give()
    assert await outside.found() == []
    assert outside.last_reason() == ["sensitivity-not-covered"]


async def test_a_label_that_nobody_knows_is_sensitive_as_a_whole(outside: Outside) -> None:
    outside.put(meta={"security": [{"system": "urn:example:labels", "code": "X9"}]})
    await outside.laws.give()
    assert await outside.found() == []
    assert outside.last_reason() == ["sensitivity-not-covered"]


async def test_a_document_that_is_sensitive_as_a_whole_is_shown_to_whom_the_client_ticked_all(outside: Outside) -> None:
    outside.put(meta={})
    ticks = frozenset(outside.laws.world.directory.sensitivities)
    await outside.laws.give("suvi", outside.laws.row(sensitivities=ticks))
    assert len(await outside.found()) == 1
    assert outside.laws.verify() == []


async def test_a_grant_limited_to_dates_is_judged_on_the_date_that_came(outside: Outside) -> None:
    laws, now = outside.laws, outside.laws.world.now
    outside.put(created="2020-05-01")
    outside.put(name="other")
    await laws.give("suvi", laws.row(dated_until=now.replace(year=2024)))
    (shown,) = await outside.found()
    assert shown["created"] == "2020-05-01"
    assert laws.verify() == []


async def test_a_new_version_at_the_server_is_a_new_version_of_ours(outside: Outside) -> None:
    outside.put()
    await outside.laws.give()
    document = await outside.met()
    outside.put(title="Uusi suunnitelma")
    answer = await outside.laws.read(document)
    assert answer.json()["title"] == "Uusi suunnitelma"
    reliance = [
        (entry.s or {})["reliance"] for entry in outside.laws.entries() if entry.kind in ("search", "disclosure")
    ]
    assert [row[document]["version"] for row in reliance] == [1, 2]  # type: ignore[index]
    assert outside.laws.verify() == []


async def test_a_document_that_is_gone_is_not_found(outside: Outside) -> None:
    outside.put()
    await outside.laws.give()
    document = await outside.met()
    outside.remove(outside.kept.pop())
    assert (await outside.laws.read(document)).status_code == 404
    assert outside.last_reason() == ["not-found"]


async def test_more_documents_than_a_page_of_the_servers_are_all_found(outside: Outside) -> None:
    for number in range(53):
        outside.put(name=f"many-{number}")
    await outside.laws.give()
    first = await outside.laws.search(outside.laws.code("suvi"), _count="50")
    (link,) = [one["url"] for one in first.json()["link"] if one["relation"] == "next"]
    token = await outside.laws.token()
    rest = await outside.laws.web.get(link, headers={"authorization": f"Bearer {token}"})
    shown = {entry["resource"]["id"] for answer in (first, rest) for entry in answer.json()["entry"]}
    assert len(shown) == 53
    assert outside.laws.verify() == []


async def test_a_composition_travels_in_a_document_bundle(outside: Outside) -> None:
    laws = outside.laws
    outside.put(category=FEEDBACK, name="feedback", custodian=CHECK)
    await laws.give("suvi", laws.row(custodian=CHECK, category=FEEDBACK))
    answer = await laws.search(laws.code("suvi"), resource="Bundle", category=FEEDBACK)
    (entry,) = answer.json()["entry"]
    assert entry["resource"]["type"] == "document"
    document = entry["resource"]["id"]
    assert (await laws.read(document, resource="Bundle")).json() == entry["resource"]
    assert laws.verify() == []


async def test_grants_for_single_documents_open_those_that_were_met(outside: Outside) -> None:
    laws = outside.laws
    for name in ("plan", "other", "third"):
        outside.put(name=name)
    consent = await laws.give()
    met = [str(one["id"]) for one in await outside.found()]
    await laws.gateway.recording.withdraw(consent.id)
    await laws.give("suvi", *(laws.row(document=one) for one in met[:2]))
    assert {one["id"] for one in await outside.found()} == set(met[:2])
    assert [(await laws.read(one)).status_code for one in met] == [200, 200, 404]
    assert laws.verify() == []


async def test_what_lies_with_us_and_what_lies_outside_are_shown_together(outside: Outside) -> None:
    laws = outside.laws
    outside.put()
    deposited = await laws.deposit("suvi", custodian="sosiaalityo")
    await laws.give("suvi", laws.row(), laws.row(custodian="sosiaalityo"))
    shown = await outside.found()
    assert len(shown) == 2
    assert deposited in {one["id"] for one in shown}
    assert laws.verify() == []


async def test_a_withdrawal_during_the_fetch_refuses_the_release(outside: Outside) -> None:
    laws = outside.laws
    outside.put()
    consent = await laws.give()
    document = await outside.met()

    async def withdraw() -> None:
        await laws.gateway.recording.withdraw(consent.id)

    parts, engine = interrupted(laws.gateway.parts, withdraw)
    refused = await laws.ask(laws.read_of(document), parts)
    assert isinstance(refused, Refused)
    assert refused.reason == "withdrawn"
    assert engine.judgements == 3  # The fetch, what came, and the fetch again.
    assert laws.verify() == []


async def test_a_version_that_another_saw_first_forces_a_new_look(outside: Outside) -> None:
    laws = outside.laws
    outside.put()
    await laws.give()
    document = await outside.met()

    async def another_meets_a_newer_one() -> None:
        if inner.judgements == 2:
            outside.put(title="Uudempi")
            assert (await laws.read(document)).status_code == 200

    parts, inner = interrupted(laws.gateway.parts, another_meets_a_newer_one, times=2)
    released = await laws.ask(laws.read_of(document), parts)
    assert "Uudempi" in str(released)
    assert laws.verify() == []


async def test_two_who_meet_a_document_at_once_call_it_by_one_id(outside: Outside) -> None:
    laws = outside.laws
    outside.put()
    await laws.give()
    seen: list[str] = []

    async def another_is_faster() -> None:
        if inner.judgements == 2:
            seen.append(await outside.met())

    parts, inner = interrupted(laws.gateway.parts, another_is_faster, times=2)
    await laws.ask(laws.search_of(laws.code("suvi")), parts)
    assert await outside.met() == seen[0]
    assert laws.verify() == []


async def test_a_custodian_does_not_replace_here_what_lies_on_its_own_server(outside: Outside) -> None:
    laws = outside.laws
    outside.put()
    await laws.give()
    document = await outside.met()
    token = await laws.token(laws.acting(SOTE, "laakari", "care"), "saattaen/deposits")
    answer = await laws.web.put(
        f"/fhir/CarePlan/{document}", content=laws.sample("suvi"),
        headers={"authorization": f"Bearer {token}", "content-type": "application/fhir+json", "if-match": 'W/"1"'},
    )  # fmt: skip
    assert answer.status_code == 404


async def test_its_client_finds_and_reads_it_whole_without_anybodys_consent(outside: Outside) -> None:
    laws, own = outside.laws, insights_of(outside.laws.gateway).own
    outside.put()
    outside.put("maija")
    client = await laws.client("suvi")
    found = await own.lying_at(client, Place(SOTE, PLAN))
    assert isinstance(found, Lying) and len(found.documents) == 1
    document = found.documents[0].id
    read = await own.read(client, document)
    assert isinstance(read, OwnReading)
    assert [section.code for section in read.view.sections] == list(laws.world.directory.categories[PLAN].sections)
    assert outside.server_id() not in str(read) and laws.code("suvi") not in str(read)
    assert await own.read(await laws.client("maija"), document) is None
    assert laws.verify() == []


async def test_a_preview_of_it_is_what_the_recipient_then_reads(outside: Outside) -> None:
    laws, insights = outside.laws, insights_of(outside.laws.gateway)
    outside.put()
    outside.put(name="first-plan", title="Ensimmäinen")
    row = laws.row(sensitivities=frozenset({"health"}))
    shown = await insights.previews.preview(await laws.client("suvi"), [row])
    await laws.give("suvi", row)
    released = await laws.ask(laws.search_of(laws.code("suvi")))
    assert isinstance(released, Released)
    then = {one.document.id: insights.read_document(one.body, PLAN) for one in released.documents}
    assert {one.document: one.view for one in shown.documents} == then and len(then) == 2
    assert laws.verify() == []


async def test_what_its_client_met_changed_and_was_deleted_is_told_as_it_is(outside: Outside) -> None:
    laws, own = outside.laws, insights_of(outside.laws.gateway).own
    outside.put()
    client = await laws.client("suvi")
    found = await own.lying_at(client, Place(SOTE, PLAN))
    assert isinstance(found, Lying)
    document = found.documents[0].id
    outside.put(title="Uudempi")
    read = await own.read(client, document)
    assert isinstance(read, OwnReading) and read.view.title == "Uudempi"
    for address in outside.kept:
        outside.remove(address)
    outside.kept.clear()
    assert await own.read(client, document) == NotShown(SOTE, PLAN, "not-found")
    assert laws.verify() == []
