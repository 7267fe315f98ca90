"""One entry of the client's own log: the whole account, its proof, and "I do not recognise this"."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import ClientId
from gateway.disclosure.concern import MAX_WORDS, Concern
from gateway.disclosure.explaining import Explanation
from gateway.errors import ConsentRefused
from gateway.http.problems import EdgeError
from gateway.web.forms import read_form
from gateway.web.language import N_
from gateway.web.page import HEADERS, see_other
from gateway.web.review.log_rows import origin_and_index, place_of
from gateway.web.review.ports import Review
from gateway.web.review.visiting import Visit, enter_in_person, show

TOO_LONG = N_("Write at most 2000 characters.")
NOBODY_TO_ASK = N_("No service had a part in this, so there is nobody to ask.")


def entry_router(room: Review) -> APIRouter:
    """Return the routes under /portal/log/{place} and /portal/concerns. They are the client's in person."""
    router = APIRouter(prefix="/portal", include_in_schema=False)

    @router.get("/log/{place}")
    async def entry(request: Request, place: str) -> Response:
        visit = await enter_in_person(room, request)
        told, origin, index = await _told(visit, place)
        return show(
            room,
            visit,
            "entry",
            place=place,
            told=told,
            concern=await _concern(visit.client, told),
            proof=await room.proofs.proof(origin, index, visit.client),
        )

    @router.get("/log/{place}/proof.json")
    async def proof(request: Request, place: str) -> Response:
        visit = await enter_in_person(room, request)
        at = origin_and_index(place, room.log_name)
        found = None if at is None else await room.proofs.proof(*at, visit.client)
        if found is None:
            raise EdgeError("no-such-address")
        name = {"content-disposition": f'attachment; filename="saattaen-{place}.json"'}
        return Response(found.to_json(), headers=HEADERS | name, media_type="application/json")

    @router.get("/log/{place}/question")
    async def question(request: Request, place: str) -> Response:
        visit = await enter_in_person(room, request)
        told, _, _ = await _told(visit, place)
        if await _concern(visit.client, told) is not None:
            return see_other(f"/portal/log/{place}")
        return show(room, visit, "question", place=place, told=told, said="", faults=())

    @router.post("/log/{place}/question")
    async def ask(request: Request, place: str) -> Response:
        visit = await enter_in_person(room, request)
        form = await read_form(request, visit.session, room.base_url)
        told, origin, index = await _told(visit, place)
        said = form.text("said", most=2 * MAX_WORDS)
        fault = TOO_LONG if len(said) > MAX_WORDS else ""
        if not fault:
            try:
                await room.concerns.raise_concern(visit.client, origin, index, said=said)
            except ConsentRefused as refused:
                if refused.reason != "request-invalid":
                    raise EdgeError("no-such-address") from None
                fault = NOBODY_TO_ASK
        if fault:
            return show(
                room,
                visit,
                "question",
                status=422,
                place=place,
                told=told,
                said=said,
                faults=[("said", fault)],
            )
        return see_other(f"/portal/log/{place}")

    @router.get("/concerns")
    async def concerns(request: Request) -> Response:
        visit = await enter_in_person(room, request)
        return show(
            room,
            visit,
            "concerns",
            concerns=await room.concerns.of_client(visit.client),
            now=room.clock.now(),
            place_of=place_of,
        )

    async def _told(visit: Visit, place: str) -> tuple[Explanation, str, int]:
        at = origin_and_index(place, room.log_name)
        told = None if at is None else await room.explaining.to_client(*at, visit.client, visit.language)
        if at is None or told is None:
            raise EdgeError("no-such-address")
        return told, *at

    async def _concern(client: ClientId, told: Explanation) -> Concern | None:
        return next((one for one in await room.concerns.of_client(client) if one.event_id == told.event_id), None)

    return router
