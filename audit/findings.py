"""What a verification says: what is wrong, exactly where, and what it could not look at."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is wrong. *where* names the place: an entry's number, a subtree, the checkpoint."""

    origin: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Something could not be checked, and why. It is no finding; whoever needs it must ask someone else."""

    origin: str
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.origin}: not checked: {self.what}: {self.why}"


@dataclass(slots=True)
class Report:
    """All that a verification says. `sound` means that nothing was found, not that everything could be checked."""

    findings: list[Finding] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    entries: int = 0
    sections: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong in what was checked."""
        return not self.findings

    def found(self, origin: str, where: str, what: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(origin, where, what))

    def skipped(self, origin: str, what: str, why: str) -> None:
        """Add something that could not be checked; the same thing is said once."""
        one = Unchecked(origin, what, why)
        if one not in self.unchecked:
            self.unchecked.append(one)

    def add(self, other: Report) -> None:
        """Take over everything that another report says."""
        self.findings.extend(other.findings)
        self.unchecked.extend(other.unchecked)
        self.entries += other.entries
        self.sections += other.sections
