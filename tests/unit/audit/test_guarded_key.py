"""A key with a memory signs what grows from what it signed, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from audit.checkpoint import Checkpoint, Signer, Step, sign_step, verify_note
from audit.durable import Slots
from audit.errors import AuditError, NotSigned
from audit.guarded_key import GuardedKey, Memory
from audit.merkle import Frontier, leaf_hash

SIGNER = Signer(sha256(b"guarded").digest())
ORIGIN = "gw.saattaen.example/audit/2026"


class Written:
    """What a key was made to remember."""

    def __init__(self) -> None:
        self.data = b""

    def key(self) -> GuardedKey:
        """The key as a process finds it that starts now."""
        memory = Memory.from_bytes(self.data) if self.data else Memory()
        return GuardedKey([SIGNER], memory, self.remember)

    def remember(self, memory: Memory) -> None:
        """Keep it."""
        self.data = memory.to_bytes()


def grown(names: list[str], onto: Step | None = None, origin: str = ORIGIN) -> Step:
    """The step from a head to that with these leaves more."""
    frontier = Frontier() if onto is None else _frontier(onto)
    base = (frontier.size, frontier.to_bytes())
    leaves = [leaf_hash(name.encode()) for name in names]
    for leaf in leaves:
        frontier.push(leaf)
    return Step(Checkpoint(origin, frontier.size, frontier.root()), *base, b"", leaves)


def _frontier(step: Step) -> Frontier:
    frontier = Frontier.from_bytes(step.size, step.frontier)
    for leaf in step.leaves:
        frontier.push(leaf)
    return frontier


def test_what_grows_from_what_was_signed_is_signed_by_a_process_started_anew_too() -> None:
    written = Written()
    first = grown([])
    second = grown(["a", "b"], first)
    third = grown(["c"], second)
    for step in (first, second, third):
        note = sign_step(step, [SIGNER])
        assert step.checkpoint.text() + b"\n" + written.key().sign(step).encode() == note
        verify_note(note, [SIGNER.verifier(ORIGIN)], ORIGIN)


def test_a_smaller_head_and_another_history_are_refused() -> None:
    written = Written()
    one = grown(["a"], grown([]))
    two, three = grown(["b"], one), None
    for step in (grown([]), one, two, grown(["c"], two)):
        written.key().sign(step)
    three = grown(["other"], one)
    with pytest.raises(NotSigned, match="old copy"):
        written.key().sign(three)
    with pytest.raises(NotSigned, match="old copy"):
        written.key().sign(grown(["a"], grown([])))


def test_a_batch_that_was_rolled_back_after_its_signature_stops_nothing() -> None:
    written = Written()
    start = grown(["a"], grown([]))
    for step in (grown([]), start):
        written.key().sign(step)
    lost, kept = grown(["lost"], start), grown(["kept"], start)
    written.key().sign(lost)
    written.key().sign(kept)
    written.key().sign(grown(["more"], kept))
    with pytest.raises(NotSigned):  # That one never was, the next has told.
        written.key().sign(grown(["more"], lost))


def test_leaves_that_do_not_lead_to_the_root_are_not_signed_and_nothing_is_remembered() -> None:
    written = Written()
    written.key().sign(grown([]))
    before = written.data
    step = grown(["a"], grown([]))
    for wrong in (
        replace(step, leaves=[leaf_hash(b"b")]),
        replace(step, checkpoint=replace(step.checkpoint, size=2)),
        replace(step, checkpoint=replace(step.checkpoint, root=b"\0" * 32)),
        replace(step, leaves=[]),
    ):
        with pytest.raises(NotSigned):
            written.key().sign(wrong)
    assert written.data == before


def test_a_log_that_the_key_signed_before_it_had_a_memory_is_taken_over_by_its_note_alone() -> None:
    first = grown(["a", "b"], grown([]))
    note = sign_step(first, [SIGNER])
    frontier = _frontier(first)
    step = replace(grown(["c"], first), note=note)
    written = Written()
    with pytest.raises(NotSigned, match="has not signed"):
        written.key().sign(replace(step, note=sign_step(first, [Signer(sha256(b"other").digest())])))
    with pytest.raises(NotSigned, match="has not signed"):
        written.key().sign(replace(step, note=b""))
    written.key().sign(step)
    assert step.frontier == frontier.to_bytes()


def test_a_memory_that_cannot_be_read_signs_nothing() -> None:
    for data in (b"{", b"[]", b'{"logs": {"x": []}}', b'{"logs": {"x": [{"size": 3, "frontier": "AA=="}]}}'):
        with pytest.raises(AuditError):
            Memory.from_bytes(data)


def test_a_torn_writing_leaves_the_one_before_and_two_torn_ones_are_told(tmp_path: Path) -> None:
    path = tmp_path / "slots"
    slots = Slots(path)
    assert slots.read() is None
    for data in (b"one", b"two", b"three"):
        slots.write(data)
    slots.close()
    assert Slots(path).read() == b"three"
    whole = bytearray(path.read_bytes())
    whole[Slots.SIZE + 45] ^= 1  # "three" is the third writing, in the second place.
    path.write_bytes(whole)
    assert Slots(path).read() == b"two"
    whole[45] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="whole"):
        Slots(path)
    with pytest.raises(ValueError, match="fit"):
        slots.write(bytes(Slots.SIZE))
