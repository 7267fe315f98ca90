"""Checking what entries are committed to: sealed sections against commitments, bodies against the index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import orjson

from audit.entry import SECTIONS, Entry, Opening, Sealed, SectionName, parse_entry, unseal
from audit.errors import EntryInvalid, OpeningInvalid
from audit.findings import Report
from audit.keys import DataKey, DataKeys
from audit.store import EntryRows, ErasedRow, EventRow, Head, LogReader, read_rows

_AT_ONCE = 1024


Heard = Callable[[str, EntryRows, Mapping[tuple[int, SectionName], Opening], Mapping[str, DataKey | None]], None]
"""Is told of entries in their order, once they were checked: the log's origin, the rows, what opened soundly, and the
keys by id."""


Erasing = Callable[[str, Mapping[str, object]], Collection[tuple[str, int, str]]]
"""Returns what an entry of this kind, with this body, erased: log, index and section of each. Empty for other kinds."""


def check_sections(
    report: Report, reader: LogReader, head: Head, keys: DataKeys | None, heard: Heard | None = None,
    erasing: Erasing | None = None,
) -> None:  # fmt: skip
    """Check index rows and sealed sections of one log; without *keys* only that they are there.

    *heard* is told of every stretch of entries, so that who reads on in them need not open them again. Without
    *erasing* nobody may have erased anything.
    """
    origin = head.origin
    known: dict[str, DataKey | None] = {}
    if keys is None:
        report.skipped(origin, "the sealed sections", "no keys were given")
    last = 0
    for start in range(0, head.size, _AT_ONCE):
        end = min(start + _AT_ONCE, head.size)
        rows = read_rows(reader, origin, start, end)
        events = {event.index: event for event in rows.events}
        sealed = {(index, one.section): one for index, one in rows.sealed}
        erased = {(one.index, one.section): one for one in rows.erased}
        openings: dict[tuple[int, SectionName], Opening] = {}
        if keys is not None:
            _look_up(keys, known, {one.key_id for one in sealed.values()})
        for row in rows.leaves:
            try:
                entry = parse_entry(row.entry)
            except EntryInvalid:
                continue  # Told when the tree was checked.
            event = events.get(row.index)
            if event is None:
                report.found(origin, f"entry {row.index}", "its index row is missing")
                continue
            if event.time < last:
                report.found(origin, f"entry {row.index}", "its time is before that of the entry before it")
            last = max(last, event.time)
            if not event.is_found:
                report.found(origin, f"entry {row.index}", "a search does not find its index row by what that says")
            for section in SECTIONS:
                where = f"entry {row.index} section {section}"
                one, gone = sealed.get((row.index, section)), erased.get((row.index, section))
                if one is None or gone is not None:
                    _check_erased(report, reader, keys, origin, where, one, gone, erasing)
                elif keys is not None:
                    opening = _open(report, origin, where, one, entry, event, known)
                    if opening is not None:
                        openings[row.index, section] = opening
                        if section == "b":
                            _check_body(report, origin, where, opening, event)
        if heard is not None:
            heard(origin, rows, openings, known)


def _look_up(keys: DataKeys, known: dict[str, DataKey | None], key_ids: set[str]) -> None:
    """Know these keys, or that they are gone, asking the store once for all that are not known yet."""
    new = [one for one in key_ids if one not in known]
    if new:
        found = keys.find_all(new)
        known.update((one, found.get(one)) for one in new)


def _check_erased(
    report: Report, reader: LogReader, keys: DataKeys | None, origin: str, where: str, sealed: Sealed | None,
    erased: ErasedRow | None, erasing: Erasing | None,
) -> None:  # fmt: skip
    if erased is None:
        report.found(origin, where, "it is missing and no entry says that it was erased")
        return
    if sealed is not None:
        report.found(origin, where, "it is said to be erased and is still there")
    by = f"entry {erased.by_index} of {erased.by_origin}"
    if erasing is not None and keys is None:
        report.skipped(origin, where, f"it is said to be erased by {by}, which does not open without keys")
    elif erasing is None or keys is None or not _is_erased_by(reader, keys, origin, erased, erasing):
        # The row is nobody's word: only what an entry is committed to, in the signed tree, tells of an erasure.
        report.found(origin, where, f"it is said to be erased by {by}, which does not say so")
    else:
        report.skipped(origin, where, f"erased by {by}")


def _is_erased_by(reader: LogReader, keys: DataKeys, origin: str, erased: ErasedRow, erasing: Erasing) -> bool:
    """Return whether the entry that is said to have erased a section stands in a log and is committed to saying so."""
    log, index = erased.by_origin, erased.by_index
    if not any(head.origin == log and index < head.size for head in reader.heads()):
        return False
    rows = read_rows(reader, log, index, index + 1)
    sealed = next((one for _, one in rows.sealed if one.section == "b"), None)
    key = None if sealed is None else keys.find(sealed.key_id)
    if sealed is None or key is None or not rows.leaves or not rows.events:
        return False
    try:
        commitment = parse_entry(rows.leaves[0].entry).commitments["b"]
        body = orjson.loads(unseal(sealed, commitment, key, log, rows.events[0].event_id).plaintext)
        return (origin, erased.index, erased.section) in erasing(body["k"], body)
    except (EntryInvalid, OpeningInvalid, orjson.JSONDecodeError, KeyError, TypeError):
        return False


def _open(
    report: Report,
    origin: str,
    where: str,
    sealed: Sealed,
    entry: Entry,
    event: EventRow,
    known: Mapping[str, DataKey | None],
) -> Opening | None:
    key = known[sealed.key_id]
    if key is None:
        report.found(origin, where, "its key is gone and no entry says that it was erased")
        return None
    try:
        opening = unseal(sealed, entry.commitments[sealed.section], key, origin, event.event_id)
    except OpeningInvalid as error:
        report.found(origin, where, str(error))
        return None
    report.sections += 1
    return opening


def _check_body(report: Report, origin: str, where: str, opening: Opening, event: EventRow) -> None:
    try:
        body = orjson.loads(opening.plaintext)
        said = (body["event_id"], body["t"], body["k"], body["o"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        report.found(origin, where, "it lacks one of event_id, t, k and o")
        return
    if said != (event.event_id, event.time, event.row.kind, event.row.outcome):
        report.found(origin, where, "the index row says otherwise")
