"""The life of a consent: given, confirmed, changed, withdrawn, expired, ended with its mandate. Pure: values in, new
values out. What must not happen raises ConsentRefused; what has happened already changes nothing and says so by
returning the same value.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime

from gateway.consent.capture import is_confirmed
from gateway.consent.checks import (
    Known,
    check_giving,
    check_refused,
    flow_of,
    last_end,
    mandate_end,
    verified,
)
from gateway.consent.mandate_reference import mandate_of
from gateway.consent.model import (
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentId,
    ConsentState,
    Giver,
    Grant,
    GrantId,
    GrantRow,
    RefusedRow,
    Shown,
)
from gateway.directory.model import Directory
from gateway.errors import ConsentRefused


def new_id() -> str:
    """Return a random id of ours: 128 bits in hex, which FHIR takes as an id."""
    return secrets.token_hex(16)


def give(
    client: ClientId,
    rows: tuple[GrantRow, ...],
    refused: tuple[RefusedRow, ...],
    capture: Capture,
    shown: Shown,
    giver: Giver,
    known: Known,
    directory: Directory,
    at: datetime,
    seq: int,
) -> Consent:
    """Return the first version of a new consent. Raises ConsentRefused with the first fault that `check_giving`
    finds."""
    check_giving(rows, capture, giver, known, directory, at)
    check_refused(refused, directory)
    grants = tuple(_grant(row, capture, giver, known, directory, at) for row in rows)
    return Consent(
        id=ConsentId(new_id()), version=1, client=client, giver=verified(giver, known), capture=capture, shown=shown,
        grants=grants, refused=refused, state=ConsentState.GIVEN, given_at=at, seq=seq,
    )  # fmt: skip


def change(
    old: Consent,
    rows: tuple[GrantRow, ...],
    refused: tuple[RefusedRow, ...],
    capture: Capture,
    shown: Shown,
    giver: Giver,
    known: Known,
    directory: Directory,
    at: datetime,
    seq: int,
) -> Consent:
    """Return the next version, given on the client's own page, by the client or a representative, and so confirmed. It
    replaces all rows. Whether the consent is the giver's to change is not asked here.

    Raises ConsentRefused("consent-ended") for a consent that `is_changeable` tells is none, else as `give`.
    """
    if not is_changeable(old, at):
        raise ConsentRefused("consent-ended", "this consent cannot be changed; a new one can be given")
    if capture.method is not CaptureMethod.SELF_SERVICE:
        raise ConsentRefused("capture-not-allowed", "a change is the client's own")
    check_giving(rows, capture, giver, known, directory, at)
    check_refused(refused, directory)
    grants = tuple(_grant(row, capture, giver, known, directory, at) for row in rows)
    return replace(
        old, version=old.version + 1, giver=verified(giver, known), capture=capture, shown=shown, grants=grants,
        refused=refused, given_at=at, seq=seq,
    )  # fmt: skip


def is_changeable(consent: Consent, at: datetime) -> bool:
    """Return whether a change is possible: not withdrawn, not spoken, none of its grants spent and not all of them
    ended."""
    return (
        consent.state is ConsentState.GIVEN
        and consent.capture.method is not CaptureMethod.VERBAL
        and not any(grant.spent for grant in consent.grants)
        and any(not has_ended(grant, at) for grant in consent.grants)
    )


def has_ended(grant: Grant, at: datetime) -> bool:
    """Return whether a grant is over for good: by its end, exclusive, or because what it rested on has ended."""
    return grant.ended or grant.row.until <= at


def widened(old: Consent, new: Consent) -> frozenset[GrantId]:
    """Return the grants of a new version that say more than the version before it did: those that no grant of *old*
    that had not ended covers. What was merely carried over, or cut, says nothing new."""
    before = [grant for grant in old.grants if not grant.ended]
    return frozenset(grant.id for grant in new.grants if not any(_covers(one, grant) for one in before))


def _covers(old: Grant, new: Grant) -> bool:
    """Return whether *old* opened everything that *new* does, for as long and as often."""
    a, b = old.row, new.row
    same = (a.custodian, a.recipient, a.category, a.purpose) == (b.custodian, b.recipient, b.category, b.purpose)
    return (
        same
        and a.valid_from <= b.valid_from
        and b.until <= a.until
        and b.sensitivities <= a.sensitivities
        and (new.single_use or not old.single_use)
        and a.document in (None, b.document)
        and (a.dated_from is None or (b.dated_from is not None and a.dated_from <= b.dated_from))
        and (a.dated_until is None or (b.dated_until is not None and b.dated_until <= a.dated_until))
    )


def confirm(consent: Consent, custodian: str | None) -> tuple[Consent, frozenset[GrantId]]:
    """Return the consent with grants confirmed, and which were confirmed now: by the client where *custodian* is None,
    else by a worker of that service, for the grants of which it is the custodian.

    Raises ConsentRefused("confirm-not-allowed") for a service that is custodian of none, and "consent-ended" for a
    consent that was withdrawn or has ended. Where all are confirmed already, nothing changes.
    """
    mine = {grant.id for grant in consent.grants if custodian is None or grant.row.custodian == custodian}
    if not mine:
        raise ConsentRefused("confirm-not-allowed", "the client or the custodian confirms")
    if consent.state is not ConsentState.GIVEN:
        raise ConsentRefused("consent-ended", "a consent that has ended cannot be confirmed")
    open_ones = (grant for grant in consent.grants if not grant.confirmed and not grant.ended)
    now = frozenset(grant.id for grant in open_ones if grant.id in mine)
    grants = tuple(replace(grant, confirmed=True) if grant.id in now else grant for grant in consent.grants)
    return replace(consent, grants=grants), now


def withdraw(consent: Consent, told: str | None, at: datetime) -> Consent:
    """Return the consent withdrawn at *at*, whether it had ended or not; one withdrawn before is returned as it was."""
    if consent.state is ConsentState.WITHDRAWN:
        return consent
    return replace(consent, state=ConsentState.WITHDRAWN, withdrawn_at=at, withdrawn_told=told)


def expire(consent: Consent, due: frozenset[GrantId], at: datetime) -> tuple[Consent, frozenset[GrantId]]:
    """Return the consent, ended where all its grants have, and which of *due* ended by time while they stood.

    Whether a grant is in force is judged by time, never by this.
    """
    if consent.state is ConsentState.WITHDRAWN:
        return consent, frozenset()
    stood = (grant for grant in consent.grants if grant.id in due and not grant.ended and not grant.spent)
    passed = frozenset(grant.id for grant in stood if grant.row.until <= at)
    return _ended_where_over(consent, at), passed


def end_with_mandate(consent: Consent, mandate: str, at: datetime) -> tuple[Consent, frozenset[GrantId]]:
    """Return the consent with every grant ended that rests on the mandate of that name, and which ended now."""
    giver = consent.giver
    if giver.is_client or consent.state is ConsentState.WITHDRAWN:
        return consent, frozenset()
    if mandate_of(giver.register_reference or "") != mandate:
        return consent, frozenset()
    return end_grants(consent, frozenset(grant.id for grant in consent.grants), at)


def end_grants(consent: Consent, ending: frozenset[GrantId], at: datetime) -> tuple[Consent, frozenset[GrantId]]:
    """Return the consent with those grants ended, and which of them ended now."""
    now = frozenset(grant.id for grant in consent.grants if grant.id in ending and not has_ended(grant, at))
    grants = tuple(replace(grant, ended=True) if grant.id in now else grant for grant in consent.grants)
    return _ended_where_over(replace(consent, grants=grants), at), now


def succeeded(consent: Consent, directory: Directory, at: datetime) -> frozenset[tuple[str, str]]:
    """Return (ended recipient, who stands in its place now) of the grants whose recipient has ended and was succeeded:
    "ask again".

    A consent never follows to the successor by itself.
    """
    pairs = set()
    for grant in consent.grants:
        heir = directory.heir(grant.row.recipient, at)
        if heir is not None and not directory.in_force(grant.row.recipient, at):
            pairs.add((grant.row.recipient, heir.code))
    return frozenset(pairs)


def _ended_where_over(consent: Consent, at: datetime) -> Consent:
    over = all(grant.spent or has_ended(grant, at) for grant in consent.grants)
    return replace(consent, state=ConsentState.ENDED) if over and consent.state is ConsentState.GIVEN else consent


def _grant(row: GrantRow, capture: Capture, giver: Giver, known: Known, directory: Directory, at: datetime) -> Grant:
    category, flow = directory.category(row.category), flow_of(row, directory, at)
    once_only = flow is not None and "consent" not in flow.bases
    spoken = capture.method is CaptureMethod.VERBAL
    single_use = row.once or spoken or once_only or (category is not None and category.single_use)
    end = mandate_end(giver, known)
    until = last_end(row, capture, at)
    return Grant(
        id=GrantId(new_id()),
        row=replace(row, until=until if end is None else min(until, end)),
        single_use=single_use,
        confirmed=is_confirmed(capture, row, directory),
    )
