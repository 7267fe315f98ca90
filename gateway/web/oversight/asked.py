"""What an officer asks of the log: the part that an address may hold, and the part that it may not.

An address holds codes, days and places. Who it is about, which worker and why it is asked are kept on the server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import orjson

from gateway.directory.instants import HELSINKI, to_micros
from gateway.directory.model import BASES, Directory
from gateway.disclosure.log_query import PAGE, PLACE, Query
from gateway.disclosure.phrases import KINDS
from gateway.web.language import N_

OUTCOMES: Final = ("permit", "deny", "error", "na")
MAX_REASON: Final = 300
NO_CODE: Final = N_("Write it without a personal identity code. It is kept in the log.")
"""Of a reason, and of the worker asked after: an entry about one person holds no code of another."""
FIRST_YEAR, LAST_YEAR = 1900, 9998
"""Of which a day may be asked: its ends are instants in any zone."""
Faults = list[tuple[str, str]]
"""(id of the field, sentence)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The part of a question that an address may hold, as it was written. `until` is the last day, included."""

    requester: str = ""
    recipient: str = ""
    custodian: str = ""
    category: str = ""
    outcome: str = ""
    basis: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""
    after: str = ""

    def query(self, private: Private, count: int = PAGE) -> Query:
        """Return it as the log is asked. Raises ValueError for a day that is none: `read_asked` has found it."""
        until = day_of(self.until)
        return Query(
            client=private.client, requester=self.requester or None, recipient=self.recipient or None,
            custodian=self.custodian or None, person=private.person or None, category=self.category or None,
            outcome=self.outcome or None, basis=self.basis or None, kinds=(self.kind,) if self.kind else (),
            since=_midnight(day_of(self.since)), until=_midnight(until + timedelta(1)) if until else None,
            after=self.after or None, count=count,
        )  # fmt: skip

    @property
    def since_by_hand(self) -> str:
        """The first day as a person writes it."""
        return _by_hand(self.since)

    @property
    def until_by_hand(self) -> str:
        """The last day as a person writes it."""
        return _by_hand(self.until)

    def address(self, path: str, reference: str = "", **changed: str) -> str:
        """Return the address of a page that asks this, with something *changed*."""
        one = replace(self, **changed)
        pairs = [(field.name, getattr(one, field.name)) for field in fields(Asked) if getattr(one, field.name)]
        return f"{path}?{urlencode([*pairs, *([('look', reference)] if reference else [])])}".rstrip("?")


@dataclass(frozen=True, slots=True)
class Private:
    """The part that no address holds. `named` is whether a client was named; `client` is None where nobody is known by
    what was written."""

    reason: str
    client: str | None = None
    named: bool = False
    person: str = ""

    def to_bytes(self) -> bytes:
        """Return it to be kept."""
        return orjson.dumps({"reason": self.reason, "client": self.client, "named": self.named, "person": self.person})

    @classmethod
    def from_bytes(cls, kept: bytes) -> Private:
        """Return what was kept."""
        return cls(**orjson.loads(kept))


def read_asked(text: Callable[[str], str], directory: Directory) -> tuple[Asked, Faults]:
    """Return what an address or a form asks, and what is wrong with it. A faulty field is left out."""
    given = Asked(**{field.name: text(field.name) for field in fields(Asked)})
    faults: Faults = []
    known: dict[str, Callable[[str], bool]] = {
        "requester": _is_code, "recipient": directory.services.__contains__,
        "custodian": directory.services.__contains__, "category": directory.categories.__contains__,
        "outcome": OUTCOMES.__contains__, "basis": BASES.__contains__, "kind": KINDS.__contains__, "after": _is_place,
    }  # fmt: skip
    for name, is_known in known.items():
        if getattr(given, name) and not is_known(getattr(given, name)):
            faults.append((name, N_("This is not one of the choices.")))
    for name in ("since", "until"):
        try:
            day = day_of(getattr(given, name))
        except ValueError:
            faults.append((name, N_("Write the day as 31.5.2026.")))
        else:
            given = replace(given, **{name: day.isoformat() if day else ""})
    if not faults and given.since and given.until and given.since > given.until:
        faults.append(("until", N_("The last day is before the first.")))
    return replace(given, **dict.fromkeys((name for name, _ in faults), "")), faults


def day_of(text: str) -> date | None:
    """Return a day as it is written in an address (2026-05-31) or by a person (31.5.2026), None for none.

    Raises ValueError.
    """
    if not text:
        return None
    if "." in text:
        day, month, year = map(int, text.split("."))
        try:
            found = date(year, month, day)
        except OverflowError:
            raise ValueError("no calendar has such a day") from None
    else:
        found = date.fromisoformat(text)
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError("no log has entries of such a day")
    return found


def _by_hand(text: str) -> str:
    day = day_of(text)
    return "" if day is None else f"{day.day}.{day.month}.{day.year}"


def _midnight(day: date | None) -> int | None:
    return None if day is None else to_micros(datetime(day.year, day.month, day.day, tzinfo=HELSINKI))


def _is_code(text: str) -> bool:
    return len(text) <= 80 and text.isascii() and all(one.isalnum() or one in "-._" for one in text)


def _is_place(text: str) -> bool:
    return PLACE.fullmatch(text) is not None
