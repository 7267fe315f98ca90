"""`verify`: tree and signatures for anyone, the order law for who has the keys; one report of both, in sentences."""

from __future__ import annotations

import base64
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from audit.checkpoint import Checkpoint, Verifier, parse_note
from audit.entry import Opening, SectionName
from audit.errors import SignatureInvalid
from audit.findings import Finding, Report
from audit.keys import DataKey, DataKeys
from audit.store import EntryRows, LogReader, LogStore
from audit.verify import verify_folder as verify_tiles
from audit.verify import verify_rows
from gateway.directory.model import Directory
from gateway.disclosure.index_law import SectionKeys, differing, keys_of
from gateway.disclosure.opened import Opened, Opener
from gateway.disclosure.order_law import Findings, OrderLaw
from gateway.disclosure.order_standing import StandingRows

C = TypeVar("C")

SOUND, UNSOUND = 0, 1
_ALLOCATIONS = 200_000
"""How many more objects there are before Python looks for cycles, while a log is verified: many stretches' worth."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The figures of a verification that are kept: when it was made (microseconds), over how much, what was wrong."""

    at: int
    entries: int
    sections: int
    releases: int
    wrong: int
    unchecked: int
    order_checked: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification says. `order` is None where the order law could not be checked at all."""

    tree: Report
    order: Findings | None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong in what was checked."""
        return self.tree.sound and (self.order is None or self.order.sound)

    def figures(self, at: int) -> Verified:
        """Return the figures, of a verification made at an instant in microseconds."""
        order = self.order or Findings()
        return Verified(
            at, self.tree.entries, self.tree.sections, order.releases, len(self.tree.findings) + len(order.faults),
            len(self.tree.unchecked) + len(order.unchecked), self.order is not None,
        )  # fmt: skip

    @property
    def exit_status(self) -> int:
        """The status with which a command ends: 0 when sound, 1 when not."""
        return SOUND if self.sound else UNSOUND

    def sentences(self) -> list[str]:
        """Return the report: what is wrong, what could not be checked and why, and the sum of it."""
        order = self.order or Findings()
        lines = [f"WRONG: {one}" for one in [*self.tree.findings, *order.faults]]
        lines += [str(one) for one in self.tree.unchecked]
        lines += [f"not checked: order law: {one}" for one in order.unchecked]
        if self.order is None and not any("order law" in str(one) for one in self.tree.unchecked):
            lines.append("not checked: the order law: the sealed sections do not open without the installation's keys")
        wrong = len(self.tree.findings) + len(order.faults)
        checked = f"{self.tree.entries} entries, {self.tree.sections} sealed sections, {order.releases} releases"
        lines.append(f"{'The log proves itself' if self.sound else f'{wrong} things are wrong'}: {checked}.")
        return lines


def verify_database(
    store: LogStore[C],
    keys: DataKeys,
    verifiers: Sequence[Verifier],
    *,
    held: Sequence[bytes] = (),
    directory: Directory | None = None,
    retired: Sequence[Verifier] = (),
    standing: Callable[[LogReader], StandingRows] | None = None,
) -> Verification:
    """Check everything there is: every log's tree and signatures, every sealed section, the index, and the order law.

    *verifiers* are the public keys that sign the logs, by origin, *retired* those that did; *held* checkpoints kept
    elsewhere. With *directory* flows and sensitivities by nature are checked too, where it is the one that judged.
    *standing* reads the rows that the log's last word is compared with, in the snapshot that the log is read in.
    """
    opener, law = Opener(keys), OrderLaw(directory)
    index: list[Finding] = []
    begun: list[Opened] = []

    def heard(
        origin: str, rows: EntryRows, openings: Mapping[tuple[int, SectionName], Opening],
        known: Mapping[str, DataKey | None],
    ) -> None:  # fmt: skip
        under, nothing = keys_of(rows, known.get), SectionKeys({})
        for entry, event in zip(opener.open_rows(origin, rows, openings), rows.events, strict=True):
            columns = ", ".join(differing(entry, event, under.get(entry.index, nothing)))
            if columns:
                what = f"the index row says otherwise than the entry: {columns}"
                index.append(Finding(origin, f"entry {entry.index}", what))
            if entry.index == 0 and entry.kind == "log.start":
                begun.append(entry)
            law.take(entry)

    with store.read() as reader, _seldom_collected():
        tree = verify_rows(reader, verifiers, keys, held, heard, retired=retired)
        tree.findings += index
        order = law.end()
        if standing is not None:
            # What could not be read may tell of a row: then it is doubted, and not called wrong.
            tell = tree.found if law.has_heard_all else tree.skipped
            for where, what in law.differing(standing(reader)):
                tell("register", where, what)
        heads = {head.origin: _said_by(head.note) for head in reader.heads()}
    tree.findings += [found for entry in begun for found in _led_on(entry, heads)]
    return Verification(tree, order)


def _led_on(entry: Opened, heads: Mapping[str, Checkpoint | None]) -> Iterator[Finding]:
    """Yield what is wrong with the log before the one that *entry* begins: it must have ended as the entry bears it.

    A key that signs no more could still sign another end for it; the entry stands under the heads of its own log.
    """
    borne, before = (entry.b or {}).get("checkpoint"), (entry.b or {}).get("previous")
    there = heads.get(before) if isinstance(before, str) else None
    if there is None or not isinstance(borne, str):
        return
    try:
        ended = _said_by(base64.b64decode(borne, validate=True))
    except ValueError:
        ended = None
    if ended != there:
        yield Finding(there.origin, "checkpoint", f"it does not end as {entry.origin} says in its first entry")


def _said_by(note: bytes) -> Checkpoint | None:
    try:
        return parse_note(note).checkpoint
    except SignatureInvalid:
        return None


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Let Python look for cycles less often meanwhile.

    What is read is let go of a stretch at a time and holds no cycles, and what stands is kept to the end: the collector
    would walk through it again and again, which took a third of the time.
    """
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def verify_folder(folder: Path, verifier: Verifier | None = None, held: Sequence[bytes] = ()) -> Verification:
    """Check an exported folder, or each folder in it: tree and signatures only, since nothing sealed is in it."""
    parts = [folder] if (folder / "checkpoint").is_file() else sorted(one for one in folder.iterdir() if one.is_dir())
    report = Report()
    for one in parts:
        report.add(verify_tiles(one, verifier, held))
        report.skipped(one.name, "the order law", "an export has no sealed sections")
    if not parts:
        report.found(folder.name, "folder", "there is no exported log in it")
    return Verification(report, None)
