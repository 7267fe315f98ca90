"""A look at the log that costs the same however long it is: it goes past so many entries, and says where it stopped.

A person's entries of one sort would otherwise be looked for through all of theirs (see ADR 0025 and 0045).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from gateway.disclosure.log_finding import SearchableReader
from gateway.disclosure.log_query import Criteria

GONE_PAST = 20_000
"""How many entries of one log a survey goes past, along the index that serves it best."""
COUNTED = 2_000
"""How many of those that fit it counts."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One entry as the index has it, unopened. Codes in `recipient` and `custodian` have blanks between."""

    origin: str
    index: int
    t: int
    kind: str
    outcome: str
    recipient: str | None
    custodian: str | None
    requester: str | None


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen, newest first. `stopped` is the place of the last entry gone past, None where nothing is left."""

    sights: Sequence[Sight]
    stopped: tuple[str, int] | None


class SurveyingReader(SearchableReader, Protocol):
    """Finds entries, and surveys them, all in one snapshot."""

    def survey(self, criteria: Criteria, past: int) -> Survey:
        """Return what fits, at most `criteria.limit`, going past at most *past* entries of each log."""
        ...


class SurveyStore(Protocol):
    """Opens snapshots of the log that can be surveyed."""

    def read(self) -> AbstractContextManager[SurveyingReader]:
        """Begin a snapshot."""
        ...
