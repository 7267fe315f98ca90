"""The authorization server: client credentials with private_key_jwt, through Authlib's server side (sync: in a thread).

It authenticates only. A suspended partner, a role that does not fit or a service of somebody else still gets a token:
these are claims that the policy judges, so that each refusal is an entry in the log. A claim missing or misshapen is
`invalid_request`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientCredentialsGrant,
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
    UnsupportedGrantTypeError,
)

from adapters.tokens.access_token import AccessTokens
from adapters.tokens.acting import Acting, ActingInvalid
from adapters.tokens.allowance import Allowance, Pace
from adapters.tokens.assertion import AUTH_METHOD, OAuthClient, PartnerAssertion, RegisteredPartner, ReplayStore
from gateway.disclosure.ports import Clock
from gateway.disclosure.scopes import covers, parse_scopes
from gateway.errors import BodyInvalid, StoreUnavailable, TokenInvalid

GRANT_TYPE: str = ClientCredentialsGrant.GRANT_TYPE
_HEADERS = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_LONGEST_PARAMETER = 16_384


class PartnerLookup(Protocol):
    """The register of partner systems."""

    def find(self, partner: str) -> RegisteredPartner | None:
        """Return the partner system of that id, suspended or not."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What an OAuth endpoint answers: status, JSON members and headers."""

    status: int
    body: Mapping[str, object]
    headers: Sequence[tuple[str, str]] = _HEADERS


@dataclass(frozen=True, slots=True)
class Revocation:
    """A token that its own partner takes back; whoever asked for it records it."""

    partner: str
    token_id: str
    expires: datetime


class _Payload(OAuth2Payload):
    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = dict(form)

    @property
    def data(self) -> dict[str, str]:
        return self._form

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self._form.items()}


class _Request(OAuth2Request):
    """A form whose parameters each came once: who parsed it has refused the others."""

    def __init__(self, uri: str, form: Mapping[str, str], allowance: Allowance) -> None:
        super().__init__("POST", uri)
        self.payload = _Payload(form)
        self.allowance = allowance
        self.assertion: Mapping[str, object] = {}

    @property
    def form(self) -> dict[str, str]:
        data: dict[str, str] = self.payload.data
        return data


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = (AUTH_METHOD,)
    server: _Server
    request: _Request

    def validate_token_request(self) -> None:
        """Authenticate the client, then read the scope and the acting claims."""
        super().validate_token_request()
        resource = self.request.form.get("resource")
        if resource is not None and resource != self.server.tokens.audience:
            raise InvalidRequestError(error="invalid_target", description="resource, where given, is the FHIR base.")
        try:
            self.acting = Acting.parse(self.request.assertion.get("extensions"))
        except ActingInvalid as error:
            raise InvalidRequestError(description=f"{error}.") from None

    def validate_requested_scope(self) -> None:
        """Keep the requested scopes; each must lie within what is registered (SMART 2.2)."""
        client: OAuthClient = self.request.client
        try:
            self.scopes = parse_scopes(self.request.form.get("scope", ""))
        except ValueError:
            raise InvalidScopeError() from None
        registered = frozenset(client.scope.split())
        if not all(covers(registered, one) for one in self.scopes):
            raise InvalidScopeError(description="A scope goes beyond what is registered for this client.")

    def create_token_response(self) -> tuple[int, dict[str, object], Sequence[tuple[str, str]]]:
        """Issue the token. Authlib's own method would write the whole token to its log."""
        client: OAuthClient = self.request.client
        issued = self.server.tokens.issue(client.id, self.scopes, self.acting)
        return (
            200,
            {
                "access_token": issued.token,
                # SMART fixes the spelling `bearer` in small letters.
                "token_type": "bearer",
                "expires_in": issued.expires_in,
                "scope": " ".join(self.scopes),
            },
            _HEADERS,
        )


class _Server(AuthorizationServer):
    def __init__(
        self,
        partners: PartnerLookup,
        replay: ReplayStore,
        tokens: AccessTokens,
        clock: Clock,
        audiences: frozenset[str],
    ) -> None:
        super().__init__()
        self._partners, self._replay, self._clock, self._audiences = partners, replay, clock, audiences
        self.tokens = tokens
        self.register_grant(_Grant)
        self.register_client_auth_method(AUTH_METHOD, self._authenticate)

    def _authenticate(self, query_client: object, request: _Request) -> OAuthClient | None:
        assertion = PartnerAssertion(self._audiences, self._replay, self._clock, request.allowance)
        client = assertion(self.query_client, request)
        # Step 2 of the assertion: whoever says twice who he is must say the same.
        if client is not None and request.form.get("client_id", client.id) != client.id:
            raise InvalidClientError(description="client_id is not the assertion's sub.")
        request.assertion = assertion.claims
        return client

    def query_client(self, client_id: str) -> OAuthClient | None:
        if not client_id.isprintable() or len(client_id) > 128:
            return None
        partner = self._partners.find(client_id)
        try:
            return None if partner is None else OAuthClient.of(partner)
        except BodyInvalid:
            raise StoreUnavailable("a partner's registered keys are broken") from None

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def handle_response(self, status: int, body: Mapping[str, object], headers: Sequence[tuple[str, str]]) -> Answer:
        return Answer(status, body)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        return None


class PartnerAuthorizationServer:
    """Token and revocation endpoint for partner systems. Its methods block: call them in a thread.

    *issuer* and *token_endpoint* are absolute URLs of the configured base address, never taken from a request. *pace*
    is each partner's, at each of the two endpoints: whoever asked for too many tokens can take them back all the same.
    Both raise TooBusy beyond it.
    """

    def __init__(
        self,
        *,
        issuer: str,
        token_endpoint: str,
        partners: PartnerLookup,
        replay: ReplayStore,
        tokens: AccessTokens,
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        self._uri = token_endpoint
        self._issued, self._taken_back = Allowance(pace or Pace()), Allowance(pace or Pace())
        self._tokens = tokens
        # Both are accepted until the partners' profiles narrow it (SMART: the endpoint; FAPI 2.0: the issuer).
        self._server = _Server(partners, replay, tokens, clock, frozenset({issuer, token_endpoint}))

    def token(self, form: Mapping[str, str]) -> Answer:
        """Answer a token request whose parameters each came once."""
        if refusal := self._refuse_form(form, {"grant_type": GRANT_TYPE}):
            return refusal
        answer: Answer = self._server.create_token_response(_Request(self._uri, form, self._issued))
        return answer

    def revocation(self, form: Mapping[str, str]) -> tuple[Answer, Revocation | None]:
        """Answer a revocation request (RFC 7009), and say what is to be recorded before the answer goes out.

        A token that is unknown, ended or somebody else's gives the same 200, and nothing is recorded.
        """
        if refusal := self._refuse_form(form, {}):
            return refusal, None
        request = _Request(self._uri, form, self._taken_back)
        try:
            client: OAuthClient = self._server.authenticate_client(request, [AUTH_METHOD], "revocation")
            if not form.get("token"):
                raise InvalidRequestError(description="token is needed.")
        except OAuth2Error as error:
            answer: Answer = self._server.handle_error_response(request, error)
            return answer, None
        try:
            token = self._tokens.read(form["token"])
        except TokenInvalid:
            return Answer(200, {}), None
        if token.partner != client.id:
            return Answer(200, {}), None
        return Answer(200, {}), Revocation(token.partner, token.token_id, token.expires)

    def _refuse_form(self, form: Mapping[str, str], expected: Mapping[str, str]) -> Answer | None:
        error: OAuth2Error | None = None
        if any(len(value) > _LONGEST_PARAMETER for value in form.values()):
            error = InvalidRequestError(description="A parameter is longer than 16384 characters.")
        elif "client_secret" in form:
            error = InvalidClientError(description="This server knows no client secrets; sign an assertion.")
        elif not form.get("grant_type") and expected:
            error = InvalidRequestError(description="grant_type is needed: client_credentials.")
        elif expected and form["grant_type"] != expected["grant_type"]:
            # Authlib would repeat the value in its answer.
            said = {"error": UnsupportedGrantTypeError.error, "error_description": "grant_type is client_credentials."}
            return Answer(400, said)
        if error is None:
            return None
        answer: Answer = self._server.handle_response(*error())
        return answer
