"""Doing again, after an older copy of the database was restored, what protected a client since that copy was made.

Only what takes something away from who may see is done again. A consent that was given or confirmed since is lost with
the database, and is asked for anew; doubt raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.entry import Draft
from gateway.consent import ending, lifecycle
from gateway.consent.acting import Act
from gateway.consent.model import (
    ClientId,
    Consent,
    ConsentId,
    ConsentState,
    Giver,
    GiverKind,
    GrantId,
    Prohibition,
    RefusedRow,
)
from gateway.consent.notice_registry import Pause
from gateway.consent.notices import tell_ended
from gateway.directory.instants import from_micros

Body = Mapping[str, Any]
"""A section of an entry as our own log held it."""

_ALWAYS = frozenset(
    "consent.changed consent.withdrawn consent.refused consent.spent mandate.ended prohibition.given "
    "prohibition.lifted relation.ended client.suspended client.marked partner.suspended partner.changed".split()
)
MAY_PROTECT = _ALWAYS | {"consent.given"}
"""Kinds of events that may have to be kept; whether one must is told by `protects`."""


def protects(kind: str, body: Mapping[str, object]) -> bool:
    """Return whether an event takes something away from who may see, or belongs to one that does.

    A giving does where the client said no to another row in it: that beats what a representative consents to.
    """
    return kind in _ALWAYS or (kind == "consent.given" and bool(body.get("refused")))


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event as it was kept outside the database: where it stood, when, and what it said of whom."""

    origin: str
    index: int
    event_id: str
    t: int
    kind: str
    subject: Body
    body: Body


def replay(act: Act, event: KeptEvent) -> bool:
    """Do an event again if the restored database lacks it and knows whom it is about; return whether anything was done.

    The entry bears the id of the lost one and says where that stood. Events of partner systems are not done here.
    """
    do = _REPLAYS.get(event.kind)
    client = event.subject.get("client")
    if do is None or client is None or act.office.stores.clients.standing(act.connection, ClientId(client)) is None:
        return False
    before = len(act.drafts)
    act.giver = _giver_of(event)
    do(act, event, ClientId(client))
    act.drafts[before:] = [replayed(draft, event) for draft in act.drafts[before:]]
    return len(act.drafts) > before


def replayed(draft: Draft, event: KeptEvent) -> Draft:
    """Return the draft as a repetition: it says of which entry, and bears its id where it is of the same kind."""
    body = {**draft.body, "replayed": {"origin": event.origin, "index": event.index, "kind": event.kind, "t": event.t}}
    event_id = event.event_id if draft.index.kind == event.kind else draft.event_id
    return replace(draft, event_id=event_id, body=body)


def _giver_of(event: KeptEvent) -> Giver:
    """Return by whose word an event was: its repetition and a receipt of that say the same."""
    kind = event.body.get("representative")
    return Giver() if kind is None else Giver(GiverKind(kind), event.subject.get("representative"))


def _withdrawn(act: Act, event: KeptEvent, client: ClientId) -> None:
    consent = _standing(act, event.body["consent"])
    if consent is None:
        return
    told = event.body.get("told")
    told = told if told is not None and act.office.directory.service(told) is not None else None
    ending.withdraw(act, consent.id, client, told, Giver(), None)


def _changed(act: Act, event: KeptEvent, client: ClientId) -> None:
    # The new rows are in the lost database. The old ones may allow what the client took back, so they end.
    consent = _standing(act, event.body["consent"])
    if consent is not None and consent.version < event.body["version"]:
        ending.withdraw(act, consent.id, client, None, Giver(), None)
    _refused_in(act, event, client)


def _refused_in(act: Act, event: KeptEvent, client: ClientId) -> None:
    in_person = event.body["giver"]["kind"] == "client"
    _refuse(act, client, event.body["refused"], in_person, event.t)


def _refused(act: Act, event: KeptEvent, client: ClientId) -> None:
    _refuse(act, client, event.body["rows"], event.body["in_person"], event.t)


def _refuse(act: Act, client: ClientId, rows: list[Body], in_person: bool, t: int) -> None:
    refused = tuple(
        RefusedRow(
            row["recipient"], row["category"], None if row["not_before"] is None else from_micros(row["not_before"])
        )
        for row in rows
    )
    if refused:
        act.office.stores.standing.add_refusals(act.connection, client, refused, in_person, from_micros(t))
        act.drafts.append(act.teller.refused(client, refused, in_person))


def _spent(act: Act, event: KeptEvent, client: ClientId) -> None:
    body = event.body
    if act.office.stores.consents.spend(act.connection, GrantId(body["grant"]), body["by_event"]):
        act.drafts.append(act.teller.spent_before(client, body))


def _mandate_ended(act: Act, event: KeptEvent, client: ClientId) -> None:
    standing, ended = act.office.stores.standing, list[tuple[Consent, frozenset[GrantId]]]()
    mandate, at = event.subject.get("mandate"), from_micros(event.t)
    for row in event.body["ended"]:
        old = _standing(act, row["consent"])
        if old is None:
            continue
        new, grants = lifecycle.end_grants(old, frozenset(row["grants"]), act.at)
        act.office.stores.consents.save(act.connection, old, new, act.at)
        tell_ended(act, new, grants)
        ended.append((new, grants))
    before = None if mandate is None else standing.mandate_end(act.connection, client, mandate)
    lost = mandate is not None and (before is None or before < at)
    if mandate is not None and lost:
        # As of when it was said: what was chosen in the register after that stands.
        standing.end_mandate(act.connection, client, mandate, at)
    if ended or lost:
        act.drafts.append(act.teller.mandate_ended(client, mandate, ended))


def _prohibited(act: Act, event: KeptEvent, client: ClientId) -> None:
    standing, body = act.office.stores.standing, event.body
    if standing.prohibition(act.connection, body["prohibition"]) is None:
        given = from_micros(event.t)
        row = Prohibition(
            body["prohibition"], client, body["recipient"], body["category"], body["in_person"], given
        )  # fmt: skip
        standing.save_prohibition(act.connection, row)
        until = body.get("pause_until")
        if until is not None:
            pause = Pause(row.id, client, given, from_micros(until), row.by_client)
            act.office.stores.notices.add_pause(act.connection, pause)
        act.drafts.append(act.teller.prohibition(row, pause_until=until))


def _lifted(act: Act, event: KeptEvent, client: ClientId) -> None:
    standing = act.office.stores.standing
    old = standing.prohibition(act.connection, event.body["prohibition"])
    if old is not None and old.client == client and old.lifted_at is None:
        new = replace(old, lifted_at=from_micros(event.t))
        standing.save_prohibition(act.connection, new)
        act.drafts.append(act.teller.prohibition(new))


def _relation_ended(act: Act, event: KeptEvent, client: ClientId) -> None:
    standing = act.office.stores.standing
    old = standing.relation(act.connection, event.body["relation"])
    if old is not None and old.client == client and old.ended_at is None:
        new = replace(old, ended_at=from_micros(event.t))
        standing.save_relation(act.connection, new, act.at)
        act.drafts.append(act.teller.relation("relation.ended", new))


def _suspended(act: Act, event: KeptEvent, client: ClientId) -> None:
    suspended = bool(event.body["suspended"])
    act.office.stores.clients.suspend(act.connection, client, suspended)
    act.drafts.append(act.teller.client("client.suspended", client, {"suspended": suspended}))


def _marked(act: Act, event: KeptEvent, client: ClientId) -> None:
    marked = bool(event.body["non_disclosure"])
    act.office.stores.clients.mark(act.connection, client, marked)
    act.drafts.append(act.teller.client("client.marked", client, {"non_disclosure": marked}))


def _standing(act: Act, consent: str) -> Consent | None:
    found = act.office.stores.consents.consent(act.connection, ConsentId(consent))
    return None if found is None or found.state is ConsentState.WITHDRAWN else found


_REPLAYS: Mapping[str, Callable[[Act, KeptEvent, ClientId], None]] = {
    "consent.given": _refused_in, "consent.changed": _changed, "consent.withdrawn": _withdrawn,
    "consent.refused": _refused, "consent.spent": _spent, "mandate.ended": _mandate_ended,
    "prohibition.given": _prohibited, "prohibition.lifted": _lifted, "relation.ended": _relation_ended,
    "client.suspended": _suspended, "client.marked": _marked,
}  # fmt: skip
