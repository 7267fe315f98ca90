"""Relations: recorded facts about a client that another basis than consent rests on.

A relation runs from its custodian to each recipient, not back. The custodian records it, or a register that the
directory names for its kind; never the recipient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.consent.lifecycle import new_id
from gateway.consent.model import ClientId, Relation, RelationKind
from gateway.directory.model import Directory
from gateway.errors import ConsentRefused


@dataclass(frozen=True, slots=True)
class RelationRow:
    """A relation as it is told to us, before it has an id."""

    kind: RelationKind
    custodian: str
    recipients: tuple[str, ...]
    valid_from: datetime | None = None
    until: datetime | None = None
    section: str | None = None
    evidence: str | None = None


def record(
    client: ClientId, row: RelationRow, service: str | None, register: str | None, directory: Directory, at: datetime
) -> Relation:
    """Return the relation, from *at* unless the row says otherwise.

    Raises ConsentRefused, the first of: request-invalid, period-empty, relation-not-allowed.
    """
    recipients = tuple(dict.fromkeys(row.recipients))
    known = all(directory.service(code) is not None for code in (row.custodian, *recipients))
    if not known or not recipients or row.custodian in recipients:
        raise ConsentRefused("request-invalid", "a relation has a known custodian and other known recipients")
    valid_from = row.valid_from or at
    if row.until is not None and row.until <= max(valid_from, at):
        raise ConsentRefused("period-empty", "the relation ends before it begins, or has ended")
    recorded_by = _recorder(row.kind, row.custodian, service, register, directory, at)
    return Relation(
        new_id(), client, row.kind, row.custodian, recipients, valid_from, row.until, row.section, row.evidence,
        recorded_by,
    )  # fmt: skip


def end(relation: Relation, service: str | None, register: str | None, directory: Directory, at: datetime) -> Relation:
    """Return the relation ended at *at*, by who might have recorded it; one ended before is returned as it was."""
    _recorder(relation.kind, relation.custodian, service, register, directory, at)
    return relation if relation.ended_at is not None else replace(relation, ended_at=at)


def contest(relation: Relation, at: datetime) -> Relation:
    """Return the relation contested by its client. It stands until it is ended: the custodian looks into it."""
    return relation if relation.contested_at is not None else replace(relation, contested_at=at)


def _recorder(
    kind: RelationKind, custodian: str, service: str | None, register: str | None, directory: Directory, at: datetime
) -> str:
    if register is not None:
        if directory.may_record(register, str(kind), at):
            return register
    elif service is not None and service == custodian:
        return service
    raise ConsentRefused("relation-not-allowed", "the custodian records a relation, or a register named for it")
