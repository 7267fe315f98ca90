"""The rows of the log's pages: each entry in sentences, with where its own page is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from gateway.directory.instants import from_micros
from gateway.disclosure.account_context import context_of
from gateway.disclosure.accounts import Account, Accounts
from gateway.disclosure.opened import Opened
from gateway.web.review.days import day_of

REQUESTS = ("disclosure", "search", "decision")
"""The kinds of entry in which somebody asked for something, given or not."""
_PLACE = re.compile(r"(\d{4}(?:-[1-9]\d{0,3})?)\.(0|[1-9]\d{0,14})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the client's own log, told."""

    place: str
    at: datetime
    account: Account

    @property
    def sign(self) -> str:
        """The name of its sign: given, not given, or a step of another kind."""
        return "info" if self.account.given is None else "eye" if self.account.given else "no"


def rows_of(entries: Iterable[Opened], accounts: Accounts, context: Sequence[Opened]) -> tuple[Row, ...]:
    """Return the entries as rows, in their order; what is no business of the client's is left out."""
    around = context_of(context)
    return tuple(
        Row(place_of(account.origin, account.index), from_micros(entry.t), account)
        for entry in entries
        for account in accounts.tell([entry], around)
    )


def by_day(rows: Sequence[Row]) -> tuple[tuple[date, tuple[Row, ...]], ...]:
    """Return the rows grouped by day, in their order."""
    return tuple((day, tuple(group)) for day, group in groupby(rows, key=lambda row: day_of(row.at)))


def place_of(origin: str, index: int) -> str:
    """Return how an entry is named in an address: the log's year and the entry's number in it."""
    return f"{origin.rpartition('/')[2]}.{index}"


def origin_and_index(place: str, log_name: str) -> tuple[str, int] | None:
    """Return the log and the number that `place_of` named; None for anything else."""
    match = _PLACE.fullmatch(place)
    return None if match is None else (f"{log_name}/audit/{match[1]}", int(match[2]))
