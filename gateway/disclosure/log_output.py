"""What an officer's search gives out: an aligned table, JSON, or CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import orjson

from gateway.directory.instants import HELSINKI, from_micros
from gateway.disclosure.opened import Opened

COLUMNS = (
    "time", "kind", "outcome", "requester", "person", "recipient", "custodian", "category", "purpose", "basis",
    "reasons", "documents", "client", "log", "index",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDEST = 40


def as_row(entry: Opened) -> dict[str, str]:
    """Return an entry as one flat row of texts, empty where it says nothing."""
    body, actor = entry.b or {}, entry.a or {}
    rows = [body, *(row for name in ("documents", "grants", "rows") for row in _rows(body.get(name)))]
    recipients = body.get("recipients")
    return {
        "time": from_micros(entry.t).astimezone(HELSINKI).isoformat(timespec="milliseconds"),
        "kind": entry.kind,
        "outcome": entry.outcome,
        "requester": _text(actor.get("system")),
        "person": _text(actor.get("person") or actor.get("operator")),
        "recipient": _joined([*(row.get("recipient") for row in rows), *_list(recipients)]),
        "custodian": _joined([row.get("custodian") for row in rows]),
        "category": _joined([row.get("category") for row in rows]),
        "purpose": _joined([row.get("purpose") for row in rows]),
        "basis": _joined([row.get("basis") for row in rows]),
        "reasons": _joined(_list(body.get("reasons"))),
        "documents": _joined([row.get("id") for row in _rows(body.get("documents"))]),
        "client": entry.client or "",
        "log": entry.origin,
        "index": str(entry.index),
    }


def as_table(entries: Sequence[Opened], columns: Sequence[str] = COLUMNS[:11]) -> str:
    """Return the entries as aligned text, a line each under a line of names."""
    rows = [dict(zip(columns, columns, strict=True)), *map(as_row, entries)]
    cells = [[_shortened(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def as_csv(entries: Sequence[Opened]) -> str:
    """Return the entries as CSV (RFC 4180); a cell that could be a formula begins with an apostrophe."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for row in map(as_row, entries):
        writer.writerow([harmless(row[column]) for column in COLUMNS])
    return written.getvalue()


def as_ndjson(entries: Sequence[Opened]) -> str:
    """Return the entries as JSON, one flat row a line."""
    return "".join(f"{orjson.dumps(as_row(one)).decode()}\n" for one in entries)


def as_json(entries: Sequence[Opened]) -> str:
    """Return the entries as a JSON list, each with its place and all its opened sections."""
    return orjson.dumps(
        [
            {
                "log": one.origin, "index": one.index, "event_id": one.event_id, "t": one.t, "kind": one.kind,
                "outcome": one.outcome, "subject": one.s, "actor": one.a, "body": one.b, "closed": dict(one.closed),
            }
            for one in entries
        ],
        option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS,
    ).decode()  # fmt: skip


def _rows(value: object) -> list[dict[str, object]]:
    return [row for row in _list(value) if isinstance(row, dict)]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _joined(values: Sequence[object]) -> str:
    return " ".join(dict.fromkeys(value for value in values if isinstance(value, str)))


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: one that could be begins with an apostrophe."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _shortened(cell: str) -> str:
    plain = "".join(one if one.isprintable() else " " for one in cell)
    return plain if len(plain) <= _WIDEST else f"{plain[: _WIDEST - 1]}…"
