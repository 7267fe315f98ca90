"""Checking one entry: what `verify` checks of all, as far as one entry and its client's earlier ones tell.

1. The checkpoint bears a good signature of the log's key.
2. The entry's leaf is in the tree of that checkpoint.
3. The entry has its canonical form.
4. Each section that can still be opened is what the entry is committed to.
5. The index, by which entries are found, says what the entry says.
6. The order law: what a release rests on stood before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from audit.checkpoint import Checkpoint, Verifier, parse_note, verify_note
from audit.entry import SECTIONS, Entry, Opening, SectionName, pack_openings, parse_entry, unseal
from audit.errors import EntryInvalid, OpeningInvalid, ProofInvalid, SignatureInvalid
from audit.merkle import Tree, leaf_hash, verify_inclusion
from audit.proof import LogProof
from audit.store import EntryRows, Head, LogHashes
from gateway.directory.model import Directory
from gateway.disclosure.index_law import SectionKeys, differing, keys_of
from gateway.disclosure.log_finding import LookedUpKeys, SearchableReader, SearchStore, criteria_of, open_places
from gateway.disclosure.log_query import Query
from gateway.disclosure.opened import Opened, Opener
from gateway.disclosure.order_law import check_order

EARLIER_AT_MOST = 2_000
"""How many of the client's earlier entries the order law hears."""


class Check(StrEnum):
    """What is checked, in this order."""

    SIGNATURE = "signature"
    INCLUSION = "inclusion"
    FORM = "form"
    OPENINGS = "openings"
    INDEX = "index"
    ORDER = "order"


class Finding(StrEnum):
    """What a step found. What could not be checked is neither right nor wrong."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Step:
    """One step's result. `details` name places and figures, never a person."""

    check: Check
    finding: Finding
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proved:
    """What was checked, and the pieces with which anyone can check again. `signed` is None for a bad signature."""

    steps: tuple[Step, ...]
    receipt: LogProof
    stated: Checkpoint
    signed: Checkpoint | None
    verifiers: tuple[Verifier, ...]
    entry: bytes

    @property
    def sound(self) -> bool:
        """Whether nothing that was checked fails."""
        return all(step.finding is not Finding.FAILS for step in self.steps)


class EntryProofs:
    """Checks entries from what is stored. *verifiers* returns the public keys of which one must have signed a head."""

    def __init__(
        self, store: SearchStore, keys: LookedUpKeys, verifiers: Callable[[Head], Sequence[Verifier]],
        directory: Directory,
    ) -> None:  # fmt: skip
        self._store, self._keys, self._verifiers, self._directory = store, keys, verifiers, directory

    async def prove(self, origin: str, index: int, *, order: bool = True) -> Proved | None:
        """Return what checking one entry found; None where there is no such entry. Who may see it is asked before.

        Without *order* the order law is not asked, which hears many entries: for a page that shows the proof alone.
        """
        return await asyncio.to_thread(self._prove, origin, index, order=order)

    def _prove(self, origin: str, index: int, *, order: bool) -> Proved | None:
        with self._store.read() as reader:
            head = next((one for one in reader.heads() if one.origin == origin), None)
            if head is None or not 0 <= index < head.size:
                return None
            rows = reader.rows(origin, [index])
            if not rows.leaves or not rows.events:
                return None
            entry, verifiers = rows.leaves[0].entry, tuple(self._verifiers(head))
            stated = _stated(head)
            signed, signature = _signature(head, verifiers)
            path, inclusion = _inclusion(reader, head, stated, entry, index)
            form, parsed = _form(entry)
            openings, opened = self._openings(head, rows, parsed)
            read = Opener(self._keys).open_rows(origin, rows)[0]
            keys = keys_of(rows, self._keys.find).get(index, SectionKeys({}))
            steps: tuple[Step, ...] = (signature, inclusion, form, opened, _index(read, rows, keys))
            if order:
                steps = (*steps, self._order(reader, head, read))
        receipt = LogProof(index, path, head.note, pack_openings(entry, openings))
        return Proved(steps, receipt, stated, signed, verifiers, entry)

    def _openings(self, head: Head, rows: EntryRows, parsed: Entry | None) -> tuple[tuple[Opening, ...], Step]:
        erased = {one.section for one in rows.erased}
        sealed = {one.section: one for _, one in rows.sealed}
        opened: list[Opening] = []
        wrong: list[str] = []
        closed: list[str] = []
        for name in SECTIONS:
            found = self._opening(head, rows, parsed, name) if name in sealed and parsed is not None else None
            if isinstance(found, Opening):
                opened.append(found)
            elif name in erased or found == _KEYLESS:
                closed.append(f"{name}: {'erased' if name in erased else _KEYLESS}")
            else:
                wrong.append(f"{name}: {found or ('it is missing' if parsed else 'there is no commitment to it')}")
        finding = Finding.FAILS if wrong else Finding.HOLDS if opened else Finding.UNCHECKED
        shown = [f"{one.section}: {len(one.plaintext)} B" for one in opened]
        return tuple(opened), Step(Check.OPENINGS, finding, tuple([*wrong, *closed, *shown]))

    def _opening(self, head: Head, rows: EntryRows, parsed: Entry, name: SectionName) -> Opening | str:
        sealed = next(one for _, one in rows.sealed if one.section == name)
        key = self._keys.find(sealed.key_id)
        if key is None:
            return _KEYLESS
        try:
            return unseal(sealed, parsed.commitments[name], key, head.origin, rows.events[0].event_id)
        except OpeningInvalid as error:
            return str(error)

    def _order(self, reader: SearchableReader, head: Head, entry: Opened) -> Step:
        """Let the order law hear the client's entries up to this one; only what it says of this one counts."""
        if entry.client is None:
            return Step(Check.ORDER, Finding.UNCHECKED, ("the entry is about no client, or section s is closed",))
        query = Query(client=entry.client, after=f"{head.started}.{entry.index + 1}", count=EARLIER_AT_MOST)
        criteria = criteria_of(reader, self._keys, query, None, reader.heads())
        places = list(reader.find(criteria))
        heard = open_places(Opener(self._keys), reader, places[:EARLIER_AT_MOST])
        law = check_order(reversed(heard), self._directory)
        faults = [one.what for one in law.faults if (one.origin, one.index) == (entry.origin, entry.index)]
        if faults:
            return Step(Check.ORDER, Finding.FAILS, tuple(faults))
        if len(places) > EARLIER_AT_MOST:
            return Step(Check.ORDER, Finding.UNCHECKED, (f"heard the newest {EARLIER_AT_MOST} entries of the client",))
        return Step(Check.ORDER, Finding.HOLDS, (f"heard {len(heard)} entries of the client",))


_KEYLESS = "its key is gone"


def _stated(head: Head) -> Checkpoint:
    try:
        return parse_note(head.note).checkpoint
    except SignatureInvalid:
        # There is no root to lead to, and so no step that needs one will hold.
        return Checkpoint(head.origin, head.size, b"")


def _signature(head: Head, verifiers: Sequence[Verifier]) -> tuple[Checkpoint | None, Step]:
    try:
        signed = verify_note(head.note, verifiers, head.origin)
    except SignatureInvalid as error:
        return None, Step(Check.SIGNATURE, Finding.FAILS, (str(error),))
    return signed, Step(Check.SIGNATURE, Finding.HOLDS, (f"{signed.origin}: {signed.size}",))


def _inclusion(
    reader: SearchableReader, head: Head, stated: Checkpoint, entry: bytes, index: int
) -> tuple[tuple[bytes, ...], Step]:
    try:
        path = tuple(Tree(LogHashes(reader, head.origin), stated.size).inclusion_proof(index))
        verify_inclusion(leaf_hash(entry), index, stated.size, path, stated.root)
    except (ProofInvalid, ValueError) as error:
        return (), Step(Check.INCLUSION, Finding.FAILS, (str(error),))
    return path, Step(Check.INCLUSION, Finding.HOLDS, (f"{index} / {stated.size}", f"{len(path)} hashes"))


def _form(entry: bytes) -> tuple[Step, Entry | None]:
    try:
        parsed = parse_entry(entry)
    except EntryInvalid as error:
        return Step(Check.FORM, Finding.FAILS, (str(error),)), None
    return Step(Check.FORM, Finding.HOLDS, (f"{len(entry)} B",)), parsed


def _index(read: Opened, rows: EntryRows, keys: SectionKeys) -> Step:
    event = rows.events[0]
    found = {"event_id": event.event_id, "t": event.time, "k": event.row.kind, "o": event.row.outcome}
    wrong = [] if read.b is None else [name for name, value in found.items() if read.b.get(name) != value]
    wrong += differing(read, event, keys)
    if not event.is_found:
        wrong.append("combination")
    if wrong:
        return Step(Check.INDEX, Finding.FAILS, tuple(wrong))
    if read.b is None:
        return Step(Check.INDEX, Finding.UNCHECKED, ("section b is closed",))
    return Step(Check.INDEX, Finding.HOLDS)
