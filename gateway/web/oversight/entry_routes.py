"""One entry: what it says, the facts that were judged, its proof, and the button that checks it."""

from __future__ import annotations

import re
from typing import Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.directory.identity_trace import holds_identity_code
from gateway.disclosure.account_context import context_of
from gateway.disclosure.explaining import explain_entry
from gateway.disclosure.opened import Opened
from gateway.disclosure.phrases import Eye, Phrases
from gateway.http.problems import EdgeError
from gateway.web.forms import read_form
from gateway.web.language import N_, language_of
from gateway.web.oversight.asked import MAX_REASON, NO_CODE, Private
from gateway.web.oversight.facts import facts_of
from gateway.web.oversight.gate import Gate, Visit
from gateway.web.oversight.ports import Looks, Proofs
from gateway.web.oversight.proof_file import proof_file
from gateway.web.oversight.telling import tell
from gateway.web.page import HEADERS, Pages, see_other

_YEAR: Final = re.compile(r"[0-9]{4}(?:-[0-9]{1,4})?")
_WHY: Final = N_("Write why you look, in at most 300 characters.")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,17}")


def entry_router(
    pages: Pages, gate: Gate, looks: Looks, proofs: Proofs, phrases: Phrases, log_name: str, base_url: str
) -> APIRouter:
    """Return the routes of one entry."""
    router = APIRouter(include_in_schema=False)
    path = "/oversight/entries/{year}/{index}"

    @router.get(path)
    async def entry(request: Request, year: str, index: str) -> Response:
        visit = await gate.enter(request)
        if visit.private is None:
            return _ask_why(request, visit, year, index)
        return await _page(request, visit, year, index, check=False)

    @router.post(path + "/why")
    async def why(request: Request, year: str, index: str) -> Response:
        visit = await gate.enter(request)
        form = await read_form(request, visit.session, base_url)
        reason = form.text("reason")
        if not reason or len(reason) > MAX_REASON:
            return _ask_why(request, visit, year, index, reason, _WHY)
        if holds_identity_code(reason):
            return _ask_why(request, visit, year, index, reason, NO_CODE)
        reference = await gate.keep(visit, Private(reason))
        _origin(year, index)
        return see_other(f"/oversight/entries/{year}/{index}?look={reference}")

    @router.post(path + "/verify")
    async def verify(request: Request, year: str, index: str) -> Response:
        visit = await gate.enter(request)
        await read_form(request, visit.session, base_url)
        if visit.private is None:
            return _ask_why(request, visit, year, index)
        return await _page(request, visit, year, index, check=True)

    @router.get(path + "/proof")
    async def proof(request: Request, year: str, index: str) -> Response:
        visit = await gate.enter(request)
        if visit.private is None:
            return _ask_why(request, visit, year, index)
        one = await _seen(visit, visit.private, year, index)
        proved = await proofs.prove(one.origin, one.index, order=False)
        if proved is None:
            raise EdgeError("no-such-address")
        kept = {"content-disposition": f'attachment; filename="entry-{year}-{index}.json"'}
        return Response(
            orjson.dumps(proof_file(one, proved), option=orjson.OPT_INDENT_2), headers={**HEADERS, **kept},
            media_type="application/json",
        )  # fmt: skip

    def _origin(year: str, index: str) -> tuple[str, int]:
        if not _YEAR.fullmatch(year) or not _INDEX.fullmatch(index):
            raise EdgeError("no-such-address")
        return f"{log_name}/audit/{year}", int(index)

    async def _seen(visit: Visit, private: Private, year: str, index: str) -> Opened:
        found = await looks.entry(*_origin(year, index), visit.officer, private.reason)
        if found is None:
            raise EdgeError("no-such-address")
        return found

    async def _page(request: Request, visit: Visit, year: str, index: str, *, check: bool) -> Response:
        if visit.private is None:
            raise EdgeError("no-such-address")
        one = await _seen(visit, visit.private, year, index)
        proved = await proofs.prove(one.origin, one.index, order=check)
        if proved is None:
            raise EdgeError("no-such-address")
        language = language_of(request)
        explained = explain_entry(one, context_of([]), Eye.OFFICER, pages.directory, phrases, language)
        return pages.render(
            request, "oversight/entry.html", visit.session, explained=explained, one=tell([one], phrases, language)[0],
            facts=facts_of(one), proved=proved, checked=check, visit=visit,
        )  # fmt: skip

    def _ask_why(request: Request, visit: Visit, year: str, index: str, reason: str = "", fault: str = "") -> Response:
        _origin(year, index)
        action = f"/oversight/entries/{year}/{index}/why"
        faults = [("reason", fault)] if fault else []
        return pages.render(
            request, "oversight/why.html", visit.session, status=422 if fault else 200, action=action, reason=reason,
            faults=faults,
        )  # fmt: skip

    return router
