"""Who is told what. A service hears of its own rows alone; the client hears of every giving on a channel of their own.

A grant is told to its recipient once it is in force; a single-use one with the ids of the documents that it opens, or
when such a document is deposited. While something bars it, no document is told of: they are once nothing does. A change
is told to those whose own rows it changed; a withdrawal to every recipient save the one that the client told, and to
the custodians.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.consent.acting import TO_CLIENT, Act, Office
from gateway.consent.events import grant_body, micros
from gateway.consent.model import Actor, ClientId, Consent, Grant, GrantId, GrantRow
from gateway.consent.view import contents, known_ids, named_grants, same_rows
from gateway.directory.instants import to_micros

Documents = Mapping[GrantId, list[str]]
"""The ids of documents by the single-use grant that opens them."""


def tell_in_force(act: Act, consent: Consent, grants: frozenset[GrantId] | None = None) -> None:
    """Tell recipients of those grants (all unless given) that are in force now, and note that they were told."""
    stores, barred = act.office.stores, _barred(act, consent.client)
    ready = [g for g in consent.grants if g.in_force(act.at) and (grants is None or g.id in grants)]
    for recipient in sorted({grant.row.recipient for grant in ready}):
        mine = [grant for grant in ready if grant.row.recipient == recipient]
        body = _rows_body(act, consent, recipient, mine, _documents(act, consent, mine, barred))
        act.tell("consent.given", recipient, consent.client, consent.id, body)
    stores.consents.mark_told(act.connection, frozenset(grant.id for grant in ready), act.at)


def tell_changed(act: Act, old: Consent, new: Consent) -> None:
    """Tell each service whose own rows a change touched, with the documents that those in force open once; whoever is
    named for the first time hears of a giving, and so does everybody once a row comes into force."""
    consents, barred = act.office.stores.consents, _barred(act, new.client)
    told: set[GrantId] = set()
    for party in sorted(_named(old)):
        before, mine = named_grants(old, party), named_grants(new, party)
        if contents(mine) == contents(before):
            # Of what the party has heard of already it hears nothing, for nothing of its own has changed.
            ids = same_rows(before, mine)
            heard = consents.told_among(act.connection, frozenset(ids.values()))
            told |= {now for now, first in ids.items() if first in heard}
            continue
        ready = [grant for grant in mine if grant.row.recipient == party and grant.in_force(act.at)]
        body = _rows_body(act, new, party, mine, _documents(act, new, ready, barred))
        act.tell("consent.changed", party, new.client, new.id, body)
        told |= {grant.id for grant in ready}
    consents.mark_told(act.connection, frozenset(told), act.at)
    tell_in_force(act, new, frozenset(grant.id for grant in new.grants) - told)


def tell_withdrawn(act: Act, consent: Consent) -> None:
    """Tell every recipient, save the one that the client told, and the custodians."""
    recipients = {grant.row.recipient for grant in consent.grants} - {consent.withdrawn_told}
    custodians = {grant.row.custodian for grant in consent.grants}
    when: dict[str, object] = {"withdrawn_at": micros(consent.withdrawn_at)}
    _tell_over(act, "consent.withdrawn", consent, recipients | custodians, when)


def tell_ended(act: Act, consent: Consent, grants: frozenset[GrantId]) -> None:
    """Tell recipients and custodians of grants that ended with a mandate."""
    over = [grant for grant in consent.grants if grant.id in grants]
    parties = {code for grant in over for code in (grant.row.custodian, grant.row.recipient)}
    _tell_over(act, "consent.ended", consent, parties, {"ended_at": to_micros(act.at)})


def tell_client(act: Act, kind: str, consent: Consent, **more: str) -> None:
    """Tell the client, with a receipt waiting on the own page; *more* is a code and its handle."""
    act.tell(kind, TO_CLIENT, consent.client, consent.id, {"consent": consent.id, "at": to_micros(act.at)} | more)


def tell_deposited(
    office: Office, connection: object, order: int, client: ClientId, document: str, custodian: str,
    category: str, dated: datetime, at: datetime,
) -> None:  # fmt: skip
    """Tell recipients whose single-use grant opens a document that is deposited now. Call it in the deposit's own
    item."""
    act = Act(office, Actor(), connection, at, order)
    for consent, grant in _open_once(act, client):
        if _covers(grant, custodian, category, dated):
            _tell_documents(act, consent, grant, [document])


def tell_opened(act: Act, client: ClientId, which: Callable[[Consent, GrantRow], bool]) -> None:
    """Tell recipients of the documents that their single-use grants open, those grants that *which* names: what barred
    them is over."""
    for consent, grant in _open_once(act, client):
        if which(consent, grant.row):
            documents = act.office.stores.consents.documents_for(act.connection, client, grant.row)
            if documents:
                _tell_documents(act, consent, grant, documents)


def _open_once(act: Act, client: ClientId) -> Iterable[tuple[Consent, Grant]]:
    """Return the client's single-use grants that are in force and that nothing bars."""
    barred = _barred(act, client)
    for consent in act.office.stores.consents.unended_of(act.connection, client, act.at):
        for grant in consent.grants:
            ready = grant.single_use and grant.in_force(act.at) and consent.in_force(act.at)
            if ready and not barred(consent, grant.row):
                yield consent, grant


def _barred(act: Act, client: ClientId) -> Callable[[Consent, GrantRow], bool]:
    """Return which grants open nothing now though they stand: the client is suspended or forbids it, or refused in
    person what a representative gave."""
    stores = act.office.stores
    known = stores.clients.standing(act.connection, client)
    if known is None or known.suspended:
        return lambda consent, row: True
    forbidden = [one for one in stores.standing.prohibitions_of(act.connection, client) if one.lifted_at is None]
    refused = {
        (one.recipient, one.category) for one in stores.standing.refusals_of(act.connection, client) if one.by_client
    }

    def barred(consent: Consent, row: GrantRow) -> bool:
        beaten = not consent.giver.is_client and (row.recipient, row.category) in refused
        return beaten or any(one.covers(row.recipient, row.category) for one in forbidden)

    return barred


def _tell_documents(act: Act, consent: Consent, grant: Grant, documents: Sequence[str]) -> None:
    body = _rows_body(act, consent, grant.row.recipient, [grant], {grant.id: list(documents)})
    act.tell("consent.document", grant.row.recipient, consent.client, consent.id, body)


def _documents(
    act: Act, consent: Consent, grants: Iterable[Grant], barred: Callable[[Consent, GrantRow], bool]
) -> Documents:
    """Return the documents that single-use grants among *grants* open, those that nothing bars."""
    consents = act.office.stores.consents
    return {
        grant.id: list(consents.documents_for(act.connection, consent.client, grant.row))
        for grant in grants
        if grant.single_use and not barred(consent, grant.row)
    }


def _covers(grant: Grant, custodian: str, category: str, dated: datetime) -> bool:
    row = grant.row
    return (
        (row.custodian, row.category, row.document) == (custodian, category, None)
        and (row.dated_from is None or row.dated_from <= dated)
        and (row.dated_until is None or dated < row.dated_until)
    )


def _tell_over(act: Act, kind: str, consent: Consent, parties: set[str], more: dict[str, object]) -> None:
    for party in sorted(parties):
        body = _rows_body(act, consent, party, named_grants(consent, party))
        act.tell(kind, party, consent.client, consent.id, body | more)


def _named(consent: Consent) -> set[str]:
    return {code for grant in consent.grants for code in (grant.row.custodian, grant.row.recipient)}


def _rows_body(
    act: Act, consent: Consent, party: str, grants: Iterable[Grant], documents: Documents | None = None
) -> dict[str, object]:
    """Return grants as a message to *party* names them: by the ids that it knows them by."""
    ids = known_ids(act.versions(consent), party)
    rows = [grant_body(replace(grant, id=ids[grant.id])) for grant in grants]
    named = None if documents is None else {ids[grant]: found for grant, found in documents.items()}
    return {"consent": consent.id, "grants": rows} | ({} if named is None else {"documents": named})
