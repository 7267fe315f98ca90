"""C2SP checkpoints: the signed note that states a log's size and root.

Text: origin, size, root, one line each, no extension lines. Signatures: Ed25519, type 0x01, as golang.org/x/mod's
sumdb/note reads them; a key's name is the origin. A note may bear several signatures; unknown ones are passed over.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.errors import KeyRetired, SignatureInvalid
from audit.merkle import HASH_SIZE

ED25519 = 0x01
_SIGNATURE_PREFIX = "\N{EM DASH} "
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_MAX_NOTE = 1 << 20
_MAX_SIGNATURES = 100


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's state: the tree of *size* entries has this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """Return the bytes that are signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note taken apart; nothing about its signatures has been checked."""

    checkpoint: Checkpoint
    text: bytes
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name, able to check notes signed with it."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that begin this key's signatures."""
        return sha256(self.name.encode() + bytes((0x0A, ED25519)) + self.public).digest()[:4]

    def vkey(self) -> str:
        """Return the key as note verifiers take it: name, id and key."""
        encoded = b64encode(bytes((ED25519,)) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class Step:
    """A checkpoint to be signed: the head that it grows from, whose note is signed already, and the leaf hashes since.

    A log's first checkpoint grows from nothing.
    """

    checkpoint: Checkpoint
    size: int = 0
    frontier: bytes = b""
    note: bytes = b""
    leaves: Sequence[bytes] = ()


class HeadSigner(Protocol):
    """Signs the heads of logs: in this process, or elsewhere."""

    def verifier(self, name: str) -> Verifier:
        """Return the public key under the name of an origin; of several the current one."""
        ...

    def verifiers(self, name: str) -> Sequence[Verifier]:
        """Return every public key, the current one first, those that signed once among them."""
        ...

    def signing(self, name: str) -> Sequence[Verifier]:
        """Return the public keys that sign now, the current one first."""
        ...

    def sign_step(self, step: Step) -> str:
        """Return the signature lines of a checkpoint; raises NotSigned when it cannot or must not be signed."""
        ...


class Signer:
    """The private key of a log; it signs for whatever origin it is asked to, since a log's name changes by the year."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()
        self._lines: dict[str, tuple[str, bytes]] = {}

    def verifier(self, name: str) -> Verifier:
        """Return the public half under the name of an origin."""
        _check_name(name)
        return Verifier(name, self.public)

    def verifiers(self, name: str) -> list[Verifier]:
        """Return the public half, alone in a list."""
        return [self.verifier(name)]

    def signing(self, name: str) -> list[Verifier]:
        """Return the public half, alone in a list."""
        return [self.verifier(name)]

    def sign_step(self, step: Step) -> str:
        """Return the signature line of a checkpoint, whatever it grows from."""
        return self.signature_line(step.checkpoint.origin, step.checkpoint.text())

    def signature_line(self, name: str, text: bytes) -> str:
        """Return the signature line for a note's text."""
        known = self._lines.get(name)
        if known is None:
            known = self._lines[name] = (f"{_SIGNATURE_PREFIX}{name} ", self.verifier(name).key_id)
        prefix, key_id = known
        return f"{prefix}{b64encode(key_id + self._key.sign(text)).decode()}\n"


def sign_step(step: Step, signers: Sequence[HeadSigner]) -> bytes:
    """Return a checkpoint as a note with the signature lines of each signer, in order."""
    return step.checkpoint.text() + b"\n" + "".join(one.sign_step(step) for one in signers).encode()


def parse_note(note: bytes) -> SignedNote:
    """Take a checkpoint note apart; raises SignatureInvalid when it is not one. Checks no signature."""
    if len(note) > _MAX_NOTE:
        raise SignatureInvalid("the note is too long")
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SignatureInvalid("the note is not UTF-8") from error
    if any(ord(letter) < 0x20 and letter != "\n" for letter in whole):
        raise SignatureInvalid("the note has control characters")
    text, separator, tail = whole.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise SignatureInvalid("the note has no signature block")
    text += "\n"
    lines = tail[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise SignatureInvalid("the note has too many signatures")
    return SignedNote(_parse_text(text), text.encode(), tuple(_parse_signature(line) for line in lines))


def verify_note(note: bytes, verifiers: Sequence[Verifier], origin: str | None = None) -> Checkpoint:
    """Return the checkpoint of a note that at least one of the keys signed; raises SignatureInvalid.

    A line that bears a known key's name and id and does not verify spoils the note, even if another one verifies.
    *origin*, when given, is the log that it must be about.
    """
    signed = parse_note(note)
    if origin is not None and signed.checkpoint.origin != origin:
        raise SignatureInvalid(f"the checkpoint is about {signed.checkpoint.origin}, not {origin}")
    known = {(one.name, one.key_id): one for one in verifiers}
    good = 0
    for signature in signed.signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature.value, signed.text)
        except InvalidSignature as error:
            raise SignatureInvalid(f"the signature of {signature.name} is wrong") from error
        good += 1
    if not good:
        raise SignatureInvalid("no known key signed the checkpoint")
    return signed.checkpoint


def verify_head_note(
    note: bytes, signing: Sequence[Verifier], known: Sequence[Verifier], origin: str | None = None
) -> Checkpoint:
    """Return the checkpoint of an open log's head, which one of the keys *signing* signed; raises SignatureInvalid.

    It is KeyRetired where others of *known* signed it and none of those.
    """
    checkpoint = verify_note(note, [*signing, *known], origin)
    try:
        return verify_note(note, signing, origin)
    except SignatureInvalid:
        raise KeyRetired(
            f"a key that was retired signed {checkpoint.origin}, which is open, and no other did"
        ) from None


def parse_vkey(vkey: str) -> Verifier:
    """Read a verifier key as `Verifier.vkey` writes it; raises SignatureInvalid."""
    parts = vkey.strip().split("+", 2)
    if len(parts) != 3:
        raise SignatureInvalid("a verifier key is name+id+key")
    name, key_id, encoded = parts
    _check_name(name)
    key = _decode(encoded, "the verifier key")
    if len(key) != 33 or key[0] != ED25519:
        raise SignatureInvalid("the verifier key is not an Ed25519 key")
    verifier = Verifier(name, key[1:])
    if verifier.key_id.hex() != key_id:
        raise SignatureInvalid("the verifier key does not fit its id")
    return verifier


def _parse_text(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 4 or not lines[0] or lines[3]:
        raise SignatureInvalid("a checkpoint has three lines: origin, size, root")
    origin, size, root = lines[:3]
    if not _DECIMAL.fullmatch(size):
        raise SignatureInvalid("the checkpoint's size is not a number")
    digest = _decode(root, "the checkpoint's root")
    if len(digest) != HASH_SIZE:
        raise SignatureInvalid("the checkpoint's root is not a SHA-256 hash")
    return Checkpoint(origin, int(size), digest)


def _parse_signature(line: str) -> Signature:
    parts = line.removeprefix(_SIGNATURE_PREFIX).split(" ")
    if not line.startswith(_SIGNATURE_PREFIX) or len(parts) != 2:
        raise SignatureInvalid("a signature line is a dash, a name and a signature")
    _check_name(parts[0])
    blob = _decode(parts[1], "a signature")
    if len(blob) < 5:
        raise SignatureInvalid("a signature is too short")
    return Signature(parts[0], blob[:4], blob[4:])


def _check_name(name: str) -> None:
    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise SignatureInvalid("a key's name is not empty and has no space and no plus sign")


def _decode(encoded: str, what: str) -> bytes:
    try:
        decoded = b64decode(encoded, validate=True)
    except (Base64Error, ValueError) as error:
        raise SignatureInvalid(f"{what} is not base64") from error
    if b64encode(decoded).decode() != encoded:
        raise SignatureInvalid(f"{what} is not canonical base64")
    return decoded
