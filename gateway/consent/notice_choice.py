"""How a client wants to be told: how often, and on which of their own channels. And when a message is due by that.

What is told whatever the client chose: one-time codes, and every giving, change, confirmation and ending of a consent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.directory.instants import HELSINKI


class Rhythm(StrEnum):
    """How often the client is told of what they need not be told of at once."""

    EACH = "each"
    DAILY = "daily"
    MONTHLY = "monthly"
    NEVER = "never"


class ChannelKind(StrEnum):
    """A way to the client's own device or mailbox."""

    EMAIL = "email"
    SMS = "sms"
    SUOMIFI = "suomifi"
    """Suomi.fi messages: reached by who the client is, so no address is kept for it."""


@dataclass(frozen=True, slots=True)
class NoticeChoice:
    """What a client chose. `channel` None is the first that can be reached; `shared` is what the client says of it."""

    rhythm: Rhythm
    channel: ChannelKind | None = None
    shared: bool = False
    """Somebody else reads there too."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How a client is told now, for the page on which they choose it. It prints without an address.

    `choice` is None where they never chose: they are then told at once of what the law or a single use asks for.
    `reachable` are the kinds of channel that the installation has and the client has an address for; `hints` are those
    addresses, masked. `notes` are codes of what to think of first: `non-disclosure`, `shared-address`, `no-channel`.
    """

    choice: NoticeChoice | None
    reachable: tuple[ChannelKind, ...]
    hints: tuple[tuple[ChannelKind, str], ...]
    notes: tuple[str, ...]
    language: str = "fi"
    """In which of the four registers notices are written."""


class NoticeTime(StrEnum):
    """When a kind of message leaves for the client."""

    AT_ONCE = "at-once"
    UNLESS_NEVER = "unless-never"
    BY_RHYTHM = "by-rhythm"


MORNING = 9
"""The hour in Helsinki at which daily and monthly notices leave."""

_BY_RHYTHM = frozenset({"disclosure", "consent.requested", "consent.expired"})
_UNLESS_NEVER = frozenset({"reminder.ends", "reminder.pause", "reminder.yearly", "concern.answered"})


def time_of(kind: str) -> NoticeTime:
    """Return when a kind of message leaves. One that is not known here leaves at once: doubt tells."""
    if kind in _BY_RHYTHM:
        return NoticeTime.BY_RHYTHM
    return NoticeTime.UNLESS_NEVER if kind in _UNLESS_NEVER else NoticeTime.AT_ONCE


def due_at(kind: str, created: datetime, choice: NoticeChoice | None) -> datetime | None:
    """Return the instant from which a message may leave; None where the client chose that it stays on their page."""
    time = time_of(kind)
    if choice is None or time is NoticeTime.AT_ONCE:
        return created
    if choice.rhythm is Rhythm.NEVER:
        return None
    if time is NoticeTime.UNLESS_NEVER or choice.rhythm is Rhythm.EACH:
        return created
    return _next_morning(created, monthly=choice.rhythm is Rhythm.MONTHLY)


def _next_morning(at: datetime, *, monthly: bool) -> datetime:
    local = at.astimezone(HELSINKI)
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if monthly:
        morning = morning.replace(day=1)
        if morning <= local:
            morning = (morning + timedelta(days=32)).replace(day=1)
    elif morning <= local:
        morning += timedelta(days=1)
    return morning.astimezone(at.tzinfo)
