"""The use cases of the consent room: each writing one is one item of the log, so that state, entry, messages and
receipt are committed together or not at all.

What must not be recorded raises `ConsentRefused(reason)`; nothing is written then. Instants are aware UTC. `Recording`
also has what `NoticeRecording` (notices, pauses, reminders, withdrawing all), `StandingRecording` (requests, refusals,
prohibitions, relations), `Submitting` (expiry, outbox) and `Reading` have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.consent import confirming, ending, giving
from gateway.consent.checks import Mandate
from gateway.consent.giving import Changing, Given, Giving, Offering
from gateway.consent.mandate_reference import is_over, mandate_of
from gateway.consent.model import (
    Actor,
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentId,
    Evidence,
    Giver,
    GrantRow,
    RefusedRow,
    Shown,
)
from gateway.consent.notice_recording import NoticeRecording
from gateway.consent.proofs import FORM_CONSENT, derived_id, is_confirmed_offer, offer_digest
from gateway.consent.standing_recording import ON_OWN_PAGE
from gateway.consent.submitting import CLIENT
from gateway.consent.view import ConsentView
from gateway.errors import ConsentRefused

__all__ = ["CLIENT", "ON_OWN_PAGE", "Given", "Recording"]


class Recording(NoticeRecording):
    """Records what clients decide, and shows what stands."""

    async def give(
        self,
        client: ClientId,
        rows: Sequence[GrantRow],
        capture: Capture,
        shown: Shown,
        *,
        giver: Giver = CLIENT,
        refused: Sequence[RefusedRow] = (),
        by: Actor = ON_OWN_PAGE,
        form: str | None = None,
        bearer: ClientId | None = None,
    ) -> Given:
        """Record a giving; service, system and worker of the capture are those of *by*. Where a grant needs the
        client's confirmation, a code goes to the client's own channel and the handle to confirm it with is returned.
        With *bearer*, the representative as a client of ours, it goes to the own channel of theirs.

        *form* is a random key of the form that it came by: the same client's form sent once more gives nothing anew,
        and is answered with the consent that it gave, as that stands now. With another answer than that it is refused:
        ConsentRefused("answered-otherwise").

        Raises ConsentRefused with the first of: request-invalid, period-empty, period-too-long, basis-not-applicable,
        capture-not-allowed, evidence-missing, mandate-missing, too-many-consents, too-many-unconfirmed,
        too-many-recorded.
        """
        capture = _by(capture, by)
        mandate = await self._mandate(client, giver)
        act = Giving(client, tuple(rows), tuple(refused), capture, shown, giver, mandate, form, bearer)
        return await self._do(by, lambda one: giving.give(one, act), giver=giver)

    async def given_by(self, client: ClientId, form: str) -> Consent | None:
        """Return the consent that a form of the client's gave, as it stands now; None where it gave none."""
        id = ConsentId(derived_id(self._office.code_key, FORM_CONSENT, client, form))
        return await self.consent_of_client(id, client)

    async def change(
        self,
        consent: ConsentId,
        rows: Sequence[GrantRow],
        shown: Shown,
        *,
        client: ClientId | None = None,
        refused: Sequence[RefusedRow] = (),
        giver: Giver = CLIENT,
        by: Actor = ON_OWN_PAGE,
    ) -> Given:
        """Replace all rows by a new version, given (and so confirmed) by the client, or by a representative where a
        representative gave the version before.

        With *client*, which a representative's change needs, another client's consent answers as an unknown one, and so
        does to a representative what the client gave in person: ConsentRefused("not-found"). Raises
        ConsentRefused("consent-ended") for one withdrawn, spoken, spent in part or ended as a whole; else as `give`.
        """
        capture = Capture(CaptureMethod.SELF_SERVICE, service=by.service, evidence=_session(by))
        mandate = await self._mandate(client, giver)
        new = Changing(consent, client, tuple(rows), tuple(refused), capture, shown, giver, mandate)
        return await self._do(by, lambda one: giving.change(one, new), giver=giver)

    async def confirm_by_client(
        self, consent: ConsentId, client: ClientId, *, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE
    ) -> Consent:
        """Confirm every unconfirmed grant, by the client signed in on their own page.

        A representative confirms what was recorded as a representative's word; what was recorded as the client's own
        is the client's alone to confirm: ConsentRefused("not-found"), as for another's.
        """
        mandate = await self._mandate(client, giver)
        return await self._do(
            by, lambda one: confirming.confirm_by_client(one, consent, client, giver, mandate), giver=giver
        )

    async def confirm_by_code(self, handle: str, code: str) -> ConsentId | None:
        """Confirm by the one-time code sent to the client's own channel: a consent, or an offer that can then be given
        (None).

        A wrong, used, late or too often tried code, or an unknown handle: ConsentRefused("confirm-not-allowed"), all
        alike. "too-many-consents" comes for the right code alone, which can be used again later.
        """
        stores = self._office.stores

        def look(connection: object) -> Consent | None:
            row = stores.proofs.code(connection, handle)
            return None if row is None or row.consent is None else stores.consents.consent(connection, row.consent)

        giver, mandate = await self._whose_word(look)
        confirmed = await self._do(
            ON_OWN_PAGE, lambda one: confirming.confirm_by_code(one, handle, code, giver, mandate), giver=giver
        )
        return None if confirmed is None else confirmed.id

    async def _whose_word(self, look: Callable[[object], Consent | None]) -> tuple[Giver, Mandate | None]:
        """Return by whose word a consent stands, and the representative's mandate as it stands now."""
        consent = await self._read(look)
        if consent is None or consent.giver.is_client:
            return CLIENT, None
        return consent.giver, await self._mandate(consent.client, consent.giver)

    async def has_confirmed(self, client: ClientId, handle: str) -> bool:
        """Return whether the client confirmed an offer of theirs on their own device, and it can be given yet."""
        key = self._office.code_key

        def look(connection: object) -> bool:
            row = self._office.stores.proofs.code(connection, handle)
            return row is not None and row.client == client and is_confirmed_offer(key, row, self._now())

        return await self._read(look)

    async def confirm_by_service(self, consent: ConsentId, by: Actor) -> ConsentView:
        """Confirm, as a worker of the custodian, the grants whose custodian's organisation is the worker's own.

        Raises ConsentRefused("confirm-not-allowed") where there is none such, "mandate-missing" where it is a
        representative's word and the mandate is over.
        """
        stores = self._office.stores
        giver, mandate = await self._whose_word(lambda connection: stores.consents.consent(connection, consent))
        await self._do(by, lambda one: confirming.confirm_by_service(one, consent, by.service, giver, mandate))
        view = await self.consent_view(consent, by.service or "")
        if view is None:
            raise ConsentRefused("not-found", "there is no such consent")
        return view

    async def withdraw(
        self,
        consent: ConsentId,
        *,
        told: str | None = None,
        client: ClientId | None = None,
        giver: Giver = CLIENT,
        by: Actor = ON_OWN_PAGE,
    ) -> Consent:
        """Withdraw at once, without a reason; a second time answers the same and adds nothing.

        *told* is the service the client told, which is not told again. With *client*, another's consent is "not-found".
        """
        mandate = await self._mandate(client, giver)
        return await self._do(
            by, lambda one: ending.withdraw(one, consent, client, told, giver, mandate), giver=giver, urgent=True
        )

    async def end_mandate(self, client: ClientId, register_reference: str, by: Actor) -> int:
        """Record the end of the mandate that a reference leads to, which ends every grant that rests on it, whenever it
        was chosen. Return how many grants ended."""
        return await self._do(by, lambda one: ending.end_mandate(one, client, register_reference), urgent=True)

    async def end_mandate_of(self, consent: ConsentId, by: Actor) -> int:
        """Record the end of the mandate under which a consent was given, as `end_mandate`.

        Raises ConsentRefused("not-found"), or "mandate-missing" where the client gave it.
        """
        return await self._do(by, lambda one: ending.end_mandate_of(one, consent), urgent=True)

    async def is_mandate_over(self, client: ClientId, register_reference: str) -> bool:
        """Return whether the end of a mandate was recorded after this reference to it was chosen, whatever its register
        says."""
        standing, mandate = self._office.stores.standing, mandate_of(register_reference)
        return is_over(register_reference, await self._read(lambda link: standing.mandate_end(link, client, mandate)))

    async def offer(
        self,
        client: ClientId,
        rows: Sequence[GrantRow],
        shown: Shown,
        by: Actor,
        *,
        giver: Giver = CLIENT,
        bearer: ClientId | None = None,
    ) -> str:
        """Send a code for these rows and words to the client's own phone, or to that of a representative, whom *bearer*
        names as a client of ours; return its handle. The client that nobody is, is sent none.

        A giving by `own-phone` of the same rows and words then names the handle as its evidence, once the client has
        confirmed by `confirm_by_code` on their own device; or handle and code where they gave the code to the worker.
        """
        mandate = await self._mandate(client, giver)
        offering = Offering(client, tuple(rows), shown, giver, mandate, bearer)
        return await self._do(by, lambda one: giving.offer(one, offering))

    async def check_paper(
        self,
        client: ClientId,
        rows: Sequence[GrantRow],
        shown: Shown,
        scan_sha256: str,
        by: Actor,
        *,
        giver: Giver = CLIENT,
    ) -> str:
        """Record that a second person compared a scan with these rows; return the reference that the giving's evidence
        names as `check`. The person who then gives must be another. *giver* is whose signature the paper bears."""
        digest = offer_digest(client, tuple(rows), shown, giver)
        return await self._do(by, lambda one: confirming.check_paper(one, client, scan_sha256, digest))


def _by(capture: Capture, by: Actor) -> Capture:
    """Return the capture with the worker, service and system of the actor: nobody records in another's name.

    On the client's own page the sign-in stands for the evidence unless the caller gave its reference.
    """
    evidence = capture.evidence
    if by.is_client and capture.method is CaptureMethod.SELF_SERVICE and evidence.get("session") is None:
        evidence = _session(by)
    return replace(capture, service=by.service, worker=by.worker, system=by.system, evidence=evidence)


def _session(by: Actor) -> Evidence:
    return Evidence((("session", by.request_id or "own-page"),))
