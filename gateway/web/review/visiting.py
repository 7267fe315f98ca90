"""A visit to the pages of looking: whose affairs are shown, to whom, in which register."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import ClientId
from gateway.directory.model import Contact, Directory
from gateway.disclosure.looking import THE_CLIENT, Looker, LookerKind
from gateway.disclosure.representative import may_be_told
from gateway.http.problems import EdgeError
from gateway.web.review.ports import Review
from gateway.web.review.reasons import explain
from gateway.web.session import Session


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a client, or of who acts for one; `language` is the register of the page."""

    request: Request
    session: Session
    client: ClientId
    looker: Looker
    language: str

    @property
    def in_person(self) -> bool:
        """Whether the client looks."""
        return self.looker.is_client


async def enter(room: Review, request: Request, *, view: str | None = None) -> Visit:
    """Return the visit of a client or a representative. Raises SignInNeeded.

    A representative's mandate is looked up at each visit: once it has ended nothing of the client is shown. Where no
    use case writes an entry of the page, *view* names it, and a representative's look is written before it is shown.
    """
    session = await room.mandates.need(await room.doors.client(request))
    looker, other = looker_of(session), session.signed_in.acting_for
    if other is not None and view is not None:
        await room.tell_look(looker, other.client, view)
    return Visit(request, session, session.signed_in.client, looker, room.pages.page(request, session).language)


async def enter_in_person(room: Review, request: Request) -> Visit:
    """Return the visit of a client in person; to a representative there is no such page."""
    visit = await enter(room, request)
    if not visit.in_person:
        raise EdgeError("no-such-address")
    return visit


def need_named(visit: Visit, directory: Directory, category: str | None, *services: str) -> None:
    """Raise EdgeError("no-such-address") where a page is of a category or service whose very name a representative is
    not told with a client's: for whoever's client, so that this tells nothing either."""
    if not may_be_told(visit.looker, category, services, directory):
        raise EdgeError("no-such-address")


def show(room: Review, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
    """Return the page that `review/<template>.html` makes; `phrase` tells a code of `gateway.disclosure.phrases`, `why`
    why something is not seen, and `to_ask` whom to ask about a service."""

    def phrase(group: str, code: str) -> str:
        return room.phrases.text(group, code, visit.language)

    def why(reason: str) -> str:
        return explain(reason, room.phrases, visit.language, for_another=not visit.in_person)

    def to_ask(service: str) -> Contact | None:
        organisation = room.pages.directory.organisation_of(service)
        return None if organisation is None else organisation.contact

    answer = room.pages.render(
        visit.request,
        f"review/{template}.html",
        visit.session,
        status=status,
        phrase=phrase,
        why=why,
        to_ask=to_ask,
        **values,
    )
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["retry-after"] = "2"
    return answer


def looker_of(session: Session) -> Looker:
    """Return who looks. A representative has no ticks of the client's: nothing sensitive is shown to them."""
    signed_in = session.signed_in
    if signed_in.acting_for is None:
        return THE_CLIENT
    return Looker(LookerKind.REPRESENTATIVE, signed_in.subject, signed_in.name)
