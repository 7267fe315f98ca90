"""The file with which anyone can check one entry without us, and how. Pure."""

from __future__ import annotations

from base64 import b64encode

import orjson

from gateway.disclosure.entry_proof import Proved
from gateway.disclosure.opened import Opened

HOW = (
    "1. Take the log's key from where it was published (GET /audit/log.vkey), not from this file.",
    "2. checkpoint.note is a signed note (c2sp.org/signed-note, tlog-checkpoint): check its Ed25519 signature with "
    "that key. Its lines are the log's name, its size and the root of its Merkle tree.",
    "3. leaf = SHA-256(0x00 || entry). Hash it with each of inclusion.path in order (RFC 9162, 2.1.3.2); the last hash "
    "must be the root in the note.",
    "4. For each opening: HMAC-SHA-256 with the salt as key over 'saattaen-audit/v1\\n' || letter || '\\n' || data, in "
    "base64url without padding, must be what entry.c says for its letter.",
    "5. data of the openings is what happened: s whom it is about and what it rests on, a who acted, b the rest. Times "
    "are microseconds since 1970 (UTC).",
    "With this program: save the text of receipt and run `saattaen log check FILE --vkey KEYFILE`.",
    "It holds personal data: give it to those alone who may see them.",
)


def proof_file(entry: Opened, proved: Proved) -> dict[str, object]:
    """Return what is written in the file."""
    return {
        "how": list(HOW),
        "log": entry.origin,
        "index": entry.index,
        "entry": proved.entry.decode(),
        "openings": orjson.loads(proved.receipt.extra or b"{}").get("open", {}),
        "inclusion": {"size": proved.stated.size, "path": [b64encode(one).decode() for one in proved.receipt.path]},
        "checkpoint": {"note": proved.receipt.checkpoint.decode(), "root": b64encode(proved.stated.root).decode()},
        "receipt": proved.receipt.to_text().decode(),
    }
