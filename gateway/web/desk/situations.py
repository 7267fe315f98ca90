"""The situations in which a consent is talked over, and the rows that each proposes: from a file, by the directory's
codes. A situation proposes; it ticks nothing, and a row that no consent may carry is not among its proposals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gateway.consent.checks import CONSENT_BASES, MAX_ROWS
from gateway.consent.model import AskedRow
from gateway.directory.model import Directory, LocalizedName, Service
from gateway.directory.rows import Row
from gateway.directory.source import read_yaml
from gateway.errors import DirectoryError

FILE: Final = Path(__file__).with_name("situations.yaml")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Rows of one category: from each of these kinds of service to each of those."""

    category: str
    custodians: tuple[str, ...]
    recipients: tuple[str, ...]
    purpose: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What brings client and worker together, with what is usually needed for it."""

    code: str
    name: LocalizedName
    proposals: tuple[Proposal, ...]

    def rows(self, directory: Directory, at: datetime) -> tuple[AskedRow, ...]:
        """Return the rows proposed among the services in force at *at*, each once."""
        found: dict[AskedRow, None] = {}
        for one in self.proposals:
            for custodian in _of_kinds(directory, one.custodians, at):
                for recipient in _of_kinds(directory, one.recipients, at):
                    flow = directory.flow(one.category, custodian.kind, recipient.kind, at)
                    carried = flow is not None and not CONSENT_BASES.isdisjoint(flow.bases)
                    known = directory.category(one.category, at) is not None and one.purpose in directory.purposes
                    if carried and known and custodian.code != recipient.code:
                        found[AskedRow(custodian.code, recipient.code, one.category, one.purpose)] = None
        return tuple(found)[:MAX_ROWS]


@cache
def load_situations(file: Path = FILE) -> Mapping[str, Situation]:
    """Return the situations of a file, in its order; raises DirectoryError with every fault."""
    content, faults = read_yaml(file)
    found: dict[str, Situation] = {}
    for code, row in Row(content, (), faults).each():
        proposals = []
        for one in row.rows("rows"):
            proposals.append(Proposal(one.text("category"), one.texts("from"), one.texts("to"), one.text("purpose")))
            one.done()
        found[code] = Situation(code, row.name(), tuple(proposals))
        row.done()
    if faults.found:
        raise DirectoryError("the situations have faults:\n" + "\n".join(faults.found))
    return MappingProxyType(found)


def _of_kinds(directory: Directory, kinds: tuple[str, ...], at: datetime) -> list[Service]:
    return [row for row in directory.services.values() if row.kind in kinds and directory.in_force(row.code, at)]
