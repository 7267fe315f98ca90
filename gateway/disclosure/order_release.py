"""Whether a release rests on what stood when it was written: the releases' half of the order law.

A release names, for each of its documents, grants with their versions or one relation. Each must have been recorded
earlier and match on every dimension, and nothing that drops it may stand in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.directory.instants import from_micros
from gateway.directory.model import RELATION_KINDS, Directory, Flow
from gateway.disclosure.decision import CONSENT_BASES
from gateway.disclosure.opened import Opened, Section
from gateway.disclosure.order_outside import take_in
from gateway.disclosure.order_records import DocumentRecord, GrantRecord, Records
from gateway.disclosure.section_fields import (
    Fields,
    Malformed,
    lists,
    number,
    optional_number,
    optional_text,
    rows,
    text,
    texts,
    within,
)

_Seen = frozenset[str]


@dataclass(frozen=True, slots=True)
class Release:
    """One release as its entry tells it. `directory` is that of the day, None where it is not at hand."""

    entry: Opened
    client: str
    recipient: str
    purpose: str
    directory: Directory | None
    single_document: bool


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What the entry says of one document."""

    id: str
    version: int
    custodian: str
    category: str
    dated: int
    basis: str
    sections: _Seen
    obligations: _Seen
    good_until: int | None


def release_of(entry: Opened, subject: Section, body: Section, directory: Directory | None) -> Release:
    """Read what a whole release has in common; raises Malformed."""
    at_hand = directory if directory is not None and body.get("directory") == directory.digest else None
    recipient, purpose = text(body, "recipient"), text(body, "purpose")
    return Release(entry, text(subject, "client"), recipient, purpose, at_hand, entry.kind == "disclosure")


def spends(subject: Section) -> list[str]:
    """Return the grants that a release says it spends; raises Malformed."""
    reliance = within(subject, "reliance")
    named = (row for document in reliance for row in lists(within(reliance, document), "grants"))
    return [str(row[0]) for row in named if row[3:] == [True]]


def check_release(release: Release, subject: Section, body: Section, records: Records) -> Iterator[str]:
    """Yield what is wrong with a release; raises Malformed."""
    client, entry = release.client, release.entry
    if client in records.suspended_clients:
        yield "released about a client who was suspended before"
    if entry.a is not None:
        system = text(entry.a, "system")
        if system in records.suspended_partners:
            yield "released to a partner system that was suspended before"
        if entry.a.get("token") in records.revoked_tokens:
            yield "released on a token that was revoked before"
        yield from check_registration(system, release.recipient, records)
    documents, reliance = rows(body, "documents"), within(subject, "reliance")
    if release.single_document and len(documents) != 1:
        yield "a disclosure names one document"
    if sorted(reliance) != sorted(text(row, "id") for row in documents):
        yield "the documents released are not those for which it says what they rest on"
        return
    for row in documents:
        rests_on = within(reliance, text(row, "id"))
        if "met" in rests_on:
            yield from take_in(release.client, row, rests_on, records)
        yield from _check_document(release, _claimed(row, rests_on), rests_on, records)


def check_registration(system: str, service: str, records: Records) -> Iterator[str]:
    """Yield what is wrong with a system that acts for a service: whether it was registered, and for that one."""
    known = records.partners.get(system)
    if known is None or known.services is None:
        if records.partners_known:
            yield "a partner system that was not registered before"
    elif service not in known.services:
        yield "released to a partner system that is not registered for the recipient"


def _claimed(row: Fields, rests_on: Fields) -> _Claimed:
    # A document's version stands in the subject's section: it tells of changes that its recipient did not see.
    return _Claimed(
        text(row, "id"), number(rests_on, "version"), text(row, "custodian"), text(row, "category"),
        number(row, "dated"), text(row, "basis"), frozenset(texts(row, "sections")),
        frozenset(texts(row, "obligations")), optional_number(row, "good_until"),
    )  # fmt: skip


def _check_document(release: Release, claimed: _Claimed, reliance: Fields, records: Records) -> Iterator[str]:
    client, at = release.client, release.entry.t
    deposited = records.documents.get(claimed.id)
    if deposited is None:
        if records.complete and "met" not in reliance:
            yield "a document that was not deposited before"
    elif (deposited.client, deposited.version, deposited.custodian, deposited.category, deposited.dated) != (
        client, claimed.version, claimed.custodian, claimed.category, claimed.dated
    ):  # fmt: skip
        yield "a document that is not as it was deposited: its client, version, custodian, category or date"
    if claimed.good_until is not None and claimed.good_until <= at:
        yield "released after the end of the permit"
    tells_where = "strip-location" not in claimed.obligations or "contact" in claimed.sections
    if client in records.hidden_clients and tells_where:
        yield "a place to be found at was released against a non-disclosure marking"
    flow = _flow(release, claimed)
    if release.directory is not None and (flow is None or not _carries(flow, claimed.basis)):
        yield "a basis that the directory does not allow for this category between these services"
    if claimed.basis in CONSENT_BASES:
        yield from _check_grants(release, claimed, reliance, records)
        relied = [records.grants[id] for id in _ids(reliance) if id in records.grants]
        unknown = len(relied) < len(_ids(reliance))
        ticked = {label for grant in relied for label in grant.sensitivities}
    elif claimed.basis in RELATION_KINDS:
        yield from _check_relation(release, claimed, reliance, records)
        unknown = release.directory is None
        carried = flow.carries.get(claimed.basis, frozenset()) if flow is not None else frozenset()
        ticked = set(carried) | _ticked_beside(release, claimed, records)
    else:
        yield "a basis on which nothing is released to a partner"
        return
    if not unknown:
        yield from _check_sections(release, claimed, deposited, ticked)


def _ids(reliance: Fields) -> list[str]:
    return [str(row[0]) for row in lists(reliance, "grants") if row]


def _flow(release: Release, claimed: _Claimed) -> Flow | None:
    directory = release.directory
    if directory is None:
        return None
    custodian, recipient = directory.service(claimed.custodian), directory.service(release.recipient)
    if custodian is None or recipient is None:
        return None
    return directory.flow(claimed.category, custodian.kind, recipient.kind, from_micros(release.entry.t))


def _carries(flow: Flow, basis: str) -> bool:
    # A single-use grant in a flow of `consent` is relied on as `consent-once`.
    return basis in flow.bases or (basis == "consent-once" and "consent" in flow.bases)


def _matches(grant: GrantRecord, release: Release, claimed: _Claimed) -> str | None:
    checks = (
        (grant.client == release.client, "a grant of another client"),
        (grant.recipient == release.recipient, "a grant for another recipient"),
        (grant.category == claimed.category, "a grant for another category"),
        (grant.custodian == claimed.custodian, "a grant of another custodian's documents"),
        (grant.purpose == release.purpose, "a grant for another purpose"),
        (grant.document in (None, claimed.id), "a grant for another document"),
        (grant.dated_from is None or grant.dated_from <= claimed.dated, "a grant for documents of a later date"),
        (grant.dated_until is None or claimed.dated < grant.dated_until, "a grant for documents of an earlier date"),
    )
    return next((what for holds, what in checks if not holds), None)


def _check_grants(release: Release, claimed: _Claimed, reliance: Fields, records: Records) -> Iterator[str]:
    client, at = release.client, release.entry.t
    named = lists(reliance, "grants")
    if not named or optional_text(reliance, "relation") is not None or len(set(_ids(reliance))) != len(named):
        yield "a release on consent names grants, each once, and no relation"
    if records.is_prohibited(client, release.recipient, claimed.category):
        yield "released on consent while a prohibition stands"
    single = False
    for row in named:
        if len(row) != 4:
            raise Malformed("grants")
        id, consent, version, spend = row
        single = single or spend is True
        grant = records.grants.get(str(id))
        if grant is None:
            if records.open_known:
                yield "rests on a grant that was not given before"
            continue
        if (grant.consent, grant.version) != (consent, version):
            yield "rests on a grant under another consent or version"
        fault = _matches(grant, release, claimed) or grant.state_fault(at)
        if fault is not None:
            yield f"rests on {fault}"
        if grant.by_client is False and (client, release.recipient, claimed.category) in records.refusals:
            yield "rests on a representative's consent against the client's own refusal"
        if grant.single_use is not spend:
            yield "a single-use grant is not spent, or a standing one is"
        if grant.single_use and not release.single_document:
            yield "a search rests on a single-use grant"
        if claimed.good_until is None or claimed.good_until > grant.until:
            yield "the permit lasts longer than a grant it rests on"
    if (claimed.basis == "consent-once") != single:
        yield "the basis does not fit the grants"


def _check_relation(release: Release, claimed: _Claimed, reliance: Fields, records: Records) -> Iterator[str]:
    client, at, basis = release.client, release.entry.t, claimed.basis
    id = optional_text(reliance, "relation")
    if id is None or lists(reliance, "grants"):
        yield f"a release on {basis} names one relation and no grant"
        return
    if basis == "disclosure-permit" and records.is_prohibited(client, release.recipient, claimed.category):
        yield "released on a disclosure permit while a prohibition stands"
    row = records.relations.get(id)
    if row is None:
        if records.open_known:
            yield "rests on a relation that was not recorded before"
        return
    checks = (
        (row.client == client, "a relation of another client"),
        (row.kind == basis, "a relation of another kind"),
        (row.custodian == claimed.custodian, "a relation that does not run from this custodian"),
        (release.recipient in row.recipients, "a relation that does not run to this recipient"),
        (not row.ended, "a relation that was ended before"),
        (row.valid_from <= at, "a relation that had not begun"),
        (row.until is None or at < row.until, "a relation that had expired"),
    )
    fault = next((what for holds, what in checks if not holds), None)
    if fault is not None:
        yield f"rests on {fault}"
    if row.until is not None and (claimed.good_until is None or claimed.good_until > row.until):
        yield "the permit lasts longer than the relation it rests on"


def _ticked_beside(release: Release, claimed: _Claimed, records: Records) -> set[str]:
    """Return what standing grants tick beside a relation; a prohibition takes it away."""
    client, recipient, category = release.client, release.recipient, claimed.category
    if records.is_prohibited(client, recipient, category):
        return set()
    refused = (client, recipient, category) in records.refusals
    return {
        label
        for grant in records.grants_of(client)
        if not grant.single_use and not (refused and grant.by_client is False)
        and _matches(grant, release, claimed) is None and grant.state_fault(release.entry.t) is None
        for label in grant.sensitivities
    }  # fmt: skip


def _check_sections(
    release: Release, claimed: _Claimed, deposited: DocumentRecord | None, ticked: set[str]
) -> Iterator[str]:
    if not claimed.sections:
        yield "no section is named"
    if deposited is not None and not claimed.sections <= set(deposited.sections):
        yield "sections that the document does not have"
        return
    needed: set[str] = set()
    if deposited is not None:
        needed |= deposited.labels
        for section in claimed.sections:
            needed |= deposited.sections[section]
    if release.directory is not None:
        for section in claimed.sections:
            needed |= release.directory.nature(claimed.category, section)
    if not needed <= ticked:
        yield "a section whose sensitivity was neither ticked nor carried"
