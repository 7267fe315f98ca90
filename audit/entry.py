"""Entries: what the tree holds of an event, and what is sealed beside it.

An entry has three salted commitments and a retention class, and nothing else, so anyone may see it. The sections that
it is committed to (`s` the subject, `a` the actor, `b` the body) are sealed under keys that may be destroyed.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import orjson
from cryptography.exceptions import InvalidTag

from audit.errors import EntryInvalid, OpeningInvalid
from audit.keys import DataKey

SectionName = Literal["s", "a", "b"]
SECTIONS: tuple[SectionName, ...] = ("a", "b", "s")
SALT_SIZE = 32
NONCE_SIZE = 12
_RETENTION = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
# 32 bytes in base64url: the last letter carries four bits, and the two that are left over are zero.
_COMMITMENT = r"([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])"
_ENTRY = re.compile(
    rf'\{{"c":\{{"a":"{_COMMITMENT}","b":"{_COMMITMENT}","s":"{_COMMITMENT}"\}},"r":"({_RETENTION.pattern})","v":1\}}'.encode()
)
_CONTEXT = b"saattaen-audit/v1\n"
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What an event can be found by. The log stores it and reads no meaning into it; `kind` and `outcome` are also
    written into section b as `k` and `o`."""

    kind: str
    outcome: str
    basis: str | None = None
    category: str | None = None
    recipient: str | None = None
    custodian: str | None = None
    requester: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An event on its way into the log.

    The log itself adds `event_id`, `t` (microseconds), `k` and `o` to the body. An owner of None means the operator:
    the section is sealed under the operator's key of the year and the index bears no token.
    """

    event_id: str
    index: IndexRow
    body: Mapping[str, object]
    subject: Mapping[str, object] = field(default_factory=dict)
    actor: Mapping[str, object] = field(default_factory=dict)
    subject_owner: str | None = None
    actor_owner: str | None = None
    retention: str = "12y"


class Opening(NamedTuple):
    """What opens one commitment: the salt and the section's exact bytes."""

    section: SectionName
    salt: bytes
    plaintext: bytes


class Sealed(NamedTuple):
    """One section as it is stored: AES-256-GCM over salt and plaintext."""

    section: SectionName
    key_id: str
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A parsed entry. Commitments are the base64url texts that stand in it, without padding."""

    retention: str
    commitments: Mapping[str, str]


def section_bytes(content: Mapping[str, object]) -> bytes:
    """Return a section's bytes: JSON, keys sorted, no whitespace; raises EntryInvalid when it cannot be JSON."""
    try:
        return orjson.dumps(content, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        raise EntryInvalid("a section is not JSON") from error


def body_bytes(draft: Draft, at: int) -> bytes:
    """Return section b of a draft at the instant *at*, with the four fields that every body has."""
    added = {"event_id": draft.event_id, "t": at, "k": draft.index.kind, "o": draft.index.outcome}
    for name, value in added.items():
        if draft.body.get(name, value) != value:
            raise EntryInvalid(f"the body's {name} contradicts the draft")
    return section_bytes({**draft.body, **added})


def commit(opening: Opening) -> str:
    """Return the commitment to a section, as it stands in the entry."""
    message = _CONTEXT + opening.section.encode() + b"\n" + opening.plaintext
    return urlsafe_b64encode(hmac.digest(opening.salt, message, "sha256"))[:43].decode()


def entry_bytes(retention: str, commitments: Mapping[str, str]) -> bytes:
    """Return the canonical entry, version 1: exactly the bytes that are hashed, stored and served."""
    if not _RETENTION.fullmatch(retention):
        raise EntryInvalid("a retention class is one to sixteen small letters, digits and hyphens")
    return (
        f'{{"c":{{"a":"{commitments["a"]}","b":"{commitments["b"]}","s":"{commitments["s"]}"}},'
        f'"r":"{retention}","v":1}}'
    ).encode()


def parse_entry(data: bytes) -> Entry:
    """Read an entry; raises EntryInvalid unless the bytes are exactly what `entry_bytes` writes."""
    # The canonical form is one shape, so that nothing is parsed that would then have to be compared with it.
    match = _ENTRY.fullmatch(data)
    if match is None:
        raise EntryInvalid("not a canonical entry of version 1")
    a, b, s, retention = match.groups()
    return Entry(retention.decode(), {"a": a.decode(), "b": b.decode(), "s": s.decode()})


class Randomness:
    """Salts and nonces for a batch, drawn from the system in one call. Each byte is handed out once."""

    __slots__ = ("_at", "_drawn")

    def __init__(self, sections: int) -> None:
        self._drawn = secrets.token_bytes(sections * (SALT_SIZE + NONCE_SIZE))
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes; raises EntryInvalid when there are no more."""
        start = self._at
        self._at = end = start + count
        if end > len(self._drawn):
            raise EntryInvalid("the batch has more sections than it drew randomness for")
        return self._drawn[start:end]


def new_opening(section: SectionName, plaintext: bytes, randomness: Randomness) -> Opening:
    """Return a section with a fresh salt."""
    return Opening(section, randomness.take(SALT_SIZE), plaintext)


def _bound_to(origin: str, event_id: str, section: str, commitment: str) -> bytes:
    return f"{origin}\n{event_id}\n{section}\n{commitment}".encode()


def seal(opening: Opening, commitment: str, key: DataKey, origin: str, event_id: str, randomness: Randomness) -> Sealed:
    """Seal a section for the entry that bears its commitment; the ciphertext opens in no other place."""
    nonce = randomness.take(NONCE_SIZE)
    bound = _bound_to(origin, event_id, opening.section, commitment)
    return Sealed(opening.section, key.id, nonce, key.cipher.encrypt(nonce, opening.salt + opening.plaintext, bound))


def unseal(sealed: Sealed, commitment: str, key: DataKey, origin: str, event_id: str) -> Opening:
    """Open a sealed section and check it against its commitment; raises OpeningInvalid."""
    try:
        bound = _bound_to(origin, event_id, sealed.section, commitment)
        plain = key.cipher.decrypt(sealed.nonce, sealed.ciphertext, bound)
    except (InvalidTag, ValueError) as error:
        raise OpeningInvalid(f"section {sealed.section} does not open under key {sealed.key_id}") from error
    opening = Opening(sealed.section, plain[:SALT_SIZE], plain[SALT_SIZE:])
    _check_commitment(opening, commitment)
    return opening


def verify_opening(opening: Opening, entry: bytes) -> None:
    """Check that an entry is committed to an opening; raises OpeningInvalid, or EntryInvalid for no entry."""
    _check_commitment(opening, parse_entry(entry).commitments[opening.section])


def _check_commitment(opening: Opening, commitment: str) -> None:
    if len(opening.salt) != SALT_SIZE or not hmac.compare_digest(commit(opening), commitment):
        raise OpeningInvalid(f"section {opening.section} is not what the entry is committed to")


def pack_openings(entry: bytes, openings: tuple[Opening, ...]) -> bytes:
    """Return an entry and some of its openings as JSON: the extra data of a receipt."""
    shown = {one.section: {"salt": _b64(one.salt), "data": one.plaintext.decode()} for one in openings}
    return orjson.dumps({"entry": entry.decode(), "open": shown, "v": 1}, option=_OPTIONS)


def unpack_openings(extra: bytes) -> tuple[bytes, tuple[Opening, ...]]:
    """Read what `pack_openings` wrote, each opening checked against the entry; raises OpeningInvalid."""
    try:
        whole = orjson.loads(extra)
        entry = str(whole["entry"]).encode()
        shown = tuple(
            Opening(name, urlsafe_b64decode(whole["open"][name]["salt"] + "="), whole["open"][name]["data"].encode())
            for name in SECTIONS
            if name in whole["open"]
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError, Base64Error) as error:
        raise OpeningInvalid("the extra data is not an entry with openings") from error
    parse_entry(entry)
    for one in shown:
        verify_opening(one, entry)
    return entry, shown


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
