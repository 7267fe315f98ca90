"""What a check of `saattaen doctor` has before it, and the sentences in which it says what it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adapters.keyring.ring import KeyRing
from adapters.sql.engine import Database
from gateway.settings import Settings

State = Literal["well", "look", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one part: `look` may become wrong, `wrong` is."""

    part: str
    state: State
    says: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """An installation as far as it could be opened."""

    settings: Settings
    keyring: KeyRing
    database: Database


def well(part: str, says: str) -> Finding:
    """Return that a part is as it should be."""
    return Finding(part, "well", says)


def look(part: str, says: str, remedy: str) -> Finding:
    """Return that somebody should look at a part."""
    return Finding(part, "look", says, remedy)


def wrong(part: str, says: str, remedy: str) -> Finding:
    """Return that a part is wrong."""
    return Finding(part, "wrong", says, remedy)
