"""Partner systems: looked up at the token endpoint, and changed through the log alone, each change an entry."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from adapters.sql.engine import Database
from audit.entry import Draft, IndexRow
from audit.log import Rejected
from audit.writing import Writing
from gateway.disclosure.order_partners import Registered
from gateway.errors import RequestInvalid, StoreUnavailable

DEMO_KID = "saattaen-demo-"
"""How the id of a demo's partner key begins: anyone may have its private half."""
_ID = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?", re.ASCII)
_COLUMNS = "SELECT id, organisation, jwks, scope, suspended, added FROM partner"
_FIND = text(f"{_COLUMNS} WHERE id = :id")
_LIST = text(f"{_COLUMNS} ORDER BY id")
_SERVICES_OF = text("SELECT service FROM partner_service WHERE partner = :partner ORDER BY service")
_SERVICES = text("SELECT partner, service FROM partner_service ORDER BY partner, service")


@dataclass(frozen=True, slots=True)
class Partner:
    """A registered partner system. `added` is in microseconds; `jwks` and `scope` are as they were registered."""

    id: str
    organisation: str
    jwks: str
    scope: str
    suspended: bool
    added: int
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartnerItem:
    """A change for the log: `await log.submit(item)` or `log.commit([item])`.

    The result is the partner's id. It is rejected with `partner-exists` or `partner-unknown`.
    """

    event_id: str
    kind: str
    partner: str
    by: str
    body: dict[str, object]
    write: Callable[[Connection, int], bool]
    """Writes the rows; False when there is no such partner, or already one."""

    def apply(self, tx: Writing[Connection], at: int) -> tuple[str, Sequence[Draft]]:
        """Write the rows and return the entry."""
        if not self.write(tx.connection, at):
            raise Rejected("partner-exists" if self.kind == "partner.added" else "partner-unknown")
        index = IndexRow(kind=self.kind, outcome="na", requester=self.partner)
        body = {"partner": self.partner, **self.body}
        return self.partner, [Draft(self.event_id, index, body, actor={"operator": self.by})]


class PartnerRegister:
    """Reads partner systems, and makes the items that change them.

    *check_keys* takes a JWK Set, raises BodyInvalid for one that must not be registered and returns what to store.
    *check_scope* does the same for a list of scopes, raising ValueError.
    """

    def __init__(
        self,
        database: Database,
        *,
        check_keys: Callable[[str], str],
        check_scope: Callable[[str], Sequence[str]],
        new_event_id: Callable[[], str],
    ) -> None:
        self._database, self._check_keys, self._check_scope = database, check_keys, check_scope
        self._new_event_id = new_event_id

    def find(self, partner: str) -> Partner | None:
        """Return the partner system, suspended or not, without its services."""
        try:
            with self._database.read() as connection:
                row = connection.execute(_FIND, {"id": partner}).one_or_none()
        except DBAPIError as error:
            raise StoreUnavailable("the register of partners cannot be read") from error
        return (
            None
            if row is None
            else Partner(row.id, row.organisation, row.jwks, row.scope, bool(row.suspended), row.added)
        )

    def services_of(self, partner: str) -> tuple[str, ...]:
        """Return the services that the partner system acts for, empty for an unknown one."""
        with self._database.read() as connection:
            return tuple(connection.execute(_SERVICES_OF, {"partner": partner}).scalars())

    def list(self) -> tuple[Partner, ...]:
        """Return every partner system with its services, by id."""
        return _listed(self._database)

    def registered(self) -> tuple[Registered, ...]:
        """Return every partner system as it stands, with its keys' thumbprints, to be compared with the log."""
        return registered_partners(self._database)

    def as_registered(self, partner: Partner) -> Registered:
        """Return one that was found in the same way, with its services."""
        return _registered(replace(partner, services=self.services_of(partner.id)))

    def adding(
        self, partner: str, *, organisation: str, services: Sequence[str], scope: str, jwks: str, by: str
    ) -> PartnerItem:
        """Return the item that registers a partner system. The caller has checked its codes against the directory."""
        if not _ID.fullmatch(partner):
            raise RequestInvalid("a partner's id is one to 64 small letters, digits, dots and hyphens")
        if not services:
            raise RequestInvalid("a partner acts for at least one service")
        keys, scopes = self._check_keys(jwks), self._scopes(scope)
        names = tuple(sorted(set(services)))

        def write(connection: Connection, at: int) -> bool:
            if connection.execute(_FIND, {"id": partner}).one_or_none() is not None:
                return False
            connection.execute(
                text(
                    "INSERT INTO partner (id, organisation, jwks, scope, suspended, added) "
                    "VALUES (:id, :organisation, :jwks, :scope, :no, :at)"
                ),
                {"id": partner, "organisation": organisation, "jwks": keys, "scope": scopes, "no": False, "at": at},
            )
            _write_services(connection, partner, names)
            return True

        body: dict[str, object] = {
            "organisation": organisation, "services": list(names), "scope": scopes, "keys": _kids(keys),
            "thumbprints": _thumbprints(keys),
        }  # fmt: skip
        return PartnerItem(self._new_event_id(), "partner.added", partner, by, body, write)

    def changing(
        self, partner: str, *, by: str, jwks: str | None = None, scope: str | None = None,
        services: Sequence[str] | None = None,
    ) -> PartnerItem:  # fmt: skip
        """Return the item that replaces a partner's keys, scopes or services; what is None stays."""
        if services is not None and not services:
            raise RequestInvalid("a partner acts for at least one service")
        keys = None if jwks is None else self._check_keys(jwks)
        scopes = None if scope is None else self._scopes(scope)
        names = None if services is None else tuple(sorted(set(services)))
        body: dict[str, object] = {"change": "registration"}
        body |= {} if keys is None else {"keys": _kids(keys), "thumbprints": _thumbprints(keys)}
        body |= {} if scopes is None else {"scope": scopes}
        body |= {} if names is None else {"services": list(names)}

        def write(connection: Connection, at: int) -> bool:
            found = connection.execute(
                text("UPDATE partner SET jwks = COALESCE(:jwks, jwks), scope = COALESCE(:scope, scope) WHERE id = :id"),
                {"jwks": keys, "scope": scopes, "id": partner},
            ).rowcount
            if found and names is not None:
                connection.execute(text("DELETE FROM partner_service WHERE partner = :id"), {"id": partner})
                _write_services(connection, partner, names)
            return bool(found)

        return PartnerItem(self._new_event_id(), "partner.changed", partner, by, body, write)

    def adding_keys(self, partner: str, jwks: str, *, by: str) -> PartnerItem:
        """Return the item that registers further keys beside those of now, so that a partner can change its key.

        A door for whoever registers partners from code; no command opens it yet.
        """
        found = self.find(partner)
        if found is None:
            raise RequestInvalid("there is no such partner system")
        # The new set is checked first: what is merged must be a key set by itself.
        both = json.loads(found.jwks)["keys"] + json.loads(self._check_keys(jwks))["keys"]
        return self.changing(partner, by=by, jwks=json.dumps({"keys": both}))

    def suspending(self, partner: str, *, by: str) -> PartnerItem:
        """Return the item that suspends a partner: it still gets tokens, and each request with one is refused."""
        return self._standing(partner, by, "partner.suspended", suspended=True)

    def resuming(self, partner: str, *, by: str) -> PartnerItem:
        """Return the item that ends a suspension."""
        return self._standing(partner, by, "partner.changed", suspended=False)

    def revoking(self, partner: str, token_id: str, expires: int) -> PartnerItem:
        """Return the item by which a partner takes back an access token of its own; *expires* in microseconds."""

        def write(connection: Connection, at: int) -> bool:
            connection.execute(text("DELETE FROM revoked_token WHERE expires < :at"), {"at": at - 3_600_000_000})
            if (
                connection.execute(text("SELECT 1 FROM revoked_token WHERE jti = :jti"), {"jti": token_id}).first()
                is None
            ):
                connection.execute(
                    text("INSERT INTO revoked_token (jti, partner, expires) VALUES (:jti, :partner, :expires)"),
                    {"jti": token_id, "partner": partner, "expires": expires},
                )
            return True

        body: dict[str, object] = {"change": "token-revoked", "token": token_id}
        return PartnerItem(self._new_event_id(), "partner.changed", partner, partner, body, write)

    def _standing(self, partner: str, by: str, kind: str, *, suspended: bool) -> PartnerItem:
        def write(connection: Connection, at: int) -> bool:
            statement = text("UPDATE partner SET suspended = :suspended WHERE id = :id")
            return bool(connection.execute(statement, {"suspended": suspended, "id": partner}).rowcount)

        body: dict[str, object] = {"change": "suspended" if suspended else "resumed"}
        return PartnerItem(self._new_event_id(), kind, partner, by, body, write)

    def _scopes(self, scope: str) -> str:
        for one in scope.split(" "):
            try:
                self._check_scope(one)
            except ValueError as error:
                raise RequestInvalid(f"The scope {one!r} cannot be registered: {error}.") from None
        return " ".join(self._check_scope(scope))


def registered_partners(database: Database) -> tuple[Registered, ...]:
    """Return every partner system as it stands, with its keys' thumbprints, to be compared with the log."""
    return tuple(_registered(one) for one in _listed(database))


def marked_partners(database: Database) -> tuple[str, ...]:
    """Return the partner systems that a demo's key is registered for and that are not suspended."""
    with database.read() as connection:
        rows = connection.execute(_LIST).all()
    return tuple(
        row.id for row in rows if not row.suspended and any(kid.startswith(DEMO_KID) for kid in _kids(row.jwks))
    )


def _listed(database: Database) -> tuple[Partner, ...]:
    with database.read() as connection:
        rows, services = connection.execute(_LIST).all(), connection.execute(_SERVICES).all()
    return tuple(
        Partner(
            row.id, row.organisation, row.jwks, row.scope, bool(row.suspended), row.added,
            tuple(one.service for one in services if one.partner == row.id),
        )
        for row in rows
    )  # fmt: skip


def _write_services(connection: Connection, partner: str, services: Sequence[str]) -> None:
    for service in services:
        connection.execute(
            text("INSERT INTO partner_service (partner, service) VALUES (:partner, :service)"),
            {"partner": partner, "service": service},
        )


def _kids(jwks: str) -> list[str]:
    return [key["kid"] for key in json.loads(jwks)["keys"]]


def _thumbprints(jwks: str) -> list[str]:
    """Return what tells each key from every other (RFC 7638): its id is chosen by who registers it."""
    return [JWKRegistry.import_key(key).thumbprint() for key in json.loads(jwks)["keys"]]


def _registered(partner: Partner) -> Registered:
    try:
        keys, prints = tuple(_kids(partner.jwks)), tuple(_thumbprints(partner.jwks))
    except (JoseError, ValueError, KeyError, TypeError):
        # Nobody registered such keys: what the log says of them will differ.
        keys, prints = (), ()
    services = frozenset(partner.services)
    return Registered(partner.id, partner.organisation, services, partner.scope, keys, prints, partner.suspended)
