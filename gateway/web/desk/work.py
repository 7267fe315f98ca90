"""In which service and role, and for which purpose, somebody works now: chosen once, checked at each request.

The choice lies in a cookie of its own. It needs no signature: whatever it says, only what the sign-in and the directory
allow is ever taken from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.directory.model import Directory
from gateway.web.session import SignedIn

COOKIE: Final = "saattaen-work"


@dataclass(frozen=True, slots=True)
class Work:
    """One service, role and purpose: codes of the directory."""

    service: str
    role: str
    purpose: str

    @property
    def code(self) -> str:
        """The choice as a form and a cookie say it; a code of the directory holds no dot."""
        return f"{self.service}.{self.role}.{self.purpose}"


def works_of(signed_in: SignedIn, directory: Directory, at: datetime) -> tuple[Work, ...]:
    """Return everything that somebody may work as now: each role only in the kinds of service that it works in."""
    found = []
    for service in signed_in.services:
        row = directory.service(service)
        if row is None or not directory.in_force(service, at):
            continue
        for code in signed_in.roles:
            role = directory.role(code, at)
            if role is not None and row.kind in role.kinds:
                found += [Work(service, code, purpose) for purpose in directory.purposes if purpose in role.purposes]
    return tuple(found)


def chosen_of(works: tuple[Work, ...], chosen: str | None) -> Work | None:
    """Return the work that was chosen, the only one where there is one, None where somebody has to choose."""
    if len(works) == 1:
        return works[0]
    return next((work for work in works if work.code == chosen), None)


def purposes_of(works: tuple[Work, ...], work: Work) -> tuple[str, ...]:
    """Return the purposes that somebody may turn to in the same service and role."""
    return tuple(one.purpose for one in works if (one.service, one.role) == (work.service, work.role))
