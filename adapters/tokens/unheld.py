"""A public key whose private half nobody holds: for a partner system that never gets a token."""

from __future__ import annotations

import json
import secrets

from joserfc.jwk import ECKey


def unheld_jwks(name: str) -> str:
    """Return a JWK Set of one public key; its private half is dropped here and was never written anywhere."""
    key = ECKey.generate_key("P-256", {"kid": f"{name}-{secrets.token_hex(8)}"})
    return json.dumps({"keys": [key.as_dict(private=False)]})
