"""A client's report: who was given or used what, in two packages, and what of it is also about somebody else.

GDPR article 15 tells times, purposes, categories and recipients, and no employee (CJEU C-579/21). Act 703/2023, section
11, tells who used or received the data and on which basis, of two years. Pure: values in, values out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from gateway.disclosure.log_output import as_row
from gateway.disclosure.opened import Opened

TWO_YEARS = timedelta(days=731)
KINDS = ("disclosure", "search", "custodian.read", "mandate.read")
"""The kinds of entry in which a client's data was given or used."""


class Package(StrEnum):
    """Which right the report answers."""

    ACCESS = "gdpr-15"
    USE = "703-2023-11"


class Flag(StrEnum):
    """Why a line is also about somebody else."""

    STAFF = "staff"
    REPRESENTATIVE = "representative"
    ANOTHER_CLIENT = "another-client"


class Choice(StrEnum):
    """What the second officer decides about lines that are also about somebody else."""

    INCLUDE = "include"
    WITHOUT_NAME = "without-name"
    WITHHOLD = "withhold"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a report, in codes. Who acted is empty in a package that does not tell it."""

    origin: str
    index: int
    t: int
    kind: str
    recipients: tuple[str, ...]
    custodians: tuple[str, ...]
    categories: tuple[str, ...]
    purposes: tuple[str, ...]
    bases: tuple[str, ...]
    role: str = ""
    person: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """Something to decide about: one worker with all their lines, or one line that tells of somebody else."""

    key: str
    flag: Flag
    lines: tuple[Line, ...]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What may be chosen: a worker's lines may go without the name, a line about another person only whole."""
        return tuple(Choice) if self.flag is Flag.STAFF else (Choice.INCLUDE, Choice.WITHHOLD)


def lines_of(entries: Sequence[Opened], client: str, package: Package) -> tuple[Line, ...]:
    """Return the lines that a client's entries give, in their order. What was refused gave nothing to anybody."""
    return tuple(_line(entry, client, package) for entry in entries if entry.kind in KINDS and entry.b and _gave(entry))


def matters_of(lines: Sequence[Line]) -> tuple[Matter, ...]:
    """Return what the second officer has to decide about; every line that is flagged is in one matter at least."""
    workers: dict[tuple[str, str, str], list[Line]] = {}
    found: list[Matter] = []
    for line in lines:
        for flag in line.flags:
            if flag is Flag.STAFF:
                workers.setdefault(_worker(line), []).append(line)
            else:
                found.append(Matter(f"line-{line.origin.rpartition('/')[2]}-{line.index}", flag, (line,)))
    staff = (
        Matter(f"worker-{number}", Flag.STAFF, tuple(rows))
        for number, (_, rows) in enumerate(sorted(workers.items()), 1)
    )
    return (*staff, *found)


def released(lines: Sequence[Line], choices: Mapping[str, Choice]) -> tuple[Line, ...]:
    """Return what goes out. Raises KeyError where something is not decided: nothing goes out undecided."""
    withheld: set[tuple[str, int]] = set()
    nameless: set[tuple[str, int]] = set()
    for matter in matters_of(lines):
        choice = choices[matter.key]
        if choice not in matter.choices:
            raise KeyError(matter.key)
        places = {(line.origin, line.index) for line in matter.lines}
        withheld |= places if choice is Choice.WITHHOLD else set()
        nameless |= places if choice is Choice.WITHOUT_NAME else set()
    return tuple(
        replace(line, person="", name="") if (line.origin, line.index) in nameless else line
        for line in lines
        if (line.origin, line.index) not in withheld
    )


def _line(entry: Opened, client: str, package: Package) -> Line:
    row, actor = as_row(entry), entry.a or {}
    line = Line(
        entry.origin, entry.index, entry.t, entry.kind, recipients=tuple(row["recipient"].split()),
        custodians=tuple(row["custodian"].split()), categories=tuple(row["category"].split()),
        purposes=tuple(row["purpose"].split()), bases=tuple(row["basis"].split()),
    )  # fmt: skip
    if package is Package.USE:
        said = (actor.get(name) for name in ("role", "person", "name"))
        role, person, name = (value if isinstance(value, str) else "" for value in said)
        line = replace(line, role=role, person=person, name=name)
    return replace(line, flags=tuple(_flags(entry, client, line)))


def _flags(entry: Opened, client: str, line: Line) -> Iterator[Flag]:
    if line.person or line.name:
        yield Flag.STAFF
    if entry.kind == "mandate.read":
        yield Flag.REPRESENTATIVE
    if any(one != client for one in (*_clients(entry.s), *_clients(entry.b))):
        yield Flag.ANOTHER_CLIENT


def _clients(value: object) -> Iterator[str]:
    """Yield every client whom a section names, at whatever depth."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            if key == "client" and isinstance(one, str):
                yield one
            else:
                yield from _clients(one)
    elif isinstance(value, list):
        for one in value:
            yield from _clients(one)


def _gave(entry: Opened) -> bool:
    if entry.kind == "mandate.read":
        # A representative who was refused, or for whom a custodian failed, was shown nothing.
        return entry.outcome not in ("deny", "error")
    return entry.kind == "custodian.read" or bool(entry.outcome == "permit" and (entry.b or {}).get("documents"))


def _worker(line: Line) -> tuple[str, str, str]:
    return " ".join(line.recipients), line.person, line.name
