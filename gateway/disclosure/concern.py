"""A concern: "I do not recognise this", said by a client of an entry of their own log, and what each organisation
answers.

Each organisation that the entry names has a case of its own, and sees no other's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from gateway.consent.model import ClientId
from gateway.directory.model import Directory
from gateway.disclosure.opened import Opened, Section

ANSWERED_WITHIN = timedelta(days=30)
"""The promise to the client."""
MAX_WORDS = 2000
"""The longest text that a client or an officer may write, in characters."""


class Answer(StrEnum):
    """What an officer found; the words for the client are a catalogue's."""

    RIGHTFUL = "rightful"
    """The look had its reason, which the officer's text tells."""
    MISTAKE = "mistake"
    """It should not have been; what was done about it is told."""
    MISUSE = "misuse"
    """It was against the rules, and is taken further."""


@dataclass(frozen=True, slots=True)
class Case:
    """One organisation's part of a concern. `text` is empty until it is answered, and once the client's key is gone."""

    organisation: str
    answer: Answer | None = None
    text: str = field(default="", repr=False)
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Concern:
    """A client's doubt about one entry of their log. `kind` and `entry_at` are the entry's; `said` may be empty."""

    id: str
    client: ClientId
    origin: str
    index: int
    event_id: str
    kind: str
    entry_at: datetime
    raised_at: datetime
    due_at: datetime
    said: str = field(repr=False)
    cases: tuple[Case, ...]

    @property
    def is_open(self) -> bool:
        """Whether an organisation has not answered yet."""
        return any(case.answer is None for case in self.cases)

    def is_late(self, now: datetime) -> bool:
        """Return whether an answer was promised before *now* and is not there."""
        return self.is_open and now >= self.due_at


class ConcernRegistry(Protocol):
    """The store of concerns; words are sealed under the client's key."""

    def add(self, connection: object, concern: Concern) -> None:
        """Store a concern with its cases."""
        ...

    def concern(self, connection: object, concern: str) -> Concern | None:
        """Return one concern with all its cases."""
        ...

    def about(self, connection: object, client: ClientId, event_id: str) -> Concern | None:
        """Return the client's concern about an entry, None where there is none."""
        ...

    def of_client(self, connection: object, client: ClientId) -> tuple[Concern, ...]:
        """Return the client's concerns, newest first."""
        ...

    def of_organisation(self, connection: object, organisation: str, limit: int) -> tuple[Concern, ...]:
        """Return concerns with this organisation's own case alone: open ones first, by the promised day, then the
        answered, newest first."""
        ...

    def late(self, connection: object, now: datetime, limit: int) -> tuple[tuple[str, ClientId, str], ...]:
        """Return (concern, client, organisation) of cases without an answer whose promised day has passed at *now* and
        whose officer was not told so."""
        ...

    def mark_late(self, connection: object, concern: str, organisation: str, at: datetime) -> None:
        """Note that the officer was told that a case is late."""
        ...

    def answer(self, connection: object, concern: Concern, case: Case) -> None:
        """Store what an organisation answered."""
        ...


def organisations_of(entry: Opened, directory: Directory) -> tuple[str, ...]:
    """Return the organisations whose services an entry names, in alphabetical order."""
    recipients, others = parties_of(entry, directory)
    known = (directory.service(code) for code in {*recipients, *others})
    return tuple(sorted({service.organisation for service in known if service is not None}))


def parties_of(
    entry: Opened, directory: Directory, organisation: str | None = None
) -> tuple[list[str], list[str]]:  # fmt: skip
    """Return the services that an entry names: those that received or would have, and the others, custodians first of
    all. With *organisation* only the services of that one."""
    recipients: set[str] = set()
    others: set[str] = set()
    for section in _sections(entry.b or {}):
        recipients |= set(_codes(section, ("recipient",), "recipients"))
        others |= set(_codes(section, ("custodian", "service", "recorded_by", "by"), "custodians"))

    def known(code: str) -> bool:
        service = directory.service(code)
        return service is not None and organisation in (None, service.organisation)

    return sorted(filter(known, recipients)), sorted(filter(known, others - recipients))


def _sections(body: Section) -> Iterator[Section]:
    yield body
    for name in ("documents", "grants", "rows"):
        listed = body.get(name)
        yield from (row for row in listed if isinstance(row, dict)) if isinstance(listed, list) else ()
    if isinstance(capture := body.get("capture"), dict):
        yield capture


def _codes(section: Section, names: Sequence[str], listed: str) -> Iterator[str]:
    for name in names:
        if isinstance(code := section.get(name), str):
            yield code
    codes = section.get(listed)
    yield from (code for code in codes if isinstance(code, str)) if isinstance(codes, list) else ()
