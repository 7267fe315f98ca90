"""Representatives who sit at the desk: the register of mandates is asked by both identity codes when one comes, and
again at each act.

What it is asked by is kept under a random reference, sealed by that, for as long as a conversation may last. The codes
are in no address, no draft and no consent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import orjson

from gateway.consent.checks import Mandate, MandateScope, coming_of_age
from gateway.consent.mandate_reference import NamesMandate, new_reference
from gateway.consent.model import ClientId, Giver, GiverKind
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.instants import to_micros

LASTS: Final = timedelta(days=1)
"""As long as a draft: whoever comes back later is asked after anew."""


class Register(Protocol):
    """The register of mandates (`adapters.suomifi.valtuudet`). Raises StoreUnavailable where it does not answer."""

    async def between(self, delegate: str, principal: str, kind: GiverKind, at: datetime) -> Mandate | None:
        """Return the mandate of that kind that one person has for another at *at*; None where there is none."""
        ...


class Kept(Protocol):
    """Where what the register is asked by is kept, sealed (`adapters.sql.session_store`)."""

    async def keep_mandate(self, reference: str, content: bytes, *, ends: int, now: int) -> None: ...
    async def find_mandate(self, reference: str, *, now: int) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class _Pair:
    delegate: PersonalIdentityCode
    principal: PersonalIdentityCode
    kind: GiverKind


@dataclass(frozen=True, slots=True)
class DeskMandates:
    """Asks the register about who sits at the desk; `gateway.consent.ports.MandateRegister` for what it was asked.

    `client_of` leads from an identifier to a client, *nobody* is the client that no identifier leads to.
    """

    register: Register
    kept: Kept
    client_of: Callable[[Identifier], Awaitable[ClientId | None]]
    nobody: ClientId
    now: Callable[[], datetime]
    name: NamesMandate

    async def verify(
        self, delegate: PersonalIdentityCode, principal: PersonalIdentityCode, kind: GiverKind
    ) -> Giver | None:
        """Return the representative as a giver where the register says that they may decide now; None otherwise.

        A guardian of a minor is one of a minor alone, and nobody else decides for one. Raises StoreUnavailable.
        """
        pair, now = _Pair(delegate, principal, kind), self.now()
        mandate = await self._ask(pair, now)
        if mandate is None or mandate.scope is not MandateScope.MANAGE:
            return None
        reference = new_reference(self.name(delegate, principal, kind), now)
        content = orjson.dumps({"delegate": delegate.reveal(), "principal": principal.reveal(), "kind": kind})
        await self.kept.keep_mandate(_at_desk(reference), content, ends=to_micros(now + LASTS), now=to_micros(now))
        return Giver(kind, reference, mandate.until, mandate.covers)

    async def find(self, client: ClientId, kind: GiverKind, reference: str, at: datetime) -> Mandate | None:
        """Return the mandate if the register says at this act that it stands, for that client; None otherwise."""
        pair = await self._pair(reference, at)
        if pair is None or pair.kind is not kind:
            return None
        if await self.client_of(Identifier.personal(pair.principal)) != client:
            return None
        mandate = await self._ask(pair, at)
        return None if mandate is None else Mandate(kind, reference, mandate.until, mandate.scope, mandate.topic)

    async def bearer(self, reference: str) -> ClientId:
        """Return the client that a representative is to us; *nobody* where we do not know them."""
        pair = await self._pair(reference, self.now())
        known = None if pair is None else await self.client_of(Identifier.personal(pair.delegate))
        return known or self.nobody

    async def _ask(self, pair: _Pair, at: datetime) -> Mandate | None:
        of_age = coming_of_age(pair.principal.birth_date)
        guards = pair.kind is GiverKind.GUARDIAN
        if pair.delegate == pair.principal or (at < of_age) is not guards:
            return None
        found = await self.register.between(pair.delegate.reveal(), pair.principal.reveal(), pair.kind, at)
        if found is None:
            return None
        return Mandate(pair.kind, found.reference, of_age if guards else found.until, found.scope, found.topic)

    async def _pair(self, reference: str, at: datetime) -> _Pair | None:
        content = await self.kept.find_mandate(_at_desk(reference), now=to_micros(at))
        if content is None:
            return None
        told = orjson.loads(content)
        delegate, principal = (PersonalIdentityCode.parse(told[one]) for one in ("delegate", "principal"))
        return _Pair(delegate, principal, GiverKind(told["kind"]))


def _at_desk(reference: str) -> str:
    # What was chosen in the register's own pages is kept under its bare reference, and asked after otherwise.
    return f"desk {reference}"
