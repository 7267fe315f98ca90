"""A partner system as tests play it: a key, the assertions that it signs, and the forms that it posts."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BASE = "https://gateway.example"
TOKEN_ENDPOINT = BASE + "/oauth/token"


@dataclass
class SteeredClock:
    """A clock that stands still until it is moved."""

    at: datetime = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self.at

    def database_now(self, connection: object) -> datetime:
        """Return the same instant."""
        return self.at

    def move(self, seconds: float) -> None:
        """Move it."""
        self.at += timedelta(seconds=seconds)


def make_key(algorithm: str) -> Key:
    """Return a new private key that *algorithm* takes."""
    match algorithm:
        case "ES256":
            return ECKey.generate_key("P-256")
        case "ES384":
            return ECKey.generate_key("P-384")
        case "PS256" | "RS384":
            return RSAKey.generate_key(2048)
        case _:
            return OKPKey.generate_key("Ed25519")


def extensions(**changed: Any) -> dict[str, Any]:
    """Return the acting claims of the demo's employment service; a name of a member replaces it, None leaves it out."""
    b2b = {
        "version": "1",
        "organization_id": "urn:oid:1.2.246.10.99000026",
        "purpose_of_use": ["https://saattaen.example/fhir/CodeSystem/purpose#employment-support"],
        "subject_id": "worker-7",
        "subject_name": "Olli Omavalmentaja",
        "subject_role": "https://saattaen.example/fhir/CodeSystem/role#omavalmentaja",
    }
    own = {"version": "1", "service": "kuntakokeilu", "assurance": "substantial"}
    for name, value in changed.items():
        part = own if name in own else b2b
        part.pop(name)
        if value is not None:
            part[name] = value
    return {"hl7-b2b": b2b, "saattaen": own}


@dataclass
class PartnerSystem:
    """One partner system and its key."""

    clock: SteeredClock
    id: str = "kuntakokeilu-system"
    algorithm: str = "ES256"
    kid: str = "key-1"
    key: Key = field(default_factory=lambda: make_key("ES256"))

    def jwks(self) -> str:
        """Return the JWK Set that it registers."""
        return json.dumps({"keys": [{**self.key.as_dict(private=False), "kid": self.kid}]})

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Return the claims of a good assertion; a name replaces a claim, None leaves it out."""
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.id, "sub": self.id, "aud": TOKEN_ENDPOINT, "iat": now, "exp": now + 300, "jti": token_hex(8),
            "extensions": extensions(),
        }  # fmt: skip
        claims |= changed
        return {name: value for name, value in claims.items() if value is not None}

    def assertion(self, claims: Mapping[str, Any] | bytes | None = None, **header: Any) -> str:
        """Return a signed assertion; *header* members replace its own, None leaves one out."""
        members = {"alg": self.algorithm, "typ": "JWT", "kid": self.kid} | header
        payload = claims if isinstance(claims, bytes) else json.dumps(claims or self.claims()).encode()
        return sign({name: value for name, value in members.items() if value is not None}, payload, self.key)

    def form(self, assertion: str | None = None, **changed: str | None) -> dict[str, str]:
        """Return the form of a token request; a name replaces a parameter, None leaves it out."""
        form: dict[str, str | None] = {
            "grant_type": "client_credentials",
            "scope": "system/CarePlan.rs",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion if assertion is not None else self.assertion(),
        }
        form |= changed
        return {name: value for name, value in form.items() if value is not None}


def sign(header: Mapping[str, Any] | bytes, payload: bytes, key: Key, algorithm: str | None = None) -> str:
    """Return a compact JWS over exactly these bytes, however wrong its header; signed by an algorithm the key takes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    named = algorithm or (header.get("alg") if not isinstance(header, bytes) else None)
    signing_input = b64(text) + "." + b64(payload)
    fitting = [one for one in ("ES256", "ES384", "PS256", "Ed25519") if _takes(key, one)]
    name = str(named) if named in jws.JWSRegistry.algorithms and _takes(key, str(named)) else fitting[0]
    return signing_input + "." + b64(jws.JWSRegistry.algorithms[name].sign(signing_input.encode(), key))


def _takes(key: Key, algorithm: str) -> bool:
    try:
        jws.JWSRegistry.algorithms[algorithm].check_key(key)
    except JoseError:
        return False
    return True


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
