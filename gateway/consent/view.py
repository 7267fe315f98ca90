"""What each eye may see of a consent: a party its own rows alone, the client everything."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.consent.model import (
    Capture,
    ClientId,
    Consent,
    ConsentId,
    ConsentState,
    Giver,
    Grant,
    GrantId,
    GrantRow,
    Prohibition,
    Relation,
    Shown,
)


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A consent as one party may see it. `version` counts the changes of the party's own rows, `etag` is over them
    alone.

    `grants` are those in which the party is custodian, recipient or capturer. `state` is given, withdrawn or ended.
    """

    id: ConsentId
    client: ClientId
    party: str
    version: int
    etag: str
    state: str
    given_at: datetime
    withdrawn_at: datetime | None
    giver: Giver
    capture: Capture | None
    """None unless the party captured it: how the client met another service is not the party's business."""
    shown: Shown
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A signed receipt: `kind` is the step it is of (`consent.given`, ...), `jws` the compact JWS."""

    id: str
    consent: ConsentId
    kind: str
    at: datetime
    jws: str


@dataclass(frozen=True, slots=True)
class RequestView:
    """A recipient's request that waits for the client."""

    id: str
    recipient: str
    custodian: str
    category: str
    purpose: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RefusalView:
    """A row the client refused."""

    id: str
    recipient: str
    category: str
    at: datetime
    by_client: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was written: `party` is a service code or `client`."""

    id: str
    kind: str
    party: str
    consent: ConsentId | None
    created: datetime
    delivered: datetime | None
    acknowledged: datetime | None
    fault: str | None = None
    """Why it could not be delivered: the last attempt's code, or `by-choice`, `no-channel`, `late`."""
    given_up: bool = False
    """It will not be tried again; the client reads it on their own page."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one party was told of a withdrawal, and whether it has read it."""

    party: str
    created: datetime
    delivered: datetime | None
    acknowledged: datetime | None


@dataclass(frozen=True, slots=True)
class ClientPicture:
    """Everything that stands about one client, newest first."""

    client: ClientId
    consents: tuple[Consent, ...]
    requests: tuple[RequestView, ...]
    refusals: tuple[RefusalView, ...]
    prohibitions: tuple[Prohibition, ...]
    relations: tuple[Relation, ...]
    messages: tuple[Message, ...]


def named_grants(consent: Consent, party: str) -> tuple[Grant, ...]:
    """Return the grants that name *party*, as custodian or as recipient."""
    return tuple(grant for grant in consent.grants if party in (grant.row.custodian, grant.row.recipient))


def own_grants(consent: Consent, party: str) -> tuple[Grant, ...]:
    """Return the grants that concern *party*: those that name it, or all of them where it captured this version."""
    return consent.grants if party == consent.capture.service else named_grants(consent, party)


def known_to(versions: tuple[Consent, ...], party: str) -> tuple[int, Consent] | None:
    """Return a consent as *party* knows it, whose versions are given oldest first, and how many versions of its own
    rows there were; None where it never had a row.

    Instant, giver and words are those of the last version that changed the party's own rows, so that nothing tells of
    what others were granted. Where the client took all of them away it has ended without rows, and what becomes of
    others' afterwards is not told.
    """
    number, since = _last_own_change(versions, party)
    if since is None:
        return None
    current, ids = versions[-1], known_ids(versions, party)
    grants = tuple(replace(grant, id=ids[grant.id]) for grant in _sorted(own_grants(current, party)))
    state, withdrawn_at = (current.state, current.withdrawn_at) if grants else (ConsentState.ENDED, None)
    return number, replace(since, grants=grants, state=state, withdrawn_at=withdrawn_at)


def known_ids(versions: tuple[Consent, ...], party: str) -> Mapping[GrantId, GrantId]:
    """Return by which id *party* knows each of its own rows of the last version: an untouched row keeps its first, and
    its place, for a new one would tell that others' rows were changed."""
    _, since = _last_own_change(versions, party)
    if since is None:
        return {}
    return same_rows(own_grants(since, party), own_grants(versions[-1], party))


def view_for(versions: tuple[Consent, ...], party: str, key: bytes) -> ConsentView | None:
    """Return what *party* may see of a consent, whose versions are given oldest first; None where it never had a row.
    See `known_to`."""
    known = known_to(versions, party)
    if known is None:
        return None
    number, mine = known
    withdrawn = mine.state is ConsentState.WITHDRAWN
    over = all(grant.spent or grant.ended for grant in mine.grants)
    state = ConsentState.WITHDRAWN if withdrawn else ConsentState.ENDED if over else ConsentState.GIVEN
    number += 1 if withdrawn else 0
    stand = [(_key(grant), grant.confirmed, grant.spent, grant.ended) for grant in mine.grants]
    told = repr((party, mine.id, number, str(state), stand)).encode()
    return ConsentView(
        id=mine.id,
        client=mine.client,
        party=party,
        version=number,
        etag=hmac.digest(key, told, "sha256").hex()[:32],
        state=str(state),
        given_at=mine.given_at,
        withdrawn_at=mine.withdrawn_at,
        giver=mine.giver,
        capture=mine.capture if mine.capture.service == party else None,
        shown=mine.shown,
        grants=mine.grants,
    )


def parties_of(consent: Consent, grants: Collection[GrantId]) -> frozenset[str]:
    """Return the parties that have one of those grants among their own rows."""
    return frozenset(
        party for party in consent.parties if any(grant.id in grants for grant in own_grants(consent, party))
    )


def parties_touched(old: Consent, new: Consent) -> frozenset[str]:
    """Return the parties of a changed consent whose own rows the change touched."""
    return frozenset(
        party for party in new.parties if contents(own_grants(new, party)) != contents(own_grants(old, party))
    )


def contents(grants: tuple[Grant, ...]) -> tuple[str, ...]:
    """Return what grants say, without their ids and states, in an order that tells nothing of other grants."""
    return tuple(_key(grant) for grant in _sorted(grants))


def same_rows(old: tuple[Grant, ...], new: tuple[Grant, ...]) -> Mapping[GrantId, GrantId]:
    """Return the id that each of *new* had among *old*, of grants whose contents are the same."""
    return {now.id: before.id for now, before in zip(_sorted(new), _sorted(old), strict=True)}


def _last_own_change(versions: tuple[Consent, ...], party: str) -> tuple[int, Consent | None]:
    """Return how many versions of its own rows a party has had, and the last that changed them."""
    number = 0
    since: Consent | None = None
    rows: tuple[str, ...] = ()
    for version in versions:
        mine = contents(own_grants(version, party))
        if mine != rows:
            number, since, rows = number + 1, version, mine
    return number, since


def _sorted(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    return tuple(sorted(grants, key=_key))


def _key(grant: Grant) -> str:
    return repr((_content(grant.row), grant.single_use))


def _content(row: GrantRow) -> tuple[object, ...]:
    return (
        row.custodian, row.recipient, row.category, row.purpose, row.valid_from, row.until, sorted(row.sensitivities),
        row.document, row.dated_from, row.dated_until,
    )  # fmt: skip
