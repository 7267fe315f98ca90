"""A consent that is being talked over with a client, as it is kept between two screens.

The rows are frozen with their period once that is chosen, so that the words on the screen, the code on the client's
phone and the second person's look at the paper all are about the very same rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, cast

import orjson

from gateway.consent.checks import year_after
from gateway.consent.model import AskedRow, Giver, GiverKind, GrantRow, RefusedRow
from gateway.directory.instants import HELSINKI, from_micros, to_micros

MONTHS: Final = (3, 6, 12)
CLIENT, SUPPORTED, REPRESENTATIVE = "client", "supported", "representative"
"""Who decides: the client alone, the client with somebody who helps to understand, or somebody in their place."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known so far; empty where the screen was not reached yet. Instants in microseconds."""

    id: str
    ref: str
    worker: str
    situation: str
    rows: tuple[AskedRow, ...] = ()
    ticks: tuple[tuple[str, ...], ...] = ()
    """The sensitivities of each row."""
    valid_from: int | None = None
    until: int | None = None
    method: str = ""
    language: str = "fi"
    register: str = "plain"
    name: str = ""
    """What a person is called whom this service has not met before."""
    identity_check: str = ""
    note: str = ""
    """The words used, of a spoken consent."""
    said_yes: bool = False
    shown: str = ""
    """Hash of the words on the client's screen when the client answered."""
    handle: str = ""
    scan: str = ""
    scan_type: str = ""
    check: str = ""
    checked_by: str = ""
    consent: str = ""
    confirm: str = ""
    """Handle of the code that the client was sent to confirm what was recorded."""
    decides: str = CLIENT
    capacity: str = ""
    """A representative's kind and reference at the register, the instant at which they are one no longer, and what the
    register said that the mandate covers; empty until it has said so."""
    mandate: str = ""
    mandate_ends: int | None = None
    covers: str = ""

    def to_bytes(self) -> bytes:
        """Return it as it is kept."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_bytes(cls, content: bytes) -> Draft:
        """Return what `to_bytes` gave. Raises ValueError for what another version of the program kept."""
        try:
            kept = orjson.loads(content)
            rows = tuple(AskedRow(**row) for row in kept.pop("rows"))
            ticks = tuple(tuple(row) for row in kept.pop("ticks"))
            return cls(rows=rows, ticks=ticks, **kept)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("this is no draft of this version") from error

    def with_rows(self, rows: Iterable[AskedRow]) -> Draft:
        """Return it with other rows: all that was said about earlier ones is gone."""
        return Draft(self.id, self.ref, self.worker, self.situation, tuple(rows), language=self.language,
                     register=self.register, name=self.name, decides=self.decides, capacity=self.capacity,
                     mandate=self.mandate, mandate_ends=self.mandate_ends, covers=self.covers)  # fmt: skip

    def given_by(self, giver: Giver) -> Draft:
        """Return it with the representative that the register told of; what was said before counts no more."""
        begun = Draft(self.id, self.ref, self.worker, self.situation, language=self.language, register=self.register,
                      name=self.name, decides=self.decides)  # fmt: skip
        return replace(
            begun, capacity=str(giver.kind), mandate=giver.register_reference or "", covers=giver.scope or "",
            mandate_ends=None if giver.until is None else to_micros(giver.until),
        )  # fmt: skip

    def with_period(self, ticks: Iterable[Iterable[str]], at: datetime, until: datetime) -> Draft:
        """Return it with ticks and a period that begins now; an answer to other words counts no more.

        A representative's permission ends with the mandate, and the words on the screen say so.
        """
        if self.mandate_ends is not None:
            until = min(until, from_micros(self.mandate_ends))
        return replace(
            self.unanswered(), ticks=tuple(tuple(sorted(row)) for row in ticks), valid_from=to_micros(at),
            until=to_micros(until),
        )  # fmt: skip

    def unanswered(self) -> Draft:
        """Return it as it was before the client answered."""
        return replace(
            self, said_yes=False, shown="", handle="", scan="", scan_type="", check="", checked_by="", note="",
        )  # fmt: skip

    @property
    def lacks_mandate(self) -> bool:
        """Whether somebody is to decide in the client's place whom the register has not told of."""
        return self.decides == REPRESENTATIVE and not self.mandate

    @property
    def giver(self) -> Giver:
        """Return who decides. Only where `lacks_mandate` is false."""
        if self.decides != REPRESENTATIVE:
            return Giver()
        return Giver(GiverKind(self.capacity), self.mandate)

    @property
    def has_period(self) -> bool:
        """Whether the rows are whole."""
        return bool(self.rows) and self.until is not None and len(self.ticks) == len(self.rows)

    @property
    def is_done(self) -> bool:
        """Whether it has become a consent."""
        return bool(self.consent)

    def grant_rows(self) -> tuple[GrantRow, ...]:
        """Return the rows as a consent has them. Only where `has_period`."""
        begins, ends = from_micros(cast(int, self.valid_from)), from_micros(cast(int, self.until))
        return tuple(
            GrantRow(row.custodian, row.recipient, row.category, row.purpose, begins, ends, frozenset(ticked))
            for row, ticked in zip(self.rows, self.ticks, strict=True)
        )

    def refused_rows(self) -> tuple[RefusedRow, ...]:
        """Return the rows as a refusal has them, each once."""
        return tuple(RefusedRow(*pair) for pair in dict.fromkeys((row.recipient, row.category) for row in self.rows))


def end_of(choice: str, last_day: str, at: datetime) -> datetime | None:
    """Return when a permission ends: after some months, or after a last day (`d.m.yyyy` or ISO); None for neither.

    It ends at midnight in Helsinki, at the latest on the day a year from now.
    """
    today = at.astimezone(HELSINKI).date()
    if choice in map(str, MONTHS):
        end = _months_on(today, int(choice))
    else:
        day = _parsed(last_day)
        if choice != "day" or day is None or not today <= day < date.max:
            return None
        end = day + timedelta(days=1)
    until = datetime.combine(end, time.min, HELSINKI).astimezone(UTC)
    return until if until <= year_after(at) else None


def _months_on(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + year, month + 1, 1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def _parsed(text: str) -> date | None:
    parts = text.split(".")
    try:
        if len(parts) == 3:
            return date(int(parts[2]), int(parts[1]), int(parts[0]))
        return date.fromisoformat(text)
    except (ValueError, OverflowError):
        return None


def last_day(until: datetime | int) -> date | None:
    """Return the last whole day before an end at midnight in Helsinki; None for an end within a day."""
    local = (from_micros(until) if isinstance(until, int) else until).astimezone(HELSINKI)
    return local.date() - timedelta(days=1) if local.timetz().replace(tzinfo=None) == time.min else None
