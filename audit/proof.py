"""Receipts: the `c2sp.org/tlog-proof@v1` text, which proves an entry's inclusion to anyone who has the log's key."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass

from audit.checkpoint import Checkpoint, Verifier, parse_note, verify_note
from audit.errors import ProofInvalid
from audit.merkle import HASH_SIZE, leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class LogProof:
    """A receipt taken apart: the index, the path from leaf to root, the checkpoint note, and extra data if any."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def to_text(self) -> bytes:
        """Return the receipt."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines.extend(b64encode(one).decode() for one in self.path)
        return "\n".join(lines).encode() + b"\n\n" + self.checkpoint

    def verify(self, entry: bytes, verifiers: Sequence[Verifier]) -> Checkpoint:
        """Check signature and inclusion of *entry*; return the checkpoint. Raises SignatureInvalid, ProofInvalid."""
        checkpoint = verify_note(self.checkpoint, verifiers)
        verify_inclusion(leaf_hash(entry), self.index, checkpoint.size, self.path, checkpoint.root)
        return checkpoint


def parse_log_proof(text: bytes) -> LogProof:
    """Read a receipt; raises ProofInvalid, or SignatureInvalid when its checkpoint is none. Verifies nothing."""
    head, separator, checkpoint = text.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise ProofInvalid("the receipt is not text") from error
    if not separator or lines[0] != HEADER:
        raise ProofInvalid("not a receipt of version 1")
    rest = lines[1:]
    extra: bytes | None = None
    if rest and rest[0].startswith("extra "):
        extra = _decode(rest.pop(0).removeprefix("extra "))
    match = _INDEX.fullmatch(rest[0]) if rest else None
    if match is None or len(rest) > 64:
        raise ProofInvalid("the receipt has no index, or too many hashes")
    path = tuple(_decode(line) for line in rest[1:])
    if any(len(one) != HASH_SIZE for one in path):
        raise ProofInvalid("a hash of the receipt has the wrong length")
    parse_note(checkpoint)
    return LogProof(int(match[1]), path, checkpoint, extra)


def _decode(encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except (Base64Error, ValueError) as error:
        raise ProofInvalid("the receipt is not base64 where it should be") from error
