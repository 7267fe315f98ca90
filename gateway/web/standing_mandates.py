"""Whether who acts for another may still do so: asked of the register at each page, and noticed as soon as it ends.

What the register said is remembered for a minute, for reading alone and only where it said yes: whatever is sent is
asked anew, and each act asks once more by itself. A register that does not answer shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request

from gateway.consent.checks import Mandate, MandateScope
from gateway.consent.model import GiverKind
from gateway.consent.ports import MandateRegister
from gateway.errors import ConsentRefused
from gateway.web.session import ActingFor, Session

REMEMBERED: Final = timedelta(seconds=60)
MOST: Final = 4_096
"""How many mandates are remembered; the oldest is forgotten first."""
_Key = tuple[str, str, str]
_READING: Final = frozenset({"GET", "HEAD"})


class StandingMandates:
    """The mandates that stood a moment ago, in this process."""

    def __init__(self, register: MandateRegister, now: Callable[[], datetime]) -> None:
        self._register, self._now = register, now
        self._found: dict[_Key, tuple[datetime, Mandate]] = {}

    async def need(self, session: Session, request: Request) -> Session:
        """Return the session of who acts for another, as far as the mandate goes now; of anybody else as it was.

        Raises ConsentRefused("mandate-missing") where no mandate stands, StoreUnavailable where the register does not
        answer.
        """
        other = session.signed_in.acting_for
        if other is None:
            return session
        mandate = await self._mandate(other, reading=request.method in _READING)
        now_so = replace(other, may_decide=mandate.scope is MandateScope.MANAGE)
        return replace(session, signed_in=replace(session.signed_in, acting_for=now_so))

    async def _mandate(self, other: ActingFor, *, reading: bool) -> Mandate:
        now, key = self._now(), (other.client, other.kind, other.register_reference)
        known = self._found.get(key)
        if reading and known is not None and _stands(known, now):
            return known[1]
        # Forgotten first: where the register raises, nothing of what it said before is left.
        self._found.pop(key, None)
        mandate = await self._register.find(other.client, GiverKind(other.kind), other.register_reference, now)
        if mandate is None:
            raise ConsentRefused("mandate-missing", "the register knows no such mandate now")
        while len(self._found) >= MOST:
            del self._found[next(iter(self._found))]
        self._found[key] = now, mandate
        return mandate


def _stands(known: tuple[datetime, Mandate], now: datetime) -> bool:
    asked, mandate = known
    # A clock that was set back tells nothing of how long ago it was.
    return asked <= now < asked + REMEMBERED and (mandate.until is None or now < mandate.until)
