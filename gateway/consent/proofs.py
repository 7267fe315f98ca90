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
    """A code as it is kept: its keyed hash, for which consent or which offer, and how often it was tried.

    The row alone is nobody's word, since whoever has the database can write it: what counts is `code` and `used`, each
    made with a key that the database does not hold, over all that the row says. See `code_hash` and `used_hash`.
    """

    handle: str
    client: ClientId
    consent: ConsentId | None
    offer: bytes | None
    """Digest of the rows and words offered on the client's own phone, where it is no confirmation."""
    code: bytes
    expires: datetime
    attempts: int = 0
    used_at: datetime | None = None
    used: bytes | None = None
    """That the right code was written at `used_at`, as `used_hash`."""


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
    seal: bytes = b""
    """That we noted it so, as `check_seal`."""


def new_code() -> str:
    """Return a random code."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def new_handle() -> str:
    """Return a random handle of 128 bits."""
    return secrets.token_hex(16)


def code_hash(key: bytes, row: CodeRow, code: str) -> bytes:
    """Return the keyed hash under which a code is kept, over all that its row says: pointed at another consent, offer
    or client, or made to last longer, the same code is wrong. Small letters, spaces and hyphens are forgiven."""
    plain = code.upper().replace(" ", "").replace("-", "")
    return _keyed(key, "code", *_about(row), to_micros(row.expires), plain)


def used_hash(key: bytes, row: CodeRow, at: datetime) -> bytes:
    """Return the keyed hash by which we know that it was us who noted this code as used, at *at*."""
    return _keyed(key, "used", *_about(row), to_micros(at))


def check_seal(key: bytes, check: PaperCheck) -> bytes:
    """Return the keyed hash by which we know that it was us who noted this check of a paper."""
    what = (check.reference, check.client, check.scan, check.offer.hex(), check.person, to_micros(check.at))
    return _keyed(key, "check", *what)


def person_hash(key: bytes, system: str | None, worker: str) -> str:
    """Return the keyed hash of a worker, by the system that signed them in."""
    return hmac.digest(key, b"person\n" + (system or "").encode() + b"\n" + worker.encode(), "sha256").hex()


def opens(key: bytes, row: CodeRow, code: str, at: datetime) -> bool:
    """Return whether the code is right, in time, unused and not tried too often."""
    usable = row.used_at is None and at < row.expires and row.attempts < MAX_ATTEMPTS
    return hmac.compare_digest(row.code, code_hash(key, row, code)) and usable


def is_confirmed_offer(key: bytes, row: CodeRow, at: datetime) -> bool:
    """Return whether an offer's code was written on the client's own device, lately enough to be given on."""
    if row.offer is None or row.used_at is None or row.used is None:
        return False
    noted = hmac.compare_digest(row.used, used_hash(key, row, row.used_at))
    return noted and row.used_at <= at < row.used_at + CODE_LASTS


def is_noted(key: bytes, check: PaperCheck) -> bool:
    """Return whether a check of a paper is one that we noted ourselves, as it stands."""
    return hmac.compare_digest(check.seal, check_seal(key, check))


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


def _about(row: CodeRow) -> tuple[str | None, ...]:
    return row.handle, row.client, row.consent, None if row.offer is None else row.offer.hex()


def _keyed(key: bytes, what: str, *parts: str | int | None) -> bytes:
    return hmac.digest(key, what.encode() + b"/v2\n" + orjson.dumps(parts), "sha256")


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
