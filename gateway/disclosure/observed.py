"""The parts of a disclosure, with an observer around each hop. Without an observer nothing of this is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from audit.log import Committed, Dropped
from audit.writing import Item
from gateway.directory.model import Directory
from gateway.disclosure.decision import Decision, Permit
from gateway.disclosure.disclose import disclose
from gateway.disclosure.held import Fetched, Holdings, Place
from gateway.disclosure.observing import Hop, Observer
from gateway.disclosure.ports import Custodian, LogWriter, PolicyEngine
from gateway.disclosure.release import ClaimCheck, Parts, Refused, Released, ReleasedOwn, Renderer
from gateway.disclosure.request import DisclosureRequest
from gateway.disclosure.snapshot import DocumentFacts, FactReader, Snapshot
from gateway.errors import CustodianUnavailable, EngineUnavailable, NotKeptTwice, StoreUnavailable

R = TypeVar("R")
Answer = Released | ReleasedOwn | Refused


def disclosing(parts: Parts, observer: Observer | None) -> Callable[[DisclosureRequest], Awaitable[Answer]]:
    """Return `disclose` on these parts, telling *observer* of each hop and of what was decided."""
    watched = parts if observer is None else observed(parts, observer)

    async def answer(request: DisclosureRequest) -> Answer:
        decided = await disclose(request, watched)
        if observer is not None:
            match decided:
                case Refused(reason=reason):
                    observer.decided("deny", reason)
                case Released() | ReleasedOwn():
                    observer.decided("permit", "")
        return decided

    return answer


def observed(parts: Parts, observer: Observer) -> Parts:
    """Return the same parts, each telling *observer* when it begins, ends and fails."""
    return replace(
        parts, facts=_Facts(parts.facts, observer), engine=_Engine(parts.engine, observer),
        custodian=_Custodian(parts.custodian, observer), holdings=_Holdings(parts.holdings, observer),
        log=_Log(parts.log, observer), render=_rendering(parts.render, observer),
        claim=_claiming(parts.claim, observer),
    )  # fmt: skip


def fetches_observed(parts: Parts, observer: Observer) -> Parts:
    """Return the same parts, of which the fetch from custodians outside tells *observer*: a look decides nothing."""
    return replace(parts, holdings=_Holdings(parts.holdings, observer, decides=False))


@contextmanager
def _hop(observer: Observer, name: Hop, *, decides: bool = True) -> Iterator[None]:
    """Tell *observer* when a hop begins and ends, and which part it was that failed in it.

    Where the hop *decides*, a failure of it is the decision's too.
    """
    with observer.hop(name):
        try:
            yield
        except EngineUnavailable:
            observer.failed("engine")
            if decides:
                observer.decided("error", EngineUnavailable.code)
            raise
        except CustodianUnavailable:
            observer.failed("custodian")
            if decides:
                observer.decided("error", CustodianUnavailable.code)
            raise
        except (StoreUnavailable, NotKeptTwice):
            observer.failed("store")
            raise


@dataclass(frozen=True, slots=True)
class _Facts:
    facts: FactReader
    observer: Observer

    async def for_document(
        self, system: str, recipient: str, document: str, resource: str, token: str = ""
    ) -> Snapshot:
        with _hop(self.observer, "facts"):
            return await self.facts.for_document(system, recipient, document, resource, token)

    async def for_client(
        self, system: str, recipient: str, lookup: bytes, categories: tuple[str, ...], token: str = ""
    ) -> Snapshot:
        with _hop(self.observer, "facts"):
            return await self.facts.for_client(system, recipient, lookup, categories, token)

    async def for_nobody(self, system: str, token: str = "") -> Snapshot:
        with _hop(self.observer, "facts"):
            return await self.facts.for_nobody(system, token)


@dataclass(frozen=True, slots=True)
class _Engine:
    engine: PolicyEngine
    observer: Observer

    @property
    def revision(self) -> str:
        return self.engine.revision

    async def decide(self, facts: Mapping[str, object]) -> Decision:
        return (await self.decide_many([facts]))[0]

    async def decide_many(self, facts: Sequence[Mapping[str, object]]) -> list[Decision]:
        with _hop(self.observer, "judge"):
            return await self.engine.decide_many(facts)


@dataclass(frozen=True, slots=True)
class _Custodian:
    custodian: Custodian
    observer: Observer

    async def fetch(self, permit: Permit, client: str, document: str, version: int) -> bytes:
        with _hop(self.observer, "fetch"):
            return await self.custodian.fetch(permit, client, document, version)


@dataclass(frozen=True, slots=True)
class _Holdings:
    holdings: Holdings
    observer: Observer
    decides: bool = True

    def places(self, categories: Collection[str]) -> tuple[Place, ...]:
        return self.holdings.places(categories)

    async def fetch(self, permit: Permit, client: str, place: Place, document: str | None) -> tuple[Fetched, ...]:
        with _hop(self.observer, "fetch", decides=self.decides):
            return await self.holdings.fetch(permit, client, place, document)

    def keep(self, connection: object, fetched: Fetched, at: int, *, shown: bool) -> bool:
        return self.holdings.keep(connection, fetched, at, shown=shown)


@dataclass(frozen=True, slots=True)
class _Log:
    log: LogWriter
    observer: Observer

    async def submit(self, item: Item[object, R], *, urgent: bool = False) -> Committed[R] | Dropped:
        with _hop(self.observer, "append"):
            return await self.log.submit(item, urgent=urgent)


def _claiming(claim: ClaimCheck, observer: Observer) -> ClaimCheck:
    def claimed(
        permit: Permit, request: DisclosureRequest, document: DocumentFacts, snapshot: Snapshot, directory: Directory,
        at: int, policy: str,
    ) -> str | None:  # fmt: skip
        with observer.hop("claim"):
            return claim(permit, request, document, snapshot, directory, at, policy)

    return claimed


def _rendering(render: Renderer, observer: Observer) -> Renderer:
    def rendered(
        request: DisclosureRequest, snapshot: Snapshot, document: DocumentFacts, permit: Permit, content: bytes
    ) -> bytes | None:
        with observer.hop("minimise"):
            return render(request, snapshot, document, permit, content)

    return rendered
