"""What somebody asks their own log for: a recipient, a category, a period, a sort of entry. An ordinary form by GET."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from gateway.directory.model import Directory
from gateway.disclosure.accounts import TOLD
from gateway.web.language import N_
from gateway.web.review.days import end_of, parse_day, start_of
from gateway.web.review.log_rows import REQUESTS

ALL, LOOKS, REFUSED, CHOICES = "", "looks", "refused", "choices"
SORTS = (
    (ALL, N_("All entries")),
    (LOOKS, N_("Looks and attempts")),
    (REFUSED, N_("Only what was not given")),
    (CHOICES, N_("What you decided")),
)
NO_DAY = N_("Write the day like this: 31.5.2026.")
BACKWARDS = N_("The last day is before the first day.")
_OUR_CHOICES = tuple(kind for kind in TOLD if kind.startswith(("consent.", "prohibition.")))


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What was asked, as it was written; `faults` are (id of the field, sentence of the catalogue)."""

    recipient: str = ""
    category: str = ""
    since: str = ""
    until: str = ""
    sort: str = ALL
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether anything is filtered."""
        return any((self.recipient, self.category, self.since, self.until, self.sort))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of entry asked for."""
        return {LOOKS: REQUESTS, REFUSED: REQUESTS, CHOICES: _OUR_CHOICES}.get(self.sort, TOLD)

    @property
    def outcome(self) -> str | None:
        """The outcome asked for."""
        return "deny" if self.sort == REFUSED else None

    @property
    def first(self) -> int | None:
        """The first instant asked for, in microseconds."""
        day = parse_day(self.since)
        return None if day is None else start_of(day)

    @property
    def end(self) -> int | None:
        """The first instant after what is asked for."""
        day = parse_day(self.until)
        return None if day is None else end_of(day)

    def address(self, after: str) -> str:
        """Return the address of the next page."""
        fields = {
            "recipient": self.recipient, "category": self.category, "since": self.since, "until": self.until,
            "sort": self.sort, "after": after,
        }  # fmt: skip
        return "/portal/log?" + urlencode({name: value for name, value in fields.items() if value})

    def fault(self, field: str) -> str:
        """Return what is wrong with a field; empty where nothing is."""
        return next((say for id, say in self.faults if id == field), "")


def read_filter(sent: Mapping[str, str], directory: Directory) -> LogFilter:
    """Return what the query of an address asks; a code that the directory does not know asks for nothing."""
    recipient, category, sort = sent.get("recipient", ""), sent.get("category", ""), sent.get("sort", ALL)
    since, until = sent.get("since", "").strip()[:20], sent.get("until", "").strip()[:20]
    faults = [(name, NO_DAY) for name, given in (("since", since), ("until", until)) if given and not parse_day(given)]
    first, last = parse_day(since), parse_day(until)
    if first is not None and last is not None and last < first:
        faults.append(("until", BACKWARDS))
    return LogFilter(
        recipient if recipient in directory.services else "", category if category in directory.categories else "",
        since, until, sort if sort in dict(SORTS) else ALL, tuple(faults),
    )  # fmt: skip
