"""How entries change what stands, and which changes may not be: the events' half of the order law.

Each function applies one kind of entry to the records and yields what is wrong with it, in words. A change that may not
be is applied where that takes something away from who may see, and not where it would give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gateway.consent.capture import OWN_METHODS
from gateway.consent.events import BY_CLIENT
from gateway.consent.mandate_reference import mandate_of
from gateway.disclosure.opened import Opened, Section
from gateway.disclosure.order_authority import (
    capture_fault,
    confirmation_fault,
    is_repetition,
    lift_fault,
    recorder_fault,
)
from gateway.disclosure.order_partners import Registration, registration
from gateway.disclosure.order_records import (
    ConsentRecord,
    Records,
    document_record,
    grant_record,
    prohibition_record,
    relation_record,
)
from gateway.disclosure.section_fields import (
    Malformed,
    flag,
    number,
    optional_number,
    optional_text,
    rows,
    text,
    texts,
    within,
)

Apply = Callable[[Records, Opened, Section], Iterator[str]]


def _client(entry: Opened) -> str:
    if entry.client is None:
        raise Malformed("client")
    return entry.client


def _given(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    client, consent, version = _client(entry), text(body, "consent"), number(body, "version")
    replaces = optional_number(body, "replaces")
    in_person = text(within(body, "giver"), "kind") == "client"
    known = records.consents.get(consent)
    if entry.kind == "consent.given":
        if known is not None or version != 1 or replaces is not None:
            yield "a consent is given that was there before, or not as its first version"
            return
    elif known is None:
        if records.open_known:
            yield "a consent is changed that nobody gave"
            return
    else:
        if known.client != client or known.version != replaces or version != known.version + 1:
            yield "a change does not follow the version before it"
            return
        if known.withdrawn:
            yield "a consent is changed after it was withdrawn"
            return
        # Where the year's turn hides who gave the version before, nothing is said against it.
        if not in_person and any(
            records.grants[id].by_client for id in known.grants if not records.grants[id].replaced
        ):
            yield "a consent is changed by another than the client"
            return
    mandate = None if in_person else optional_text(entry.s or {}, "mandate")
    if mandate is not None and records.is_over(client, mandate):
        yield "a consent is given under a mandate that had ended"
        return
    grants = [grant_record(client, consent, version, row, in_person) for row in rows(body, "grants")]
    if any(grant.id in records.grants for grant in grants):
        yield "a grant is given that was there before"
        return
    before = [records.grants[id] for id in ([] if known is None else known.grants)]
    carried = [grant for grant in before if not grant.replaced and not grant.ended]
    for grant in before:
        grant.replaced = True
    records.consents.setdefault(consent, ConsentRecord(client, version)).version = version
    for grant in grants:
        fault = capture_fault(grant, body, records)
        if fault is not None:
            yield fault
            grant.confirmed = False
        grant.mandate = mandate
        records.add_grant(grant)
        # What a change merely carries over says nothing new, and so lifts nothing.
        said = in_person and text(within(body, "capture"), "method") in OWN_METHODS
        if said and not any(one.covers(grant) for one in carried):
            records.refusals.discard((client, grant.recipient, grant.category))
    if in_person:
        _refuse(records, client, body, "refused")


def _confirmed(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    consent, by = text(body, "consent"), text(body, "by")
    for id in texts(body, "grants"):
        grant = records.grants.get(id)
        if grant is None:
            if records.complete:
                yield "a grant is confirmed that nobody gave"
        elif grant.consent != consent or grant.client != _client(entry):
            yield "a grant is confirmed as part of another consent"
        elif (fault := confirmation_fault(grant, entry, body)) is not None:
            yield fault
        else:
            if by == BY_CLIENT and grant.by_client and not grant.confirmed:
                records.refusals.discard((grant.client, grant.recipient, grant.category))
            grant.confirmed = True


def _withdrawn(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    known = records.consents.get(text(body, "consent"))
    if known is None:
        if records.complete:
            yield "a consent is withdrawn that nobody gave"
        return
    if known.client != _client(entry):
        yield "a consent is withdrawn as another client's"
    known.withdrawn = True
    for id in known.grants:
        records.grants[id].withdrawn = True


def _expired(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    # The end itself stood in the giving and is judged by the time of each entry; this one only says it aloud.
    for id in texts(body, "grants"):
        grant = records.grants.get(id)
        if grant is not None and entry.t < grant.until:
            yield "a grant is called expired before its end"


def _mandate_ended(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    for row in rows(body, "ended"):
        for id in texts(row, "grants"):
            if id in records.grants:
                records.grants[id].ended = True
            elif records.complete:
                yield "a mandate ends for a grant that nobody gave"
    client, mandate = _client(entry), optional_text(entry.s or {}, "mandate")
    if mandate is None:
        return
    again = is_repetition(entry, body, records)
    # As of when it was said first: what was chosen in the register after that stands.
    at = number(within(body, "replayed"), "t") if again else entry.t
    records.ended_mandates[client, mandate] = max(at, records.ended_mandates.get((client, mandate), at))
    left = [one for one in records.grants_of(client) if one.mandate is not None and mandate_of(one.mandate) == mandate]
    # A repetition lists what the restored database lacked alone.
    if any(one.stands(entry.t) for one in left) and not again:
        yield "a mandate ends and leaves a grant that rests on it"
    for grant in left:
        grant.ended = True


def _refuse(records: Records, client: str, body: Section, key: str) -> None:
    for row in rows(body, key):
        records.refusals.add((client, text(row, "recipient"), text(row, "category")))


def _refused(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    if flag(body, "in_person"):
        _refuse(records, _client(entry), body, "rows")
    yield from ()


def _prohibited(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    records.add_prohibition(prohibition_record(_client(entry), body))
    yield from ()


def _lifted(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    row = prohibition_record(_client(entry), body)
    fault = lift_fault(row, entry, body, records)
    if fault is not None:
        yield fault
        return
    if records.prohibitions.get(row.client, {}).pop(row.id, None) is None and records.complete:
        yield "a prohibition is lifted that does not stand"


def _recorded(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    row = relation_record(_client(entry), body)
    if row.id in records.relations:
        yield "a relation is recorded that was there before"
        return
    fault = recorder_fault(row, entry, body, records)
    if fault is not None:
        yield fault
        return
    records.relations[row.id] = row


def _relation_ended(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    known = records.relations.get(text(body, "relation"))
    if known is not None:
        known.ended = True
    elif records.complete:
        yield "a relation ends that nobody recorded"


def _suspended(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    (records.suspended_clients.add if flag(body, "suspended") else records.suspended_clients.discard)(_client(entry))
    yield from ()


def _marked(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    (records.hidden_clients.add if flag(body, "non_disclosure") else records.hidden_clients.discard)(_client(entry))
    yield from ()


def _notices(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    # Entries of before do not say it.
    if "record" in body:
        records.client_records[_client(entry)] = number(body, "record")
    yield from ()


def _partner(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    partner = text(body, "partner")
    change = body.get("change")
    if entry.kind == "partner.suspended":
        records.suspended_partners.add(partner)
    elif change == "resumed":
        records.suspended_partners.discard(partner)
    elif change == "token-revoked":
        records.revoked_tokens.add(text(body, "token"))
    records.partners[partner] = registration(records.partners.get(partner, Registration()), entry.kind, body)
    yield from ()


def _deposited(records: Records, entry: Opened, body: Section) -> Iterator[str]:
    row = document_record(_client(entry), body)
    known = records.documents.get(row.id)
    if known is None:
        if row.version != 1 and records.complete:
            yield "a document is deposited anew that was not there"
    elif (known.client, known.custodian, known.category, known.source) != (
        row.client, row.custodian, row.category, row.source
    ):  # fmt: skip
        yield "a document is deposited as another client's, custodian's or of another category"
        return
    elif row.version != known.version + 1:
        yield "a document's version does not follow the one before it"
    records.documents[row.id] = row


APPLIED: Mapping[str, Apply] = {
    "consent.given": _given, "consent.changed": _given, "consent.confirmed": _confirmed,
    "consent.withdrawn": _withdrawn, "consent.expired": _expired, "consent.refused": _refused,
    "mandate.ended": _mandate_ended, "prohibition.given": _prohibited, "prohibition.lifted": _lifted,
    "relation.recorded": _recorded, "relation.ended": _relation_ended, "client.suspended": _suspended,
    "client.marked": _marked, "client.notices": _notices, "partner.added": _partner, "partner.changed": _partner,
    "partner.suspended": _partner, "deposit": _deposited,
}  # fmt: skip
"""What to do with an entry of each kind that changes what stands."""

SAID_BY = frozenset({"consent.confirmed", "prohibition.lifted", "relation.recorded"})
"""Kinds of which it matters who acted, as section a tells it."""

SILENT = frozenset(
    "decision custodian.read consent.requested consent.deferred relation.contested concern.raised "
    "concern.answered audit.read subject.read mandate.read probe desk.lookup desk.report erasure key policy directory "
    "config log.end".split()
)
"""Kinds that change nothing of what stands."""
