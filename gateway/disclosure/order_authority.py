"""Who said it: whether an entry that gives something was said by one who may say that, in the order law.

Nobody grants to themselves, what the client said in person only the client takes back, and a recipient records no
relation to itself. Each function returns what is wrong in words, None where nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.consent.capture import OWN_METHODS
from gateway.consent.events import BY_CLIENT
from gateway.consent.model import CaptureMethod
from gateway.directory.instants import from_micros
from gateway.disclosure.opened import Opened, Section
from gateway.disclosure.order_records import GrantRecord, ProhibitionRecord, Records, RelationRecord
from gateway.disclosure.section_fields import optional_text, text, within


def is_repetition(entry: Opened, body: Section, records: Records) -> bool:
    """Return whether this is said once more by a log that began with a restore: its word is that of the entry lost."""
    return isinstance(body.get("replayed"), Mapping) and (entry.origin in records.restored or not records.complete)


def lift_fault(row: ProhibitionRecord, entry: Opened, body: Section, records: Records) -> str | None:
    """Return what is wrong with a lifting: what the client forbade in person is lifted by the client alone, and no
    service lifts what keeps its own organisation out."""
    if is_repetition(entry, body, records):
        return None
    known = records.prohibitions.get(row.client, {}).get(row.id)
    bearer = optional_text(entry.s or {}, "representative")
    if bearer is not None and records.is_over(row.client, bearer):
        return "a prohibition is lifted under a mandate that had ended"
    in_person = row.in_person if known is None or known.in_person is None else known.in_person
    if in_person is not False:
        own = _by_client(entry, body) and not _is_represented(body)
        return None if own else "a prohibition that the client made in person is lifted by another"
    by = text(body, "by")
    if by == BY_CLIENT:
        return None if _by_client(entry, body) else "a prohibition is lifted by another than the entry says"
    kept_out = row.recipient is None or not _of_two_organisations(by, row.recipient, records)
    return "a prohibition is lifted by one whom it keeps out" if kept_out else None


def capture_fault(grant: GrantRecord, body: Section, records: Records) -> str | None:
    """Return what is wrong with a grant that is given as confirmed: what its recipient's own organisation captured
    is not."""
    capture = within(body, "capture")
    method, service = text(capture, "method"), optional_text(capture, "service")
    if method == CaptureMethod.SELF_SERVICE:
        return None if service is None else "what a service captured is given as captured on the client's own page"
    if not grant.confirmed or method in OWN_METHODS or service == grant.custodian:
        return None
    if service is not None and _of_two_organisations(service, grant.recipient, records):
        return None
    return "a grant that its recipient captured is given as confirmed"


def confirmation_fault(grant: GrantRecord, entry: Opened, body: Section) -> str | None:
    """Return what is wrong with a confirmation: the client confirms, or a worker of the custodian, and a representative
    only what was a representative's word."""
    by = text(body, "by")
    if by not in (BY_CLIENT, grant.custodian):
        return "a grant is confirmed by another than the client or its custodian"
    if by != BY_CLIENT:
        acted = by if entry.a is None else optional_text(entry.a, "service")
        return None if acted == by else "a grant is confirmed by another than the entry says"
    if not _by_client(entry, body):
        return "a grant is confirmed by another than the entry says"
    if _is_represented(body) and grant.by_client:
        return "what was the client's own word is confirmed by a representative"
    return None


def recorder_fault(row: RelationRecord, entry: Opened, body: Section, records: Records) -> str | None:
    """Return what is wrong with who recorded a relation: its custodian, or a register that the directory names."""
    if row.recorded_by in row.recipients:
        return "a relation is recorded by one who receives on it"
    if row.recorded_by == row.custodian:
        acted = text(body, "by") if entry.a is None else optional_text(entry.a, "service")
        return None if acted == row.custodian else "a relation is recorded by another than the entry says"
    if records.directory is None:
        records.unjudged = True
        return None
    if records.directory.may_record(row.recorded_by, row.kind, from_micros(entry.t)):
        return None
    return "a relation is recorded by one who is neither its custodian nor a register that may record it"


def _by_client(entry: Opened, body: Section) -> bool:
    """Return whether somebody acted on the client's own page: by no service and no partner system."""
    if text(body, "by") != BY_CLIENT:
        return False
    return entry.a is None or (entry.a.get("service"), entry.a.get("system")) == (None, None)


def _is_represented(body: Section) -> bool:
    return body.get("representative") is not None


def _of_two_organisations(one: str, other: str, records: Records) -> bool:
    if records.directory is None:
        # Without a directory it is only known that a service is of its own organisation.
        records.unjudged = records.unjudged or one != other
        return one != other
    ours, theirs = records.directory.organisation_of(one), records.directory.organisation_of(other)
    return ours is not None and theirs is not None and ours.code != theirs.code
