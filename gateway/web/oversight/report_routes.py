"""A client's report: asked for by one officer, looked at a second time by another, then handed out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.identity_trace import holds_identity_code
from gateway.directory.instants import HELSINKI, to_micros
from gateway.directory.names import LANGUAGES
from gateway.disclosure.client_report import TWO_YEARS, Choice, Package, matters_of
from gateway.disclosure.client_reporting import Asked, NotReleased, Report, State
from gateway.errors import RequestInvalid
from gateway.http.problems import EdgeError
from gateway.web.addresses import to_identify_again
from gateway.web.doors import UNTIL_SENT, is_recent, require_recent
from gateway.web.forms import Form, read_form
from gateway.web.language import N_
from gateway.web.oversight.asked import MAX_REASON, NO_CODE, Faults, day_of
from gateway.web.oversight.gate import Gate, Visit
from gateway.web.oversight.ports import Clients, Reports
from gateway.web.oversight.report_files import OFFICERS_TITLES, ReportFiles
from gateway.web.page import HEADERS, Pages, see_other

PATH: Final = "/oversight/clients"
_TYPES: Final = {
    "report.pdf": "application/pdf", "report.csv": "text/csv; charset=utf-8", "report.json": "application/json",
}  # fmt: skip
_SAID: Final = {
    NotReleased.SAME_OFFICER: N_("Another officer than the one who made the report must look at it."),
    NotReleased.UNDECIDED: N_("Decide about each of them: nothing goes out undecided."),
    NotReleased.DONE: N_("The report went out already."),
}
TOO_LONG_AGO: Final = N_(
    "Nothing was released: you identified yourself more than an hour ago. Open this page again, and decide again."
)
MATTERS_AT_MOST: Final = 300
"""How many decisions one form may ask for; a report with more is made of a shorter time."""


def report_router(
    pages: Pages, gate: Gate, reports: Reports, files: ReportFiles, clients: Clients, base_url: str,
    now: Callable[[], datetime],
) -> APIRouter:  # fmt: skip
    """Return the routes of clients' reports."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def ask(request: Request) -> Response:
        visit = await gate.enter(request)
        return await _form(request, visit, {}, [])

    @router.post(PATH)
    async def make(request: Request) -> Response:
        visit = await gate.enter(request)
        form = await read_form(request, visit.session, base_url)
        asked, faults = await _asked(form)
        if not faults:
            made = None
            if asked is None:
                await reports.nobody(visit.officer, Package(form.text("package")), form.text("reason"))
            else:
                made = await reports.make(asked, visit.officer)
            if made is not None:
                return see_other(f"{PATH}/reports/{made}")
            faults = [("client", N_("There is nothing to report: no entry that you may see is about this person."))]
        written = {name: form.text(name) for name in ("package", "reason", "special", "since", "language")}
        return await _form(request, visit, written, faults, status=422)

    @router.get(PATH + "/reports/{report}")
    async def show(request: Request, report: str) -> Response:
        visit = await gate.enter(request)
        found = await _found(visit, report)
        if _is_second(visit, found):
            # Before anything is shown or decided: what somebody chose here is not to be lost on the way.
            require_recent(visit.session)
        return await _page(request, visit, found, [])

    @router.post(PATH + "/reports/{report}/check")
    async def check(request: Request, report: str) -> Response:
        visit = await gate.enter(request)
        form = await read_form(request, visit.session, base_url)
        found = await _found(visit, report)
        choices = {
            matter.key: Choice(form.text(matter.key)) for matter in matters_of(found.lines)
            if form.text(matter.key) in set(matter.choices)
        }  # fmt: skip
        if not is_recent(visit.session, UNTIL_SENT):
            return await _page(request, visit, found, [("decisions", TOO_LONG_AGO)], dict(choices), status=422)
        done = await reports.release(found, visit.officer, choices, files.render)
        if isinstance(done, NotReleased):
            return await _page(request, visit, found, [("decisions", _SAID[done])], dict(choices), status=422)
        return see_other(f"{PATH}/reports/{report}")

    @router.get(PATH + "/reports/{report}/files/{name}")
    async def file(request: Request, report: str, name: str) -> Response:
        visit = await gate.enter(request)
        found = await _found(visit, report)
        content = found.file(name)
        if content is None or name not in _TYPES:
            raise EdgeError("no-such-address")
        if not is_recent(visit.session, UNTIL_SENT):
            return see_other(to_identify_again(f"{PATH}/reports/{report}"))
        await reports.look(found, visit.officer, f"report.file {name}")
        kept = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(content.content, headers={**HEADERS, **kept}, media_type=_TYPES[name])

    def _is_second(visit: Visit, found: Report) -> bool:
        return found.state is State.WAITING and found.made_by != visit.officer.id

    async def _found(visit: Visit, report: str) -> Report:
        found = await reports.find(report, visit.officer)
        if found is None:
            raise EdgeError("no-such-address")
        return found

    async def _asked(form: Form) -> tuple[Asked | None, Faults]:
        """Return what is asked for, None for somebody who is not known."""
        faults: Faults = []
        reason, special = form.text("reason"), form.text("special")
        package, language = form.text("package"), form.text("language")
        if package not in set(Package):
            faults.append(("package", N_("Choose which report it is.")))
        if language not in LANGUAGES:
            faults.append(("language", N_("Choose the language of the client.")))
        if not reason or len(reason) > MAX_REASON or len(special) > MAX_REASON:
            faults.append(("reason", N_("Write why you look, in at most 300 characters.")))
        faults += [(name, NO_CODE) for name in ("reason", "special") if holds_identity_code(form.text(name))]
        two_years = (now() - TWO_YEARS).astimezone(HELSINKI).date()
        try:
            since = day_of(form.text("since"))
        except ValueError:
            since = None
            faults.append(("since", N_("Write the day as 31.5.2026.")))
        if package == Package.USE:
            since = since or two_years + timedelta(1)
            if since <= two_years and not special:
                faults.append(("special", N_("Write the special reason to go further back than two years.")))
        try:
            code = PersonalIdentityCode.parse(form.text("client", most=40))
        except RequestInvalid:
            return None, [*faults, ("client", N_("This is not a personal identity code."))]
        if faults:
            return None, faults
        client = await clients.client_of(Identifier.personal(code))
        begins = None if since is None else to_micros(datetime(since.year, since.month, since.day, tzinfo=HELSINKI))
        return (
            None if client is None else Asked(client, Package(package), language, reason, special, begins)
        ), []  # fmt: skip

    async def _form(
        request: Request, visit: Visit, written: dict[str, str], faults: Faults, *, status: int = 200
    ) -> Response:
        return pages.render(
            request, "oversight/clients.html", visit.session, status=status, written=written, faults=faults,
            reports=await reports.of(visit.officer), titles=OFFICERS_TITLES, packages=list(Package),
            me=visit.officer.id, today=now(),
        )  # fmt: skip

    async def _page(
        request: Request, visit: Visit, found: Report, faults: Faults, choices: dict[str, Choice] | None = None,
        *, status: int = 200,
    ) -> Response:  # fmt: skip
        mine, second = found.made_by == visit.officer.id, _is_second(visit, found)
        matters = matters_of(found.lines)
        if second:
            await reports.look(found, visit.officer, "report.second-look")
        return pages.render(
            request, "oversight/report.html", visit.session, status=status, report=found, mine=mine, second=second,
            matters=matters, too_many=len(matters) > MATTERS_AT_MOST, faults=faults, choices=choices or {},
            title=OFFICERS_TITLES[found.package], sheet=files.sheet(found) if second else None,
            may_download=is_recent(visit.session), again=to_identify_again(f"{PATH}/reports/{found.id}"),
        )  # fmt: skip

    return router
