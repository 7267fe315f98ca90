"""Acts on what stands beside consents: requests, refusals, prohibitions and relations."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gateway.consent import prohibition as prohibitions
from gateway.consent import relation as relations
from gateway.consent.acting import TO_CLIENT, Act, known_client, known_giver
from gateway.consent.answering import COOL_DOWN, answer_no, with_cool_down
from gateway.consent.bounds import check_related
from gateway.consent.checks import CONSENT_BASES, Mandate, check_giver, check_refused
from gateway.consent.lifecycle import new_id
from gateway.consent.model import AskedRow, ClientId, Giver, Prohibition, RefusedRow, Relation
from gateway.consent.notices import tell_opened
from gateway.consent.proofs import FORM_PROHIBITION, FORM_RELATION, derived_id
from gateway.consent.relation import RelationRow
from gateway.directory.instants import to_micros
from gateway.directory.model import Directory
from gateway.errors import ConsentRefused


def check_asked(asked: AskedRow, service: str | None, directory: Directory, at: datetime) -> None:
    """Raise ConsentRefused for a question that names unknown codes, is not the asker's own, or that no consent given
    at *at* may answer.

    It is decided before any client is looked at, so it tells nothing of one.
    """
    custodian, recipient = directory.service(asked.custodian), directory.service(asked.recipient)
    known = directory.category(asked.category, at) is not None and asked.purpose in directory.purposes
    own = service == asked.recipient and directory.in_force(asked.recipient, at)
    if custodian is None or recipient is None or not known or not own:
        raise ConsentRefused("request-invalid", "a recipient asks for itself, in codes that the directory knows")
    flow = directory.flow(asked.category, custodian.kind, recipient.kind, at)
    if flow is None or CONSENT_BASES.isdisjoint(flow.bases):
        raise ConsentRefused("basis-not-applicable", "the directory does not let a consent carry this")


def ask(act: Act, client: ClientId | None, asked: AskedRow, form: str | None = None) -> None:
    """Record a request and tell the client; an unknown client and the cool-down drop it silently, with an entry."""
    if not act.is_new(client, form):
        return
    stores = act.office.stores
    whom = client or stores.clients.decoy()
    known = stores.clients.standing(act.connection, whom) is not None
    cooling = stores.standing.is_cooling(act.connection, whom, asked, act.at)
    request = None if cooling or not known else new_id()
    if request is not None:
        stores.standing.add_request(act.connection, request, whom, asked, act.at, act.at + COOL_DOWN)
        act.tell("consent.requested", TO_CLIENT, whom, None, {"request": request, "at": to_micros(act.at)})
    act.drafts.append(act.teller.asked(whom, asked, request))


def defer(
    act: Act, client: ClientId, request: str, giver: Giver, mandate: Mandate | None, form: str | None = None
) -> None:
    """Put a request of the client's aside; the client that nobody is has none, and nothing else is told of them."""
    if not act.is_new(client, form):
        return
    standing = act.office.stores.standing
    row = next((one for one in standing.requests_of(act.connection, client) if one.id == request), None)
    if row is None:
        raise ConsentRefused("not-found", "there is no such request")
    # Only of who has been asked: a mandate found missing would tell that the person is a client.
    _check_giver(act, client, giver, mandate)
    standing.defer_request(act.connection, request, act.at + COOL_DOWN)
    asked = AskedRow(row.custodian, row.recipient, row.category, row.purpose)
    act.drafts.append(act.teller.deferred(client, asked, request))


def put_off(
    act: Act, client: ClientId, rows: tuple[AskedRow, ...], giver: Giver, mandate: Mandate | None
) -> None:  # fmt: skip
    """Record that the client decides later about each row: the same is not asked again within the cool-down.

    A request that waits is put aside; where nobody had asked in writing, the question at the desk was one.
    """
    if not rows or any(_unknown(row, act.office.directory) for row in rows):
        raise ConsentRefused("request-invalid", "what is put off names codes that the directory knows")
    _check_giver(act, client, giver, mandate)
    standing = act.office.stores.standing
    waiting = {(one.recipient, one.category): one.id for one in standing.requests_of(act.connection, client)}
    for row in rows:
        until, request = act.at + COOL_DOWN, waiting.get((row.recipient, row.category))
        if request is None:
            request = new_id()
            standing.add_request(act.connection, request, client, row, act.at, until)
        standing.defer_request(act.connection, request, until)
        act.drafts.append(act.teller.deferred(client, row, request))


def _unknown(row: AskedRow, directory: Directory) -> bool:
    parties = directory.service(row.custodian), directory.service(row.recipient)
    return None in parties or row.category not in directory.categories or row.purpose not in directory.purposes


def refuse(
    act: Act, client: ClientId, rows: tuple[RefusedRow, ...], giver: Giver, mandate: Mandate | None,
    form: str | None = None,
) -> None:  # fmt: skip
    """Record a refusal of each row."""
    if not rows:
        raise ConsentRefused("request-invalid", "a refusal names at least one row")
    check_refused(rows, act.office.directory)
    rows = with_cool_down(rows, act.actor, act.at)
    _check_giver(act, client, giver, mandate)
    if not act.is_new(client, form):
        return
    answer_no(act, client, rows, giver)
    act.drafts.append(act.teller.refused(client, rows, giver.is_client))


def prohibit(
    act: Act, client: ClientId, recipient: str | None, category: str | None, giver: Giver, mandate: Mandate | None,
    form: str | None = None,
) -> Prohibition:  # fmt: skip
    """Record a prohibition; the same form once more adds nothing and is answered with what it recorded, as it is."""
    known = known_giver(act, client, mandate)
    row = prohibitions.prohibit(client, recipient, category, giver, known, act.office.directory, act.at)
    if form is not None:
        row = replace(row, id=derived_id(act.office.code_key, FORM_PROHIBITION, client, form))
        before = act.office.stores.standing.prohibition(act.connection, row.id)
        if before is not None:
            return before
    act.office.stores.standing.save_prohibition(act.connection, row)
    act.drafts.append(act.teller.prohibition(row))
    return row


def lift(act: Act, prohibition: str, client: ClientId | None, giver: Giver, mandate: Mandate | None) -> Prohibition:
    """Lift a prohibition; a second time adds nothing."""
    standing = act.office.stores.standing
    old = standing.prohibition(act.connection, prohibition)
    if old is None or (client is not None and old.client != client):
        raise ConsentRefused("not-found", "there is no such prohibition")
    known = known_giver(act, old.client, mandate)
    new = prohibitions.lift(old, giver, act.actor.service, known, act.office.directory, act.at)
    if new != old:
        standing.save_prohibition(act.connection, new)
        act.drafts.append(act.teller.prohibition(new))
        tell_opened(act, old.client, lambda consent, row: old.covers(row.recipient, row.category))
    return new


def record_relation(
    act: Act, client: ClientId, row: RelationRow, register: str | None, form: str | None = None
) -> Relation:  # fmt: skip
    """Record a relation; the same form once more adds nothing, and is answered with what it recorded, as it stands."""
    known_client(act, client)
    relation = relations.record(client, row, act.actor.service, register, act.office.directory, act.at)
    if form is not None:
        relation = replace(relation, id=derived_id(act.office.code_key, FORM_RELATION, client, form))
        before = act.office.stores.standing.relation(act.connection, relation.id)
        if before is not None:
            return before
    check_related(act, relation)
    return _save(act, "relation.recorded", relation)


def end_relation(act: Act, relation: str, register: str | None) -> Relation:
    """End a relation; a second time adds nothing."""
    old = _relation(act, relation, None)
    new = relations.end(old, act.actor.service, register, act.office.directory, act.at)
    return old if new == old else _save(act, "relation.ended", new)


def contest_relation(
    act: Act, relation: str, client: ClientId, giver: Giver, mandate: Mandate | None
) -> Relation:  # fmt: skip
    """Record that the client contests a relation, and tell its custodian."""
    _check_giver(act, client, giver, mandate)
    old = _relation(act, relation, client)
    new = relations.contest(old, act.at)
    if new == old:
        return old
    act.tell("relation.contested", new.custodian, client, None, {"relation": new.id, "at": to_micros(act.at)})
    return _save(act, "relation.contested", new)


def _relation(act: Act, relation: str, client: ClientId | None) -> Relation:
    found = act.office.stores.standing.relation(act.connection, relation)
    if found is None or (client is not None and found.client != client):
        raise ConsentRefused("not-found", "there is no such relation")
    return found


def _save(act: Act, kind: str, relation: Relation) -> Relation:
    act.office.stores.standing.save_relation(act.connection, relation, act.at)
    act.drafts.append(act.teller.relation(kind, relation))
    return relation


def _check_giver(act: Act, client: ClientId, giver: Giver, mandate: Mandate | None) -> None:
    check_giver(giver, known_giver(act, client, mandate), act.at)
