"""By which personal identity codes a client is known now: one statement and one key, on the way of a request too."""

from __future__ import annotations

from typing import Any

from adapters.sql.client_register import SEALED_AS, SqlClientRegister, person_in
from adapters.sql.direct import statement
from adapters.sql.document_store import FetchingKeys
from adapters.sql.engine import Database
from adapters.sql.sealing import key_of, open_under
from gateway.directory.identity_code import NATIONAL_AUTHORITY, Identifier

_KNOWN = statement(
    "SELECT client.sealed, client_identifier.lookup FROM client LEFT JOIN client_identifier "
    "ON client_identifier.client = client.id AND NOT client_identifier.retired WHERE client.id = :client"
)


class SqlIdentities:
    """Opens clients' identity codes, sealed until then."""

    def __init__(self, database: Database, register: SqlClientRegister, keys: FetchingKeys) -> None:
        self._database, self._register, self._keys = database, register, keys

    async def in_use(self, client: str) -> tuple[Identifier, ...]:
        """Return the personal identity codes that lead to the client now: what a custodian outside is asked by.

        The caller holds a permit to fetch, or acts for the client. A retired code is not told: it answers as unknown
        everywhere. Raises StoreUnavailable.
        """
        rows: Any = await self._database.direct.fetch(_KNOWN, {"client": client})
        sealed = bytes(rows[0][0] or b"") if rows else b""
        key = await self._keys.fetch(key_of(sealed)) if sealed else None
        if key is None:
            return ()
        lead_here = {bytes(lookup) for _, lookup in rows if lookup is not None}
        return tuple(
            one for one in person_in(open_under(key, client, SEALED_AS, sealed)).identifiers
            if one.authority == NATIONAL_AUTHORITY and self._register.lookup(one) in lead_here
        )  # fmt: skip
