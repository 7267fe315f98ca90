"""A log's key that remembers what it signed: it signs no head that is smaller than the last, or another one.

It sees hashes alone. A request brings the leaf hashes since a head that this key signed; the root is computed here, so
that what is signed always grows from what was signed. A transaction that was rolled back after its signature leaves a
head that never was: until the next one tells which of them stands, several may.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson

from audit.checkpoint import Signer, Step, verify_note
from audit.errors import AuditError, NotSigned, SignatureInvalid
from audit.merkle import Frontier

_AT_MOST = 16
"""How many signed heads of one log may wait for the next to tell which of them stands."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A head that was signed."""

    size: int
    frontier: bytes

    @property
    def root(self) -> bytes:
        """The root of its tree."""
        return Frontier.from_bytes(self.size, self.frontier).root()


@dataclass(slots=True)
class Memory:
    """What was signed of each log: the head that stands, and those that were signed on it."""

    stands: dict[str, Signed] = field(default_factory=dict)
    upon_it: dict[str, list[Signed]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        whole = {
            origin: [_packed(one) for one in (head, *self.upon_it.get(origin, ()))]
            for origin, head in self.stands.items()
        }
        return orjson.dumps({"v": 1, "logs": whole}, option=orjson.OPT_INDENT_2)

    @classmethod
    def from_bytes(cls, data: bytes) -> Memory:
        """Read what `to_bytes` wrote; raises AuditError, since a key without its memory would sign anything."""
        try:
            logs = {
                origin: [Signed(one["size"], b64decode(one["frontier"])) for one in heads]
                for origin, heads in orjson.loads(data)["logs"].items()
            }
            if not all(one.root for heads in logs.values() for one in heads):
                raise ValueError("a head without a root")
            stands = {origin: heads[0] for origin, heads in logs.items()}
            return cls(stands, {origin: heads[1:] for origin, heads in logs.items()})
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise AuditError("what the signing key remembers cannot be read") from error


class GuardedKey:
    """The keys of the logs with their memory. *remember* makes it durable before a signature leaves."""

    def __init__(self, signers: Sequence[Signer], memory: Memory, remember: Callable[[Memory], None]) -> None:
        self.signers = tuple(signers)
        self._memory = memory
        self._remember = remember

    def sign(self, step: Step) -> str:
        """Return the signature lines of a checkpoint; raises NotSigned with why it must not be signed."""
        origin, checkpoint = step.checkpoint.origin, step.checkpoint
        stands, upon_it = self._memory.stands.get(origin), list(self._memory.upon_it.get(origin, ()))
        if stands is None:
            stands = self._first(step)
        base = next((one for one in (stands, *upon_it) if (one.size, one.frontier) == (step.size, step.frontier)), None)
        if base is None:
            last = max(one.size for one in (stands, *upon_it))
            raise NotSigned(
                f"this key signed {origin} at {last} entries and is asked to go on from {step.size}: an old copy of "
                "the database was put back, or there is a second history"
            )
        frontier = Frontier.from_bytes(base.size, base.frontier)
        for leaf in step.leaves:
            frontier.push(leaf)
        if (frontier.size, frontier.root()) != (checkpoint.size, checkpoint.root):
            raise NotSigned(f"the leaves do not lead to the root of {origin} that is to be signed")
        if base is not stands:  # It was committed, then: what else was signed beside it never was.
            stands, upon_it = base, []
        grown = Signed(frontier.size, frontier.to_bytes())
        upon_it = [*(one for one in upon_it if one != grown), *([grown] if grown != stands else [])][-_AT_MOST:]
        self._memory.stands[origin], self._memory.upon_it[origin] = stands, upon_it
        self._remember(self._memory)
        text = checkpoint.text()
        return "".join(one.signature_line(origin, text) for one in self.signers)

    def _first(self, step: Step) -> Signed:
        """Return the head that a log begins with, or that this key signed before it had a memory."""
        if step.size == 0 and not step.frontier:
            return Signed(0, b"")
        origin = step.checkpoint.origin
        try:
            known = verify_note(step.note, [one.verifier(origin) for one in self.signers], origin)
            adopted = Signed(step.size, step.frontier)
            if (known.size, known.root) == (adopted.size, adopted.root):
                return adopted
        except (SignatureInvalid, ValueError):
            pass
        raise NotSigned(f"this key has not signed {origin} at {step.size} entries")


def _packed(one: Signed) -> dict[str, object]:
    return {"size": one.size, "frontier": b64encode(one.frontier).decode()}
