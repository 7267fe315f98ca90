"""One case's mapping, read key by key: every mistake is noted, and names that lead nowhere are mistakes too.

A code that the directory does not know is a mistake, save where the step expects `request-invalid`: it is then what the
step is about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from isodate import Duration, ISO8601Error, parse_duration

from gateway.demo.world import World
from gateway.directory.instants import parse_instant
from gateway.directory.rows import Row
from gateway.rehearsal.case import REQUEST_INVALID


@dataclass
class Known:
    """What exists: in the world, and in this case so far."""

    world: World
    documents: dict[str, str] = field(default_factory=dict)
    """Category of each document, by its name."""
    consents: dict[str, bool] = field(default_factory=dict)
    """Whether each consent is to be recorded, by its name."""
    prohibitions: dict[str, bool] = field(default_factory=dict)


def expectation(row: Row, *, required: bool = False) -> Row:
    """Return what is under `expect`, empty where it may be left out."""
    return row.row("expect", required=required)


def refused_code(row: Row) -> str | None:
    """Return the code of `expect: {refused: code}`."""
    if not row.has("expect"):
        return None
    expected = expectation(row)
    code = expected.text("refused")
    expected.done()
    return code


def is_free(row: Row) -> bool:
    """Return whether the step expects `request-invalid`, so that its codes may be unknown ones."""
    expected = row.content.get("expect")
    if not isinstance(expected, Mapping):
        return False
    reasons = expected.get("reasons")
    return expected.get("refused") == REQUEST_INVALID or (isinstance(reasons, list) and REQUEST_INVALID in reasons)


def one_of(row: Row, key: str, known: Collection[str], what: str, *, free: bool = False) -> str:
    """Return a text that must be one of *known*."""
    text = row.text(key)
    if row.has(key) and not free and text not in known:
        row.fault(key, f"{text!r} is no {what}")
    return text


def optional_one_of(row: Row, key: str, known: Collection[str], what: str, *, free: bool = False) -> str | None:
    """Return a text that must be one of *known*, None where the key is absent."""
    return one_of(row, key, known, what, free=free) if row.has(key) else None


def some_of(row: Row, key: str, known: Collection[str], what: str, *, required: bool = False) -> tuple[str, ...]:
    """Return texts that must each be one of *known*."""
    texts = row.texts(key, required=required)
    for text in texts:
        if text not in known:
            row.fault(key, f"{text!r} is no {what}")
    return texts


def service(row: Row, key: str, known: Known, *, free: bool = False) -> str:
    """Return a service of the directory."""
    return one_of(row, key, known.world.directory.services, "service of the world", free=free)


def optional_service(row: Row, key: str, known: Known) -> str | None:
    """Return a service of the directory, None where the key is absent."""
    return service(row, key, known) if row.has(key) else None


def client(row: Row, known: Known) -> str:
    """Return a client of the world."""
    return one_of(row, "client", known.world.clients, "client of the world")


def category(row: Row, known: Known, *, free: bool = False) -> str:
    """Return a category of the directory."""
    return one_of(row, "category", known.world.directory.categories, "category of the directory", free=free)


def consent(row: Row, key: str, known: Known) -> str:
    """Return a consent that an earlier step recorded."""
    name = one_of(row, key, known.consents, "consent of an earlier step")
    if known.consents.get(name) is False:
        row.fault(key, f"{name!r} is refused by the step that gives it")
    return name


def new_name(row: Row, taken: Mapping[str, object]) -> str:
    """Return a name that no earlier step of its kind has taken."""
    name = row.text("name")
    if name in taken:
        row.fault("name", f"{name!r} is taken by an earlier step")
    return name


def instant(row: Row, key: str) -> datetime:
    """Return an instant; bare dates and years begin at midnight in Helsinki."""
    text = row.text(key)
    try:
        return parse_instant(text)
    except ValueError as error:
        if row.has(key):
            row.fault(key, str(error))
        return parse_instant("2000")


def optional_instant(row: Row, key: str) -> datetime | None:
    """Return an instant, None where the key is absent."""
    return instant(row, key) if row.has(key) else None


def duration(row: Row, key: str) -> timedelta | Duration:
    """Return an ISO 8601 duration."""
    text = row.text(key)
    try:
        return parse_duration(text)
    except (ISO8601Error, ValueError, TypeError):
        row.fault(key, "not an ISO 8601 duration, as in P1DT1S")
        return timedelta()
