"""The proof that an entry of a client's own log is in the log: made, checked here and now, and written out to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from audit.checkpoint import Verifier
from audit.entry import unpack_openings
from audit.proof import parse_log_proof


class OwnReceipts(Protocol):
    """Makes a client's receipts: `gateway.disclosure.log_search.LogSearch`."""

    async def own_receipt(self, origin: str, index: int, client: str) -> str | None:
        """Return the client's receipt of an entry; None for another's entry."""
        ...


@dataclass(frozen=True, slots=True)
class EntryProof:
    """A proof that was checked: entry *index* of log *origin* is in the signed tree of *size* entries."""

    origin: str
    index: int
    size: int
    steps: int
    """How many hashes lead from the entry to the signed root."""
    receipt: str
    vkeys: tuple[str, ...]
    entry: str
    opened: tuple[tuple[str, str], ...]

    def to_json(self) -> bytes:
        """Return the whole as a file for the client: `receipt` and `verifier_keys` are enough for anyone to check."""
        content = {
            "format": "c2sp.org/tlog-proof@v1", "log": self.origin, "index": self.index, "log_size": self.size,
            "verifier_keys": list(self.vkeys), "receipt": self.receipt, "entry": self.entry,
            "opened_sections": {name: orjson.loads(content) for name, content in self.opened},
        }  # fmt: skip
        return orjson.dumps(content, option=orjson.OPT_INDENT_2)


class OwnProofs:
    """Makes them."""

    def __init__(self, receipts: OwnReceipts, verifiers: Callable[[str], Sequence[Verifier]]) -> None:
        self._receipts, self._verifiers = receipts, verifiers

    async def proof(self, origin: str, index: int, client: str) -> EntryProof | None:
        """Return the checked proof; None for another's entry and for one that is not there, both alike.

        Raises ProofInvalid, SignatureInvalid or OpeningInvalid where the log does not prove the entry: that is never
        told as a page without a proof.
        """
        text = await self._receipts.own_receipt(origin, index, client)
        if text is None:
            return None
        proof = parse_log_proof(text.encode())
        entry, opened = unpack_openings(proof.extra or b"")
        verifiers = tuple(self._verifiers(origin))
        checkpoint = proof.verify(entry, verifiers)
        return EntryProof(
            origin, index, checkpoint.size, len(proof.path), text, tuple(one.vkey() for one in verifiers),
            entry.decode(), tuple((one.section, one.plaintext.decode()) for one in opened),
        )  # fmt: skip
