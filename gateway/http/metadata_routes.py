"""What anyone may read without a token: how to get one, and the keys that our signatures are checked by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from gateway.http.token_routes import REVOCATION_PATH, TOKEN_PATH

JWKS_PATH = "/oauth/jwks.json"
RECEIPT_KEYS_PATH = "/.well-known/saattaen/receipt-keys.json"
SERVER_METADATA_PATH = "/.well-known/oauth-authorization-server"
RESOURCE_METADATA_PATH = "/.well-known/oauth-protected-resource/fhir"
SMART_PATHS = ("/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration")

_NOT_SMART = ("response_types_supported", "protected_resources")

_SUMMARIES = {
    JWKS_PATH: "The keys that access tokens are signed with",
    RECEIPT_KEYS_PATH: "The keys that receipts are signed with",
    SERVER_METADATA_PATH: "Authorization server metadata (RFC 8414)",
    RESOURCE_METADATA_PATH: "Protected resource metadata (RFC 9728)",
    SMART_PATHS[0]: "SMART configuration",
    SMART_PATHS[1]: "SMART configuration",
}
Document = Callable[[], Mapping[str, object]]


def metadata_router(
    *,
    base: str,
    scopes: Sequence[str],
    assertion_algorithms: Sequence[str],
    token_keys: Document,
    receipt_keys: Document,
) -> APIRouter:
    """Return the routes. *base* is the configured base address without a slash at its end; it is also the issuer."""
    router = APIRouter(tags=["Discovery"])
    server = server_metadata(base, scopes, assertion_algorithms)
    documents: dict[str, Document] = {
        JWKS_PATH: token_keys,
        RECEIPT_KEYS_PATH: receipt_keys,
        SERVER_METADATA_PATH: lambda: server,
        RESOURCE_METADATA_PATH: lambda: resource_metadata(base, scopes),
    } | {path: lambda: smart_configuration(server) for path in SMART_PATHS}
    for path, document in documents.items():
        _add(router, path, document)
    return router


def server_metadata(base: str, scopes: Sequence[str], algorithms: Sequence[str]) -> dict[str, object]:
    """Return the authorization server's metadata (RFC 8414). There is no authorization endpoint."""
    return {
        "issuer": base,
        "token_endpoint": base + TOKEN_PATH,
        "jwks_uri": base + JWKS_PATH,
        "scopes_supported": list(scopes),
        # RFC 8414 requires the member and forbids it to be empty; `none` is the registered type that yields nothing.
        "response_types_supported": ["none"],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(algorithms),
        "revocation_endpoint": base + REVOCATION_PATH,
        "revocation_endpoint_auth_methods_supported": ["private_key_jwt"],
        "revocation_endpoint_auth_signing_alg_values_supported": list(algorithms),
        "protected_resources": [base + "/fhir"],
    }


def resource_metadata(base: str, scopes: Sequence[str]) -> dict[str, object]:
    """Return the protected resource's metadata (RFC 9728): a token for the FHIR base serves the JSON API too."""
    return {
        "resource": base + "/fhir",
        "resource_name": "Saattaen",
        "authorization_servers": [base],
        "scopes_supported": list(scopes),
        "bearer_methods_supported": ["header"],
        "tls_client_certificate_bound_access_tokens": False,
        "dpop_bound_access_tokens_required": False,
    }


def smart_configuration(server: Mapping[str, object]) -> dict[str, object]:
    """Return SMART's configuration (2.2.0, backend services): the server's metadata and what SMART adds to it."""
    return {
        **{name: value for name, value in server.items() if name not in _NOT_SMART},
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
        # Required by SMART even of a server without an authorization endpoint.
        "code_challenge_methods_supported": ["S256"],
    }


def _add(router: APIRouter, path: str, document: Document) -> None:
    async def read() -> Response:
        return Response(orjson.dumps(dict(document())), media_type="application/json")

    router.add_api_route(
        path, read, methods=["GET"], operation_id="read_" + path.strip("/").replace("/", "_"),
        summary=_SUMMARIES.get(path, "Read metadata"), openapi_extra={"security": []},
        responses={
            200: {"content": {"application/json": {}}},
            400: {"description": "A personal identity code stands in the address"},
        },
    )  # fmt: skip
