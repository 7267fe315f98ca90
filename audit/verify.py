"""Verification offline, for anyone: of an exported folder, or of the rows of a store.

Everything is computed anew from the entries. Where the stored leaf or a subtree differs, the signed root decides which
of the two was altered.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from audit.checkpoint import Checkpoint, Verifier, parse_note, parse_vkey, verify_head_note, verify_note
from audit.entry import parse_entry
from audit.errors import EntryInvalid, LogForked, ProofInvalid, SignatureInvalid
from audit.findings import Finding, Report, Unchecked
from audit.keys import DataKeys
from audit.merkle import TILE_HEIGHT, TILE_WIDTH, Frontier, Tree, leaf_hash, verify_consistency
from audit.sections import Erasing, Heard, check_sections
from audit.sources import FolderSource, RowSource, Source
from audit.store import Head, LogHashes, LogReader

__all__ = ["Finding", "Report", "Unchecked", "verify_folder", "verify_not_rolled_back", "verify_rows"]

_AT_ONCE = 16 * TILE_WIDTH


def verify_folder(
    folder: Path, verifier: Verifier | None = None, held: Sequence[bytes] = (), *, form: bool = True
) -> Report:
    """Check an exported folder against its checkpoint.

    Without *verifier* the folder's own `log.vkey` is believed, which is said in the report. *held* are checkpoints that
    were received earlier: the log must contain the trees they speak of. Without *form* the entries may be any bytes.
    """
    report = Report()
    name = folder.name
    try:
        note = (folder / "checkpoint").read_bytes()
        if verifier is None:
            verifier = parse_vkey((folder / "log.vkey").read_text("utf-8"))
            report.skipped(name, "whose key it is", "the key was taken from the folder itself")
    except (OSError, UnicodeDecodeError, SignatureInvalid) as error:
        report.found(name, "folder", f"checkpoint or key cannot be read: {type(error).__name__}")
        return report
    checkpoint = _check_note(report, name, note, [verifier], verifier.name, [verifier])
    if checkpoint is None:
        return report
    source = FolderSource(report, folder, checkpoint)
    if source.hashes_only:
        report.skipped(checkpoint.origin, "the entries", "the folder has hashes only")
    _check_tree(report, source, checkpoint, held, [verifier], form=form)
    report.skipped(checkpoint.origin, "what the entries are committed to", "sealed sections are not in the folder")
    return report


def verify_rows(
    reader: LogReader,
    verifiers: Sequence[Verifier],
    keys: DataKeys | None = None,
    held: Sequence[bytes] = (),
    heard: Heard | None = None,
    *,
    retired: Sequence[Verifier] = (),
    erasing: Erasing | None = None,
) -> Report:
    """Check every log of a store: entries, leaves, subtrees, frontier, root, signature, index, sealed sections.

    *verifiers* are the keys of the logs, by origin; *keys* opens the sections. What there is no key for is said to be
    unchecked, unless an entry says that it was erased. *heard* is told of the entries of all logs, oldest log first.
    *erasing* tells which entry erased what; without it nobody may have, and whatever is said to be erased is a finding.
    *retired* keys sign no more: they count for logs that have ended and for what is *held*, never for an open head.
    """
    report = Report()
    names = {verifier.name for verifier in verifiers}
    known = [*verifiers, *retired]
    heads = reader.heads()
    for head in heads:
        origin = head.origin
        checkpoint = None
        if origin in names:
            checkpoint = _check_note(report, origin, head.note, known if head.ended else verifiers, origin, known)
        else:
            report.skipped(origin, "the signature", "there is no verifier key for this log")
        if checkpoint is None:
            if heard is not None:
                check_sections(Report(), reader, head, keys, heard, erasing)  # What it finds rests on no signature.
            continue
        _check_head(report, reader, head, checkpoint)
        _check_tree(report, RowSource(reader, origin), checkpoint, held, known)
        check_sections(report, reader, head, keys, heard, erasing)
    for missing in sorted(names - {head.origin for head in heads}):
        report.found(missing, "log", "there is a key for this log and the log is not in the store")
    _check_order(report, heads)
    return report


def verify_not_rolled_back(reader: LogReader, note: bytes, verifiers: Sequence[Verifier]) -> None:
    """Check that the store still contains the tree of a checkpoint kept elsewhere; raises LogForked.

    Call it before anything is signed: a restored backup fails here.
    """
    try:
        kept = verify_note(note, verifiers)
    except SignatureInvalid as error:
        raise LogForked("the checkpoint kept outside the store is not signed by this log") from error
    head = next((one for one in reader.heads() if one.origin == kept.origin), None)
    if head is None or head.size < kept.size:
        have = 0 if head is None else head.size
        raise LogForked(f"log {kept.origin} has {have} entries and had {kept.size}: an old backup was restored")
    if not kept.size:
        return
    now = parse_note(head.note).checkpoint
    try:
        proof = Tree(LogHashes(reader, kept.origin), now.size).consistency_proof(kept.size)
        verify_consistency(kept.size, kept.root, now.size, now.root, proof)
    except ProofInvalid as error:
        raise LogForked(f"log {kept.origin} is not the one that was signed at size {kept.size}") from error


def _check_note(
    report: Report, name: str, note: bytes, signing: Sequence[Verifier], origin: str, known: Sequence[Verifier]
) -> Checkpoint | None:
    try:
        return verify_head_note(note, signing, known, origin)
    except SignatureInvalid as error:
        report.found(name, "checkpoint", str(error))
    return None


def _check_head(report: Report, reader: LogReader, head: Head, checkpoint: Checkpoint) -> None:
    origin = head.origin
    if head.size != checkpoint.size:
        report.found(origin, "head", f"the size is {head.size}, the signed one {checkpoint.size}")
    try:
        if Frontier.from_bytes(head.size, head.frontier).root() != checkpoint.root:
            report.found(origin, "head", "the frontier does not lead to the signed root")
    except ValueError:
        report.found(origin, "head", "the frontier does not fit the size")
    counts = reader.counts(origin)
    subtrees, level = 0, checkpoint.size >> TILE_HEIGHT
    while level:
        subtrees += level
        level >>= TILE_HEIGHT
    for what, wanted in (("leaves", checkpoint.size), ("subtrees", subtrees), ("events", checkpoint.size)):
        if counts[what] != wanted:
            report.found(origin, what, f"there are {counts[what]} rows, the signed size asks for {wanted}")


def _check_order(report: Report, heads: Sequence[Head]) -> None:
    for head, following in pairwise(heads):
        same_name = head.origin.rpartition("/")[0] == following.origin.rpartition("/")[0]
        if same_name and not head.ended:
            report.found(head.origin, "head", f"log {following.origin} follows and this one has not ended")


def _check_tree(
    report: Report,
    source: Source,
    checkpoint: Checkpoint,
    held: Sequence[bytes],
    verifiers: Sequence[Verifier],
    *,
    form: bool = True,
) -> None:
    """Compute the tree anew from the entries, and compare leaves, subtrees, earlier checkpoints and the root."""
    origin, size = checkpoint.origin, checkpoint.size
    seen = _seen_earlier(report, checkpoint, held, verifiers)
    computed = Frontier()
    stored: Frontier | None = None  # From the stored leaves; kept from the first leaf on that is not its entry's.
    altered: list[int] = []
    subtrees: dict[int, list[bytes]] = {}
    for start in range(0, size, _AT_ONCE):
        end = min(start + _AT_ONCE, size)
        entries, leaves = source.entries(start, end), source.hashes(0, start, end)
        for index, entry, leaf in zip(range(start, end), entries, leaves, strict=True):
            if entry is None and not source.hashes_only:
                report.found(origin, f"entry {index}", "the entry is missing")
            if leaf is None:
                report.found(origin, f"entry {index}", "the leaf hash is missing")
            made = leaf if entry is None else leaf_hash(entry)
            if made is None:
                report.skipped(origin, f"the tree from entry {index} on", "there is neither entry nor leaf hash")
                return
            if leaf is not None and leaf != made:
                altered.append(index)
                stored = stored or Frontier.from_bytes(computed.size, computed.to_bytes())
            for level, _, root in computed.push(made):
                subtrees.setdefault(level, []).append(root)
            if stored is not None:
                stored.push(made if leaf is None else leaf)
            if form and entry is not None:
                try:
                    parse_entry(entry)
                except EntryInvalid as error:
                    report.found(origin, f"entry {index}", str(error))
            if index + 1 in seen and seen[index + 1] != computed.root():
                report.found(origin, f"size {index + 1}", "an earlier checkpoint has another root: rewritten")
        report.entries += end - start
    sound = computed.root() == checkpoint.root
    if not sound:
        report.found(origin, "root", "the entries do not lead to the signed root")
    _tell_altered(report, origin, altered, sound, stored is not None and stored.root() == checkpoint.root)
    _check_subtrees(report, source, origin, subtrees, sound)


def _tell_altered(report: Report, origin: str, altered: Sequence[int], by_entries: bool, by_leaves: bool) -> None:
    if by_entries:
        what = "the stored leaf hash was altered; the signed root agrees with the entry"
    elif by_leaves:
        what = "the entry was altered; the signed root agrees with the stored leaf hash"
    else:
        what = "entry and stored leaf hash differ, and the signed root agrees with neither"
    for index in altered:
        report.found(origin, f"entry {index}", what)


def _check_subtrees(report: Report, source: Source, origin: str, subtrees: dict[int, list[bytes]], sound: bool) -> None:
    for level, roots in sorted(subtrees.items()):
        width = TILE_WIDTH**level
        for number, (made, stored) in enumerate(zip(roots, source.hashes(level, 0, len(roots)), strict=True)):
            where = f"subtree {level}/{number} (entries {number * width} to {(number + 1) * width - 1})"
            if stored is None:
                report.found(origin, where, "the hash is missing")
            elif stored != made:
                what = "the stored hash was altered" if sound else "its entries do not give the stored hash"
                report.found(origin, where, what)


def _seen_earlier(
    report: Report, checkpoint: Checkpoint, held: Sequence[bytes], verifiers: Sequence[Verifier]
) -> dict[int, bytes]:
    """Return the roots that earlier checkpoints of this log state, by size."""
    seen: dict[int, bytes] = {}
    for note in held:
        try:
            earlier = verify_note(note, verifiers)
        except SignatureInvalid as error:
            report.skipped(checkpoint.origin, "a checkpoint seen earlier", str(error))
            continue
        if earlier.origin != checkpoint.origin or not earlier.size:
            continue
        if earlier.size > checkpoint.size:
            what = f"an earlier checkpoint has {earlier.size} entries, this one {checkpoint.size}: cut off"
            report.found(checkpoint.origin, "checkpoint", what)
        if seen.setdefault(earlier.size, earlier.root) != earlier.root:
            report.found(checkpoint.origin, f"size {earlier.size}", "two signed checkpoints contradict each other")
    return seen
