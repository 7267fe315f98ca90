"""Clients in the main database: found by keyed hashes, told of only under their own key.

See `gateway.consent.client_register.ClientRegister`. Without the look-up key a copy of the database leads from no
identity code to a client; without the client's data key it tells neither name nor code.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

import orjson
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlmodel import SQLModel

from adapters.sql.sealing import Sealing
from adapters.sql.tables.clients import DECOY_CLIENT, ClientIdentifierRow, ClientRow, ClientStateRow
from gateway.consent.client_register import ClientStanding
from gateway.consent.lifecycle import new_id
from gateway.consent.model import ClientId
from gateway.consent.person import Person
from gateway.directory.identity_code import NATIONAL_AUTHORITY, Identifier, PersonalIdentityCode
from gateway.directory.instants import HELSINKI, to_micros
from gateway.errors import StoreUnavailable

_ROWS = SQLModel.metadata.tables
_CLIENTS = _ROWS[ClientRow.__tablename__]
_IDENTIFIERS = _ROWS[ClientIdentifierRow.__tablename__]
_STATES = _ROWS[ClientStateRow.__tablename__]
SEALED_AS = "client"
"""What a client's row is sealed as."""
_CHANGES = "changes"


class SqlClientRegister:
    """The register of clients, on SQLite and PostgreSQL alike."""

    def __init__(self, lookup_keys: Sequence[bytes], sealing: Sealing) -> None:
        self.renew(lookup_keys)
        self._sealing = sealing

    def renew(self, lookup_keys: Sequence[bytes]) -> None:
        """Find by the first of these keys from now on, and store under all of them."""
        if not lookup_keys or any(len(key) < 32 for key in lookup_keys):
            raise ValueError("a look-up key has at least 32 bytes")
        self._lookup_keys = tuple(lookup_keys)

    def lookup(self, identifier: Identifier) -> bytes:
        """Return the keyed hash of (authority, issuer, value) that a client is found by."""
        return _lookup(self._lookup_keys[0], identifier)

    def lookups(self, identifier: Identifier) -> tuple[bytes, ...]:
        """Return its keyed hashes under every look-up key in use, that of `lookup` first."""
        return tuple(_lookup(key, identifier) for key in self._lookup_keys)

    def decoy(self) -> ClientId:
        """Return the client that no identifier leads to."""
        return ClientId(DECOY_CLIENT)

    def find(self, connection: object, identifier: Identifier) -> ClientId | None:
        """Return whom an identifier in use leads to; a retired one answers as an unknown one."""
        row = _IDENTIFIERS.c
        query = select(row.client).where(row.lookup == self.lookup(identifier), row.retired.is_(False))
        found = _of(connection).execute(query).scalar_one_or_none()
        return None if found is None else ClientId(found)

    def find_held(self, connection: object, identifier: Identifier) -> ClientId | None:
        """Return whom it leads to, once the client's sealed record was seen to hold it; raises StoreUnavailable.

        The row that leads there can be changed by whoever has the database, the sealed record cannot.
        """
        found = self.find(connection, identifier)
        if found is None:
            return None
        person = self.person(connection, found)
        if person is None or identifier.canonical() not in {one.canonical() for one in person.identifiers}:
            raise StoreUnavailable("an identifier leads to a client whose own record does not hold it")
        return found

    def misled(self, connection: object, told: Mapping[str, int]) -> Iterator[tuple[ClientId, str]]:
        """Yield clients whose identifiers' rows are not the hashes of what their sealed record holds, and those whose
        record is an earlier one than *told*: how often it was changed, by client, as the log says. And why.

        Each record is opened, so it is work for a verification.
        """
        row = _IDENTIFIERS.c
        query = select(row.client, row.lookup, row.retired).where(row.client == bindparam("client"))
        for client in self.clients(connection):
            rows = _of(connection).execute(query, {"client": client}).all()
            if client == DECOY_CLIENT:
                if rows:
                    yield ClientId(client), "an identifier leads to the client that none leads to"
                continue
            try:
                opened = self._opened(connection, client)
            except StoreUnavailable:
                yield ClientId(client), "the client's sealed record does not open"
                continue
            if opened is None:
                if any(not one.retired for one in rows):
                    yield ClientId(client), "an identifier leads to a client whose sealed record is gone"
                continue
            if _changes_in(opened) < told.get(client, 0):
                yield ClientId(client), "the client's sealed record is an earlier one, put back: its addresses are old"
            person = person_in(opened)
            hashes = {_lookup(key, one) for key in self._lookup_keys for one in person.identifiers}
            there = {bytes(one.lookup) for one in rows}
            if any(bytes(one.lookup) not in hashes for one in rows if not one.retired):
                yield ClientId(client), "an identifier leads to a client whose sealed record does not hold it"
            if any(self.lookup(one) not in there for one in person.identifiers):
                yield ClientId(client), "an identifier that the client's sealed record holds does not lead there"

    def standing(self, connection: object, client: ClientId) -> ClientStanding | None:
        """Return what is known of a client beside who it is."""
        row = _of(connection).execute(select(_STATES).where(_STATES.c.client == client)).one_or_none()
        person = self.person(connection, client)
        if row is None or client == DECOY_CLIENT:
            return None
        born = person.birth_date() if person is not None else None
        return ClientStanding(client, born, bool(row.suspended), bool(row.non_disclosure))

    def person(self, connection: object, client: ClientId) -> Person | None:
        """Return who the client is."""
        opened = self._opened(connection, client)
        return None if opened is None else person_in(opened)

    def changes(self, connection: object, client: ClientId) -> int:
        """Return how often the client's sealed record was changed; 0 where their key was destroyed."""
        opened = self._opened(connection, client)
        return 0 if opened is None else _changes_in(opened)

    def _opened(self, connection: object, client: str) -> bytes | None:
        sealed = _of(connection).execute(select(_CLIENTS.c.sealed).where(_CLIENTS.c.id == client)).scalar_one_or_none()
        return self._sealing.open(client, SEALED_AS, sealed) if sealed else None

    def set_channel(self, connection: object, client: ClientId, kind: str, address: str) -> None:
        """Keep an address of the client's own."""
        self._keep(connection, client, lambda known: known["channels"].update({kind: address}))

    def set_language(self, connection: object, client: ClientId, language: str, register: str) -> None:
        """Keep in which language and register the client is spoken to."""
        self._keep(connection, client, lambda known: known.update({"language": language, "register": register}))

    def _keep(self, connection: object, client: ClientId, change: Callable[[dict[str, Any]], None]) -> None:
        """Change what is sealed of a client, and count that in it: an earlier record that is put back tells itself."""
        link, row = _of(connection), _CLIENTS.c
        opened = self._opened(connection, client)
        if opened is None:
            return  # Their key was destroyed: there is nobody left to reach.
        known = orjson.loads(opened)
        change(known)
        known[_CHANGES] = _changes_in(opened) + 1
        resealed = self._sealing.seal(client, SEALED_AS, orjson.dumps(known))
        link.execute(update(_CLIENTS).where(row.id == client).values(sealed=resealed))

    def add(self, connection: object, person: Person, at: datetime) -> ClientId:
        """Store a new client."""
        link, client = _of(connection), ClientId(new_id())
        known = {
            "identifiers": [[one.authority, _value(one), one.issuer] for one in person.identifiers],
            "name": person.name,
            "language": person.language, "register": person.register, "channels": dict(person.channels),
            "born": person.born.isoformat() if person.born else None,
        }  # fmt: skip
        sealed = self._sealing.seal(client, SEALED_AS, orjson.dumps(known))
        self._sealing.make_log_keys([client], at.astimezone(HELSINKI).year)
        link.execute(insert(_CLIENTS).values(id=client, created=to_micros(at), sealed=sealed, born=None))
        link.execute(insert(_STATES).values(client=client, epoch=0, suspended=False, non_disclosure=False))
        for one in person.identifiers:
            for key in self._lookup_keys:
                link.execute(insert(_IDENTIFIERS).values(lookup=_lookup(key, one), client=client, retired=False))
        return client

    def make_log_keys(self, connection: object, at: datetime) -> None:
        """Make every client's log key of the year and, from December on, of the next; see `Sealing.make_log_keys`."""
        local = at.astimezone(HELSINKI)
        years = [local.year, local.year + 1] if local.month == 12 else [local.year]
        for clients in _of(connection).execute(select(_CLIENTS.c.id)).scalars().partitions(500):
            for year in years:
                self._sealing.make_log_keys(clients, year)

    def retire(self, connection: object, identifier: Identifier) -> None:
        """Make an identifier answer as unknown: a code was changed for the client's safety."""
        hashes = [_lookup(key, identifier) for key in self._lookup_keys]
        retired = update(_IDENTIFIERS).where(_IDENTIFIERS.c.lookup.in_(hashes)).values(retired=True)
        _of(connection).execute(retired)

    def rehash(self, connection: object, clients: Sequence[str], key: bytes) -> int:
        """Store the identifiers in use of these clients under *key* too; return how many were added.

        A client whose data key was destroyed has no identifiers any more, and is found by none.
        """
        link, added = _of(connection), 0
        for client in clients:
            person = self.person(connection, ClientId(client))
            for one in () if person is None else person.identifiers:
                found = select(_IDENTIFIERS.c.retired).where(_IDENTIFIERS.c.lookup.in_([self.lookup(one)]))
                is_retired = link.execute(found).scalar_one_or_none()
                there = select(_IDENTIFIERS.c.client).where(_IDENTIFIERS.c.lookup == _lookup(key, one))
                if is_retired is not None and not is_retired and link.execute(there).first() is None:
                    link.execute(insert(_IDENTIFIERS).values(lookup=_lookup(key, one), client=client, retired=False))
                    added += 1
        return added

    def unhash(self, connection: object, clients: Sequence[str], key: bytes) -> None:
        """Let what these clients' identifiers are under *key* answer as unknown: the key goes."""
        people = (self.person(connection, ClientId(client)) for client in clients)
        hashes = [_lookup(key, one) for person in people if person is not None for one in person.identifiers]
        for start in range(0, len(hashes), 500):
            gone = update(_IDENTIFIERS).where(_IDENTIFIERS.c.lookup.in_(hashes[start : start + 500]))
            _of(connection).execute(gone.values(retired=True))

    def clients(self, connection: object) -> list[str]:
        """Return the ids of all clients."""
        return list(_of(connection).execute(select(_CLIENTS.c.id).order_by(_CLIENTS.c.id)).scalars())

    def mark(self, connection: object, client: ClientId, non_disclosure: bool) -> None:
        """Set the non-disclosure marking."""
        _of(connection).execute(update(_STATES).where(_STATES.c.client == client).values(non_disclosure=non_disclosure))

    def suspend(self, connection: object, client: ClientId, suspended: bool) -> None:
        """Set whether the client is suspended."""
        _of(connection).execute(update(_STATES).where(_STATES.c.client == client).values(suspended=suspended))


def person_in(opened: bytes) -> Person:
    """Return the person that a client's unsealed row tells of."""
    known = orjson.loads(opened)
    return Person(
        identifiers=tuple(_identifier(*one) for one in known["identifiers"]), name=known["name"],
        language=known["language"], register=known["register"], channels=known["channels"],
        born=date.fromisoformat(known["born"]) if known["born"] else None,
    )  # fmt: skip


def _changes_in(opened: bytes) -> int:
    return int(orjson.loads(opened).get(_CHANGES, 0))


def _lookup(key: bytes, identifier: Identifier) -> bytes:
    return hmac.digest(key, b"client-lookup/v1\n" + identifier.canonical(), "sha256")


def _of(connection: object) -> Connection:
    return cast(Connection, connection)


def _value(identifier: Identifier) -> str:
    value = identifier.value
    return value.reveal() if isinstance(value, PersonalIdentityCode) else value


def _identifier(authority: str, value: str, issuer: str | None) -> Identifier:
    if authority == NATIONAL_AUTHORITY:
        return Identifier.personal(PersonalIdentityCode.parse(value), issuer)
    return Identifier(authority, value, issuer)
