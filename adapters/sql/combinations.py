"""The combinations of values that index rows have: numbered by the log's one writer, and by which a search finds them.

A log has as many as there are sorts of events between the same parties, which is few; so a question is put to them
instead of to every entry (ADR 0045).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict

from sqlalchemy import Connection, and_, func, or_, select

from adapters.sql.log_tables import COMBINATION, COMBINED, INDEX
from audit.entry import IndexRow

Numbers = defaultdict[str, dict[IndexRow, int]]
"""The numbers of combinations, by log."""

_SAID = [COMBINATION.c[name] for name in COMBINED]
WITH_COMBINATION = INDEX.outerjoin(
    COMBINATION, and_(COMBINATION.c.log == INDEX.c.log, COMBINATION.c.id == INDEX.c.combination)
)
"""Index rows, each beside its combination."""
IS_FOUND = or_(
    INDEX.c.combination.is_(None),
    and_(*(COMBINATION.c[name].is_not_distinct_from(INDEX.c[name]) for name in COMBINED)),
)
"""Whether a search finds an index row by what it says. One without a number is looked at whatever is asked."""


class Combinations:
    """What a process knows of the combinations, so that an entry of a known one costs a look into memory."""

    def __init__(self) -> None:
        self._known = Numbers(dict)

    def within(self, connection: Connection) -> WrittenCombinations:
        """Return them as one write transaction sees and adds to them."""
        return WrittenCombinations(connection, self._known)


class WrittenCombinations:
    """The combinations within one write transaction, which holds the head's lock: nobody else numbers any now."""

    def __init__(self, connection: Connection, known: Numbers) -> None:
        self._connection, self._known, self._met = connection, known, Numbers(dict)

    def number(self, log: str, row: IndexRow) -> int:
        """Return the number of an index row's combination, giving it one where it has none."""
        found = self._known[log].get(row) or self._met[log].get(row)
        if found is None:
            self._read_on(log)
            found = self._met[log].get(row) or self._add(log, row)
        return found

    def remember(self) -> None:
        """Know what was met from now on: to be called once the transaction is committed."""
        for log, met in self._met.items():
            self._known[log].update(met)

    def forget(self) -> None:
        """Know no more than before the transaction: what was met may have been undone."""
        self._met.clear()

    def _read_on(self, log: str) -> None:
        """Read the combinations that other processes have added: numbers grow."""
        last = max((*self._known[log].values(), *self._met[log].values()), default=0)
        newer = select(*_SAID, COMBINATION.c.id).where(COMBINATION.c.log == log, COMBINATION.c.id > last)
        self._met[log].update((IndexRow(*said), number) for *said, number in self._connection.execute(newer))

    def _add(self, log: str, row: IndexRow) -> int:
        last = self._connection.scalars(select(func.max(COMBINATION.c.id))).one()
        number = self._met[log][row] = (last or 0) + 1
        self._connection.execute(COMBINATION.insert(), {"log": log, "id": number, **asdict(row)})
        return number
