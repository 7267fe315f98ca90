"""The whole story of one request, in numbered steps: facts, judgement, claim, fetch, minimise, entry, bytes.

No entry, no bytes: the bytes are returned only after the transaction that holds their entry has committed, and that
transaction compares the epochs of client, partner and world, the documents' versions and the permit's end with those
of the judgement. A difference goes back to step 1, three times at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Protocol

from audit.entry import Draft
from audit.log import Committed, Dropped, Rejected
from audit.writing import Writing
from gateway.directory.instants import to_micros
from gateway.directory.model import Directory
from gateway.disclosure import evidence
from gateway.disclosure.claim import find_fault
from gateway.disclosure.decision import CONSENT_BASES, Deny, Permit
from gateway.disclosure.evidence import ReleasedDocument
from gateway.disclosure.facts import make_facts
from gateway.disclosure.ports import MAX_CLOCK_SKEW, Clock, Custodian, LogWriter, PolicyEngine
from gateway.disclosure.request import Action, DisclosureRequest
from gateway.disclosure.snapshot import DocumentFacts, FactReader, Snapshot
from gateway.disclosure.standing import find_fault as find_standing_fault
from gateway.disclosure.writing import write
from gateway.errors import CustodianUnavailable, EngineUnavailable

ATTEMPTS = 3
"""How often facts may change between judgement and release before the request is refused."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One document as it would leave: its bytes, judged under which permit."""

    document: DocumentFacts
    permit: Permit
    body: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Released:
    """What may leave now that its entry stands: on a read one document, on a search any number."""

    documents: tuple[Rendered, ...]
    committed: Committed[None]
    more: str | None = None
    """On a search, the id of the last document of this page when another page follows."""


@dataclass(frozen=True, slots=True)
class ReleasedOwn:
    """A custodian's own deposit, as it sent it, with the version that its next PUT must name."""

    body: bytes
    version: int
    committed: Committed[None]


@dataclass(frozen=True, slots=True)
class Refused:
    """The refusal stands in the log. The reason is for client and officer, never for the asker."""

    reason: str
    committed: Committed[None]


class Releaser(Protocol):
    """What the store does inside the write transaction, under the head lock."""

    def is_current(self, connection: object, snapshot: Snapshot, documents: tuple[DocumentFacts, ...]) -> bool:
        """Return whether epochs and versions are still those of the judgement."""
        ...

    def spend(self, connection: object, grant: str, event_id: str) -> bool:
        """Mark a single-use grant as spent by this event; False when another was faster."""
        ...


Renderer = Callable[[DisclosureRequest, Snapshot, DocumentFacts, Permit, bytes], bytes | None]
"""Projects and withholds what the permit does not name, and serialises what is left; None when nothing is."""


@dataclass(frozen=True, slots=True)
class Parts:
    """All that `disclose` needs of the outside, handed in once by the composition root."""

    facts: FactReader
    engine: PolicyEngine
    custodian: Custodian
    fetch_own: Callable[[str, str, int], bytes]
    log: LogWriter
    releaser: Releaser
    tell_released: Callable[[object, int, str, str, int], None]
    """Writes the content-free message that tells the client of a release: (connection, order, client, event id, at)."""
    render: Renderer
    directory: Directory
    clock: Clock
    new_event_id: Callable[[], str]
    digest: Callable[[bytes], str]
    join: Callable[[tuple[Rendered, ...]], bytes]


class _Unfit(Enum):
    """Why a judged release may not be made after all; told by the write transaction."""

    STALE = "facts-changed"
    CLOCK = "clock-untrusted"


async def disclose(request: DisclosureRequest, parts: Parts) -> Released | ReleasedOwn | Refused:
    """Judge *request* and release what its permits name, or refuse; either stands in the log when this returns.

    Raises EngineUnavailable and CustodianUnavailable after writing an entry of it, TooBusy and StoreUnavailable when
    the log cannot be written.
    """
    for attempt in count(1):
        # 1. Facts, in one snapshot with their epochs.
        snapshot = await _read(request, parts)
        now = parts.clock.now()
        if (own := _own_deposit(request, snapshot, parts)) is not None:
            return await _release_own(request, snapshot, own, parts)
        questions = _questions(request, snapshot, parts.directory)
        # 2. Judgement: Python states facts, the policy judges.
        facts = [
            make_facts(request, category, document, snapshot, parts.directory, now) for category, document in questions
        ]
        try:
            decisions = await parts.engine.decide_many(facts)
        except EngineUnavailable:
            await _refuse(request, snapshot, questions[0], "engine-unavailable", parts, outcome="error")
            raise
        # 3. Each permit is checked as a claim.
        permits: list[tuple[DocumentFacts, Permit]] = []
        reason = "not-found"
        for (_category, document), decision in zip(questions, decisions, strict=True):
            match decision:
                case Deny(reasons=reasons):
                    reason = reasons[0]
                case Permit() as permit:
                    fault = "no document" if document is None else find_fault(
                        permit, request, document, snapshot, parts.directory, to_micros(now), parts.engine.revision
                    )  # fmt: skip
                    if fault is not None or document is None:
                        return await _refuse(request, snapshot, questions[0], "permit-unfounded", parts, note=fault)
                    permits.append((document, permit))
        if not permits:
            return await _refuse(request, snapshot, questions[0], reason, parts)
        page, more = _page(permits, request)
        # 4. Fetch, against the permit; 5. minimise.
        try:
            drawn = [await _render(request, snapshot, document, permit, parts) for document, permit in page]
        except CustodianUnavailable:
            await _refuse(request, snapshot, questions[0], "custodian-unavailable", parts, outcome="error")
            raise
        rendered = tuple(one for one in drawn if one is not None)
        if drawn and not rendered:
            return await _refuse(request, snapshot, questions[0], "sensitivity-not-covered", parts)
        # 6. The entry, and in its transaction the comparison and the spending.
        outcome = await write(parts.log, _Release(request, snapshot, rendered, questions[0][0], parts))
        match outcome:
            case Committed():
                # 7. The entry stands: the bytes may leave.
                return Released(rendered, outcome, more)
            case Dropped(value=_Unfit.CLOCK):
                return await _refuse(request, snapshot, questions[0], "clock-untrusted", parts)
            case Dropped() if attempt == ATTEMPTS:
                return await _refuse(request, snapshot, questions[0], "facts-changed", parts)
            case Dropped():
                continue
    raise AssertionError("unreachable: the loop ends by returning")


Question = tuple[str, DocumentFacts | None]
"""One thing to be judged: the category, and the document, None where there is none."""


async def _read(request: DisclosureRequest, parts: Parts) -> Snapshot:
    requester, directory = request.requester, parts.directory
    categories = _categories(request, directory)
    if not categories or request.purpose not in directory.purposes or request.role not in directory.roles:
        # The request itself is at fault: no client is looked at.
        return await parts.facts.for_nobody(requester.system)
    if request.document is not None:
        return await parts.facts.for_document(requester.system, requester.service, request.document, request.resource)
    if request.identifier is None:
        raise ValueError("a disclosure request asks for a document or about a client")
    return await parts.facts.for_client(requester.system, requester.service, request.identifier, categories)


def _categories(request: DisclosureRequest, directory: Directory) -> tuple[str, ...]:
    """Return the categories that the request asks about: the one it names, else all of its FHIR type."""
    of_type = tuple(code for code, row in directory.categories.items() if row.resource == request.resource)
    return of_type if request.category is None else tuple(code for code in of_type if code == request.category)


def _questions(request: DisclosureRequest, snapshot: Snapshot, directory: Directory) -> list[Question]:
    """Return what is to be judged, at least one: nothing to show costs a judgement too."""
    if snapshot.documents:
        return [(document.category, document) for document in snapshot.documents]
    categories = _categories(request, directory)
    return [(request.category or (categories[0] if categories else ""), None)]


def _page(
    permits: list[tuple[DocumentFacts, Permit]], request: DisclosureRequest
) -> tuple[list[tuple[DocumentFacts, Permit]], str | None]:
    """Return this page and, when another one follows, the id of its last document; newest document first."""
    ordered = sorted(permits, key=lambda row: (-row[0].dated, row[0].id))
    ids = [document.id for document, _ in ordered]
    start = ids.index(request.after) + 1 if request.after in ids else 0
    page = ordered[start : start + request.count]
    return page, (page[-1][0].id if start + request.count < len(ordered) else None)


async def _render(
    request: DisclosureRequest, snapshot: Snapshot, document: DocumentFacts, permit: Permit, parts: Parts
) -> Rendered | None:
    content = await parts.custodian.fetch(permit, snapshot.client.id, document.id, document.version)
    body = parts.render(request, snapshot, document, permit, content)
    return None if body is None else Rendered(document, permit, body, parts.digest(body))


async def _refuse(
    request: DisclosureRequest, snapshot: Snapshot, question: Question, reason: str, parts: Parts,
    *, outcome: str = "deny", note: str | None = None,
) -> Refused:  # fmt: skip
    category, document = question
    draft = evidence.refusal(
        parts.new_event_id(), request, snapshot.client.id, category, document, reason, snapshot.epochs,
        parts.engine.revision, parts.directory.digest, outcome=outcome, note=note,
    )  # fmt: skip
    return Refused(reason, await _append(draft, parts))


async def _append(draft: Draft, parts: Parts) -> Committed[None]:
    committed = await write(parts.log, _EntryAlone(draft))
    if not isinstance(committed, Committed):
        raise TypeError("an entry alone is never dropped")
    return committed


def _own_deposit(request: DisclosureRequest, snapshot: Snapshot, parts: Parts) -> DocumentFacts | None:
    """Return the document when its own custodian reads it by id: an entry, no judgement."""
    if request.action is not Action.READ or not snapshot.documents:
        return None
    document = snapshot.documents[0]
    if document.custodian != request.requester.service:
        return None
    fault = find_standing_fault(request.requester, snapshot.partner, parts.directory, parts.clock)
    return document if fault is None else None


async def _release_own(
    request: DisclosureRequest, snapshot: Snapshot, document: DocumentFacts, parts: Parts
) -> ReleasedOwn:
    body = parts.fetch_own(snapshot.client.id, document.id, document.version)
    draft = evidence.custodian_read(parts.new_event_id(), request, snapshot.client.id, document)
    return ReleasedOwn(body, document.version, await _append(draft, parts))


@dataclass(frozen=True, slots=True)
class _EntryAlone:
    """The write of an entry and nothing else."""

    draft: Draft

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Return the entry; facts need no comparison, since no judgement opened anything."""
        return None, [self.draft]


@dataclass(frozen=True, slots=True)
class _Release:
    """The write of a release: compare, spend, tell, and the entries; all of it or none."""

    request: DisclosureRequest
    snapshot: Snapshot
    rendered: tuple[Rendered, ...]
    category: str
    parts: Parts

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Compare what was judged with what stands now, under the head lock; raises Rejected when it differs."""
        parts, connection, client = self.parts, tx.connection, self.snapshot.client.id
        documents = tuple(row.document for row in self.rendered)
        ends = [row.permit.good_until for row in self.rendered if row.permit.good_until is not None]
        if not parts.releaser.is_current(connection, self.snapshot, documents) or any(end <= at for end in ends):
            raise Rejected(_Unfit.STALE)
        on_consent = any(row.permit.basis in CONSENT_BASES for row in self.rendered)
        if on_consent and abs(parts.clock.now() - parts.clock.database_now(connection)) > MAX_CLOCK_SKEW:
            raise Rejected(_Unfit.CLOCK)
        event_id = parts.new_event_id()
        drafts = [self._disclosure(event_id)]
        for row in self.rendered:
            for grant in row.permit.grants:
                if grant.spend:
                    if not parts.releaser.spend(connection, grant.id, event_id):
                        raise Rejected(_Unfit.STALE)
                    drafts.append(evidence.spent(parts.new_event_id(), client, grant, event_id))
        if any("notify-client" in row.permit.obligations for row in self.rendered):
            parts.tell_released(connection, tx.order, client, event_id, at)
        return None, drafts

    def _disclosure(self, event_id: str) -> Draft:
        parts = self.parts
        released = [ReleasedDocument(row.document, row.permit, row.digest, len(row.body)) for row in self.rendered]
        answer = parts.join(self.rendered)
        return evidence.disclosure(
            event_id, self.request, self.snapshot.client.id, self.category, released, self.snapshot.epochs,
            parts.engine.revision, parts.directory.digest, parts.digest(answer), len(answer),
        )  # fmt: skip
