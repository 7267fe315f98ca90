"""The search: a form that posts, an address that holds no person, results with counts and pictures, exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.identity_trace import holds_identity_code
from gateway.directory.instants import HELSINKI
from gateway.directory.model import BASES
from gateway.disclosure.log_output import as_csv, as_ndjson
from gateway.disclosure.log_survey import COUNTED
from gateway.disclosure.officer_looks import EXPORTED
from gateway.disclosure.phrases import Phrases
from gateway.errors import RequestInvalid
from gateway.http.problems import EdgeError
from gateway.web.forms import Form, read_form
from gateway.web.language import N_, language_of
from gateway.web.oversight.asked import MAX_REASON, NO_CODE, OUTCOMES, Asked, Faults, Private, read_asked
from gateway.web.oversight.gate import Gate, Visit
from gateway.web.oversight.picture import histogram, outcomes, recipients
from gateway.web.oversight.ports import Clients, Looks
from gateway.web.oversight.telling import tell
from gateway.web.page import HEADERS, Pages, see_other

PATH = "/oversight/search"
_FORMATS = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "ndjson": (as_ndjson, "application/x-ndjson"),
}  # fmt: skip


def search_router(
    pages: Pages, gate: Gate, looks: Looks, clients: Clients, phrases: Phrases, base_url: str,
    now: Callable[[], datetime],
) -> APIRouter:  # fmt: skip
    """Return the routes of the search."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def search(request: Request) -> Response:
        visit = await gate.enter(request)
        asked, faults = read_asked(lambda name: request.query_params.get(name, ""), pages.directory)
        if faults or visit.private is None:
            return _form(request, visit, asked, faults)
        query = asked.query(visit.private)
        look = looks.nobody if visit.private.named and visit.private.client is None else looks.search
        seen = await look(query, visit.officer, visit.private.reason)
        return pages.render(
            request, "oversight/results.html", visit.session, status=200, **_choices(visit, asked),
            told=tell(seen.entries, phrases, language_of(request), seen.sights), seen=seen,
            histogram=histogram(seen.sights),
            outcomes=outcomes(seen.sights), recipients=recipients(seen.sights), counted=COUNTED, exported=EXPORTED,
            faults=[], written={},
        )  # fmt: skip

    @router.post(PATH)
    async def ask(request: Request) -> Response:
        visit = await gate.enter(request)
        form = await read_form(request, visit.session, base_url)
        asked, faults = read_asked(lambda name: form.text(name, most=200), pages.directory)
        private, more = await _private(form, visit.private)
        if faults or more or private is None:
            return _form(request, visit, asked, [*faults, *more], form)
        return see_other(asked.address(PATH, await gate.keep(visit, private), after=""))

    @router.get("/oversight/search/export/{name}")
    async def export(request: Request, name: str) -> Response:
        visit = await gate.enter(request)
        asked, faults = read_asked(lambda field: request.query_params.get(field, ""), pages.directory)
        if name not in _FORMATS or faults or visit.private is None:
            raise EdgeError("no-such-address")
        write, media_type = _FORMATS[name]
        private = visit.private
        if private.named and private.client is None:
            seen = await looks.nobody(asked.query(private), visit.officer, private.reason)
        else:
            query = asked.query(private, EXPORTED)
            seen = await looks.search(query, visit.officer, private.reason, view=f"export-{name}")
        day = now().astimezone(HELSINKI).date().isoformat()
        kept = {"content-disposition": f'attachment; filename="log-{day}.{name}"'}
        return Response(write(seen.entries), headers={**HEADERS, **kept}, media_type=media_type)

    async def _private(form: Form, before: Private | None) -> tuple[Private | None, Faults]:
        reason, person = form.text("reason"), form.text("person", most=200)
        faults: Faults = []
        if not reason:
            faults.append(("reason", N_("Write why you look. It is kept in the log with this search.")))
        if len(reason) > MAX_REASON:
            faults.append(("reason", N_("Write it shorter: at most 300 characters.")))
        faults += [(name, NO_CODE) for name in ("reason", "person") if holds_identity_code(form.text(name, most=200))]
        same = before is not None and form.has("same")
        client, named = (before.client, before.named) if same and before is not None else (None, False)
        person = person or (before.person if same and before is not None else "")
        if written := form.text("client", most=40):
            try:
                code = PersonalIdentityCode.parse(written)
            except RequestInvalid:
                return None, [*faults, ("client", N_("This is not a personal identity code."))]
            client, named = await clients.client_of(Identifier.personal(code)), True
        return (None, faults) if faults else (Private(reason, client, named, person), [])

    def _form(request: Request, visit: Visit, asked: Asked, faults: Faults, form: Form | None = None) -> Response:
        # The identity code is not written back: it would lie in the browser's store of pages.
        names = ("reason", "person")
        written = {} if form is None else {name: form.text(name) for name in names}
        return pages.render(
            request, "oversight/search.html", visit.session, status=422 if form is not None else 200, faults=faults,
            written=written, **_choices(visit, asked),
        )  # fmt: skip

    def _choices(visit: Visit, asked: Asked) -> Mapping[str, object]:
        directory = pages.directory
        kinds = sorted(phrases.groups["kinds"])
        return {
            "asked": asked, "visit": visit, "services": list(directory.services), "kinds": kinds,
            "categories": list(directory.categories), "outcome_codes": OUTCOMES, "bases": sorted(BASES), "path": PATH,
            "phrases": phrases, "now": now(),
        }  # fmt: skip

    return router
