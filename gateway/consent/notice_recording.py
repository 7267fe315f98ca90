"""The use cases of how a client is told, of pausing, of withdrawing everything, and the reminders."""

from __future__ import annotations

from datetime import timedelta

from gateway.consent import choosing, ending, pausing, reminding
from gateway.consent.model import Actor, ClientId, Consent, Giver
from gateway.consent.notice_choice import Contact, NoticeChoice
from gateway.consent.notice_registry import Pause
from gateway.consent.pausing import PAUSE
from gateway.consent.standing_recording import ON_OWN_PAGE, StandingRecording
from gateway.consent.submitting import CLIENT

_GATEWAY = Actor(system="gateway")


class NoticeRecording(StandingRecording):
    """Records how clients want to be told, and what they stop for a while or altogether."""

    async def contact(self, client: ClientId) -> Contact:
        """Return how the client is told now, and what they may choose."""
        kinds = self._reachable_kinds
        return await self._read(lambda connection: choosing.contact(self._office.stores, connection, client, kinds))

    async def choose_notices(
        self, client: ClientId, choice: NoticeChoice, *, address: str | None = None, language: str | None = None,
        giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE,
    ) -> None:  # fmt: skip
        """Record how often and where the client wants to be told; *address* is a new one for that channel, *language*
        in which of the four registers from now on. None leaves either as it is.

        A new address is told to the old one. Raises ConsentRefused("request-invalid") for an address that is none, for
        a channel that cannot reach the client, and for another language.
        """
        kinds, mandate = self._reachable_kinds, await self._mandate(client, giver)
        await self._do(
            by, lambda one: choosing.choose(one, client, choice, address, kinds, language, giver, mandate), giver=giver
        )

    async def pause(
        self, client: ClientId, *, lasting: timedelta = PAUSE, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE
    ) -> Pause:
        """Stop all disclosures on consent until the client says otherwise, and remind the client after *lasting*.

        Raises ConsentRefused("period-too-long") for more than 30 days, "period-empty" for nothing. Where a pause
        stands already that one is returned, and nothing is added.
        """
        mandate = await self._mandate(client, giver)
        return await self._do(
            by, lambda one: pausing.pause(one, client, lasting, giver, mandate), giver=giver, urgent=True
        )

    async def end_pause(self, client: ClientId, *, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE) -> int:
        """End the client's pauses; return how many stood. Ending one made in person is the client's alone."""
        mandate = await self._mandate(client, giver)
        return await self._do(by, lambda one: pausing.end(one, client, giver, mandate), giver=giver)

    async def withdraw_all(
        self, client: ClientId, *, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE
    ) -> tuple[Consent, ...]:
        """Withdraw every consent that could be relied on now or later, in one act; return those withdrawn by it."""
        mandate = await self._mandate(client, giver)
        return await self._do(
            by, lambda one: ending.withdraw_all(one, client, giver, mandate), giver=giver, urgent=True
        )

    async def walked_through(self, client: ClientId) -> None:
        """Note that the client has gone through everything that stands: the next reminder comes in a year."""
        await self._do(ON_OWN_PAGE, lambda one: reminding.walked(one, client))

    async def remind_due(self, limit: int = 200) -> int:
        """Write the reminders that are due: of ends in 30 and 7 days, of pauses, of the yearly walk-through.

        Each is written once and extends nothing. Return how many messages were written.
        """
        return await self._do(_GATEWAY, lambda one: reminding.remind(one, limit))
