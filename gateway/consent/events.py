"""What each step writes in the log.

Section s names the client, the consent and its version; a the worker, system and service that acted; b holds everything
that the order law needs, so that a verifier with the log alone can tell which grants stood at which entry. Instants are
integer microseconds. Every body has `by`: the service that acted or was told, or `client`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.entry import Draft, IndexRow
from gateway.consent.model import (
    Actor,
    AskedRow,
    ClientId,
    Consent,
    Giver,
    Grant,
    GrantId,
    Prohibition,
    RefusedRow,
    Relation,
)
from gateway.directory.instants import to_micros

BY_CLIENT = "client"
_NAMED = ("recipients", "custodians", "categories")
"""Where a body that names grants by id says whom they are between and what they are of."""
Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes the drafts of one act: who acted, where event ids come from, and under which mandate where a representative
    acted."""

    actor: Actor
    new_event_id: Callable[[], str]
    giver: Giver = Giver()

    def given(self, consent: Consent, replaced: int | None = None) -> Draft:
        """`consent.given`, or `consent.changed` where a version was replaced: every grant with all its dimensions."""
        kind = "consent.given" if replaced is None else "consent.changed"
        capture, shown = consent.capture, consent.shown
        body = _of(consent) | {
            "seq": consent.seq,
            "replaces": replaced,
            "grants": [grant_body(grant) for grant in consent.grants],
            "refused": [refused_body(row) for row in consent.refused],
            "capture": {"method": str(capture.method), "service": capture.service, "system": capture.system},
            "giver": {
                "kind": str(consent.giver.kind),
                "until": micros(consent.giver.until),
                "scope": consent.giver.scope,
            },
            "wording": [shown.wording, shown.version, shown.language, shown.register, shown.sha256],
        }
        return self._consent(kind, consent, body, capture.service)

    def confirmed(self, consent: Consent, grants: frozenset[GrantId], by: str | None) -> Draft:
        """`consent.confirmed`: which grants, by the client or which service."""
        body = _of(consent) | {"grants": sorted(grants)} | _named(consent.grants)
        return self._consent("consent.confirmed", consent, body, by)

    def withdrawn(self, consent: Consent) -> Draft:
        """`consent.withdrawn`: all versions of the consent, from this entry on."""
        told = consent.withdrawn_told
        body = _of(consent) | {"told": told, "grants": [grant.id for grant in consent.grants]}
        return self._consent("consent.withdrawn", consent, body | _named(consent.grants), told or self.actor.service)

    def expired(self, consent: Consent, grants: frozenset[GrantId]) -> Draft:
        """`consent.expired`: grants whose end has passed; the end itself stood in the giving."""
        body = _of(consent) | {"grants": sorted(grants)} | _named(consent.grants)
        return self._consent("consent.expired", consent, body, self.actor.service)

    def spent_before(self, client: ClientId, said: Mapping[str, object]) -> Draft:
        """`consent.spent` once more, after a restore: the release that spent the grant is lost with its log."""
        subject = {"client": client, "consent": said["consent"], "version": said["version"]}
        body = {name: said[name] for name in ("grant", "consent", "version", "by_event", *_NAMED) if name in said}
        recipients, custodians, categories = (_listed(said, name) for name in _NAMED)
        return self._draft("consent.spent", client, subject, body, recipients, custodians, categories)

    def mandate_ended(
        self, client: ClientId, mandate: str | None, ended: Sequence[tuple[Consent, frozenset[GrantId]]]
    ) -> Draft:  # fmt: skip
        """`mandate.ended`: which mandate, to those alone who may know, and the grants that rested on it.

        *mandate* is None where an entry of before, said once more, did not name it.
        """
        rows = [_of(consent) | {"grants": sorted(grants)} for consent, grants in ended]
        named = _named(grant for consent, grants in ended for grant in consent.grants if grant.id in grants)
        by = self.actor.service or self.actor.system or BY_CLIENT
        return self._draft(
            "mandate.ended", client, {"client": client, "mandate": mandate}, {"ended": rows, **named, "by": by},
            named["recipients"], named["custodians"], named["categories"],
        )  # fmt: skip

    def refused(self, client: ClientId, rows: Sequence[RefusedRow], in_person: bool) -> Draft:
        """`consent.refused`: each row, and whether the client said it in person."""
        body: Body = {"rows": [refused_body(row) for row in rows], "in_person": in_person}
        return self._plain("consent.refused", client, body, recipients=[row.recipient for row in rows],
                           categories=[row.category for row in rows])  # fmt: skip

    def asked(self, client: ClientId, asked: AskedRow, request: str | None) -> Draft:
        """`consent.requested`; *request* is None where the cool-down or an unknown client dropped it."""
        return self._plain("consent.requested", client, _asked(asked, request), recipients=[asked.recipient],
                           custodians=[asked.custodian], categories=[asked.category])  # fmt: skip

    def deferred(self, client: ClientId, asked: AskedRow, request: str) -> Draft:
        """`consent.deferred`."""
        return self._plain("consent.deferred", client, _asked(asked, request), recipients=[asked.recipient],
                           custodians=[asked.custodian], categories=[asked.category])  # fmt: skip

    def prohibition(self, row: Prohibition, pause_until: int | None = None) -> Draft:
        """`prohibition.given`, or `prohibition.lifted` once it is; *pause_until* where it is a pause, which it does not
        end by itself."""
        kind = "prohibition.given" if row.lifted_at is None else "prohibition.lifted"
        body: Body = {
            "prohibition": row.id, "recipient": row.recipient, "category": row.category, "in_person": row.by_client,
        }  # fmt: skip
        if pause_until is not None:
            body["pause_until"] = pause_until
        return self._plain(kind, row.client, body, recipients=_some(row.recipient), categories=_some(row.category))

    def relation(self, kind: str, row: Relation) -> Draft:
        """`relation.recorded`, `relation.ended` or `relation.contested`: the whole row."""
        body: Body = {
            "relation": row.id, "kind": str(row.kind), "custodian": row.custodian, "recipients": list(row.recipients),
            "from": to_micros(row.valid_from), "until": micros(row.until), "section": row.section,
            "recorded_by": row.recorded_by, "ended": micros(row.ended_at),
        }  # fmt: skip
        return self._plain(kind, row.client, body, recipients=row.recipients, custodians=[row.custodian])

    def client(self, kind: str, client: ClientId, body: Body) -> Draft:
        """`client.marked`, `client.suspended` or `client.notices`."""
        return self._plain(kind, client, body)

    def concern(self, kind: str, client: ClientId, body: Body, recipients: list[str], custodians: list[str]) -> Draft:
        """`concern.raised`: which entry the client does not recognise, and which organisations are asked."""
        body = body | {"recipients": recipients, "custodians": custodians, "categories": []}
        return self._plain(kind, client, body, recipients=recipients, custodians=custodians)

    def _consent(self, kind: str, consent: Consent, body: Body, by: str | None) -> Draft:
        rows = [grant.row for grant in consent.grants]
        subject = {
            "client": consent.client, "consent": consent.id, "version": consent.version,
            "giver": str(consent.giver.kind), "mandate": consent.giver.register_reference,
        }  # fmt: skip
        return self._draft(
            kind, consent.client, subject, body | {"by": by or BY_CLIENT}, [row.recipient for row in rows],
            [row.custodian for row in rows], [row.category for row in rows],
        )  # fmt: skip

    def _plain(
        self, kind: str, client: ClientId, body: Body, *,
        recipients: Iterable[str] = (), custodians: Iterable[str] = (), categories: Iterable[str] = (),
    ) -> Draft:  # fmt: skip
        by = self.actor.service or self.actor.system or BY_CLIENT
        return self._draft(kind, client, {"client": client}, body | {"by": by}, recipients, custodians, categories)

    def _draft(
        self, kind: str, client: ClientId, subject: Body, body: Body,
        recipients: Iterable[str], custodians: Iterable[str], categories: Iterable[str],
    ) -> Draft:  # fmt: skip
        actor, giver = self.actor, self.giver
        if not giver.is_client:
            # Which kind, so that everyone who reads the body knows that it was not the client; which mandate, to those
            # alone who may know of whom it tells.
            body = body | {"representative": str(giver.kind)}
            subject = subject | {"representative": giver.register_reference}
        if actor.request_id is not None:
            body = body | {"request_id": actor.request_id}
        index = IndexRow(
            kind=kind, outcome="na", category=_joined(categories), recipient=_joined(recipients),
            custodian=_joined(custodians), requester=actor.system,
        )  # fmt: skip
        return Draft(
            event_id=self.new_event_id(), index=index, body=body, subject=subject,
            actor={"service": actor.service, "system": actor.system, "person": actor.worker, "name": actor.worker_name,
                   "role": actor.role},
            subject_owner=client, actor_owner=client if actor.is_client else f"{actor.system}/{actor.worker or ''}",
        )  # fmt: skip


def grant_body(grant: Grant) -> Body:
    """Return a grant with every dimension, as it stands in the log."""
    row = grant.row
    return {
        "id": grant.id, "custodian": row.custodian, "recipient": row.recipient, "category": row.category,
        "purpose": row.purpose, "from": to_micros(row.valid_from), "until": to_micros(row.until),
        "sensitivities": sorted(row.sensitivities), "single_use": grant.single_use, "document": row.document,
        "dated_from": micros(row.dated_from), "dated_until": micros(row.dated_until), "confirmed": grant.confirmed,
    }  # fmt: skip


def refused_body(row: RefusedRow) -> Body:
    """Return a refused row as it stands in the log."""
    return {"recipient": row.recipient, "category": row.category, "not_before": micros(row.not_before)}


def micros(at: datetime | None) -> int | None:
    """Return an instant that may be absent in microseconds."""
    return None if at is None else to_micros(at)


def _of(consent: Consent) -> Body:
    return {"consent": consent.id, "version": consent.version}


def _named(grants: Iterable[Grant]) -> dict[str, list[str]]:
    """Return whom grants are between and what they are of, for a body that names the grants by id."""
    rows = [grant.row for grant in grants]
    return {
        "recipients": sorted({row.recipient for row in rows}), "custodians": sorted({row.custodian for row in rows}),
        "categories": sorted({row.category for row in rows}),
    }  # fmt: skip


def _listed(said: Mapping[str, object], name: str) -> list[str]:
    value = said.get(name)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _asked(asked: AskedRow, request: str | None) -> Body:
    return {
        "request": request, "custodian": asked.custodian, "recipient": asked.recipient, "category": asked.category,
        "purpose": asked.purpose,
    }  # fmt: skip


def _some(code: str | None) -> tuple[str, ...]:
    return () if code is None else (code,)


def _joined(codes: Iterable[str]) -> str | None:
    return " ".join(sorted(set(codes))) or None
