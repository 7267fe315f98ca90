"""Checking what entries are committed to: sealed sections against commitments, bodies against the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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


def check_sections(
    report: Report, reader: LogReader, head: Head, keys: DataKeys | None, heard: Heard | None = None
) -> None:
    """Check index rows and sealed sections of one log; without *keys* only that they are there.

    *heard* is told of every stretch of entries, so that who reads on in them need not open them again.
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
                    _check_erased(report, reader, origin, where, one, gone)
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
    report: Report, reader: LogReader, origin: str, where: str, sealed: Sealed | None, erased: ErasedRow | None
) -> None:
    if erased is None:
        report.found(origin, where, "it is missing and no entry says that it was erased")
        return
    if sealed is not None:
        report.found(origin, where, "it is said to be erased and is still there")
    if not any(head.origin == erased.by_origin and erased.by_index < head.size for head in reader.heads()):
        report.found(origin, where, "the entry that is said to have erased it does not exist")
    report.skipped(origin, where, f"erased by entry {erased.by_index} of {erased.by_origin}")


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
