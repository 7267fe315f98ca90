"""What a recipient would see of the client's own documents, before the client decides. Nothing goes to anyone."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import GrantRow
from gateway.errors import CustodianUnavailable
from gateway.http.problems import EdgeError
from gateway.web.review.matrix_routes import known
from gateway.web.review.ports import Review
from gateway.web.review.preview_rows import rows_for
from gateway.web.review.visiting import Visit, enter, need_named, show

MOST_ROWS = 50


def preview_router(room: Review) -> APIRouter:
    """Return the routes /portal/preview and /portal/requests/{id}/preview."""
    router = APIRouter(prefix="/portal", include_in_schema=False)
    directory = room.pages.directory

    @router.get("/preview")
    async def preview(
        request: Request, recipient: str = "", category: str = "", custodian: str = "", purpose: str = ""
    ) -> Response:
        visit = await enter(room, request)
        known(directory, recipient, category)
        ticks = request.query_params.getlist("tick")
        rows = rows_for(
            directory, recipient, category, ticks, room.clock.now(), custodian=custodian, purpose=purpose
        )  # fmt: skip
        named = {"recipient": recipient, "category": category, "custodian": custodian, "purpose": purpose}
        return await _shown(request, visit, rows, recipient, category, ticks, "/portal/preview", named, "")

    @router.get("/requests/{request_id}/preview")
    async def of_request(request: Request, request_id: str) -> Response:
        visit = await enter(room, request)
        sight = await room.sights.of(visit.client, visit.looker)
        picture = sight.picture(await room.pictures.for_client(visit.client))
        asked = next((one for one in picture.requests if one.id == request_id), None)
        if asked is None:
            raise EdgeError("no-such-address")
        ticks = request.query_params.getlist("tick")
        rows = rows_for(
            directory, asked.recipient, asked.category, ticks, room.clock.now(), custodian=asked.custodian,
            purpose=asked.purpose,
        )  # fmt: skip
        here = f"/portal/requests/{request_id}"
        return await _shown(
            request, visit, rows, asked.recipient, asked.category, ticks, f"{here}/preview", {}, here
        )  # fmt: skip

    async def _shown(
        request: Request, visit: Visit, rows: Sequence[GrantRow], recipient: str, category: str,
        ticks: Collection[str], action: str, named: dict[str, str], back: str,
    ) -> Response:  # fmt: skip
        looker = visit.looker
        need_named(visit, directory, category, recipient)
        possible = _possible(category)
        found, away = None, False
        try:
            if rows:
                found = await room.previews.preview(visit.client, rows[:MOST_ROWS], looker)
        except CustodianUnavailable:
            away = True
        unanswered = found is not None and any(one.reason == "custodian-unavailable" for one in found.not_shown)
        nothing = away or (unanswered and found is not None and not found.documents)
        return show(
            room,
            visit,
            "preview",
            status=503 if nothing else 200,
            recipient=recipient,
            category=category,
            ticks=[one for one in possible if one in ticks],
            possible=possible,
            found=found,
            away=away,
            unanswered=unanswered,
            action=action,
            named={name: value for name, value in named.items() if value},
            back=back,
        )

    def _possible(category: str) -> tuple[str, ...]:
        """Return the sensitivities that the category's sections have by nature: those that may be ticked."""
        row = directory.categories[category]
        there = {one for section in row.sections for one in directory.nature(category, section)}
        return tuple(code for code in directory.sensitivities if code in there) or tuple(directory.sensitivities)

    return router
