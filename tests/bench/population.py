"""Fills an installation with people, consents, documents and a history, all of it as the gateway itself would write it.

Every row goes through the log's one writer: clients by the register, documents by deposit, consents by the domain,
reads as `disclose` tells of them, judged once and told many times. Only what nobody reads here is left out: receipts
and messages.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, cycle, islice, repeat
from pathlib import Path
from typing import TypeVar

import orjson

from adapters.fhir.samples import make_sample
from adapters.sql.consent_registry import SqlConsentRegistry
from adapters.sql.sealing import Sealing
from audit.entry import Draft
from audit.log import Committed
from audit.writing import Item, Writing
from gateway.composition import opened
from gateway.consent import lifecycle
from gateway.consent.checks import Known
from gateway.consent.events import Teller
from gateway.consent.model import Actor, Capture, CaptureMethod, ClientId, Evidence, Giver, GrantRow, Shown
from gateway.consent.person import Person
from gateway.consent.wording import render
from gateway.demo.population import make_systems, populate, system_of
from gateway.demo.world import World, load_world
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.instants import from_micros
from gateway.disclosure import evidence
from gateway.disclosure.decision import Permit
from gateway.disclosure.deposit import Accepted
from gateway.disclosure.evidence import ReleasedDocument
from gateway.disclosure.facts import make_facts
from gateway.disclosure.release import Release, Rendered
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.open_gateway import Gateway
from gateway.settings import Settings
from tests.bench.sizes import Population

T = TypeVar("T")

CATEGORY, RESOURCE, CUSTODIAN = "work-ability-plan", "CarePlan", "sote-keskus"
RECIPIENT, ROLE, PURPOSE = "kuntakokeilu", "omavalmentaja", "employment-support"
ROWS = (
    (CUSTODIAN, RECIPIENT, CATEGORY), ("terveystarkastus", RECIPIENT, "health-check-feedback"),
    (CUSTODIAN, RECIPIENT, "self-assessment"), ("sosiaalityo", RECIPIENT, CATEGORY),
    (CUSTODIAN, "tyohonvalmennus", CATEGORY),
)  # fmt: skip
"""What each client consents to, a consent each: custodian, recipient, category. The first opens the documents."""
SEARCHED_DOCUMENTS = 3
EDITION = 2
"""To be raised when other rows are written than before, so that stores that are kept are made anew."""
_AT_ONCE = 512
_READ_OVER_AND_OVER = 4_000
"""How many clients the history tells of: the others have consents and nobody asked yet."""
_READS_A_REFUSAL = 49
"""How many reads of the history come before one that is refused."""
_WORKERS = 500
_IN_AN_ITEM = 2_048
_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"


@dataclass(frozen=True, slots=True)
class Populated:
    """What the load needs to know: our ids of documents, and how many entries and consents there are."""

    documents: tuple[str, ...]
    """One of each client, open to the recipient; of the first client, who is searched for, one of several."""
    closed: str
    """A document that no consent opens."""
    body: str
    """The bytes that a read of the second client's document answers."""
    consents: int
    entries: int

    def save(self, file: Path) -> None:
        """Write it down beside the store."""
        file.write_bytes(orjson.dumps(asdict(self)))

    @classmethod
    def load(cls, file: Path) -> Populated:
        """Return what `save` wrote."""
        kept = orjson.loads(file.read_bytes())
        return cls(tuple(kept["documents"]), kept["closed"], kept["body"], kept["consents"], kept["entries"])


def person_of(number: int) -> Identifier:
    """Return the identifier of an invented client: every code is of the artificial 900 series."""
    rest, day = divmod(number, 28)
    rest, month = divmod(rest, 12)
    series, year = divmod(rest, 60)
    date, individual = f"{day + 1:02}{month + 1:02}{year + 40:02}", f"{900 + series}"
    check = _CHECK[int(date + individual) % len(_CHECK)]
    return Identifier.personal(PersonalIdentityCode.parse(f"{date}-{individual}{check}"))


def fill(settings: Settings, size: Population) -> Populated:
    """Fill a prepared installation and return what is in it."""

    async def do() -> Populated:
        world = load_world()
        async with opened(settings, world.directory) as gateway:
            return await _Filling(gateway, world).fill(size)

    return asyncio.run(do())


async def history_of(gateway: Gateway, documents: Sequence[str]) -> list[Draft]:
    """Return the entry of a read of each of these documents, judged as the gateway judges it."""
    filling = _Filling(gateway, load_world())
    return [(await filling.drafts(document))[0] for document in documents]


class _Filling:
    def __init__(self, gateway: Gateway, world: World) -> None:
        self._gateway, self._world = gateway, world
        self._now = gateway.clock.now()
        self._registry = SqlConsentRegistry(Sealing(gateway.keys))

    async def fill(self, size: Population) -> Populated:
        await populate(self._gateway, self._world, make_systems(self._world))
        people = [person_of(number) for number in range(size.clients + 1)]
        enrol = self._gateway.clients.enrol
        clients = await _in_turns(enrol(Person((one,), "Esimerkki"), Actor(system="gateway")) for one in people)
        template = await self._template(people[0])
        extra = [(clients[0], people[0])] * (SEARCHED_DOCUMENTS - 1)
        documents = await _in_turns(
            self._deposit(template, client, person) for client, person in [*zip(clients, people, strict=True), *extra]
        )
        # The last client consents to nothing.
        closed, open_documents = documents[size.clients], documents[: size.clients]
        shown = self._shown()
        await self._write(_Given(self, ClientId(client), shown) for client in clients[: size.clients])
        await self._tell(open_documents, size.entries - self._entries())
        (answer,) = (await self._released(open_documents[1])).rendered
        consents = size.clients * len(ROWS)
        return Populated(tuple(open_documents), closed, answer.body.decode(), consents, self._entries())

    def _entries(self) -> int:
        with self._gateway.log_store.read() as reader:
            return sum(head.size for head in reader.heads())

    async def _write(self, items: Iterable[Item[object, object]]) -> None:
        for outcome in await _in_turns(self._gateway.log.submit(one) for one in items):
            if not isinstance(outcome, Committed):
                raise TypeError(f"an item was dropped: {outcome}")

    # Documents.

    def _sample(self, person: Identifier) -> bytes:
        sample = make_sample(CATEGORY, self._world.directory, person, self._now, custodian=CUSTODIAN)
        return orjson.dumps(sample)

    async def _template(self, person: Identifier) -> Accepted:
        """Validate one document; the others differ from it in their client alone."""
        return await self._gateway.acceptance.accept(RESOURCE, self._sample(person))

    async def _deposit(self, template: Accepted, client: ClientId, person: Identifier) -> str:
        body = self._sample(person)
        accepted = replace(template, client=client, body=body, digest=hashlib.sha256(body).hexdigest())
        return (await self._gateway.deposits.create(accepted, self._requester(CUSTODIAN, "laakari", "care"))).id

    def _requester(self, service: str, role: str, purpose: str, number: int = 1) -> Requester:
        organisation = self._world.directory.services[service].organisation
        return Requester(
            system_of(service), organisation, service, role, purpose, "substantial", f"{service}.{role}.{number}",
            "Olli Esimerkki", "0" * 32,
        )  # fmt: skip

    # Consents.

    def _shown(self) -> Shown:
        row = GrantRow(*ROWS[0], PURPOSE, self._now, self._now + timedelta(days=1))
        wording = self._gateway.wordings.current("consent")
        return render(wording, "fi", "plain", [row], at=self._now, directory=self._world.directory).shown()

    def give(self, tx: Writing[object], at: datetime, client: ClientId, shown: Shown) -> list[Draft]:
        """Write the consents of one client, inside the transaction."""
        capture = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "bench"),)))
        teller = Teller(Actor(), self._gateway.parts.new_event_id)
        drafts: list[Draft] = []
        for row in ROWS:
            granted = GrantRow(*row, PURPOSE, at, at + timedelta(days=360))
            consent = lifecycle.give(
                client, (granted,), (), capture, shown, Giver(), Known(), self._world.directory, at,
                tx.order + len(drafts),
            )  # fmt: skip
            self._registry.add_version(tx.connection, consent, at)
            # Nobody is told here; without this mark the gateway would tell them all while it is measured.
            self._registry.mark_told(tx.connection, frozenset(grant.id for grant in consent.grants), at)
            drafts.append(teller.given(consent))
        return drafts

    # The history.

    async def _tell(self, documents: Sequence[str], entries: int) -> None:
        """Write releases and refusals, each as the gateway tells of it, until there are so many *entries* more."""
        if entries <= 0:
            return
        read = documents[:: max(1, len(documents) // _READ_OVER_AND_OVER)]
        told = [deque(await self.drafts(document, number % _WORKERS)) for number, document in enumerate(read)]
        # Neither a client's entries nor the refusals stand side by side.
        for number, of_one in enumerate(told):
            of_one.rotate(number)
        drafts = [draft for turn in zip(*told, strict=True) for draft in turn]
        turns = islice(cycle(drafts), entries)
        while chunk := list(islice(turns, _IN_AN_ITEM)):
            new_event_id = self._gateway.parts.new_event_id
            await self._write([_Told([replace(draft, event_id=new_event_id()) for draft in chunk])])

    async def drafts(self, document: str, worker: int = 1) -> list[Draft]:
        """Return the entries of several reads of one document by one worker, one of them refused."""
        released = await self._released(document, worker)
        parts, snapshot, request = released.parts, released.snapshot, released.request
        (row,) = released.rendered
        told = (
            parts.new_event_id(), request, snapshot.client.id, CATEGORY,
            [ReleasedDocument(row.document, row.permit, row.digest, len(row.body))], snapshot.epochs,
            parts.engine.revision, parts.directory.digest, row.digest, len(row.body),
        )  # fmt: skip
        refused = evidence.refusal(
            parts.new_event_id(), request, snapshot.client.id, CATEGORY, row.document, "purpose-not-covered",
            snapshot.epochs, parts.engine.revision, parts.directory.digest,
        )  # fmt: skip
        return [*repeat(evidence.disclosure(*told), _READS_A_REFUSAL), refused]

    async def _released(self, document: str, worker: int = 1) -> Release:
        """Judge one read as the gateway does, up to the item that it submits."""
        parts, requester = self._gateway.parts, self._requester(RECIPIENT, ROLE, PURPOSE, worker)
        request = DisclosureRequest(
            Action.READ, requester, RESOURCE, ROLE, PURPOSE, parts.new_event_id(), document=document
        )
        snapshot = await parts.facts.for_document(requester.system, requester.service, document, RESOURCE)
        (found,) = snapshot.documents
        facts = make_facts(request, CATEGORY, found, snapshot, parts.directory, parts.clock.now())
        (decision,) = await parts.engine.decide_many([facts])
        if not isinstance(decision, Permit):
            raise TypeError(f"the policy refuses the history: {decision}")
        content = await parts.custodian.fetch(decision, snapshot.client.id, found.id, found.version)
        body = parts.render(request, snapshot, found, decision, content)
        if body is None:
            raise TypeError("nothing of the document is left")
        return Release(request, snapshot, (Rendered(found, decision, body, parts.digest(body)),), CATEGORY, parts)


@dataclass(frozen=True, slots=True)
class _Told:
    """Many entries as one item of the log."""

    drafts: Sequence[Draft]

    def apply(self, tx: Writing[object], at: int) -> tuple[None, Sequence[Draft]]:
        return None, self.drafts


@dataclass(frozen=True, slots=True)
class _Given:
    """The giving of one client's consents as an item of the log."""

    filling: _Filling
    client: ClientId
    shown: Shown

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        return None, self.filling.give(tx, from_micros(at), self.client, self.shown)


async def _in_turns(work: Iterable[Awaitable[T]]) -> list[T]:
    """Await all, many at once and in order, so that many share a transaction."""
    done: list[list[T]] = []
    turns = iter(work)
    while chunk := list(islice(turns, _AT_ONCE)):
        done.append(list(await asyncio.gather(*chunk)))
    return list(chain.from_iterable(done))
