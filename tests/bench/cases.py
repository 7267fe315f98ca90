"""The cases under load, each a declared value: what is served, what is asked, and at how many connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from adapters.clocks import SystemClock
from adapters.tokens.access_token import AccessTokens
from adapters.tokens.keys import TokenKeys
from gateway.demo.partner import worker
from gateway.demo.population import system_of
from gateway.demo.world import load_world
from gateway.directory.identity_code import PersonalIdentityCode
from tests.bench.load import Sent
from tests.bench.machine import BOTH
from tests.bench.outside import met_through, read_there
from tests.bench.population import CATEGORY, PURPOSE, RECIPIENT, RESOURCE, ROLE, person_of
from tests.bench.servers import Server
from tests.bench.sizes import Sizes
from tests.bench.stores import Store

Ask = Callable[[Store, Sizes], Sequence[Sent]]
"""What is asked of a store's gateway; made just before the load, since a token lives for five minutes."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. *refused* tells that every answer is a refusal."""

    name: str
    tells: str
    server: Server
    ask: Ask
    refused: bool = False
    connections: tuple[int, ...] = (1, 32)


def one_client(store: Store, _: Sizes) -> Sequence[Sent]:
    """Ask for one client's document with one token."""
    (token,) = tokens(store, 1)
    return [_read(store.populated.documents[1], token)]


def many_clients(store: Store, _: Sizes) -> Sequence[Sent]:
    """Ask for every client's document in turn, with one token."""
    (token,) = tokens(store, 1)
    return [_read(document, token) for document in store.populated.documents]


def many_tokens(store: Store, sizes: Sizes) -> Sequence[Sent]:
    """Ask for every client's document in turn, with so many tokens that the gateway remembers none until its turn."""
    documents = store.populated.documents
    return [
        _read(documents[number % len(documents)], token) for number, token in enumerate(tokens(store, sizes.tokens))
    ]


def closed_document(store: Store, _: Sizes) -> Sequence[Sent]:
    """Ask for the document that no consent opens."""
    (token,) = tokens(store, 1)
    return [_read(store.populated.closed, token)]


def search(store: Store, _: Sizes) -> Sequence[Sent]:
    """Search for the one client who has several documents."""
    (token,) = tokens(store, 1)
    return [_search(0, token)]


def outside_direct(store: Store, _: Sizes) -> Sequence[Sent]:
    """Ask the custodian's server itself for the plan that lies there."""
    return [read_there()]


def outside_read(store: Store, _: Sizes) -> Sequence[Sent]:
    """Ask the gateway for that plan, by the id that a search told."""
    (token,) = tokens(store, 1)
    documents = store.populated.documents
    return [_read(met_through(store.settings.base_url, _search(1, token), documents[1]), token)]


def _search(number: int, token: str) -> Sent:
    person = person_of(number)
    if not isinstance(person.value, PersonalIdentityCode):
        raise TypeError("the bench's clients have identity codes")
    asked = quote(f"{person.authority}|{person.value.reveal()}", safe="")
    form = f"patient.identifier={asked}&category={CATEGORY}"
    return Sent(f"/fhir/{RESOURCE}/_search", token, "POST", "application/x-www-form-urlencoded", form)


def tokens(store: Store, count: int) -> list[str]:
    """Return fresh access tokens by the installation's own key, each with an id of its own."""
    keys = store.keyring().tokens
    issuer = store.settings.base_url
    issuing = AccessTokens(
        issuer=issuer, audience=f"{issuer}/fhir", keys=TokenKeys(keys.current, keys.private), clock=SystemClock()
    )
    acting = worker(load_world().directory, RECIPIENT, ROLE, PURPOSE)
    return [issuing.issue(system_of(RECIPIENT), ("system/*.rs",), acting).token for _ in range(count)]


def _read(document: str, token: str) -> Sent:
    return Sent(f"/fhir/{RESOURCE}/{document}", token)


SQLITE, POSTGRESQL = Server("sqlite"), Server("postgresql")
# Each token of theirs is a stranger's; with a stranger's usual places, many would be told to come again.
SQLITE_TOKENS, POSTGRESQL_TOKENS = Server("sqlite", stranger_places=32), Server("postgresql", stranger_places=32)
SQLITE_OPA, POSTGRESQL_OPA = Server("sqlite", "opa"), Server("postgresql", "opa")
OUTSIDE, SQLITE_OUTSIDE = Server(None, outside=True), Server("sqlite", outside=True)
ONE_ON_BOTH, TWO_ON_BOTH = Server("postgresql", cores=BOTH), Server("postgresql", processes=2, cores=BOTH)
SQLITE_GROWN, POSTGRESQL_GROWN = Server("sqlite", grown=True), Server("postgresql", grown=True)

BARE = Case("a", "(a) bare FastAPI route, the same bytes", Server(None), one_client)
CASES = (
    BARE,
    Case("b-sqlite", "(b) read, SQLite, embedded", SQLITE, one_client),
    Case("b-sqlite-many", "    of many clients in turn", SQLITE, many_clients),
    Case("c-sqlite", "(c) refusal, SQLite", SQLITE, closed_document, refused=True),
    Case("d-sqlite", "(d) _search, 3 documents, SQLite", SQLITE, search),
    Case("b-sqlite-tokens", "(b) of many, a token verified each time", SQLITE_TOKENS, many_tokens),
    Case("b-sqlite-opa", "(b) read, SQLite, OPA server", SQLITE_OPA, one_client),
    Case("e-direct", "(e) direct read from a custodian's server", OUTSIDE, outside_direct),
    Case("e-sqlite", "    the same through the gateway, SQLite", SQLITE_OUTSIDE, outside_read),
    Case("b-postgresql", "(b) read, PostgreSQL, embedded", POSTGRESQL, one_client),
    Case("b-postgresql-many", "    of many clients in turn", POSTGRESQL, many_clients),
    Case("c-postgresql", "(c) refusal, PostgreSQL", POSTGRESQL, closed_document, refused=True),
    Case("d-postgresql", "(d) _search, 3 documents, PostgreSQL", POSTGRESQL, search),
    Case("b-postgresql-tokens", "(b) of many, a token verified each time", POSTGRESQL_TOKENS, many_tokens),
    Case("b-postgresql-opa", "(b) read, PostgreSQL, OPA server", POSTGRESQL_OPA, one_client),
    Case("two-one", "one process on both cores", ONE_ON_BOTH, many_clients, connections=(32,)),
    Case("two", "two processes on both cores", TWO_ON_BOTH, many_clients, connections=(32,)),
)
GROWN = (
    Case("grown-sqlite", "(b) read, SQLite, grown", SQLITE_GROWN, many_clients),
    Case("grown-postgresql", "(b) read, PostgreSQL, grown", POSTGRESQL_GROWN, many_clients),
)
