"""Acts of giving: a consent is offered on the client's phone, given, and changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.consent import lifecycle
from gateway.consent.acting import Act, known_giver
from gateway.consent.answering import answer_no, answer_yes, with_cool_down
from gateway.consent.bounds import check_given
from gateway.consent.capture import OWN_METHODS, SECRET_KEYS, Verified
from gateway.consent.checks import Known, Mandate, check_giver
from gateway.consent.confirming import need_own, send_code
from gateway.consent.model import (
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentId,
    Evidence,
    Giver,
    GrantId,
    GrantRow,
    RefusedRow,
    Shown,
)
from gateway.consent.notices import tell_changed, tell_client, tell_in_force
from gateway.consent.proofs import (
    CHECK_LASTS,
    FORM_CODE,
    FORM_CONSENT,
    MAX_ATTEMPTS,
    derived_id,
    import_client,
    import_nonce,
    is_confirmed_offer,
    is_noted,
    offer_digest,
    opens,
    person_hash,
    used_hash,
)
from gateway.consent.same_answer import is_same_answer
from gateway.consent.view import parties_touched
from gateway.errors import ConsentRefused


@dataclass(frozen=True, slots=True)
class Given:
    """What a giving or a change left: the consent, and the handle of a code that the client was sent, if one was."""

    consent: Consent
    handle: str | None


@dataclass(frozen=True, slots=True)
class Changing:
    """A change as it was brought to us: of which consent, and else as a giving."""

    consent: ConsentId
    client: ClientId | None
    rows: tuple[GrantRow, ...]
    refused: tuple[RefusedRow, ...]
    capture: Capture
    shown: Shown
    giver: Giver
    mandate: Mandate | None


@dataclass(frozen=True, slots=True)
class Giving:
    """A giving as it was brought to us."""

    client: ClientId
    rows: tuple[GrantRow, ...]
    refused: tuple[RefusedRow, ...]
    capture: Capture
    shown: Shown
    giver: Giver
    mandate: Mandate | None
    """What the register said of the representative just before the act."""
    form: str | None = None
    """The one-time key of the form that it came by: sent twice, it is given once."""
    bearer: ClientId | None = None
    """A representative as a client of ours, to whose own channel a code goes in place of the client's."""


@dataclass(frozen=True, slots=True)
class Offering:
    """What is offered on somebody's own phone: rows and words about a client, and who decides."""

    client: ClientId
    rows: tuple[GrantRow, ...]
    shown: Shown
    giver: Giver
    mandate: Mandate | None
    bearer: ClientId | None


def offer(act: Act, offering: Offering) -> str:
    """Send a code for these rows and words to the own channel of who decides; return its handle."""
    check_known_words(act, offering.shown)
    client, giver = offering.client, offering.giver
    check_giver(giver, known_giver(act, client, offering.mandate), act.at)
    digest = offer_digest(client, offering.rows, offering.shown, giver)
    return send_code(act, client, None, digest, "consent.offer", to=offering.bearer or client)


def give(act: Act, giving: Giving) -> Given | ConsentRefused:
    """Give. A refusal is returned, not raised, where a wrong code was counted: the count must be committed."""
    check_known_words(act, giving.shown)
    known = known_giver(act, giving.client, giving.mandate)
    id, handle = _ids_of(act, giving)
    before = None if id is None else act.office.stores.consents.consent(act.connection, id)
    if before is not None:
        # The same form once more: nothing is added, and it is answered as it was the first time.
        first = act.office.stores.consents.versions(act.connection, before.id)[0]
        if not is_same_answer(first, giving.rows, giving.refused, giving.shown, giving.giver, act.at):
            raise ConsentRefused("answered-otherwise", "this form has given a consent with other rows, words or giver")
        return Given(before, None if all(grant.confirmed for grant in before.grants) else handle)
    verified, counted = _verify(act, giving)
    known = replace(known, verified=verified)
    try:
        consent = lifecycle.give(
            giving.client, giving.rows, with_cool_down(giving.refused, act.actor, act.at), giving.capture, giving.shown,
            giving.giver, known, act.office.directory, act.at, act.order,
        )  # fmt: skip
        check_given(act, consent)
    except ConsentRefused as refused:
        if counted:
            return refused
        raise
    consent = replace(consent, id=id or consent.id, capture=_kept(consent.capture))
    _use_up(act, giving)
    act.office.stores.consents.add_version(act.connection, consent, act.at)
    act.drafts.append(act.teller.given(consent))
    _settle(act, consent, frozenset(grant.id for grant in consent.grants))
    tell_in_force(act, consent)
    act.issue_receipts(consent, "consent.given", consent.parties)
    if all(grant.confirmed for grant in consent.grants):
        tell_client(act, "consent.given", consent)
        return Given(consent, None)
    if giving.bearer is not None:
        # The code goes to the representative; the client hears of it on a channel of their own all the same.
        tell_client(act, "consent.given", consent)
    return Given(
        consent,
        send_code(act, consent.client, consent.id, None, "consent.given", handle, to=giving.bearer or consent.client),
    )


def _ids_of(act: Act, giving: Giving) -> tuple[ConsentId | None, str | None]:
    """Return the ids of the consent and of the code to confirm it with, both of the form; None without a form."""
    if giving.form is None:
        return None, None
    key = act.office.code_key
    consent, code = (derived_id(key, what, giving.client, giving.form) for what in (FORM_CONSENT, FORM_CODE))
    return ConsentId(consent), code


def change(act: Act, changing: Changing) -> Given:
    """Replace all rows by a new version, given by the client, or by a representative what a representative gave."""
    check_known_words(act, changing.shown)
    giver, client = changing.giver, changing.client
    known = Known() if client is None else known_giver(act, client, changing.mandate)
    check_giver(giver, known, act.at)
    old = need_own(act.load(changing.consent, client), giver)
    new = lifecycle.change(
        old, changing.rows, with_cool_down(changing.refused, act.actor, act.at), changing.capture, changing.shown,
        giver, known, act.office.directory, act.at, act.order,
    )  # fmt: skip
    check_given(act, new, old)
    act.office.stores.consents.add_version(act.connection, new, act.at)
    act.drafts.append(act.teller.given(new, replaced=old.version))
    _settle(act, new, lifecycle.widened(old, new))
    tell_changed(act, old, new)
    tell_client(act, "consent.changed", new)
    act.issue_receipts(new, "consent.changed", parties_touched(old, new))
    return Given(new, None)


def _settle(act: Act, consent: Consent, said: frozenset[GrantId]) -> None:
    """End what this answers, as far as it does: an unconfirmed grant answers nothing yet, and one that is not *said*
    now, but carried over from the version before, lifts no refusal."""
    given = frozenset(grant.id for grant in consent.grants if grant.confirmed)
    in_person = consent.giver.is_client and consent.capture.method in OWN_METHODS
    answer_yes(act, consent, given, lifting=said if in_person else ())
    if consent.refused:
        answer_no(act, consent.client, consent.refused, consent.giver)


def check_known_words(act: Act, shown: Shown) -> None:
    """Raise ConsentRefused("request-invalid") where no such text was ever approved in that language."""
    wording = act.office.wordings.get(shown.wording, shown.version)
    if wording is None or shown.language not in wording.templates:
        raise ConsentRefused("request-invalid", "there is no such wording in that version and language")


def _verify(act: Act, giving: Giving) -> tuple[Verified, bool]:
    """Look up what the evidence refers to; return it, and whether a wrong code was counted."""
    evidence, proofs, key = giving.capture.evidence, act.office.stores.proofs, act.office.code_key
    digest = offer_digest(giving.client, giving.rows, giving.shown, giving.giver)
    match giving.capture.method:
        case CaptureMethod.OWN_PHONE:
            handle = evidence.get("handle") or ""
            row = proofs.code(act.connection, handle)
            if row is None or row.offer != digest or row.client != giving.client:
                return Verified(), False
            if evidence.get("code") is None:
                return Verified(code=is_confirmed_offer(key, row, act.at)), False
            right = opens(key, row, evidence.get("code") or "", act.at)
            if not right and row.attempts < MAX_ATTEMPTS:
                proofs.count_attempt(act.connection, handle)
            return Verified(code=right), not right
        case CaptureMethod.PAPER_SCAN:
            check = proofs.check(act.connection, evidence.get("check") or "")
            if check is None or act.at - check.at > CHECK_LASTS or check.offer != digest or not is_noted(key, check):
                return Verified(), False
            first = person_hash(key, giving.capture.system, giving.capture.worker or "")
            same_scan = check.scan == evidence.get("scan_sha256") and check.client == giving.client
            return Verified(second_person=check.person if same_scan and check.person != first else None), False
        case CaptureMethod.PARTNER_IMPORT:
            return Verified(signature=_import_nonce(act, giving) is not None), False
        case _:
            return Verified(), False


def _import_nonce(act: Act, giving: Giving) -> str | None:
    signed, service = giving.capture.evidence.get("signed"), giving.capture.service
    claims = act.office.seal.open(signed, service) if signed and service else None
    about = import_client(claims) if claims is not None else None
    if claims is None or about is None or act.office.stores.clients.find_held(act.connection, about) != giving.client:
        return None
    return import_nonce(claims, giving.rows, giving.shown, act.at)


def _use_up(act: Act, giving: Giving) -> None:
    """Note that a code, a check or a nonce has counted; used before: ConsentRefused("evidence-missing")."""
    evidence, proofs = giving.capture.evidence, act.office.stores.proofs
    fresh = True
    match giving.capture.method:
        case CaptureMethod.OWN_PHONE:
            handle = evidence.get("handle") or ""
            fresh = proofs.use_nonce(act.connection, "own-phone", handle, act.at)
            row = proofs.code(act.connection, handle)
            if row is not None and row.used_at is None:
                proofs.use_code(act.connection, handle, act.at, used_hash(act.office.code_key, row, act.at))
        case CaptureMethod.PAPER_SCAN:
            fresh = proofs.use_nonce(act.connection, "paper-check", evidence.get("check") or "", act.at)
        case CaptureMethod.PARTNER_IMPORT:
            nonce = _import_nonce(act, giving) or ""
            fresh = proofs.use_nonce(act.connection, f"import:{giving.capture.service}", nonce, act.at)
        case _:
            pass
    if not fresh:
        raise ConsentRefused("evidence-missing", "this evidence has been used before")


def _kept(capture: Capture) -> Capture:
    """Return the capture without what is checked and not kept."""
    kept = tuple((key, value) for key, value in capture.evidence.items if key not in SECRET_KEYS)
    return replace(capture, evidence=Evidence(kept))
