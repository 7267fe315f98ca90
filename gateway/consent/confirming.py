"""Acts of confirming: by a one-time code from the client's own channel, by the client signed in, by the custodian."""

from __future__ import annotations

from dataclasses import replace

from gateway.consent import lifecycle
from gateway.consent.acting import TO_CLIENT, Act, known_giver
from gateway.consent.answering import answer_yes
from gateway.consent.bounds import check_confirmed
from gateway.consent.checks import Mandate, check_giver
from gateway.consent.model import ClientId, Consent, ConsentId, Giver
from gateway.consent.notices import tell_client, tell_in_force
from gateway.consent.proofs import (
    CODE_LASTS,
    MAX_ATTEMPTS,
    CodeRow,
    PaperCheck,
    check_seal,
    code_hash,
    new_code,
    new_handle,
    opens,
    person_hash,
    used_hash,
)
from gateway.directory.instants import to_micros
from gateway.errors import ConsentRefused


def send_code(
    act: Act, client: ClientId, consent: ConsentId | None, offer: bytes | None, kind: str, handle: str | None = None,
    *, to: ClientId,
) -> str:  # fmt: skip
    """Send a one-time code about *client* to the own channel of *to*: the client, or a representative who decides for
    them; return its handle, a new one unless *handle* names it. Only the code's keyed hash is kept."""
    handle, code = handle or new_handle(), new_code()
    row = CodeRow(handle, client, consent, offer, b"", act.at + CODE_LASTS)
    row = replace(row, code=code_hash(act.office.code_key, row, code))
    act.office.stores.proofs.add_code(act.connection, row)
    times = {"at": to_micros(act.at), "until": to_micros(row.expires)}
    body = {"consent": consent, "handle": handle, "code": code} | times
    act.tell(kind, TO_CLIENT, to, consent, body)
    return handle


def confirm_by_code(
    act: Act, handle: str, code: str, giver: Giver, mandate: Mandate | None
) -> Consent | ConsentRefused | None:
    """Confirm by a code: a consent, or an offer, of which there is none yet (None). *giver* is by whose word the
    consent stands; a representative's mandate is verified at this act too.

    A wrong code is counted, which must be committed: the refusal is returned, all alike.
    """
    proofs = act.office.stores.proofs
    refused = ConsentRefused("confirm-not-allowed", "this code confirms nothing")
    found = proofs.code(act.connection, handle)
    # An unknown handle costs the same work as a known one.
    row = found or CodeRow(handle, ClientId(""), None, None, b"", act.at)
    right = opens(act.office.code_key, row, code, act.at)
    if found is None:
        return refused
    if not right:
        if row.attempts < MAX_ATTEMPTS:
            proofs.count_attempt(act.connection, handle)
        return refused
    proofs.use_code(act.connection, handle, act.at, used_hash(act.office.code_key, row, act.at))
    if row.consent is None:
        return None
    check_giver(giver, known_giver(act, row.client, mandate), act.at)
    return _confirm(act, act.load(row.consent), None)


def confirm_by_client(
    act: Act, consent: ConsentId, client: ClientId, giver: Giver, mandate: Mandate | None
) -> Consent:  # fmt: skip
    """Confirm by the client signed in, or by a representative what a representative is said to have given."""
    check_giver(giver, known_giver(act, client, mandate), act.at)
    return _confirm(act, need_own(act.load(consent, client), giver), None)


def confirm_by_service(
    act: Act, consent: ConsentId, custodian: str | None, giver: Giver, mandate: Mandate | None
) -> Consent:  # fmt: skip
    """Confirm by a worker of *custodian*. *giver* is by whose word the consent stands; a representative's mandate is
    verified at this act too."""
    if custodian is None:
        raise ConsentRefused("confirm-not-allowed", "the client or the custodian confirms")
    old = act.load(consent)
    check_giver(giver, known_giver(act, old.client, mandate), act.at)
    return _confirm(act, old, custodian)


def need_own(consent: Consent, giver: Giver) -> Consent:
    """Return a consent that is the giver's to change or to confirm: to the client every one, to a representative what
    representatives gave. Else ConsentRefused("not-found"): what the client gave in person is not told to others.
    """
    if consent.giver.is_client and not giver.is_client:
        raise ConsentRefused("not-found", "there is no such consent")
    return consent


def check_paper(act: Act, client: ClientId, scan: str, offer: bytes) -> str:
    """Note that the acting worker compared a scan with its rows; return the reference that the giving must name."""
    if not act.actor.worker:
        raise ConsentRefused("evidence-missing", "a second person, signed in, compares the scan")
    person = person_hash(act.office.code_key, act.actor.system, act.actor.worker)
    row = PaperCheck(new_handle(), client, scan, offer, person, act.at)
    row = replace(row, seal=check_seal(act.office.code_key, row))
    act.office.stores.proofs.add_check(act.connection, row)
    return row.reference


def _confirm(act: Act, old: Consent, custodian: str | None) -> Consent:
    new, grants = lifecycle.confirm(old, custodian)
    if not grants:
        return old
    # A refusal undoes the act: a code by which it was confirmed is as unused as before.
    check_confirmed(act, old, new)
    act.office.stores.consents.save(act.connection, old, new, act.at, confirmed_by=custodian or TO_CLIENT)
    act.drafts.append(act.teller.confirmed(new, grants, custodian))
    answer_yes(act, new, grants, lifting=grants if custodian is None and new.giver.is_client else ())
    tell_in_force(act, new, grants)
    if custodian is not None:
        tell_client(act, "consent.confirmed", new, by=custodian)
    return new
