"""Answers that a partner may ask for twice, in memory; what `adapters.sql.kept_answers` does."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.consent.repeating import HELD, LASTS, Answered, Begun, Clash


@dataclass(frozen=True)
class _Kept:
    act: bytes
    form: str
    held: datetime | None
    ends: datetime
    answered: Answered | None = None


@dataclass
class SimulatedAnswers:
    """A small honest store."""

    rows: dict[tuple[str, str], _Kept] = field(default_factory=dict)

    async def take(self, system: str, key: str, act: bytes, now: datetime) -> Begun | Answered | Clash:
        """Take a key."""
        self.rows = {name: row for name, row in self.rows.items() if row.ends > now}
        row = self.rows.get((system, key))
        if row is None:
            row = _Kept(act, secrets.token_hex(16), None, now + LASTS)
        elif row.act != act:
            return Clash.OTHER_ACT
        elif row.answered is not None:
            return row.answered
        elif row.held is not None and row.held > now:
            return Clash.UNDER_WAY
        self.rows[system, key] = replace(row, held=now + HELD)
        return Begun(row.form)

    async def keep(self, system: str, key: str, answered: Answered) -> None:
        """Keep an answer."""
        if (system, key) in self.rows:
            self.rows[system, key] = replace(self.rows[system, key], held=None, answered=answered)

    async def let_go(self, system: str, key: str) -> None:
        """Let the act be tried again."""
        if (system, key) in self.rows:
            self.rows[system, key] = replace(self.rows[system, key], held=None)

    async def forget(self, system: str, key: str) -> None:
        """Forget a key."""
        self.rows.pop((system, key), None)
