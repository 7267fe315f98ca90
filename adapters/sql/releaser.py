"""What release asks of the store under the head lock: what stands now, for all of a batch at once, and the spending."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import orjson
from sqlalchemy import Connection, update

from adapters.sql.direct import Statement, fetch_within
from adapters.sql.tables.consents import GrantTableRow
from gateway.disclosure.release import Current
from gateway.disclosure.snapshot import DocumentFacts, Snapshot

_grants = GrantTableRow.__table__  # type: ignore[attr-defined]
_CURRENT = Statement(
    lambda say: (
        f"SELECT (SELECT {say.pairs('client', 'epoch')} FROM client_state WHERE client {say.among('clients')}), "  # noqa: S608
        f"(SELECT {say.pairs('partner', 'epoch')} FROM partner_state WHERE partner {say.among('partners')}), "
        "(SELECT epoch FROM world_state WHERE id = 1), "
        f"(SELECT {say.pairs('id', 'version')} FROM document WHERE id {say.among('documents')})"
    )
)


class SqlReleaser:
    """The comparison and the spending, inside the write transaction."""

    def current(self, connection: object, judged: Sequence[tuple[Snapshot, tuple[DocumentFacts, ...]]]) -> Current:
        """Return the epochs and versions of now of all that was judged; by one statement, after the lock."""
        asked = {
            "clients": _names({snapshot.client.id for snapshot, _ in judged}),
            "partners": _names({snapshot.partner.system for snapshot, _ in judged}),
            "documents": _names({row.id for _, documents in judged for row in documents}),
        }
        ((clients, partners, world, documents),) = fetch_within(_of(connection), _CURRENT, asked)
        return Current(
            orjson.loads(str(clients)), orjson.loads(str(partners)), cast(int, world), orjson.loads(str(documents))
        )

    def spend(self, connection: object, grant: str, event_id: str) -> bool:
        """Mark the grant as spent by this event; False when it was spent already."""
        changed = _of(connection).execute(
            update(_grants).where(_grants.c.id == grant, _grants.c.spent_by.is_(None)).values(spent_by=event_id)
        )
        return bool(changed.rowcount == 1)


def _names(names: set[str]) -> str:
    return orjson.dumps(sorted(names)).decode()


def _of(connection: object) -> Connection:
    return cast(Connection, connection)
