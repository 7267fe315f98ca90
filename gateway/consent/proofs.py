"""Proofs that a giving needs beside the client's word: one-time codes sent to the client's own channel, the second
person's look at a paper, and what a custodian signed.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import orjson

from gateway.consent.model import ClientId, ConsentId, Giver, GrantRow, Shown
from gateway.directory.identity_code import (
    Identifier,
    IdentityCodeError,
)
from gateway.directory.instants import parse_instant, to_micros

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No sign that is taken for another."""
CODE_LENGTH = 8
CODE_LASTS = timedelta(minutes=30)
MAX_ATTEMPTS = 5
CHECK_LASTS = timedelta(days=7)
IMPORT_LASTS = timedelta(days=1)
"""A signed import older than this is not taken any more."""
IMPORT_SKEW = timedelta(minutes=1)
FORM_CONSENT, FORM_CODE, FORM_PROHIBITION, FORM_RELATION = (
    "form-consent", "form-code", "form-prohibition", "form-relation"
)  # fmt: skip
"""What a form's key may name: see `derived_id`."""
FORM_ACT = "form-act"
"""Under which an act that leaves no record of its own notes a form's key: see `ProofRegistry.use_nonce`."""


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code as it is kept: its keyed hash, for which consent or which offer, and how often it was tried."""

    handle: str
    client: ClientId
    consent: ConsentId | None
    offer: bytes | None
    """Digest of the rows and words offered on the client's own phone, where it is no confirmation."""
    code: bytes
    expires: datetime
    attempts: int = 0
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaperCheck:
    """A second person, signed in with us, compared a scan with these rows and words. It counts once."""

    reference: str
    client: ClientId
    scan: str
    offer: bytes
    person: str
    """Keyed hash of the person, so that it can be compared and tells nothing."""
    at: datetime


def new_code() -> str:
    """Return a random code."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def new_handle() -> str:
    """Return a random handle of 128 bits."""
    return secrets.token_hex(16)


def code_hash(key: bytes, handle: str, code: str) -> bytes:
    """Return the keyed hash under which a code is kept; small letters, spaces and hyphens are forgiven."""
    plain = code.upper().replace(" ", "").replace("-", "")
    return hmac.digest(key, b"code\n" + handle.encode() + b"\n" + plain.encode(), "sha256")


def person_hash(key: bytes, system: str | None, worker: str) -> str:
    """Return the keyed hash of a worker, by the system that signed them in."""
    return hmac.digest(key, b"person\n" + (system or "").encode() + b"\n" + worker.encode(), "sha256").hex()


def opens(row: CodeRow, given: bytes, at: datetime) -> bool:
    """Return whether the code is right, in time, unused and not tried too often."""
    usable = row.used_at is None and at < row.expires and row.attempts < MAX_ATTEMPTS
    return hmac.compare_digest(row.code, given) and usable


def is_confirmed_offer(row: CodeRow, at: datetime) -> bool:
    """Return whether an offer's code was written on the client's own device, lately enough to be given on."""
    return row.offer is not None and row.used_at is not None and row.used_at <= at < row.used_at + CODE_LASTS


def derived_id(key: bytes, what: str, client: ClientId, form: str) -> str:
    """Return the id that belongs to a form of the client's: the same each time the form is sent, told to nobody before.

    It has the 128 bits of a random one, and whoever lacks the key cannot tell the two apart.
    """
    return hmac.digest(key, "\n".join((what, client, form)).encode(), "sha256")[:16].hex()


def offer_digest(client: ClientId, rows: Sequence[GrantRow], shown: Shown, giver: Giver) -> bytes:
    """Return the digest that binds a code or a check to the client, the very rows and words, and to who decides: what
    a representative confirmed counts for nobody else."""
    content: list[object] = [client, rows_content(rows), shown.wording, shown.version, shown.sha256]
    if not giver.is_client:
        content += [str(giver.kind), giver.register_reference]
    return sha256(orjson.dumps(content)).digest()


def rows_content(rows: Sequence[GrantRow]) -> list[dict[str, object]]:
    """Return rows as JSON content, in their order; instants in microseconds. A custodian signs these."""
    return [
        {
            "custodian": row.custodian, "recipient": row.recipient, "category": row.category, "purpose": row.purpose,
            "from": to_micros(row.valid_from), "until": to_micros(row.until),
            "sensitivities": sorted(row.sensitivities),
            "once": row.once, "document": row.document,
            "dated_from": None if row.dated_from is None else to_micros(row.dated_from),
            "dated_until": None if row.dated_until is None else to_micros(row.dated_until),
        }
        for row in rows
    ]  # fmt: skip


def import_nonce(claims: Mapping[str, object], rows: Sequence[GrantRow], shown: Shown, at: datetime) -> str | None:
    """Return the nonce of a signed import if it speaks of these rows and these words, and is fresh.

    Claims: `grants` (as `rows_content`), `text_sha256`, `at` (RFC 3339), `nonce`, and `client`, see `import_client`.
    """
    nonce, signed_at = claims.get("nonce"), claims.get("at")
    if not isinstance(nonce, str) or not 16 <= len(nonce) <= 128 or not isinstance(signed_at, str):
        return None
    try:
        moment = parse_instant(signed_at)
    except ValueError:
        return None
    same = claims.get("grants") == rows_content(rows) and claims.get("text_sha256") == shown.sha256
    return nonce if same and at - IMPORT_LASTS < moment <= at + IMPORT_SKEW else None


def import_client(claims: Mapping[str, object]) -> Identifier | None:
    """Return whom a signed import is about: its claim `client` holds `authority`, `value` and perhaps `issuer`."""
    client = claims.get("client")
    if not isinstance(client, Mapping):
        return None
    authority, value, issuer = client.get("authority"), client.get("value"), client.get("issuer")
    if not isinstance(authority, str) or not isinstance(value, str) or not isinstance(issuer, str | None):
        return None
    try:
        return Identifier.assigned(authority, value, issuer)
    except IdentityCodeError:
        return None
