"""Our side of a sign-in with one provider: the question, and its answer believed only where everything fits.

Authlib's Starlette client makes the authorization request (state, nonce, PKCE S256) and trades the code for tokens,
with a key of ours instead of a secret. What it leaves open is closed here: metadata and callback are compared with the
issuer that was asked (RFC 9207), the token is checked by `checked_token`, and what was asked lies on our server.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import httpx
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

from adapters.tokens.compact import sign_compact
from adapters.tokens.login.checked_token import SKEW, CheckedToken, KeyUnknown, check_id_token, check_logout_token
from adapters.tokens.login.claims import read_claims
from adapters.tokens.login.metadata import TIMEOUT, Metadata, MetadataSource
from adapters.tokens.login.providers import ProviderRow
from gateway.directory.model import Directory
from gateway.identification import Identified, Kind, LoggedOut, NotIdentified, Question

with warnings.catch_warnings():
    # Authlib says at its import that it would rather have httpx2; it takes httpx as well.
    warnings.simplefilter("ignore")
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.starlette_client import StarletteIntegration, StarletteOAuth2App

METHOD = "private_key_jwt"
_LIFETIME = 60


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every provider is asked with. `first_use` remembers a logout token's `jti`: (issuer, jti, expires)."""

    base_url: str
    directory: Directory
    now: Callable[[], datetime]
    first_use: Callable[[str, str, datetime], bool]
    transport: httpx.AsyncBaseTransport | None = None


class _Assertion(PrivateKeyJWT):
    """Authlib's would live an hour, and be addressed to whatever token endpoint the metadata names."""

    def __init__(self, audience: str, now: Callable[[], datetime]) -> None:
        super().__init__(token_endpoint=audience, alg="ES256")
        self._now = now

    def sign(self, auth: StarletteOAuth2App, token_endpoint: str) -> str:
        key: ECKey = auth.client_secret
        now = int(self._now().timestamp())
        claims = {
            "iss": auth.client_id, "sub": auth.client_id, "aud": token_endpoint, "iat": now, "exp": now + _LIFETIME,
            "jti": secrets.token_urlsafe(24),
        }  # fmt: skip
        return sign_compact({"typ": "JWT", "kid": str(key.kid)}, claims, key, "ES256")


class RelyingParty:
    """`gateway.identification.Provider` over OpenID Connect. Its callback has a path of its own."""

    def __init__(self, row: ProviderRow, around: Surroundings) -> None:
        self._row, self._around = row, around
        self._metadata = MetadataSource(row, around.now, around.transport)
        self.callback = f"{around.base_url}/sign-in/{row.name}/callback"

    @property
    def name(self) -> str:
        """Its code."""
        return self._row.name

    @property
    def kind(self) -> Kind:
        """Whom it identifies."""
        return self._row.kind

    @property
    def names(self) -> Mapping[str, str]:
        """What people call it."""
        return self._row.names

    @property
    def organisation(self) -> str | None:
        """Whose staff it identifies."""
        return self._row.organisation

    async def ask(self, *, language: str, fresh: bool) -> Question:
        """Return a new question."""
        metadata = await self._metadata.get()
        # With max_age the provider must say when the person identified (`auth_time`).
        more = {"prompt": "login", "max_age": "0"} if fresh else {"max_age": str(self._row.max_age)}
        made = await self._app(metadata).create_authorization_url(
            self.callback, nonce=secrets.token_urlsafe(32), state=secrets.token_urlsafe(32), ui_locales=language, **more
        )
        return Question(made["url"], made["state"], made["nonce"], made["code_verifier"], self._around.now(), fresh)

    async def read(self, answer: Mapping[str, str], question: Question) -> Identified:
        """Return who it is.

        1. `state` is the question's. 2. `iss` is the provider that was asked. 3. No error, and a code. 4. The code is
        traded for an ID token, which holds. 5. The level of assurance suffices. 6. The person identified recently
        enough. 7. Its claims say who it is.
        """
        row, metadata = self._row, await self._metadata.get()
        # 1. and 2. before anything in the answer is acted upon (RFC 9207 2.4): errors too.
        if not hmac.compare_digest(answer.get("state", "").encode(), question.state.encode()):
            raise NotIdentified("mismatch")
        issuer = answer.get("iss")
        if issuer != row.issuer and (issuer is not None or row.answers_with_issuer or metadata.answers_with_issuer):
            raise NotIdentified("mismatch")
        # 3.
        if "error" in answer:
            raise NotIdentified("cancelled" if answer["error"] == "access_denied" else "provider-unavailable")
        if not answer.get("code"):
            raise NotIdentified("mismatch")
        # 4.
        token = await self._trade(metadata, answer["code"], question.verifier)
        checked = await self._believe(
            lambda known: check_id_token(token, row, known.keys, question.nonce, self._around.now())
        )
        # 5. to 7.
        self._check_freshness(checked, question)
        return read_claims(checked, row, self._around.directory)

    async def read_logout(self, token: str) -> LoggedOut:
        """Return what a logout token says has ended."""
        checked = await self._believe(
            lambda known: check_logout_token(token, self._row, known.keys, self._around.now())
        )
        expires = checked.instant("exp") or checked.at
        jti, until = str(checked.text("jti")), expires + timedelta(seconds=SKEW)
        if not await asyncio.to_thread(self._around.first_use, self._row.issuer, jti, until):
            raise NotIdentified("stale")
        return LoggedOut(self._row.name, checked.text("sid"), checked.text("sub"))

    async def ending(self, *, session: str | None, language: str, return_to: str) -> str | None:
        """Return where a browser ends the provider's own session.

        The ID token is no hint there: it holds an identity code, and an address ends up in logs.
        """
        try:
            place = (await self._metadata.get()).ending
        except NotIdentified:
            return None
        if place is None:
            return None
        told = {"client_id": self._row.client_id, "post_logout_redirect_uri": return_to, "ui_locales": language}
        told |= {"logout_hint": session} if session else {}
        return place + ("&" if "?" in place else "?") + urlencode(told)

    async def _trade(self, metadata: Metadata, code: str, verifier: str) -> str:
        try:
            answer = await self._app(metadata).fetch_access_token(
                redirect_uri=self.callback, code=code, code_verifier=verifier
            )
        except OAuthError:
            raise NotIdentified("token-invalid") from None
        except (httpx.HTTPError, ValueError):
            raise NotIdentified("provider-unavailable") from None
        token = answer.get("id_token") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise NotIdentified("token-invalid")
        return token

    async def _believe(self, check: Callable[[Metadata], CheckedToken]) -> CheckedToken:
        try:
            return check(await self._metadata.get())
        except KeyUnknown:
            pass
        try:
            return check(await self._metadata.renew_keys())
        except KeyUnknown:
            raise NotIdentified("token-invalid") from None

    def _check_freshness(self, checked: CheckedToken, question: Question) -> None:
        at, skew = checked.instant("auth_time"), timedelta(seconds=SKEW)
        if at is None or at > checked.at + skew:
            raise NotIdentified("not-fresh")
        oldest = question.asked_at if question.is_fresh else checked.at - timedelta(seconds=self._row.max_age)
        if at < oldest - skew:
            raise NotIdentified("not-fresh")

    def _app(self, metadata: Metadata) -> StarletteOAuth2App:
        row, around = self._row, self._around
        audience = row.issuer if row.audience == "issuer" else metadata.token
        return StarletteOAuth2App(
            StarletteIntegration(row.name), name=row.name, client_id=row.client_id, client_secret=row.key,
            authorize_url=metadata.authorization, access_token_url=metadata.token,
            client_kwargs={
                "scope": row.scope, "code_challenge_method": "S256", "token_endpoint_auth_method": METHOD,
                "transport": around.transport, "timeout": TIMEOUT, "trust_env": False,
            },
            client_auth_methods=[_Assertion(audience, around.now)],
        )  # fmt: skip
