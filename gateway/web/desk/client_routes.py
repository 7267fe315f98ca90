"""One client at the desk: what may be seen now, opening it, owning up to a look, and asking for a permission."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.answering import COOL_DOWN
from gateway.consent.checks import CONSENT_BASES
from gateway.consent.desk_records import AnswerKind, DeskAnswer
from gateway.consent.model import AskedRow, ConsentState
from gateway.consent.outbox import Outgoing
from gateway.consent.view import ConsentView
from gateway.directory.identity_code import Identifier
from gateway.directory.model import Directory
from gateway.disclosure.desk_entries import DeskEntries, Vain
from gateway.disclosure.insights import DeskViews, ReadsReleased
from gateway.disclosure.phrases import Phrases
from gateway.disclosure.reading_view import ReadingView
from gateway.disclosure.release import Refused, Released, ReleasedOwn
from gateway.disclosure.request import Action, DisclosureRequest
from gateway.errors import CustodianUnavailable, NotAvailable
from gateway.http.problems import request_id
from gateway.web.desk.deposit_form import depositable
from gateway.web.desk.desk import Desk, DeskRoute, Entered
from gateway.web.desk.whom import Whom
from gateway.web.desk.work import Work
from gateway.web.page import see_other

Disclose = Callable[[DisclosureRequest], Awaitable[Released | ReleasedOwn | Refused]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that was released, as it is read."""

    custodian: str
    dated: int
    view: ReadingView


@dataclass(frozen=True, slots=True)
class Views:
    """What the pages of a client ask beside the acts of consent."""

    may_see: DeskViews
    read_released: ReadsReleased
    disclose: Disclose
    lookup: Callable[[Identifier], bytes]
    phrases: Phrases
    entries: DeskEntries


def client_router(desk: Desk, views: Views) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/desk/clients/{ref}", include_in_schema=False, route_class=DeskRoute)
    directory = desk.directory

    @router.get("")
    async def client(request: Request, ref: str, done: str = "") -> Response:
        entered = await desk.enter(request)
        whom = await desk.whom(entered, ref)
        seen = await views.may_see.may_see(whom.client, entered.requester)
        language = desk.pages.page(request).language
        consents = await desk.recording.consents_of(whom.client, entered.service)
        messages = await desk.recording.messages_to(entered.service, whom.client) if whom.is_own else ()
        return desk.render(
            request, entered, "client.html", whom=whom, done=done,
            opened=[(one, *views.phrases.open_to(one.told, language)) for one in seen if one.open],
            closed=grouped((one.category, views.phrases.open_to(one.told, language)) for one in seen if not one.open),
            once=still_open(once_documents(messages), consents, desk.clock.now()), consents=consents,
            now=desk.clock.now(),
            deposits=depositable(directory, entered.service, desk.clock.now()),
        )  # fmt: skip

    @router.post("/open")
    async def open_documents(request: Request, ref: str) -> Response:
        entered = await desk.enter(request, "read")
        form = await desk.form(request, entered)
        whom = await desk.whom(entered, ref)
        category = directory.category(form.text("category"))
        if category is None:
            raise NotAvailable("There is no such page.")
        document = form.text("document") or None
        if document is not None:
            told = await desk.recording.messages_to(entered.service, whom.client) if whom.client else ()
            if category.code not in {one.category for one in once_documents(told) if one.document == document}:
                raise NotAvailable("There is no such page.")
        asked = DisclosureRequest(
            Action.SEARCH if document is None else Action.READ, entered.requester, category.resource,
            entered.work.role, entered.work.purpose, request_id(request), document=document,
            identifier=views.lookup(whom.identifier) if document is None else None, category=category.code,
        )  # fmt: skip
        answer, away = None, False
        try:
            answer = await views.disclose(asked)
        except CustodianUnavailable:
            # It stands in the log; the worker is told here, where it can be tried again.
            away = True
        released = answer.documents if isinstance(answer, Released) else ()
        documents = [
            Opened(one.document.custodian, one.document.dated, views.read_released(one.body, category.code))
            for one in released
        ]
        language = desk.pages.page(request).language
        shown = desk.render(
            request, entered, "opened.html", status=503 if away else 200, whom=whom, category=category.code,
            document=document, documents=documents, incomplete=isinstance(answer, Released) and answer.incomplete,
            away=views.phrases.open_to("custodian-unavailable", language) if away else None,
            closed=views.phrases.open_to("not-open", language),
            label=lambda code: views.phrases.text("labels", code, language),
        )  # fmt: skip
        if away:
            shown.headers["retry-after"] = "2"
        return shown

    @router.post("/report")
    async def report(request: Request, ref: str) -> Response:
        entered = await desk.enter(request, "report")
        form = await desk.form(request, entered)
        whom = await desk.whom(entered, ref)
        said = form.text("says")
        if said in set(Vain):
            await views.entries.reported(whom.client, entered.requester, Vain(said))
        return see_other(f"/desk/clients/{whom.ref}/reported")

    @router.get("/reported")
    async def reported(request: Request, ref: str) -> Response:
        entered = await desk.enter(request)
        return desk.render(request, entered, "reported.html", whom=await desk.whom(entered, ref))

    @router.get("/ask")
    async def ask(request: Request, ref: str) -> Response:
        entered = await desk.enter(request)
        whom = await desk.whom(entered, ref)
        return await _ask_page(request, entered, whom)

    @router.post("/ask")
    async def send(request: Request, ref: str) -> Response:
        entered = await desk.enter(request, "ask")
        form = await desk.form(request, entered)
        whom = await desk.whom(entered, ref)
        now = desk.clock.now()
        row = next((one for one in askable(directory, entered.work, now) if code_of(one) == form.text("row")), None)
        if row is None or (row.recipient, row.category) in await _held_back(entered, whom):
            return await _ask_page(request, entered, whom, wrong=row is None, status=422)
        await desk.recording.request(whom.client, row, entered.actor)
        asked = DeskAnswer(whom.ref, AnswerKind.ASKED, row.recipient, row.category, now, now + COOL_DOWN)
        await desk.records.note(entered.service, [asked])
        return see_other(f"/desk/clients/{whom.ref}/asked")

    @router.get("/asked")
    async def asked(request: Request, ref: str) -> Response:
        entered = await desk.enter(request)
        return desk.render(request, entered, "asked.html", whom=await desk.whom(entered, ref))

    async def _ask_page(
        request: Request, entered: Entered, whom: Whom, *, wrong: bool = False, status: int = 200
    ) -> Response:
        held = await _held_back(entered, whom)
        rows = [
            (row, code_of(row), held.get((row.recipient, row.category)))
            for row in askable(directory, entered.work, desk.clock.now())
        ]
        return desk.render(request, entered, "ask.html", status=status, whom=whom, rows=rows, wrong=wrong)

    async def _held_back(entered: Entered, whom: Whom) -> dict[tuple[str, str], DeskAnswer]:
        held = {}
        for one in await desk.records.answers(entered.service):
            # Somebody looked up earlier may have become a client since, and be reached by another reference now.
            about = await desk.finder.of(entered.service, one.ref)
            if about is not None and about.ref == whom.ref:
                held[one.recipient, one.category] = one
        return held

    return router


def grouped(told: Iterable[tuple[str, tuple[str, str]]]) -> list[tuple[tuple[str, str], list[str]]]:
    """Return the categories of which the same is told, together: what is told (and what to do), and the categories."""
    found: dict[tuple[str, str], list[str]] = {}
    for category, says in told:
        found.setdefault(says, []).append(category)
    return list(found.items())


@dataclass(frozen=True, slots=True)
class OnceDocument:
    """A document that the service was told of, which a single-use grant opens."""

    document: str
    category: str
    grant: str


def once_documents(messages: Iterable[Outgoing]) -> tuple[OnceDocument, ...]:
    """Return what messages to a service say may be opened once."""
    found: dict[OnceDocument, None] = {}
    for message in messages:
        documents, grants = message.body.get("documents"), message.body.get("grants")
        if not isinstance(documents, dict) or not isinstance(grants, list):
            continue
        categories = {row.get("id"): row.get("category") for row in grants if isinstance(row, dict)}
        for grant, ids in documents.items():
            found |= {OnceDocument(str(one), str(categories.get(grant, "")), str(grant)): None for one in ids}
    return tuple(found)


def still_open(told: Iterable[OnceDocument], consents: Iterable[ConsentView], at: datetime) -> tuple[OnceDocument, ...]:
    """Return those whose grant may still be relied on, so that nothing is offered in vain."""
    live = {
        grant.id for view in consents if view.state == ConsentState.GIVEN for grant in view.grants if grant.in_force(at)
    }
    return tuple(one for one in told if one.grant in live)


def askable(directory: Directory, work: Work, at: datetime) -> tuple[AskedRow, ...]:
    """Return what this worker's service may ask clients to consider at *at*, for the purpose of the work."""
    mine = directory.services[work.service]
    found = []
    for category in directory.categories:
        if directory.category(category, at) is None:
            continue
        for custodian in directory.services.values():
            flow = directory.flow(category, custodian.kind, mine.kind, at)
            carried = flow is not None and not CONSENT_BASES.isdisjoint(flow.bases)
            if carried and custodian.code != mine.code and directory.in_force(custodian.code, at):
                found.append(AskedRow(custodian.code, mine.code, category, work.purpose))
    return tuple(found)


def code_of(row: AskedRow) -> str:
    """Return how a form names a row; no code of the directory holds a colon."""
    return f"{row.custodian}:{row.recipient}:{row.category}:{row.purpose}"
