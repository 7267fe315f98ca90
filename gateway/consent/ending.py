"""Acts of ending: withdrawn by the client, ended with a mandate, expired by time."""

from __future__ import annotations

from dataclasses import replace

from gateway.consent import lifecycle
from gateway.consent.acting import Act, known_giver
from gateway.consent.checks import Mandate, check_giver
from gateway.consent.mandate_reference import mandate_of
from gateway.consent.model import ClientId, Consent, ConsentId, ConsentState, Giver, GrantId
from gateway.consent.notices import tell_client, tell_ended, tell_in_force, tell_withdrawn
from gateway.consent.view import parties_of
from gateway.errors import ConsentRefused


def withdraw(
    act: Act, consent_id: ConsentId, client: ClientId | None, told: str | None, giver: Giver, mandate: Mandate | None
) -> Consent:
    """Withdraw at once; a second time returns what stands and adds nothing.

    That it is the second time is told by the client's own sealed receipt of the first, which nobody without the
    client's key can put there: a row that merely says so would swallow the withdrawal.
    """
    told = told or act.actor.service
    if told is not None and act.office.directory.service(told) is None:
        raise ConsentRefused("request-invalid", "the directory knows no service that was told")
    old = act.load(consent_id, client)
    check_giver(giver, known_giver(act, old.client, mandate), act.at)
    if not _was_withdrawn(act, old):
        old = replace(old, state=ConsentState.GIVEN, withdrawn_at=None, withdrawn_told=None)
    new = lifecycle.withdraw(old, told, act.at)
    if new == old:
        return old
    act.office.stores.consents.save(act.connection, old, new, act.at)
    act.drafts.append(act.teller.withdrawn(new))
    tell_withdrawn(act, new)
    # The client hears of it too, as a receipt: somebody else may have said it in their name.
    tell_client(act, "receipt.ready", new, step="consent.withdrawn")
    act.issue_receipts(new, "consent.withdrawn", new.parties)
    return new


def withdraw_all(act: Act, client: ClientId, giver: Giver, mandate: Mandate | None) -> tuple[Consent, ...]:
    """Withdraw every consent of the client of which something could be relied on now or later; return them.

    Those whose grants have all ended open nothing any more, and their parties are left in peace.
    """
    check_giver(giver, known_giver(act, client, mandate), act.at)
    live = (
        one
        for one in act.office.stores.consents.unended_of(act.connection, client, act.at)
        if one.state is ConsentState.GIVEN
        and any(not grant.spent and not grant.ended and act.at < grant.row.until for grant in one.grants)
    )
    return tuple(withdraw(act, one.id, client, None, giver, mandate) for one in live)


def _was_withdrawn(act: Act, consent: Consent) -> bool:
    if consent.state is not ConsentState.WITHDRAWN:
        return False
    receipts = act.office.stores.proofs.receipts(act.connection, consent.id, None)
    return any(one.kind == "consent.withdrawn" for one in receipts)


def end_mandate(act: Act, client: ClientId, reference: str) -> int:
    """End every grant that rests on the mandate that a reference leads to, whenever it was chosen; return how many.

    From then on nothing is done by that reference, or by another that was chosen before.
    """
    consents, mandate = act.office.stores.consents, mandate_of(reference)
    act.office.stores.standing.end_mandate(act.connection, client, mandate, act.at)
    ended: list[tuple[Consent, frozenset[GrantId]]] = []
    for old in consents.unended_of(act.connection, client, act.at):
        new, grants = lifecycle.end_with_mandate(old, mandate, act.at)
        if not grants:
            continue
        consents.save(act.connection, old, new, act.at)
        ended.append((new, grants))
        tell_ended(act, new, grants)
        tell_client(act, "consent.ended", new)
        act.issue_receipts(new, "consent.ended", parties_of(new, grants))
    act.drafts.append(act.teller.mandate_ended(client, mandate, ended))
    return sum(len(grants) for _, grants in ended)


def end_mandate_of(act: Act, consent: ConsentId) -> int:
    """End the mandate under which a consent was given, and with it all that rests on it; return how many grants."""
    found = act.load(consent)
    reference = found.giver.register_reference
    if found.giver.is_client or reference is None:
        raise ConsentRefused("mandate-missing", "this consent was given under no mandate")
    return end_mandate(act, found.client, reference)


def expire(act: Act, limit: int) -> int:
    """Write the expiry of grants whose end has passed, and tell recipients of grants that have come into force."""
    consents = act.office.stores.consents
    for consent, grants in consents.untold(act.connection, act.at, limit):
        tell_in_force(act, consent, grants)
    count = 0
    for old, due in consents.passed(act.connection, act.at, limit):
        new, grants = lifecycle.expire(old, due, act.at)
        consents.save(act.connection, old, new, act.at)
        consents.mark_expired(act.connection, due)
        if grants:
            act.drafts.append(act.teller.expired(new, grants))
            tell_client(act, "consent.expired", new)
            act.issue_receipts(new, "consent.expired", parties_of(new, grants))
            count += len(grants)
    return count
