"""Who asks, about whom, what, and for which purpose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What the requester wants to do."""

    READ = "read"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Requester:
    """A partner system and the person acting in it, as its verified access token says.

    The claims are bound into the token; the policy judges whether they fit the directory. `person` and `person_name`
    go to the log's actor section alone.
    """

    system: str
    organisation: str
    service: str
    role: str
    purpose: str
    assurance: str
    person: str | None
    person_name: str | None
    token_id: str
    scope: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DisclosureRequest:
    """One question: *requester* wants to read one document by id, or to search a client's documents of a category.

    Exactly one of `document` and `identifier` is set. `identifier` is the keyed look-up hash of the client's
    identifier, never the identifier itself. `resource` is the FHIR type of the route.
    """

    action: Action
    requester: Requester
    resource: str
    role: str
    purpose: str
    request_id: str
    document: str | None = None
    identifier: bytes | None = None
    category: str | None = None
    basis: str | None = None
    traceparent: str | None = None
    after: tuple[int, str] | None = None
    """On a search, the place of the last document of the page before: its date, negated, and id. It may be gone."""
    count: int = 50
