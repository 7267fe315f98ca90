"""What may be asked of the log: a query, who asks it, what an officer may see, and what the index makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PAGE = 50
MAX_PAGE = 1000
PLACE: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")
"""Where a page ended: when its log was started, and the entry's number in it. Both fit into a column of any store."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an officer may see: entries in which one of these services is custodian or recipient, or one of these
    systems asked or captured."""

    services: frozenset[str]
    systems: frozenset[str]


@dataclass(frozen=True, slots=True)
class Officer:
    """A data protection officer, signed in. `scope` is None for the operator's, who sees every entry."""

    id: str
    name: str | None = None
    organisation: str | None = None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the log; None is any. Instants in microseconds, `until` exclusive. `client` is our id.

    `after` is where the last page ended, as it told.
    """

    client: str | None = None
    requester: str | None = None
    recipient: str | None = None
    custodian: str | None = None
    person: str | None = None
    category: str | None = None
    outcome: str | None = None
    basis: str | None = None
    kinds: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    after: str | None = None
    count: int = PAGE


@dataclass(frozen=True, slots=True)
class Criteria:
    """A query as the index understands it. `before` is (number of the log, index).

    Tokens are by the year of the log that they stand in; None is any person, and a year without tokens nobody.
    """

    query: Query
    subjects: Mapping[int, frozenset[str]] | None
    actors: Mapping[int, frozenset[str]] | None
    scope: Scope | None
    before: tuple[int, int] | None
    limit: int


class BadQuery(ValueError):
    """The query cannot be asked; the message says why and names nobody."""
