"""Who has looked: the client's own log in sentences, by day, with refused attempts, filtered and paged."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import ClientId
from gateway.consent.view import ClientPicture
from gateway.disclosure.accounts import Accounts
from gateway.disclosure.concern import Concern
from gateway.disclosure.log_query import BadQuery
from gateway.disclosure.looking import Looker
from gateway.disclosure.opened import Opened
from gateway.http.problems import EdgeError
from gateway.web.review.log_filter import SORTS, read_filter
from gateway.web.review.log_rows import by_day, place_of, rows_of
from gateway.web.review.ports import Review
from gateway.web.review.visiting import enter, need_named, show

PAGE = 20


def log_router(room: Review) -> APIRouter:
    """Return the route of /portal/log."""
    router = APIRouter(include_in_schema=False)
    directory = room.pages.directory

    @router.get("/portal/log")
    async def log(request: Request) -> Response:
        visit = await enter(room, request)
        client, looker = visit.client, visit.looker
        asked = read_filter(request.query_params, directory)
        if asked.faults:
            return show(
                room,
                visit,
                "log",
                status=422,
                days=(),
                more="",
                asked=asked,
                sorts=SORTS,
                check=None,
                services=(),
                categories=tuple(directory.categories),
                raised={},
                is_first=True,
            )
        need_named(visit, directory, asked.category or None, asked.recipient)
        after = request.query_params.get("after") or None
        try:
            page = await room.log.own(
                client, since=asked.first, until=asked.end, recipient=asked.recipient or None,
                category=asked.category or None, outcome=asked.outcome, after=after, count=PAGE, kinds=asked.kinds,
                looker=looker,
            )  # fmt: skip
        except BadQuery:
            raise EdgeError("no-such-address") from None
        sight = await room.sights.of(client, looker)
        entries = sight.entries(page.entries)
        check = await room.check.check([(one.origin, one.index) for one in entries])
        picture = sight.picture(await room.pictures.for_client(client))
        accounts = Accounts(directory, room.phrases, visit.language)
        return show(
            room,
            visit,
            "log",
            days=by_day(rows_of(entries, accounts, page.context)),
            more="" if page.more is None or sight.nothing else asked.address(page.more),
            asked=asked,
            sorts=SORTS,
            check=check,
            services=_services(picture, entries, asked.recipient),
            categories=tuple(directory.categories),
            raised=await _raised(room, client, looker),
            is_first=after is None,
        )

    return router


async def _raised(room: Review, client: ClientId, looker: Looker) -> dict[str, Concern]:
    """Return the client's concerns by the place of their entries; a representative sees none of them."""
    if not looker.is_client:
        return {}
    return {place_of(one.origin, one.index): one for one in await room.concerns.of_client(client)}


def _services(picture: ClientPicture, entries: Sequence[Opened], asked: str) -> tuple[str, ...]:
    """Return whom the log may be asked about: everyone whom the client's consents, requests, relations or this page
    name as a recipient."""
    named = [grant.row.recipient for consent in picture.consents for grant in consent.grants]
    named += [one.recipient for one in picture.requests]
    named += [code for one in picture.relations for code in one.recipients]
    named += [code for one in entries if isinstance(code := (one.b or {}).get("recipient"), str)]
    return tuple(sorted({code for code in (*named, asked) if code}))
