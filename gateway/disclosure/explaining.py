"""One decision explained, from its reason codes and facts, to client, professional or officer in four registers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of an entry, for the officer: its name and its value as the log has them."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One entry in sentences. `given` is None where nothing was asked for; `facts` are the officer's alone."""

    origin: str
    index: int
    event_id: str
    kind: str
    when: str
    who: str | None
    what: str | None
    sentence: str
    why: str | None
    basis: str | None
    given: bool | None
    outcome: str | None
    reasons: tuple[str, ...]
    next: str | None
    facts: tuple[Fact, ...] = ()

    def lines(self) -> list[str]:
        """Return the whole explanation, a line each."""
        told = (self.when, self.sentence, self.why, self.outcome, self.basis, self.next)
        return [line for line in told if line] + [f"{fact.name}: {fact.value}" for fact in self.facts]
