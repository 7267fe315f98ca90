"""Acting for another: the register of mandates is asked when somebody chooses, and again at each act."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import orjson

from gateway.consent.checks import Mandate, MandateScope, coming_of_age
from gateway.consent.mandate_reference import NamesMandate, new_reference
from gateway.consent.model import ClientId, GiverKind
from gateway.directory.identity_code import Identifier, IdentityCodeError, PersonalIdentityCode
from gateway.directory.instants import to_micros
from gateway.errors import StoreUnavailable
from gateway.identification import NotIdentified
from gateway.web.session import ActingFor, Kind
from gateway.web.sign_in.attempts import LIFETIME
from gateway.web.sign_in.sessions import LONGEST


class Register(Protocol):
    """The register of mandates (`adapters.suomifi.valtuudet`). Raises StoreUnavailable where it does not answer."""

    async def begin(self, code: str) -> tuple[str, str]: ...
    def address(self, user: str, redirect_uri: str, state: str, language: str) -> str: ...
    async def token(self, code: str, redirect_uri: str) -> str: ...
    async def principals(self, session: str, token: str) -> tuple[tuple[str, str], ...]: ...
    async def scope(self, session: str, token: str, principal: str, *, guardian: bool) -> MandateScope | None: ...


class Kept(Protocol):
    """Where questions under way and chosen mandates are kept, sealed (`adapters.sql.session_store`)."""

    async def keep_attempt(self, cookie: str, content: bytes, *, ends: int, now: int) -> None: ...
    async def take_attempt(self, cookie: str, *, now: int) -> bytes | None: ...
    async def keep_mandate(self, reference: str, content: bytes, *, ends: int, now: int) -> None: ...
    async def find_mandate(self, reference: str, *, now: int) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Representing:
    """The way into the register and back, and `gateway.consent.ports.MandateRegister` for what was chosen there.

    `code_of` tells a client's own identity code, `find_or_add` leads from one to a client. A chosen mandate is kept
    for as long as a session may last; who signs in again chooses again.
    """

    register: Register
    kept: Kept
    code_of: Callable[[ClientId], Awaitable[PersonalIdentityCode | None]]
    find_or_add: Callable[[Identifier], Awaitable[ClientId]]
    now: Callable[[], datetime]
    callback: str
    name: NamesMandate

    async def begin(self, client: ClientId, language: str) -> tuple[str, str]:
        """Return where the browser chooses, and the value of its cookie. Raises NotIdentified."""
        code = await self.code_of(client)
        if code is None:
            raise NotIdentified("claims-unfit")
        session, user = await self.register.begin(code.reveal())
        cookie, state, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), self.now()
        content = orjson.dumps({"client": client, "session": session, "state": state})
        await self.kept.keep_attempt(
            f"acting {cookie}", content, ends=to_micros(now + LIFETIME), now=to_micros(now)
        )  # fmt: skip
        return self.register.address(user, self.callback, state, language), cookie

    async def complete(self, client: ClientId, cookie: str, answer: Mapping[str, str]) -> ActingFor:
        """Return for whom the person chose to act. Raises NotIdentified where that is not certain."""
        now = self.now()
        content = await self.kept.take_attempt(f"acting {cookie}", now=to_micros(now))
        told = {} if content is None else orjson.loads(content)
        # Whoever began must be who comes back.
        if not told or told["client"] != client:
            raise NotIdentified("stale")
        if not hmac.compare_digest(answer.get("state", "").encode(), told["state"].encode()):
            raise NotIdentified("mismatch")
        if not answer.get("code"):
            raise NotIdentified("cancelled")
        session = told["session"]
        try:
            token = await self.register.token(answer["code"], self.callback)
            chosen = await self.register.principals(session, token)
        except StoreUnavailable:
            raise NotIdentified("provider-unavailable") from None
        if len(chosen) != 1:
            raise NotIdentified("no-mandate")
        bearer = await self.code_of(client)
        if bearer is None:
            raise NotIdentified("claims-unfit")
        return await self._keep(bearer, session, token, *chosen[0])

    async def _keep(
        self, bearer: PersonalIdentityCode, session: str, token: str, principal: str, name: str
    ) -> ActingFor:  # fmt: skip
        now = self.now()
        try:
            code = PersonalIdentityCode.parse(principal, at=now)
        except IdentityCodeError:
            raise NotIdentified("no-mandate") from None
        kind = GiverKind.GUARDIAN if now < coming_of_age(code.birth_date) else GiverKind.MANDATE
        try:
            scope = await self.register.scope(session, token, principal, guardian=kind is GiverKind.GUARDIAN)
        except StoreUnavailable:
            raise NotIdentified("provider-unavailable") from None
        if scope is None:
            raise NotIdentified("no-mandate")
        other = await self.find_or_add(Identifier.personal(code))
        reference = new_reference(self.name(bearer, code, kind), now)
        content = orjson.dumps(
            {"client": other, "kind": kind, "session": session, "token": token, "principal": principal}
        )
        ends = now + LONGEST[Kind.CLIENT]
        await self.kept.keep_mandate(reference, content, ends=to_micros(ends), now=to_micros(now))
        return ActingFor(other, name, kind, reference, may_decide=scope is MandateScope.MANAGE)

    async def find(self, client: ClientId, kind: GiverKind, reference: str, at: datetime) -> Mandate | None:
        """Return the mandate if the register says at this act that it stands; None otherwise."""
        content = await self.kept.find_mandate(reference, now=to_micros(at))
        told = {} if content is None else orjson.loads(content)
        if not told or (told["client"], told["kind"]) != (client, kind):
            return None
        guardian = kind is GiverKind.GUARDIAN
        scope = await self.register.scope(told["session"], told["token"], told["principal"], guardian=guardian)
        if scope is None:
            return None
        until = _end_of(kind, told["principal"])
        return Mandate(kind, reference, until, scope) if until is None or at < until else None


def _end_of(kind: GiverKind, principal: str) -> datetime | None:
    """Return when a guardian is one no longer, whatever the register goes on saying."""
    if kind is not GiverKind.GUARDIAN:
        return None
    return coming_of_age(PersonalIdentityCode.parse(principal).birth_date)
