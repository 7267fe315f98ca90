"""What somebody chose on a form: which rows, which sensitivities, until when. Pure, and nothing is chosen beforehand.

The same choice is read twice: from the first screen, and from the screen on which it is checked and confirmed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from gateway.consent.checks import year_after
from gateway.consent.model import GrantRow
from gateway.directory.instants import HELSINKI
from gateway.web.language import N_

MONTHS: Final = (3, 6, 12)
"""The lengths that are offered; a day of one's own is the other way."""
KEEP: Final = "keep"
DAY: Final = "day"
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_FINNISH: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)

NO_ROWS: Final = N_("Choose at least one.")
NO_PERIOD: Final = N_("Choose how long the permission lasts.")
NO_DAY: Final = N_("Write the day like this: 31.5.2027.")
PAST_DAY: Final = N_("Choose a day that has not passed.")
LATE_DAY: Final = N_("A permission lasts at most one year.")
ENDED_ROW: Final = N_("Something you chose has ended already. Choose a new end.")


class Fields(Protocol):
    """The fields of a form: `gateway.web.forms.Form`."""

    def text(self, name: str, *, most: int = ...) -> str: ...
    def texts(self, name: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Offered:
    """A row that may be chosen. `valid_from`, `until` and `sensitivities` are those of the row that it stands for,
    where there is one."""

    key: str
    custodian: str
    recipient: str
    category: str
    purpose: str
    valid_from: datetime | None = None
    until: datetime | None = None
    sensitivities: frozenset[str] = frozenset()
    document: str | None = None
    dated_from: datetime | None = None
    dated_until: datetime | None = None
    once: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, as far as it could be read; with `faults` it is not to be acted upon."""

    keys: tuple[str, ...] = ()
    ticks: Mapping[str, frozenset[str]] | None = None
    until: str = ""
    day: str = ""
    last_day: date | None = None
    faults: tuple[tuple[str, str], ...] = ()
    """(id of the field, sentence of the catalogue)."""

    def ticked(self, key: str) -> frozenset[str]:
        """Return the sensitivities ticked for a row."""
        return (self.ticks or {}).get(key, frozenset())

    def fault(self, field: str) -> str:
        """Return what is wrong with a field; empty where nothing is."""
        return next((say for id, say in self.faults if id == field), "")


def read_choice(
    form: Fields, offered: Sequence[Offered], sensitivities: Collection[str], now: datetime, *,
    whole: bool = False, may_keep: bool = False,
) -> Choice:  # fmt: skip
    """Return what a form chose of *offered*; with *whole* all of it is meant. What was not offered is not chosen."""
    sent = set(form.texts("row"))
    keys = tuple(row.key for row in offered if whole or row.key in sent)
    ticks = {key: frozenset(form.texts(f"tick-{key}")) & frozenset(sensitivities) for key in keys}
    until, day = form.text("until", most=8), form.text("until_day", most=20)
    faults: list[tuple[str, str]] = [] if keys else [("row", NO_ROWS)]
    last_day: date | None = None
    if until == KEEP and may_keep:
        chosen = [row for row in offered if row.key in keys]
        if any(row.until is None or row.until <= now for row in chosen):
            faults.append(("until", ENDED_ROW))
    else:
        last_day, fault = _last_day(until, day, now)
        if fault is not None:
            faults.append(fault)
    return Choice(keys, ticks, until, day, last_day, tuple(faults))


def as_it_stands(offered: Sequence[Offered]) -> Choice:
    """Return the choice that changes nothing: where a consent that stands is changed, it begins as it is."""
    return Choice(tuple(row.key for row in offered), {row.key: row.sensitivities for row in offered}, KEEP)


def rows_of(choice: Choice, offered: Sequence[Offered], now: datetime) -> tuple[GrantRow, ...]:
    """Return the rows of a choice without faults. A row that stands keeps its start, so that who is not touched by a
    change does not hear of one."""
    until = None if choice.last_day is None else end_of(choice.last_day, now)
    return tuple(
        GrantRow(
            row.custodian, row.recipient, row.category, row.purpose, row.valid_from or now, until or row.until or now,
            choice.ticked(row.key), row.once, row.document, row.dated_from, row.dated_until,
        )
        for row in offered
        if row.key in choice.keys
    )  # fmt: skip


def end_of(last_day: date, now: datetime) -> datetime:
    """Return the exclusive end of a permission whose last day is *last_day*: the midnight after it in Helsinki, or the
    last instant that a permission may have."""
    after = last_day + timedelta(days=1)
    return min(_midnight(after), _midnight(year_after(now).astimezone(HELSINKI).date()))


def day_after_months(now: datetime, months: int) -> date:
    """Return the same day *months* on, or the last day of that month."""
    today = now.astimezone(HELSINKI).date()
    year, month = divmod(today.month - 1 + months, 12)
    first_of_next = date(today.year + year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(today.year + year, month + 1, 1) + timedelta(days=today.day - 1), first_of_next - timedelta(days=1))


def _last_day(until: str, day: str, now: datetime) -> tuple[date | None, tuple[str, str] | None]:
    if until in {str(months) for months in MONTHS}:
        return day_after_months(now, int(until)), None
    if until != DAY:
        return None, ("until", NO_PERIOD)
    found = _parse_day(day)
    if found is None:
        return None, ("until_day", NO_DAY)
    today = now.astimezone(HELSINKI).date()
    if found < today:
        return None, ("until_day", PAST_DAY)
    if found > day_after_months(now, 12):
        return None, ("until_day", LATE_DAY)
    return found, None


def _parse_day(text: str) -> date | None:
    iso, finnish = _ISO.fullmatch(text), _FINNISH.fullmatch(text)
    parts = iso.groups() if iso else finnish.groups()[::-1] if finnish else None
    try:
        return None if parts is None else date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=HELSINKI)
