"""The OpenID provider itself: Authlib's authorization server with code, PKCE, private_key_jwt and ID tokens (ES256).

Everything is in memory; its methods are quick and do not block.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import ECKey

from adapters.tokens.allowance import Allowance, Pace
from adapters.tokens.assertion import AUTH_METHOD, PartnerAssertion
from adapters.tokens.keys import parse_public_keys
from gateway.demo.provider.protocol import NO_STORE, Answer, Code, Presence, RelyingSite, Request, Site

_CODE_LIFETIME = timedelta(minutes=1)
_ID_TOKEN_SECONDS = 300


class _Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = (AUTH_METHOD,)
    server: _Server

    def save_authorization_code(self, code: str, request: Request) -> None:
        given = request.payload.data
        if given.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method is S256.")
        self.server.codes[code] = Code(
            code, request.user, given["redirect_uri"], request.scope, given.get("nonce"), given["code_challenge"],
            "S256", self.server.now() + _CODE_LIFETIME,
        )  # fmt: skip

    def query_authorization_code(self, code: str, client: Site) -> Code | None:
        # Taken out at once: a code that is tried is used up, whatever comes of it.
        found = self.server.codes.pop(code, None)
        return found if found is not None and found.expires > self.server.now() else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        return None

    def authenticate_user(self, authorization_code: Code) -> Presence:
        return authorization_code.presence


class _IdToken(OpenIDCode):
    def __init__(self, issuer: str, key: Callable[[], ECKey], now: Callable[[], datetime]) -> None:
        super().__init__(require_nonce=True)
        self._issuer, self._key, self._now = issuer, key, now
        self._nonces: set[str] = set()

    def exists_nonce(self, nonce: str, request: Request) -> bool:
        # Looked at twice for one request: when the page is shown, and when somebody was chosen.
        return False

    def resolve_client_private_key(self, client: Site) -> ECKey:
        return self._key()

    def get_encode_header(self, client: Site) -> dict[str, str]:
        return {"alg": "ES256", "kid": str(self._key().kid)}

    def get_client_claims(self, client: Site) -> dict[str, object]:
        now = int(self._now().timestamp())
        return {"iss": self._issuer, "aud": client.get_client_id(), "iat": now, "exp": now + _ID_TOKEN_SECONDS}

    def generate_user_info(self, user: Presence, scope: str) -> dict[str, object]:
        return {"sub": user.person.id, "sid": user.sid, **user.person.claims}


class _Issuer(IssuerParameter):
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer


class _Server(AuthorizationServer):
    """Authlib's server for one relying site."""

    def __init__(self, issuer: str, site: RelyingSite, key: Callable[[], ECKey], now: Callable[[], datetime]) -> None:
        super().__init__()
        self.now = now
        self.codes: dict[str, Code] = {}
        self._site = Site(site, parse_public_keys(site.jwks))
        self._used: set[tuple[str, str]] = set()
        self._audiences = frozenset({issuer})
        self.register_grant(_Grant, [_IdToken(issuer, key, now), CodeChallenge(required=True)])
        self.register_extension(_Issuer(issuer))
        self.register_client_auth_method(AUTH_METHOD, self._authenticate)
        self.register_token_generator("default", _bearer)

    def first_use(self, issuer: str, jti: str, expires: datetime, now: datetime) -> bool:
        """Remember an assertion."""
        is_first = (issuer, jti) not in self._used
        self._used.add((issuer, jti))
        return is_first

    def _authenticate(self, query_client: object, request: Request) -> Site | None:
        assertion = PartnerAssertion(self._audiences, self, _Clock(self.now), Allowance(Pace()))
        # Typed for partner systems; it asks of a site what a site has: keys, and whether it may authenticate so.
        client: object = assertion(self.query_client, request)  # type: ignore[arg-type]
        return client if isinstance(client, Site) else None

    def query_client(self, client_id: str) -> Site | None:
        """Return the site of that id."""
        return self._site if client_id == self._site.site.client_id else None

    def create_oauth2_request(self, request: Request) -> Request:
        """Return it as it is."""
        return request

    def handle_response(self, status: int, body: object, headers: Sequence[tuple[str, str]]) -> Answer:
        """Return it as a value."""
        return Answer(status, body, list(headers) or list(NO_STORE))

    def save_token(self, token: object, request: object) -> None:
        """Nothing is served for an access token."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""


@dataclass(frozen=True, slots=True)
class _Clock:
    tell: Callable[[], datetime]

    def now(self) -> datetime:
        return self.tell()

    def database_now(self, connection: object) -> datetime:
        return self.tell()


def _bearer(**asked: object) -> dict[str, object]:
    return {
        "token_type": "Bearer", "access_token": secrets.token_urlsafe(32), "expires_in": 60, "scope": asked["scope"]
    }  # fmt: skip


class ProviderServer:
    """The two endpoints that Authlib answers, for parameters that each came once."""

    def __init__(self, issuer: str, site: RelyingSite, key: Callable[[], ECKey], now: Callable[[], datetime]) -> None:
        self._issuer, self._server = issuer, _Server(issuer, site, key, now)

    def fault(self, asked: Mapping[str, str]) -> str | None:
        """Return what is wrong with an authorization request, before anybody is shown a page for it."""
        try:
            self._server.get_consent_grant(Request("GET", f"{self._issuer}/authorize", asked), None)
        except OAuth2Error as error:
            return str(error.error)
        return None if asked.get("code_challenge_method") == "S256" else "invalid_request"

    def authorize(self, asked: Mapping[str, str], presence: Presence | None) -> Answer:
        """Answer an authorization request for somebody who was identified; None is somebody who went back."""
        request = Request("GET", f"{self._issuer}/authorize", asked)
        grant = self._server.get_consent_grant(request, presence)
        answer: Answer = self._server.create_authorization_response(request, presence, grant)
        return answer

    def token(self, form: Mapping[str, str]) -> Answer:
        """Answer a token request."""
        answer: Answer = self._server.create_token_response(Request("POST", f"{self._issuer}/token", form))
        return answer
