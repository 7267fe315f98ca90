"""The whole story of one request, in numbered steps: facts, judgement, claim, fetch, minimise, entry, bytes.

No entry, no bytes: the bytes are returned only after the transaction that holds their entry has committed, and that
transaction compares the epochs of client, partner and world, the documents' versions and the permit's end with those
of the judgement. A difference goes back to step 1, three times at most.

What lies with a custodian outside is judged twice: before it is fetched, as documents such as could lie there, and on
what came (`held`).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import count
from types import coroutine

from audit.entry import Draft
from audit.log import Committed, Dropped
from gateway.directory.instants import to_micros
from gateway.directory.model import Directory
from gateway.disclosure import evidence
from gateway.disclosure.decision import Deny, Permit
from gateway.disclosure.facts import make_facts
from gateway.disclosure.held import Fetched, Gathered, gather, possible_documents
from gateway.disclosure.release import (
    EntryAlone,
    OwnRead,
    Parts,
    Refused,
    Release,
    Released,
    ReleasedOwn,
    Rendered,
    Unfit,
)
from gateway.disclosure.request import Action, DisclosureRequest
from gateway.disclosure.snapshot import UNFETCHED, UNMET, DocumentFacts, Snapshot
from gateway.disclosure.standing import find_fault as find_standing_fault
from gateway.errors import CustodianUnavailable, EngineUnavailable

ATTEMPTS = 3
"""How often facts may change between judgement and release before the request is refused."""


async def disclose(request: DisclosureRequest, parts: Parts) -> Released | ReleasedOwn | Refused:
    """Judge *request* and release what its permits name, or refuse; either stands in the log when this returns.

    Raises EngineUnavailable and CustodianUnavailable after writing an entry of it, TooBusy and StoreUnavailable when
    the log cannot be written.
    """
    for attempt in count(1):
        # 1. Facts, in one snapshot with their epochs.
        await _step()
        snapshot = await _read(request, parts)
        await _step()
        now = parts.clock.now()
        if (own := _own_deposit(request, snapshot, parts)) is not None:
            released = await _release_own(request, snapshot, own, parts)
            if released is not None:
                return released
            if attempt == ATTEMPTS:
                return await _refuse(request, snapshot, (own.category, own), "facts-changed", parts)
            continue
        changes = parts.directory.next_change(now)
        questions = _questions(request, snapshot, parts, to_micros(now))
        # 2. Judgement, and 3. each permit checked as a claim.
        judged = await _judge(request, snapshot, questions, parts)
        if isinstance(judged, Refused):
            return judged
        # 4. What lies with a custodian outside is fetched, against its permit, and judged again on what came.
        permits, denied = [row for row in judged.permits if row[0].version != UNFETCHED], judged.denied
        to_fetch = [row for row in judged.permits if row[0].version == UNFETCHED]
        gathered = await gather(to_fetch, snapshot.client.id, parts.holdings) if to_fetch else Gathered()
        for document in gathered.failed:
            question = (document.category, document)
            await _refuse(request, snapshot, question, "custodian-unavailable", parts, outcome="error")
        if to_fetch and not (gathered.failed and not gathered.fetched):
            came: list[Question] = [(one.document.category, one.document) for one in gathered.fetched]
            judged = await _judge(request, snapshot, came or [(questions[0][0], None)], parts)
            if isinstance(judged, Refused):
                return judged
            permits, denied = permits + judged.permits, judged.denied + denied
        if not permits:
            if gathered.failed:
                raise CustodianUnavailable("The custodian did not hand over what the permit opens.")
            return await _refuse(request, snapshot, *denied[0], parts)
        page, more = _page(permits, request)
        outside = {one.document.id: one for one in gathered.fetched}
        # 5. Fetch what lies with us, against the permit, and minimise.
        try:
            drawn = [await _render(request, snapshot, *row, outside.get(row[0].id), parts) for row in page]
        except CustodianUnavailable:
            await _refuse(request, snapshot, questions[0], "custodian-unavailable", parts, outcome="error")
            raise
        rendered = tuple(one for one in drawn if one is not None)
        if drawn and not rendered:
            return await _refuse(request, snapshot, questions[0], "sensitivity-not-covered", parts)
        # 6. The entry, and in its transaction the comparison and the spending.
        met = tuple(outside[document.id] for document, _ in permits if document.id in outside)
        until = None if changes is None else to_micros(changes)
        outcome = await parts.log.submit(Release(request, snapshot, rendered, questions[0][0], parts, met, until))
        match outcome:
            case Committed():
                # 7. The entry stands: the bytes may leave.
                return Released(rendered, outcome, more, incomplete=bool(gathered.failed))
            case Dropped(value=Unfit.CLOCK):
                return await _refuse(request, snapshot, questions[0], "clock-untrusted", parts)
            case Dropped() if attempt == ATTEMPTS:
                return await _refuse(request, snapshot, questions[0], "facts-changed", parts)
            case Dropped():
                continue
    raise AssertionError("unreachable: the loop ends by returning")


@coroutine
def _step() -> Generator[None, None, None]:
    """Let every request that is ready take this step before any takes the next.

    The code of one step is in the processor's caches then: with 32 requests at once, a read costs a third less.
    """
    yield  # As `asyncio.sleep(0)` does, without a coroutine around it.


Question = tuple[str, DocumentFacts | None]
"""One thing to be judged: the category, and the document, None where there is none."""


@dataclass(frozen=True, slots=True)
class _Judged:
    permits: list[tuple[DocumentFacts, Permit]]
    denied: list[tuple[Question, str]]


async def _judge(
    request: DisclosureRequest, snapshot: Snapshot, questions: list[Question], parts: Parts
) -> _Judged | Refused:
    """Judge each question and check each permit; a permit that is unfounded refuses them all."""
    now = parts.clock.now()
    # 2. Python states facts, the policy judges.
    facts = [
        make_facts(request, category, document, snapshot, parts.directory, now) for category, document in questions
    ]
    await _step()
    try:
        decisions = await parts.engine.decide_many(facts)
    except EngineUnavailable:
        await _refuse(request, snapshot, _told(questions[0]), "engine-unavailable", parts, outcome="error")
        raise
    await _step()
    # 3. Each permit is checked as a claim.
    judged = _Judged([], [])
    for question, decision in zip(questions, decisions, strict=True):
        document = question[1]
        match decision:
            case Deny(reasons=reasons):
                judged.denied.append((_told(question), reasons[0]))
            case Permit() as permit:
                fault = "no document" if document is None else parts.claim(
                    permit, request, document, snapshot, parts.directory, to_micros(now), parts.engine.revision
                )  # fmt: skip
                if fault is not None or document is None:
                    return await _refuse(request, snapshot, _told(question), "permit-unfounded", parts, note=fault)
                judged.permits.append((document, permit))
    return judged


def _told(question: Question) -> Question:
    """Return the question as the log tells it: a document that could lie outside is none."""
    category, document = question
    return (category, None) if document is not None and document.id == UNMET else question


async def _read(request: DisclosureRequest, parts: Parts) -> Snapshot:
    requester, directory = request.requester, parts.directory
    system, service, token = requester.system, requester.service, requester.token_id
    categories = _categories(request, directory)
    if not categories or request.purpose not in directory.purposes or request.role not in directory.roles:
        # The request itself is at fault: no client is looked at.
        return await parts.facts.for_nobody(system, token)
    if request.document is not None:
        return await parts.facts.for_document(system, service, request.document, request.resource, token)
    if request.identifier is None:
        raise ValueError("a disclosure request asks for a document or about a client")
    return await parts.facts.for_client(system, service, request.identifier, categories, token)


def _categories(request: DisclosureRequest, directory: Directory) -> tuple[str, ...]:
    """Return the categories that the request asks about: the one it names, else all of its FHIR type."""
    of_type = directory.categories_of(request.resource)
    return of_type if request.category is None else tuple(code for code in of_type if code == request.category)


def _questions(request: DisclosureRequest, snapshot: Snapshot, parts: Parts, now: int) -> list[Question]:
    """Return what is to be judged, at least one: nothing to show costs a judgement too."""
    categories = _categories(request, parts.directory)
    places = parts.holdings.places(categories)
    with_us = [document for document in snapshot.documents if document.source is None]
    outside = possible_documents(request, snapshot, parts.directory, places, now) if places else []
    if with_us or outside:
        return [(document.category, document) for document in (*with_us, *outside)]
    return [(request.category or (categories[0] if categories else ""), None)]


def _page(
    permits: list[tuple[DocumentFacts, Permit]], request: DisclosureRequest
) -> tuple[list[tuple[DocumentFacts, Permit]], tuple[int, str] | None]:
    """Return this page and, when another one follows, the place of its last document; newest document first."""
    after = request.after
    ordered = sorted(permits, key=lambda row: _place(row[0]))
    rest = [row for row in ordered if after is None or _place(row[0]) > after]
    page = rest[: request.count]
    return page, (_place(page[-1][0]) if len(rest) > len(page) else None)


def _place(document: DocumentFacts) -> tuple[int, str]:
    return -document.dated, document.id


async def _render(
    request: DisclosureRequest, snapshot: Snapshot, document: DocumentFacts, permit: Permit, fetched: Fetched | None,
    parts: Parts,
) -> Rendered | None:  # fmt: skip
    client = snapshot.client.id
    await _step()
    content = (
        await parts.custodian.fetch(permit, client, document.id, document.version)
        if fetched is None
        else fetched.content
    )
    await _step()
    body = parts.render(request, snapshot, document, permit, content)
    return None if body is None else Rendered(document, permit, body, parts.digest(body), fetched)


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
    committed = await parts.log.submit(EntryAlone(draft))
    if not isinstance(committed, Committed):
        raise TypeError("an entry alone is never dropped")
    return committed


def _own_deposit(request: DisclosureRequest, snapshot: Snapshot, parts: Parts) -> DocumentFacts | None:
    """Return the document when its own custodian reads it by id: an entry, no judgement."""
    if request.action is not Action.READ or not snapshot.documents:
        return None
    document = snapshot.documents[0]
    if document.custodian != request.requester.service or document.source is not None:
        return None
    fault = find_standing_fault(request.requester, snapshot.partner, parts.directory, parts.clock)
    return document if fault is None else None


async def _release_own(
    request: DisclosureRequest, snapshot: Snapshot, document: DocumentFacts, parts: Parts
) -> ReleasedOwn | None:
    """Return the custodian's own deposit once its entry stands; None when the facts changed in between."""
    try:
        body = await parts.fetch_own(snapshot.client.id, document.id, document.version)
    except CustodianUnavailable:
        question = (document.category, document)
        await _refuse(request, snapshot, question, "custodian-unavailable", parts, outcome="error")
        raise
    draft = evidence.custodian_read(parts.new_event_id(), request, snapshot.client.id, document)
    match await parts.log.submit(OwnRead(draft, snapshot, document, parts)):
        case Committed() as committed:
            return ReleasedOwn(body, document.version, committed)
        case Dropped():
            return None
