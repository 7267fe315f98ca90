"""The security log: one line each time somebody signs in, is turned away, chooses on whose behalf to act, or signs out;
and when a session is found to have timed out.

A line tells what happened, as what, at which provider and how it ended. It has no name, no code and no id of a person:
a session is named by a hash of its reference, by which its own lines are found and nothing else is.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Final, Literal

from gateway.identification import Kind
from gateway.web.session import Session, SignedIn

Event = Literal["sign-in", "sign-out", "provider-sign-out", "time-out", "acting-for", "acting-for-self"]

DONE: Final = "done"
"""The outcome of what went well; any other outcome is the code of a reason."""

_log = logging.getLogger("saattaen.security")


def role_of(who: SignedIn) -> str:
    """Return as what somebody is signed in: client, worker or officer."""
    if who.kind is Kind.CLIENT:
        return "client"
    return "officer" if who.is_officer else "worker"


def hash_of(session: Session) -> str:
    """Return how the security log names a session."""
    return hashlib.sha256(f"security log {session.reference}".encode()).hexdigest()[:16]


def tell(event: Event, provider: str, outcome: str, *, role: str = "unknown", session: Session | None = None) -> None:
    """Write one line. *provider* and *role* are codes of ours; what came from outside is no part of a line."""
    told = {
        "event": event, "role": role, "provider": provider, "outcome": outcome,
        "session": "none" if session is None else hash_of(session),
    }  # fmt: skip
    # The text's readers see the same fields: the JSON has them by name as well.
    line = " ".join(f"{name}={value}" for name, value in told.items())
    _log.log(logging.INFO if outcome == DONE else logging.WARNING, line, extra=told)
