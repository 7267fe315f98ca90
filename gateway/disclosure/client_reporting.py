"""Making a client's report and releasing it: one officer makes it, another looks a second time, then it may go out.

Each step is an entry. What goes out is kept as bytes, so that the digests in the log are of what the client was given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol

import orjson

from audit.entry import Draft
from audit.log import Dropped
from audit.writing import Rejected, Writing
from gateway.directory.instants import to_micros
from gateway.disclosure.client_report import KINDS, Choice, Flag, Line, Package, lines_of, released
from gateway.disclosure.log_finding import LookedUpKeys, criteria_of
from gateway.disclosure.log_query import Criteria, Officer, Query, Scope
from gateway.disclosure.log_survey import SurveyStore
from gateway.disclosure.officer_looks import look_of, opened_for
from gateway.disclosure.opened import Opener
from gateway.disclosure.ports import LogWriter

LINES_AT_MOST = 2_000
KEPT_FOR = timedelta(days=30)


class State(StrEnum):
    """Where a report stands."""

    WAITING = "waiting"
    RELEASED = "released"


class NotReleased(StrEnum):
    """Why a report does not go out."""

    SAME_OFFICER = "same-officer"
    UNDECIDED = "undecided"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of a released report, and the digest that stands in the log."""

    name: str
    content: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Report:
    """A client's report. `complete` is whether every line there is fits into it; `since` is its first instant."""

    id: str
    organisation: str
    client: str
    package: Package
    language: str
    state: State
    made_by: str = field(repr=False)
    made_at: int
    since: int
    complete: bool
    lines: tuple[Line, ...] = field(repr=False)
    files: tuple[ReportFile, ...] = ()
    withheld: int = 0

    def file(self, name: str) -> ReportFile | None:
        """Return one of its files."""
        return next((one for one in self.files if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. `since` in microseconds, or None for what the package tells by itself."""

    client: str
    package: Package
    language: str
    reason: str
    special: str = ""
    since: int | None = None


class ReportStore(Protocol):
    """Keeps reports for a while, sealed under their clients' keys."""

    def add(self, connection: object, report: Report, expires: int) -> None:
        """Store a report; ended ones go."""
        ...

    def release(self, connection: object, report: Report) -> bool:
        """Store a waiting report as released; return False where it waits no more."""
        ...

    def find(self, report: str, organisation: str, now: int) -> Report | None:
        """Return an organisation's report; None for an unknown, ended or foreign one."""
        ...

    def of(self, organisation: str, now: int, limit: int) -> Sequence[Report]:
        """Return an organisation's reports, newest first."""
        ...


Render = Callable[[Report], Awaitable[tuple[ReportFile, ...]]]
"""Makes the files of a report from its lines."""


class ClientReports:
    """The use cases. Every officer has a scope."""

    def __init__(
        self, store: ReportStore, search: SurveyStore, keys: LookedUpKeys, log: LogWriter,
        new_event_id: Callable[[], str], new_id: Callable[[], str], now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._store, self._search, self._keys, self._log = store, search, keys, log
        self._new_event_id, self._new_id, self._now = new_event_id, new_id, now

    async def make(self, asked: Asked, officer: Officer) -> str | None:
        """Make a report that waits for its second look; return its id, None where there is nothing to report.

        Either way the entry of this look stands. Raises TooBusy and StoreUnavailable.
        """
        since = 0 if asked.since is None else asked.since
        lines, complete = await asyncio.to_thread(self._gather, asked, officer, since)
        now = to_micros(self._now())
        report = Report(
            self._new_id(), officer.organisation or "", asked.client, asked.package, asked.language, State.WAITING,
            officer.id, now, since, complete, lines,
        )  # fmt: skip
        body: dict[str, object] = {"view": "report", "package": str(asked.package), "lines": len(lines), "since": since}
        if not lines:
            await self._submit(_Step(self._draft(officer, asked.reason, body, asked.client)))
            return None
        body["report"] = report.id
        reason = f"{asked.reason}\n{asked.special}" if asked.special else asked.reason
        ends = now + KEPT_FOR // timedelta(microseconds=1)
        draft = self._draft(officer, reason, body, asked.client)

        def store(connection: object) -> bool:
            self._store.add(connection, report, ends)
            return True

        await self._submit(_Step(draft, store))
        return report.id

    async def nobody(self, officer: Officer, package: Package, reason: str) -> None:
        """Write the entry of having asked for somebody who is not known."""
        body: dict[str, object] = {"view": "report", "package": str(package), "lines": 0, "since": 0}
        await self._submit(_Step(self._draft(officer, reason, body, None)))

    async def of(self, officer: Officer) -> Sequence[Report]:
        """Return the organisation's reports, newest first. The caller shows nobody's data of them."""
        now = to_micros(self._now())
        return await asyncio.to_thread(self._store.of, officer.organisation or "", now, 50)

    async def find(self, report: str, officer: Officer) -> Report | None:
        """Return a report of the officer's organisation, to tell where it stands: see `look` for its lines."""
        now = to_micros(self._now())
        return await asyncio.to_thread(self._store.find, report, officer.organisation or "", now)

    async def look(self, report: Report, officer: Officer, view: str) -> None:
        """Write the entry of looking at a report's lines or taking one of its files (*view*)."""
        body: dict[str, object] = {"view": view, "report": report.id, "package": str(report.package)}
        await self._submit(_Step(self._draft(officer, view, body, report.client)))

    async def release(
        self, report: Report, officer: Officer, choices: Mapping[str, Choice], render: Render
    ) -> Report | NotReleased:
        """Release a report as its second officer decided; return it with its files, or why it does not go out."""
        if officer.id == report.made_by:
            return NotReleased.SAME_OFFICER
        if report.state is not State.WAITING:
            return NotReleased.DONE
        try:
            lines = released(report.lines, choices)
        except KeyError:
            return NotReleased.UNDECIDED
        going = replace(report, state=State.RELEASED, lines=lines, withheld=len(report.lines) - len(lines))
        going = replace(going, files=await render(going))
        body: dict[str, object] = {
            "view": "report.released", "report": report.id, "package": str(report.package), "lines": len(lines),
            "withheld": going.withheld, "sha256": {one.name: one.digest for one in going.files},
        }  # fmt: skip
        draft = self._draft(officer, "report.released", body, report.client)
        done = await self._submit(_Step(draft, lambda link: self._store.release(link, going)))
        return going if done else NotReleased.DONE

    async def _submit(self, step: _Step) -> bool:
        return not isinstance(await self._log.submit(step), Dropped)

    def _draft(self, officer: Officer, reason: str, body: Mapping[str, object], client: str | None) -> Draft:
        return look_of(self._new_event_id(), officer, reason, body, client)

    def _gather(self, asked: Asked, officer: Officer, since: int) -> tuple[tuple[Line, ...], bool]:
        if officer.scope is None:
            raise ValueError("the pages serve officers of organisations alone")
        query = Query(client=asked.client, kinds=KINDS, since=since or None)
        with self._search.read() as reader:
            criteria = criteria_of(reader, self._keys, query, officer.scope, reader.heads())
            survey = reader.survey(_all_of(criteria, officer.scope), _WHOLE)
            sights = survey.sights[:LINES_AT_MOST]
            entries = opened_for(Opener(self._keys), reader, sights, officer.scope)
        complete = survey.stopped is None and len(survey.sights) <= LINES_AT_MOST
        return lines_of(entries, asked.client, asked.package), complete


_WHOLE = 100_000
"""A client's own entries are walked along their own index: this many of them, at most."""


def _all_of(criteria: Criteria, scope: Scope) -> Criteria:
    return replace(criteria, limit=LINES_AT_MOST + 1, scope=scope)


@dataclass(frozen=True, slots=True)
class _Step:
    """One step: a row written or not, and its entry. A row that cannot be written undoes the entry."""

    draft: Draft
    store: Callable[[object], bool] | None = None

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Write the row and return the entry."""
        if self.store is not None and not self.store(tx.connection):
            raise Rejected(None)
        return None, [self.draft]


def to_bytes(report: Report) -> bytes:
    """Return a report as it is sealed."""
    content = asdict(report) | {"files": {one.name: one.content.hex() for one in report.files}}
    return orjson.dumps(content)


def from_bytes(kept: bytes) -> Report:
    """Return a report as it was sealed."""
    content = orjson.loads(kept)
    lines = tuple(map(_line, content["lines"]))
    files = tuple(ReportFile(name, bytes.fromhex(value)) for name, value in content["files"].items())
    return Report(
        id=content["id"], organisation=content["organisation"], client=content["client"],
        package=Package(content["package"]), language=content["language"], state=State(content["state"]),
        made_by=content["made_by"], made_at=content["made_at"], since=content["since"], complete=content["complete"],
        lines=lines, files=files, withheld=content["withheld"],
    )  # fmt: skip


def _line(row: Mapping[str, Any]) -> Line:
    return Line(
        row["origin"], row["index"], row["t"], row["kind"], recipients=tuple(row["recipients"]),
        custodians=tuple(row["custodians"]), categories=tuple(row["categories"]), purposes=tuple(row["purposes"]),
        bases=tuple(row["bases"]), role=row["role"], person=row["person"], name=row["name"],
        flags=tuple(map(Flag, row["flags"])),
    )  # fmt: skip
