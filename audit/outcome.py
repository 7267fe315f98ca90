"""What becomes of an item that was handed to the log: written and provable, dropped by itself, or an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from audit.errors import ProofInvalid
from audit.merkle import Extension
from audit.proof import LogProof
from audit.writing import Placed

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Committed(Generic[R_co]):
    """The item is durable: its result, its entries, and the signed checkpoint of the tree that holds them."""

    result: R_co
    entries: tuple[Placed, ...]
    checkpoint: bytes
    size: int
    tree: Extension | None = None
    protects: bool = False
    """Whether it takes something away from who may see, so that it must not be lost with the store alone."""

    def proof(self, number: int = 0) -> LogProof:
        """Return the proof that one of the entries is in the tree of the checkpoint; it asks no store."""
        if self.tree is None:
            raise ProofInvalid("an item without entries has nothing to prove")
        index = self.entries[number].index
        return LogProof(index, tuple(self.tree.inclusion_proof(index)), self.checkpoint)


@dataclass(frozen=True, slots=True)
class Dropped:
    """The item rejected itself and nothing of it was written; *value* is what it said."""

    value: object


Outcome = Committed[object] | Dropped | Exception
