"""What a sign-in at the demo's provider is about, as values: who is there, who relies on it, what is asked and said.

What Authlib asks of such a value is a method of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request

from adapters.tokens.assertion import AUTH_METHOD
from adapters.tokens.keys import PublicKey
from gateway.demo.provider.people import DemoPerson

NO_STORE = (("cache-control", "no-store"),)
"""The header of an answer that nobody may keep."""


@dataclass(frozen=True, slots=True)
class RelyingSite:
    """The gateway as its provider knows it."""

    client_id: str
    jwks: str = field(repr=False)
    callback: str
    signed_out: str
    logout_told: str


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody at the provider in one browser: who, since when, and the provider's name for that."""

    person: DemoPerson
    sid: str
    since: datetime


@dataclass
class Answer:
    """What an endpoint answers."""

    status: int
    body: object
    headers: Sequence[tuple[str, str]] = NO_STORE

    @property
    def location(self) -> str | None:
        """Where it leads; IssuerParameter adds `iss` to it."""
        return next((value for name, value in self.headers if name.lower() == "location"), None)

    @location.setter
    def location(self, value: str) -> None:
        self.headers = [*((n, v) for n, v in self.headers if n.lower() != "location"), ("Location", value)]


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was given out, with what Authlib asks of one."""

    code: str = field(repr=False)
    presence: Presence
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    expires: datetime

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.presence.since.timestamp())

    def get_acr(self) -> str:
        return self.presence.person.acr

    def get_amr(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Site:
    """The relying site in Authlib's eyes."""

    site: RelyingSite
    keys: tuple[PublicKey, ...] = field(repr=False)
    id_token_signed_response_alg: str = "ES256"  # noqa: S105  An algorithm, no secret.

    def get_client_id(self) -> str:
        return self.site.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(one for one in scope.split() if one in ("openid", "profile"))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.site.callback

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == AUTH_METHOD

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class Payload(OAuth2Payload):
    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = dict(given)

    @property
    def data(self) -> dict[str, str]:
        return self._given

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self._given.items()}


class Request(OAuth2Request):
    def __init__(self, method: str, uri: str, given: Mapping[str, str]) -> None:
        super().__init__(method, uri)
        self.payload = Payload(given)

    @property
    def args(self) -> dict[str, str]:
        data: dict[str, str] = self.payload.data
        return data

    @property
    def form(self) -> dict[str, str]:
        return self.args
