"""A public key whose private half nobody has: for a partner system to which no token is ever issued."""

from __future__ import annotations

import json
import secrets

from joserfc.jwk import ECKey


def unheld_keys() -> str:
    """Return a JWK Set with one new key. Its private half is forgotten here, so that nothing is ever signed by it."""
    key = ECKey.generate_key("P-256", {"kid": f"unheld-{secrets.token_hex(8)}"})
    return json.dumps({"keys": [key.as_dict(private=False)]})
