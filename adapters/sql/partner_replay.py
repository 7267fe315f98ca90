"""Doing again, after a restore, what took something away from partner systems since the copy was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from sqlalchemy import Connection, text

from audit.entry import Draft, IndexRow
from gateway.consent.replaying import KeptEvent, replayed

_SUSPEND = text("UPDATE partner SET suspended = :suspended WHERE id = :id")
_REVOKE = text(
    "INSERT INTO revoked_token (jti, partner, expires) SELECT :jti, :id, :expires "
    "WHERE NOT EXISTS (SELECT 1 FROM revoked_token WHERE jti = :jti)"
)
_LONGEST_TOKEN = 3_600_000_000


def replay_partner(connection: object, event: KeptEvent, at: int, new_event_id: Callable[[], str]) -> Draft | None:
    """Do one event of a partner system again and return its entry; None where the database does not know the system.

    Keys, scopes and services that were registered anew are lost: the system is suspended until somebody has looked.
    """
    link, partner, change = cast(Connection, connection), str(event.body["partner"]), event.body.get("change")
    known = link.execute(text("SELECT 1 FROM partner WHERE id = :id"), {"id": partner}).first() is not None
    if not known:
        return None
    body: dict[str, object] = {"partner": partner, "change": change}
    kind = event.kind
    if change == "token-revoked":
        if event.t + _LONGEST_TOKEN < at:
            return None
        values = {"jti": event.body["token"], "id": partner, "expires": at + _LONGEST_TOKEN}
        link.execute(_REVOKE, values)
        body["token"] = event.body["token"]
    elif change == "resumed":
        link.execute(_SUSPEND, {"suspended": False, "id": partner})
    else:
        link.execute(_SUSPEND, {"suspended": True, "id": partner})
        kind, body["change"] = "partner.suspended", "suspended"
    index = IndexRow(kind=kind, outcome="na", requester=partner)
    return replayed(Draft(new_event_id(), index, body, actor={"operator": "gateway"}), event)
