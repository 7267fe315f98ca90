"""A document written by form, for a service without a system of its own: accepted and stored as any partner's."""

from __future__ import annotations

from typing import Final, Protocol

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapters.fhir.composing import compose
from gateway.disclosure.deposit import Accepted, Stored
from gateway.disclosure.request import Requester
from gateway.errors import BodyInvalid, NotAvailable
from gateway.web.desk.deposit_form import Written, depositable, read_written
from gateway.web.desk.desk import Desk, DeskRoute, Entered
from gateway.web.language import N_
from gateway.web.page import see_other

_UNFIT: Final = N_("A text has something that may not be there, such as another person's identity code.")


class Accepts(Protocol):
    """Accepts documents: see `adapters.fhir.acceptance.Acceptance`."""

    async def accept(self, resource_type: str, body: bytes) -> Accepted:
        """Return the accepted document; raises BodyInvalid with every fault and its place."""
        ...


class Stores(Protocol):
    """Stores documents: see `gateway.disclosure.deposit.Deposits`."""

    async def create(self, accepted: Accepted, by: Requester) -> Stored:
        """Store a new document under a random id."""
        ...


def deposit_router(desk: Desk, acceptance: Accepts, deposits: Stores) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/desk/clients/{ref}/deposit", include_in_schema=False, route_class=DeskRoute)
    directory = desk.directory

    @router.get("/{category}")
    async def write(request: Request, ref: str, category: str) -> Response:
        entered = await desk.enter(request)
        _may(entered, category)
        return await _form(request, entered, ref, category, Written({}, {}), {})

    @router.post("/{category}")
    async def deposit(request: Request, ref: str, category: str) -> Response:
        entered = await desk.enter(request, "deposit")
        _may(entered, category)
        form = await desk.form(request, entered)
        whom = await desk.whom(entered, ref)
        written = read_written(form, directory.categories[category].sections, directory)
        faults = {
            f"text-{section}": N_("Write something here: this part is needed.")
            for section in written.missing(directory.layouts[category].required)
        }
        if not faults:
            resource, body = compose(
                category, directory, whom.identifier, entered.service, desk.clock.now(), written.texts, written.labels
            )
            try:
                accepted = await acceptance.accept(resource, body)
            except BodyInvalid:
                faults = {"texts": _UNFIT}
            else:
                await deposits.create(accepted, entered.requester)
                return see_other(f"/desk/clients/{ref}/deposit/{category}/done")
        return await _form(request, entered, ref, category, written, faults, status=422)

    @router.get("/{category}/done")
    async def done(request: Request, ref: str, category: str) -> Response:
        entered = await desk.enter(request)
        _may(entered, category)
        return desk.render(request, entered, "deposited.html", whom=await desk.whom(entered, ref), category=category)

    def _may(entered: Entered, category: str) -> None:
        if category not in depositable(directory, entered.service, desk.clock.now()):
            raise NotAvailable("There is no such page.")

    async def _form(
        request: Request, entered: Entered, ref: str, category: str, written: Written, faults: dict[str, str],
        status: int = 200,
    ) -> Response:  # fmt: skip
        return desk.render(
            request, entered, "deposit.html", status=status, whom=await desk.whom(entered, ref), category=category,
            row=directory.categories[category], required=directory.layouts[category].required, written=written,
            sensitivities=list(directory.sensitivities), faults=faults,
        )  # fmt: skip

    return router
