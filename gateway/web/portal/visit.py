"""A visit to the portal: whose affairs are on the page, who acts, and with what standing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import Actor, Capture, CaptureMethod, ClientId, Evidence, Giver, GiverKind
from gateway.consent.notice_registry import Pause
from gateway.consent.recording import Recording
from gateway.consent.view import ClientPicture
from gateway.consent.wording import Wordings
from gateway.directory.model import Directory
from gateway.disclosure.concerns import Concerns
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.looking import THE_CLIENT, Looker, LookerKind
from gateway.disclosure.ports import Clock
from gateway.disclosure.sight import Sight, Sights
from gateway.errors import ConsentRefused
from gateway.http.problems import EdgeError
from gateway.web.doors import Doors
from gateway.web.forms import Form, read_form
from gateway.web.page import Pages
from gateway.web.session import ActingFor, Session
from gateway.web.standing_mandates import StandingMandates

SUPPORTED: Final = "supported"
"""The key of evidence that says: somebody helped the client to read. A supporter never decides, so no name is kept."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in."""

    request: Request
    session: Session
    now: datetime

    @property
    def client(self) -> ClientId:
        """Whose affairs these are."""
        return self.session.signed_in.client

    @property
    def acting_for(self) -> ActingFor | None:
        """On whose behalf somebody else acts; None for the client in person."""
        return self.session.signed_in.acting_for

    @property
    def in_person(self) -> bool:
        """Whether the client acts."""
        return self.acting_for is None

    @property
    def may_decide(self) -> bool:
        """Whether who acts may decide here: the client, and a representative whose mandate goes so far."""
        return self.acting_for is None or self.acting_for.may_decide

    @property
    def giver(self) -> Giver:
        """Who gives, as every use case is told; the register is asked again at each act."""
        other = self.acting_for
        return Giver() if other is None else Giver(GiverKind(other.kind), other.register_reference)

    @property
    def looker(self) -> Looker:
        """Who looks, as everything that is cut by who looks is told. A representative has no ticks of the client's."""
        if self.in_person:
            return THE_CLIENT
        person = self.session.signed_in
        return Looker(LookerKind.REPRESENTATIVE, person.subject, person.name, request_id=self.by.request_id)

    @property
    def by(self) -> Actor:
        """Who acts, as the log's actor section has it."""
        request_id = self.request.scope.get("saattaen.request_id")
        if self.acting_for is None:
            return Actor(request_id=request_id)
        person = self.session.signed_in
        return Actor(worker=person.subject, worker_name=person.name, role=self.acting_for.kind, request_id=request_id)

    def capture(self, *, supported: bool = False) -> Capture:
        """Return how the will was recorded on this page, with the reference of the sign-in as its evidence."""
        helped = ((SUPPORTED, "yes"),) if supported else ()
        return Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", self.session.reference), *helped)))


@dataclass(frozen=True, slots=True)
class Room:
    """What the pages of the portal are made with."""

    pages: Pages
    doors: Doors
    recording: Recording
    mandates: StandingMandates
    wordings: Wordings
    directory: Directory
    clock: Clock
    log: LogSearch
    concerns: Concerns
    looked: Callable[[Visit, str], Awaitable[None]]
    """Writes the entry of a representative's look at a page, before it is shown."""
    sights: Sights
    base_url: str

    async def enter(self, request: Request) -> Visit:
        """Return the visit of a client or a representative. Raises SignInNeeded.

        A representative's mandate is looked up at each visit, and their look is an entry of the client's log: once the
        mandate has ended, or where the entry cannot be written, nothing of the client is shown.
        """
        session = await self.mandates.need(await self.doors.client(request))
        visit = Visit(request, session, self.clock.now())
        if not visit.in_person:
            await self.looked(visit, "choices")
        return visit

    async def sight(self, visit: Visit) -> Sight:
        """Return what who acts may see of what stands about the client."""
        return await self.sights.of(visit.client, visit.looker)

    async def picture(self, visit: Visit) -> ClientPicture:
        """Return what stands about the client, as far as who acts may see it."""
        return (await self.sight(visit)).picture(await self.recording.for_client(visit.client))

    async def pauses(self, visit: Visit) -> tuple[Pause, ...]:
        """Return the client's pauses that stand, as far as who acts may see that."""
        found = await self.recording.pauses_of(visit.client)
        return () if (await self.sight(visit)).nothing else found

    async def form(self, visit: Visit) -> Form:
        """Return the form that was sent. Raises EdgeError("form-expired") for one that is not this session's, and as
        `need_may_decide`: every form of these pages decides something."""
        need_may_decide(visit)
        return await read_form(visit.request, visit.session, self.base_url)

    def show(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        """Return the page that `portal/<template>.html` makes."""
        return self.pages.render(
            visit.request, f"portal/{template}.html", visit.session, status=status, in_person=visit.in_person,
            may_decide=visit.may_decide, **values,
        )  # fmt: skip

    def text(self, visit: Visit, text: str, **values: object) -> str:
        """Return a text of code in the reader's language."""
        return self.pages.gettext(visit.request, text, **values)

    def register(self, visit: Visit) -> tuple[str, str]:
        """Return language and register in which consent texts are shown on this visit."""
        language = self.pages.page(visit.request).language
        return ("fi", "easy") if language == "fi-x-selko" else (language, "plain")


def need_id(given: str) -> str:
    """Return an id from a path. Raises as for an address that does not exist, for what is no id of ours."""
    if not (given.isascii() and given.isalnum() and len(given) <= 64):
        raise missing()
    return given


def need_in_person(visit: Visit) -> None:
    """Raise as for an address that does not exist where a representative acts: what is behind it is the client's."""
    if not visit.in_person:
        raise missing()


def need_may_decide(visit: Visit) -> None:
    """Raise ConsentRefused("mandate-narrow") where a representative may only look."""
    if not visit.may_decide:
        raise ConsentRefused("mandate-narrow", "the mandate lets them look and not decide")


def missing() -> EdgeError:
    """Return the one answer to what is not there and to what is another's."""
    return EdgeError("no-such-address")
