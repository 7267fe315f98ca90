"""A partner system as the demo and the rehearsals play it: it holds a key, and signs an assertion for each person."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from joserfc.jwk import ECKey

from adapters.tokens.acting import Acting
from adapters.tokens.assertion import ASSERTION_TYPE, MAX_LIFETIME
from adapters.tokens.authorization_server import GRANT_TYPE
from adapters.tokens.compact import sign_compact

DEMO_KID = "saattaen-demo-"
"""How the ids of its keys begin, so that no gateway takes them for real ones."""


@dataclass(frozen=True, slots=True)
class SimulatedPartner:
    """A partner system with an ES256 key. It prints as its id and nothing else."""

    id: str
    key: ECKey = field(repr=False)

    @classmethod
    def create(cls, partner: str) -> SimulatedPartner:
        """Return a partner system with a new key."""
        return cls(partner, ECKey.generate_key("P-256", {"kid": f"{DEMO_KID}{secrets.token_hex(8)}"}))

    @classmethod
    def from_private_jwk(cls, partner: str, text: str) -> SimulatedPartner:
        """Return the partner system whose key `private_jwk` gave."""
        return cls(partner, ECKey.import_key(json.loads(text)))

    def private_jwk(self) -> str:
        """Return the key, to be kept by a demo."""
        return json.dumps(self.key.as_dict(private=True))

    def public_jwks(self) -> str:
        """Return what it registers."""
        return json.dumps({"keys": [self.key.as_dict(private=False)]})

    def token_form(self, acting: Acting, *, scope: str, token_endpoint: str, at: datetime) -> dict[str, str]:
        """Return the form of a token request for one person in one role, for one purpose."""
        now = int(at.timestamp())
        claims: dict[str, object] = {
            "iss": self.id,
            "sub": self.id,
            "aud": token_endpoint,
            "iat": now,
            "exp": now + MAX_LIFETIME,
            "jti": secrets.token_hex(16),
            "extensions": acting.to_extensions(),
        }
        assertion = sign_compact({"typ": "JWT", "kid": str(self.key.kid)}, claims, self.key, "ES256")
        return {
            "grant_type": GRANT_TYPE,
            "scope": scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
