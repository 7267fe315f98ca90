"""Whether who acts for another may still do so, and how far: asked of the register at each page, and again at each act.

Nothing of what the register says is remembered, so that under a mandate that ended nothing is shown from then on. Where
the register does not answer, nothing is shown either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from gateway.consent.checks import MandateScope
from gateway.consent.model import ClientId, GiverKind
from gateway.consent.ports import MandateRegister
from gateway.errors import ConsentRefused
from gateway.web.session import Session


class StandingMandates:
    """The mandates as they stand now."""

    def __init__(
        self, register: MandateRegister, now: Callable[[], datetime],
        is_over: Callable[[ClientId, str], Awaitable[bool]],
    ) -> None:  # fmt: skip
        """*is_over* tells of a client's mandate whether its end was recorded here, whatever the register says."""
        self._register, self._now, self._is_over = register, now, is_over

    async def need(self, session: Session) -> Session:
        """Return the session of who acts for another, as far as the mandate goes now; of anybody else as it was.

        Raises ConsentRefused("mandate-missing") where no mandate stands, StoreUnavailable where the register does not
        answer.
        """
        other = session.signed_in.acting_for
        if other is None:
            return session
        kind, reference = GiverKind(other.kind), other.register_reference
        mandate = await self._register.find(other.client, kind, reference, self._now())
        if mandate is None or await self._is_over(other.client, reference):
            raise ConsentRefused("mandate-missing", "the register knows no such mandate now")
        now_so = replace(other, may_decide=mandate.scope is MandateScope.MANAGE)
        return replace(session, signed_in=replace(session.signed_in, acting_for=now_so))
