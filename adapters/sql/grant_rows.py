"""Grants to and from their rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Row

from adapters.sql.instants import instant_or_none, micros_or_null
from gateway.consent.model import Consent, Grant, GrantId, GrantRow
from gateway.directory.instants import from_micros, to_micros


def values_of(consent: Consent, grant: Grant, at: datetime) -> dict[str, object]:
    """Return the row of a grant of a new version, given at *at*."""
    row = grant.row
    return {
        "id": grant.id, "consent": consent.id, "version": consent.version, "place": consent.grants.index(grant),
        "client": consent.client, "custodian": row.custodian, "recipient": row.recipient, "category": row.category,
        "purpose": row.purpose, "valid_from": to_micros(row.valid_from), "until": to_micros(row.until),
        "sensitivities": " ".join(sorted(row.sensitivities)), "single_use": grant.single_use, "once": row.once,
        "document": row.document, "dated_from": micros_or_null(row.dated_from),
        "dated_until": micros_or_null(row.dated_until), "confirmed_at": to_micros(at) if grant.confirmed else None,
        "confirmed_by": None, "withdrawn": False, "withdrawn_at": None, "spent_by": None, "ended_at": None,
        "by_client": consent.giver.is_client, "seq": consent.seq, "replaced": False, "told_at": None,
        "expired_logged": False,
    }  # fmt: skip


def grant_of(row: Row[tuple[object, ...]]) -> Grant:
    """Return the grant that a row holds, with its state."""
    return Grant(
        id=GrantId(row.id),
        row=GrantRow(
            row.custodian, row.recipient, row.category, row.purpose, from_micros(row.valid_from),
            from_micros(row.until),
            frozenset(row.sensitivities.split()), bool(row.once), row.document, instant_or_none(row.dated_from),
            instant_or_none(row.dated_until),
        ),
        single_use=bool(row.single_use),
        confirmed=row.confirmed_at is not None,
        spent=row.spent_by is not None,
        ended=row.ended_at is not None,
    )  # fmt: skip
