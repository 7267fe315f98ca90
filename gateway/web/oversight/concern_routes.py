"""Clients' doubts about entries: what was asked, and the answer of the officer's organisation, in neutral words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.disclosure.concern import MAX_WORDS, Answer
from gateway.disclosure.phrases import Phrases
from gateway.errors import ConsentRefused
from gateway.http.problems import EdgeError
from gateway.web.forms import read_form
from gateway.web.language import N_
from gateway.web.oversight.asked import Faults
from gateway.web.oversight.gate import Gate, Visit
from gateway.web.oversight.ports import Cases
from gateway.web.oversight.telling import address_of
from gateway.web.page import Pages, see_other

PATH: Final = "/oversight/concerns"
ANSWERS: Final = {
    Answer.RIGHTFUL: N_("There was a reason for it"),
    Answer.MISTAKE: N_("It was a mistake"),
    Answer.MISUSE: N_("It was against the rules"),
}
"""What may be answered, in words that accuse nobody."""


def concern_router(
    pages: Pages, gate: Gate, cases: Cases, phrases: Phrases, base_url: str, now: Callable[[], datetime]
) -> APIRouter:
    """Return the routes of clients' doubts."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def listed(request: Request) -> Response:
        return await _page(request, await gate.enter(request))

    @router.post(PATH + "/{concern}/answer")
    async def answer(request: Request, concern: str) -> Response:
        visit = await gate.enter(request)
        form = await read_form(request, visit.session, base_url)
        said, text = form.text("answer"), form.text("text")
        faults: Faults = []
        if said not in set(Answer):
            faults.append((f"answer-{concern}", N_("Choose what was found.")))
        if not text or len(text) > MAX_WORDS:
            faults.append((f"text-{concern}", N_("Write the answer, in at most 2000 characters.")))
        if not faults:
            try:
                await cases.answer(concern, visit.officer, Answer(said), text)
            except ConsentRefused as refused:
                if refused.reason != "already-answered":
                    raise EdgeError("no-such-address") from None
            return see_other(PATH)
        if all(one.id != concern for one in await cases.cases_of(visit.officer)):
            raise EdgeError("no-such-address")
        return await _page(request, visit, faults, {"concern": concern, "answer": said, "text": text}, status=422)

    async def _page(
        request: Request, visit: Visit, faults: Faults | None = None, written: dict[str, str] | None = None,
        *, status: int = 200,
    ) -> Response:  # fmt: skip
        return pages.render(
            request, "oversight/concerns.html", visit.session, status=status, faults=faults or [],
            written=written or {"concern": "", "answer": "", "text": ""}, answers=ANSWERS, phrases=phrases,
            concerns=await cases.cases_of(visit.officer), address_of=address_of, now=now(),
        )  # fmt: skip

    return router
