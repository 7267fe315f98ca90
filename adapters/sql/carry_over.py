"""What is open when a year's log ends: grants that may still be relied on, prohibitions and relations, by client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

_GRANTS = text(
    "SELECT client, consent, version, seq, id, custodian, recipient, category, purpose, valid_from, until, "
    "sensitivities, single_use, document, dated_from, dated_until, confirmed_at FROM consent_grant "
    "WHERE replaced = :no AND withdrawn = :no AND spent_by IS NULL AND ended_at IS NULL AND until > :at "
    "ORDER BY client, seq, id"
)
_PROHIBITIONS = text(
    "SELECT client, id, recipient, category, by_client FROM prohibition WHERE lifted_at IS NULL ORDER BY client, id"
)
_RELATIONS = text(
    "SELECT client, id, kind, custodian, recipients, valid_from, until, section, recorded_by FROM relation "
    "WHERE ended_at IS NULL AND (until IS NULL OR until > :at) ORDER BY client, id"
)


def open_records(connection: object, at: int) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield (client, carried) for each client with anything open at *at* (microseconds), in the order of their ids."""
    if not isinstance(connection, Connection):
        raise TypeError("open records are read through the write transaction's connection")
    carried: dict[str, dict[str, list[dict[str, object]]]] = defaultdict(lambda: defaultdict(list))
    for row in connection.execute(_GRANTS, {"no": False, "at": at}):
        carried[row.client]["grants"].append({
            "id": row.id, "consent": row.consent, "version": row.version, "seq": row.seq, "custodian": row.custodian,
            "recipient": row.recipient, "category": row.category, "purpose": row.purpose, "from": row.valid_from,
            "until": row.until, "sensitivities": row.sensitivities.split(), "single_use": bool(row.single_use),
            "document": row.document, "dated_from": row.dated_from, "dated_until": row.dated_until,
            "confirmed": row.confirmed_at is not None,
        })  # fmt: skip
    for row in connection.execute(_PROHIBITIONS):
        carried[row.client]["prohibitions"].append({
            "prohibition": row.id, "recipient": row.recipient, "category": row.category,
            "in_person": bool(row.by_client),
        })  # fmt: skip
    for row in connection.execute(_RELATIONS, {"at": at}):
        carried[row.client]["relations"].append({
            "relation": row.id, "kind": row.kind, "custodian": row.custodian, "recipients": row.recipients.split(),
            "from": row.valid_from, "until": row.until, "section": row.section, "recorded_by": row.recorded_by,
        })  # fmt: skip
    for client in sorted(carried):
        yield client, {kind: list(rows) for kind, rows in carried[client].items()}
