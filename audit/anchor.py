"""What is known of the logs outside their store: the last signed checkpoint of each, and how far events were kept.

A store that holds less than its anchor, or something else, is an old copy or a second history: nobody signs on from it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from audit.checkpoint import Verifier, parse_note
from audit.errors import AuditError, LogForked, SignatureInvalid
from audit.store import Head, LogReader
from audit.verify import verify_not_rolled_back

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Lost:
    """A checkpoint that was signed and that the store does not lead to any more, since an older copy was restored."""

    origin: str
    note: bytes


@dataclass(frozen=True, slots=True)
class Anchor:
    """The anchor of all logs of a store. `kept_to` is, by origin, up to which entry protective events were kept;
    `files` counts the files of kept events; `lost` are the checkpoints that restores left behind."""

    notes: Mapping[str, bytes] = field(default_factory=dict)
    kept_to: Mapping[str, int] = field(default_factory=dict)
    files: int = 0
    lost: tuple[Lost, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the anchor as JSON."""
        whole = {
            "v": _VERSION,
            "notes": {origin: b64encode(note).decode() for origin, note in self.notes.items()},
            "kept_to": dict(self.kept_to),
            "files": self.files,
            "lost": [{"origin": one.origin, "note": b64encode(one.note).decode()} for one in self.lost],
        }
        return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)

    @classmethod
    def from_bytes(cls, data: bytes) -> Anchor:
        """Read what `to_bytes` wrote; raises AuditError."""
        try:
            whole = orjson.loads(data)
            if whole["v"] != _VERSION:
                raise AuditError("the anchor is of a version that this program does not know")
            return cls(
                {str(origin): b64decode(note, validate=True) for origin, note in whole["notes"].items()},
                {str(origin): int(size) for origin, size in whole["kept_to"].items()},
                int(whole["files"]),
                tuple(Lost(str(one["origin"]), b64decode(one["note"], validate=True)) for one in whole["lost"]),
            )
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError, Base64Error) as error:
            raise AuditError("the anchor is not one") from error

    @property
    def origins(self) -> frozenset[str]:
        """Every log that there ever was, as far as the anchor knows."""
        return frozenset(self.notes) | {one.origin for one in self.lost}

    def size(self, origin: str) -> int:
        """Return how many entries the anchor knows of a log; raises SignatureInvalid for a note that is none."""
        note = self.notes.get(origin)
        return 0 if note is None else parse_note(note).checkpoint.size

    def advanced(self, heads: Sequence[Head], files: int) -> Anchor:
        """Return the anchor at these heads, everything up to them kept in *files* files.

        Raises LogForked when a head is behind the anchor, or another one of the same size.
        """
        by_origin = {head.origin: head for head in heads}
        for origin, note in self.notes.items():
            before, head = parse_note(note).checkpoint, by_origin.get(origin)
            now = None if head is None else parse_note(head.note).checkpoint
            if now is None or now.size < before.size or (now.size == before.size and now.root != before.root):
                raise LogForked(
                    f"log {origin} has lost entries that were signed: an old copy of the store was put back"
                )
        moved = {head.origin: head.note for head in heads}
        return replace(
            self, notes={**self.notes, **moved}, kept_to={head.origin: head.size for head in heads}, files=files
        )

    def after_restore(self, heads: Sequence[Head]) -> Anchor:
        """Return the anchor of the store as it is now, what it has lost remembered as lost."""
        sizes = {head.origin: head.size for head in heads}
        lost = [
            Lost(origin, note)
            for origin, note in self.notes.items()
            if origin not in sizes or sizes[origin] < self.size(origin)
        ]
        kept = {origin: min(size, self.kept_to.get(origin, 0)) for origin, size in sizes.items()}
        return Anchor({head.origin: head.note for head in heads}, kept, self.files, (*self.lost, *lost))


def verify_anchored(reader: LogReader, anchor: Anchor, verifiers: Sequence[Verifier]) -> None:
    """Check that the store leads on from every checkpoint of its anchor; raises LogForked. Call it before signing."""
    for note in anchor.notes.values():
        try:
            verify_not_rolled_back(reader, note, verifiers)
        except SignatureInvalid as error:
            raise LogForked("a checkpoint of the anchor cannot be read") from error
