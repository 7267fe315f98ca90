"""The register of mandates by its Web API, shaped as Suomi.fi-valtuudet's (persons, `hpa`).

Five addresses: a person is registered, chooses in the register's own pages for whom they act, and comes back with a
code; then the register says for whom that was, and at each act whether it still holds, and for which topic. A sixth,
the Authorization REST API, says the same of two people who sit at a local office, under a key of its own. The API has
identity codes in its paths, so no address of a request may ever be logged here, and none is in an error.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import httpx
import orjson

from gateway.consent.checks import Mandate, MandateScope
from gateway.consent.model import GiverKind
from gateway.errors import StoreUnavailable

CHECKSUM = "X-AsiointivaltuudetAuthorization"
_WIDEST_FIRST = (MandateScope.MANAGE, MandateScope.SEE)


@dataclass(frozen=True, slots=True)
class RegisterAccount:
    """What the register gave to this gateway."""

    base: str
    client_id: str
    api_key: str = field(repr=False)
    oauth_secret: str = field(repr=False)
    topics: Mapping[MandateScope, tuple[str, ...]] = field(default_factory=dict)
    """By what they let somebody do here, the codes of the topics that a mandate may name. Where there are none, every
    mandate lets somebody decide."""
    trustee_topics: tuple[str, ...] = ()
    """The topics that tell of a guardian appointed for an adult whose task covers decisions like these. Where there are
    none, nobody decides as one: most are appointed for matters of money alone."""
    rest_api_key: str | None = field(default=None, repr=False)
    """The key of the Authorization REST API, which the register hands out separately."""


def checksum(account: RegisterAccount, path: str, at: datetime, key: str | None = None) -> str:
    """Return the header's value for a path with its query: client, instant, and their HMAC under *key*, the Web API's
    unless it is given."""
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hmac.digest((key or account.api_key).encode(), f"{path} {stamp}".encode(), "sha256")
    return f"{account.client_id} {stamp} {base64.b64encode(digest).decode()}"


class MandateService:
    """The register; every method raises StoreUnavailable where it does not answer as it should."""

    def __init__(
        self, account: RegisterAccount, now: Callable[[], datetime], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._account, self._now, self._transport = account, now, transport

    async def begin(self, code: str) -> tuple[str, str]:
        """Register a person by their identity code; return the register's session and its name for the person."""
        told = await self._get(f"/service/hpa/user/register/{quote(self._account.client_id, safe='')}/{quote(code)}")
        match told:
            case {"sessionId": str(session), "userId": str(user)}:
                return session, user
            case _:
                raise StoreUnavailable("the register of mandates answers otherwise than it should")

    def address(self, user: str, redirect_uri: str, state: str, language: str) -> str:
        """Return where a browser chooses for whom the person acts."""
        query = {
            "client_id": self._account.client_id, "response_type": "code", "redirect_uri": redirect_uri, "user": user,
            "state": state, "lang": language,
        }  # fmt: skip
        return f"{self._account.base}/oauth/authorize?{urlencode(query)}"

    async def token(self, code: str, redirect_uri: str) -> str:
        """Trade the code that the browser brought."""
        query = urlencode({"code": code, "grant_type": "authorization_code", "redirect_uri": redirect_uri})
        told = await self._ask(
            "POST", f"/oauth/token?{query}", {}, (self._account.client_id, self._account.oauth_secret)
        )
        match told:
            case {"access_token": str(token)}:
                return token
            case _:
                raise StoreUnavailable("the register of mandates answers otherwise than it should")

    async def principals(self, session: str, token: str) -> tuple[tuple[str, str], ...]:
        """Return for whom the person chose to act: identity code and name."""
        told = await self._get(f"/service/hpa/api/delegate/{quote(session, safe='')}", token)
        match told:
            case list(rows) if all(isinstance(row, dict) for row in rows):
                return tuple(
                    (str(row["personId"]), str(row["name"])) for row in rows if {"personId", "name"} <= row.keys()
                )
            case _:
                raise StoreUnavailable("the register of mandates answers otherwise than it should")

    async def scope(self, session: str, token: str, principal: str, *, guardian: bool) -> MandateScope | None:
        """Return the most that the person may do for the principal now; None where that is nothing.

        A guardian needs no topic: who has the care of a child has it as a whole.
        """
        topics = self._account.topics
        if guardian or not topics:
            return MandateScope.MANAGE if await self._is_allowed(session, token, principal) else None
        for scope in _WIDEST_FIRST:
            for topic in topics.get(scope, ()):
                if await self._is_allowed(session, token, principal, topic):
                    return scope
        return None

    async def between(self, delegate: str, principal: str, kind: GiverKind, at: datetime) -> Mandate | None:
        """Return the mandate of one person for another by both identity codes, of that kind; None where there is none.

        Nobody has chosen anything in the register's pages: whoever asks tells the person that the register is asked.
        """
        match kind:
            case GiverKind.CLIENT:
                return None
            case GiverKind.TRUSTEE:
                topics: list[tuple[MandateScope, str | None]] = [
                    (MandateScope.MANAGE, topic) for topic in self._account.trustee_topics
                ]
            case GiverKind.MANDATE if self._account.topics:
                topics = [(scope, topic) for scope in _WIDEST_FIRST for topic in self._account.topics.get(scope, ())]
            case _:
                topics = [(MandateScope.MANAGE, None)]
        for scope, topic in topics:
            if await self._is_allowed_between(delegate, principal, topic):
                return Mandate(kind, "", None, scope, topic)
        return None

    async def _is_allowed_between(self, delegate: str, principal: str, topic: str | None) -> bool:
        key = self._account.rest_api_key
        if key is None:
            raise StoreUnavailable("the register of mandates gave no key to ask with at a desk")
        parts = (self._account.client_id, delegate, principal)
        path = "/service/rest/hpa/authorization/" + "/".join(quote(part, safe="") for part in parts)
        told = await self._get(path, more={} if topic is None else {"issue": topic}, key=key)
        return isinstance(told, dict) and told.get("result") == "ALLOWED"

    async def _is_allowed(self, session: str, token: str, principal: str, topic: str | None = None) -> bool:
        """Return whether the register says so; anything but a plain yes is no."""
        path = f"/service/hpa/api/authorization/{quote(session, safe='')}/{quote(principal, safe='')}"
        told = await self._get(path, token, {} if topic is None else {"issues": topic})
        return isinstance(told, dict) and told.get("result") == "ALLOWED"

    async def _get(
        self, path: str, token: str | None = None, more: Mapping[str, str] | None = None, key: str | None = None
    ) -> object:
        whole = f"{path}?{urlencode({'requestId': secrets.token_hex(16)} | dict(more or {}))}"
        headers = {CHECKSUM: checksum(self._account, whole, self._now(), key)}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return await self._ask("GET", whole, headers, None)

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], basic: tuple[str, str] | None) -> object:
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=5, trust_env=False) as web:
                address = self._account.base + path
                answer = await web.request(method, address, headers=dict(headers), auth=basic)
            if answer.status_code != 200:
                raise StoreUnavailable("the register of mandates refuses")
            told: object = orjson.loads(answer.content)
        except (httpx.HTTPError, ValueError):
            # Without `from None` the address, and the code in it, could reach a traceback.
            raise StoreUnavailable("the register of mandates does not answer") from None
        return told
