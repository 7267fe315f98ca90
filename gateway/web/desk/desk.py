"""What the desk's routes share: who came in and as what, and the doors to the use cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.desk_records import Caseload, DeskRecords
from gateway.consent.model import Actor, ClientId, GiverKind
from gateway.consent.person import Person
from gateway.consent.recording import Recording
from gateway.consent.wording import Wordings
from gateway.directory.model import Directory
from gateway.disclosure.desk_requester import desk_requester
from gateway.disclosure.ports import Clock
from gateway.disclosure.request import Requester
from gateway.errors import GatewayError, NotAvailable
from gateway.http.problems import request_id
from gateway.web.desk.draft import last_day
from gateway.web.desk.mandates import DeskMandates
from gateway.web.desk.whom import Finder, Whom
from gateway.web.desk.work import COOKIE, Work, chosen_of, works_of
from gateway.web.doors import Doors
from gateway.web.forms import Form, read_form
from gateway.web.language import N_
from gateway.web.page import Pages, see_other
from gateway.web.session import Session

CAPACITIES: Final = {
    str(GiverKind.GUARDIAN): N_("Guardian of a child under 18"),
    str(GiverKind.MANDATE): N_("Somebody with the client's mandate"),
    str(GiverKind.TRUSTEE): N_("Guardian appointed for an adult"),
}  # fmt: skip
"""In which capacities somebody decides in a client's place."""


class WorkNeeded(GatewayError):
    """Somebody with several services, roles or purposes has not said as what they work now."""

    code = "not_available"


class Enrols(Protocol):
    """Enrols people: see `gateway.consent.clients.Clients`."""

    async def enrol(self, person: Person, by: Actor) -> ClientId:
        """Return the client of these identifiers, new where none of them is known."""
        ...


@dataclass(frozen=True, slots=True)
class Entered:
    """A professional at the desk: the session, the work chosen, and who that is to the use cases."""

    session: Session
    works: tuple[Work, ...]
    work: Work
    requester: Requester
    actor: Actor

    @property
    def service(self) -> str:
        """The service that is worked in."""
        return self.work.service

    def for_purpose(self, purpose: str) -> Entered:
        """Return the same worker asking for another purpose; whether the role allows it, the policy judges."""
        work = replace(self.work, purpose=purpose)
        return replace(self, work=work, requester=replace(self.requester, purpose=purpose))


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that the routes of the desk call, handed in by the composition root."""

    pages: Pages
    doors: Doors
    base_url: str
    directory: Directory
    recording: Recording
    wordings: Wordings
    enrols: Enrols
    records: DeskRecords
    caseload: Caseload
    finder: Finder
    check_standing: Callable[[Requester, str], Awaitable[None]]
    clock: Clock
    demo: bool
    mandates: DeskMandates | None = None
    """Asks the register after who sits here in a client's place; None where the installation has none to ask."""

    @property
    def work_cookie(self) -> str:
        """The name of the cookie with the work chosen."""
        return f"__Host-{COOKIE}" if self.doors.secure else COOKIE

    async def enter(self, request: Request, act: str = "desk") -> Entered:
        """Return who came in. Raises WorkNeeded where the work is not chosen, NotAvailable, with an entry, where the
        organisation's desk may not act now."""
        session = await self.doors.professional(request)
        works = works_of(session.signed_in, self.directory, self.clock.now())
        work = chosen_of(works, request.cookies.get(self.work_cookie))
        if work is None:
            raise WorkNeeded
        one = session.signed_in
        requester = desk_requester(
            self.directory, work.service, role=work.role, purpose=work.purpose, assurance=one.assurance,
            worker=one.subject, name=one.name, session=session.reference,
        )  # fmt: skip
        actor = Actor(work.service, requester.system, one.subject, one.name, work.role, request_id(request))
        await self.check_standing(requester, act)
        return Entered(session, works, work, requester, actor)

    async def form(self, request: Request, entered: Entered, *, has_file: bool = False) -> Form:
        """Return the form of a request of this session."""
        return await read_form(request, entered.session, self.base_url, has_file=has_file)

    async def whom(self, entered: Entered, ref: str) -> Whom:
        """Return whom a reference of this service leads to. Raises NotAvailable for another service's and an unknown
        one alike."""
        found = await self.finder.of(entered.service, ref)
        if found is None:
            raise NotAvailable("There is no such page.")
        return found

    def render(
        self, request: Request, entered: Entered, template: str, *, status: int = 200, **values: object
    ) -> Response:
        """Return a page of the desk."""
        return self.pages.render(
            request, f"desk/{template}", entered.session, status=status, work=entered.work,
            has_choice=len(entered.works) > 1, last_day=last_day, capacities=CAPACITIES, **values,
        )  # fmt: skip


class DeskRoute(APIRoute):
    """A route that leads to the choice of work where it is needed first."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        serve = super().get_route_handler()

        async def serve_or_choose(request: Request) -> Response:
            try:
                return await serve(request)
            except WorkNeeded:
                return see_other("/desk/work")

        return serve_or_choose
