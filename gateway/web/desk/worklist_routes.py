"""The worklist, and the worker's own log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.desk_records import DeskAnswer, GrantAtWork, Window
from gateway.consent.model import ClientId
from gateway.disclosure.log_query import BadQuery
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.opened import Opened
from gateway.disclosure.phrases import Phrases
from gateway.errors import NotAvailable
from gateway.web.desk.desk import Desk, DeskRoute, Entered
from gateway.web.desk.draft import Draft
from gateway.web.desk.drafts import Drafts
from gateway.web.desk.whom import Whom
from gateway.web.desk.worklist import MOST, RECENTLY, SOON, make_worklist

Row = TypeVar("Row", DeskAnswer, Draft)


@dataclass(frozen=True, slots=True)
class Done:
    """One entry of the worker's own log: codes, and the client where it is the service's own."""

    at: int
    kind: str
    outcome: str
    what: tuple[str, ...]
    purpose: str
    whom: Whom | None
    asks: object = None
    """What a look-up asked beside who somebody is: `mandate` is whether somebody may decide for the client."""


def worklist_router(desk: Desk, drafts: Drafts, search: LogSearch, phrases: Phrases) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/desk", include_in_schema=False, route_class=DeskRoute)

    @router.get("/worklist")
    async def worklist(request: Request) -> Response:
        entered = await desk.enter(request)
        service, now = entered.service, desk.clock.now()
        before = frozenset(row.code for row in desk.directory.predecessors(service, now))
        window = Window(now, now + SOON, now - RECENTLY)
        found = make_worklist(await desk.caseload.at_work(service, before, window, MOST), service, before, now)
        called: dict[str, Whom | None] = {}
        mine, papers = await drafts.open_ones(entered)
        return desk.render(
            request, entered, "worklist.html",
            ending=await _with_whom(entered, found.ending, called),
            withdrawn=await _with_whom(entered, found.withdrawn, called),
            unconfirmed=await _with_whom(entered, found.unconfirmed, called),
            succeeded=await _with_whom(entered, found.succeeded, called),
            answers=await _with_people(entered, await desk.records.answers(service), lambda one: one.ref),
            drafts=await _with_people(entered, mine, lambda one: one.ref),
            papers=await _with_people(entered, papers, lambda one: one.ref),
        )  # fmt: skip

    @router.get("/log")
    async def log(request: Request, after: str = "") -> Response:
        entered = await desk.enter(request)
        actor = entered.actor
        try:
            page = await search.of_worker(
                actor.system or "", actor.worker or "", actor.worker_name, after=after or None
            )
        except BadQuery:
            raise NotAvailable("There is no such page.") from None
        language = desk.pages.page(request).language
        done = [await _done(entered, one) for one in page.entries]
        told = [(one, phrases.deed(one.kind, language, one.asks)) for one in done]
        return desk.render(request, entered, "log.html", entries=told, more=page.more, after=after)

    async def _done(entered: Entered, entry: Opened) -> Done:
        body = entry.b or {}
        rows = [body, *(row for name in ("documents", "grants", "rows") for row in _rows(body.get(name)))]
        what = tuple(dict.fromkeys(one for row in rows if isinstance(one := row.get("category"), str)))
        purpose = body.get("purpose")
        client = entry.client
        whom = None if client is None else await desk.finder.own_client(entered.service, ClientId(client))
        said = purpose if isinstance(purpose, str) else ""
        return Done(entry.t, entry.kind, entry.outcome, what, said, whom, body.get("asks"))

    async def _with_whom(
        entered: Entered, grants: tuple[GrantAtWork, ...], called: dict[str, Whom | None]
    ) -> list[tuple[GrantAtWork, Whom | None]]:
        for one in grants:
            if one.client not in called:
                called[one.client] = await desk.finder.own_client(entered.service, one.client)
        return [(one, called[one.client]) for one in grants]

    async def _with_people(
        entered: Entered, rows: tuple[Row, ...], ref: Callable[[Row], str]
    ) -> list[tuple[Row, Whom]]:
        found = [(row, await desk.finder.of(entered.service, ref(row))) for row in rows]
        return [(row, whom) for row, whom in found if whom is not None]

    return router


def _rows(value: object) -> list[dict[str, object]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
