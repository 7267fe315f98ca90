"""Why an officer looks: asked before anything is shown, kept on the server, and written with each look."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from gateway.disclosure.log_query import Officer
from gateway.web.doors import Doors
from gateway.web.oversight.asked import Private
from gateway.web.oversight.officers import Officers
from gateway.web.oversight.ports import References
from gateway.web.session import Session

LOOK = "look"
"""The parameter of an address that refers to what is kept."""


@dataclass(frozen=True, slots=True)
class Visit:
    """An officer in their room. `private` is None where it must still be asked why they look."""

    session: Session
    officer: Officer
    reference: str
    private: Private | None

    @property
    def owner(self) -> str:
        """Whom a reference is bound to: this session of this officer."""
        return owner_of(self.session, self.officer)


@dataclass(frozen=True, slots=True)
class Gate:
    """The way into the room."""

    doors: Doors
    officers: Officers
    references: References

    async def enter(self, request: Request) -> Visit:
        """Return who comes, and what is kept under the address's reference. Raises SignInNeeded, EdgeError."""
        session = await self.doors.officer(request)
        officer = await self.officers.of(session)
        reference = request.query_params.get(LOOK, "")
        kept = await self.references.find(owner_of(session, officer), reference) if reference else None
        return Visit(session, officer, reference if kept else "", None if kept is None else Private.from_bytes(kept))

    async def keep(self, visit: Visit, private: Private) -> str:
        """Keep why and about whom the officer looks; return the reference for the address."""
        return await self.references.keep(visit.owner, private.to_bytes())


def owner_of(session: Session, officer: Officer) -> str:
    """Return the name that a reference is bound to."""
    return f"{session.reference}\n{officer.organisation}\n{officer.id}"
