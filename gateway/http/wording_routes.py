"""The texts to show to a client before a choice, and the hash of exactly what was shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query
from starlette.responses import Response

from gateway.consent.wording import Wording, Wordings, render
from gateway.directory.model import Directory
from gateway.disclosure.request import Requester
from gateway.errors import NotAvailable
from gateway.http import examples
from gateway.http.acting import CONSENTS, Door
from gateway.http.known_codes import check_rows
from gateway.http.openapi import PREFIX, answers, needs, problems, reply
from gateway.http.schemas.consent import Language, Register
from gateway.http.schemas.wording import RenderBody, RenderedAnswer, TemplateAnswer, WordingAnswer, WordingsAnswer
from gateway.http.strict_route import StrictRoute


def wording_router(wordings: Wordings, directory: Directory, door: Door) -> APIRouter:
    """Return the routes of wordings."""
    router = APIRouter(prefix=f"{PREFIX}/wordings", tags=["Wordings"], route_class=StrictRoute)

    def consent_text(id: str, version: int | None) -> Wording:
        """Return a text that can be consented to. Raises NotAvailable."""
        try:
            found = wordings.current(id) if version is None else wordings.get(id, version)
        except KeyError:
            found = None
        if found is None:
            raise NotAvailable("No such text.")
        return found

    @router.get(
        "",
        summary="List the texts and their versions",
        operation_id="list_wordings",
        response_model=WordingsAnswer,
        responses=answers(200, "Every version of every text", {"wordings": [examples.WORDING_ANSWER]}) | problems(),
        openapi_extra=needs(CONSENTS),
        dependencies=[Depends(door.admits(CONSENTS, "wording.read"))],
    )
    async def listed() -> Response:
        """A text is superseded, never edited."""
        every = [WordingAnswer.from_domain(wording) for _, wording in sorted(wordings.versions.items())]
        return reply(WordingsAnswer(wordings=every))

    @router.get(
        "/{wording}/{version}",
        summary="Read one version of a text",
        operation_id="read_wording",
        response_model=TemplateAnswer,
        responses=answers(200, "The text with its placeholders", examples.TEMPLATE_ANSWER)
        | problems("request-invalid"),
        openapi_extra=needs(CONSENTS),
        dependencies=[Depends(door.admits(CONSENTS, "wording.read"))],
    )
    async def one(
        wording: Annotated[str, Path(examples=["consent"])],
        version: Annotated[int, Path(ge=1, le=9999, examples=[1])],
        language: Annotated[Language, Query()],
        register: Annotated[Register, Query()] = "plain",
    ) -> Response:
        """Where there is no easy text, the plain one."""
        found = consent_text(wording, version)
        try:
            template = found.template(language, register)
        except KeyError:
            raise NotAvailable("No such text.") from None
        return reply(TemplateAnswer.from_domain(found, template))

    may_wording_render = Depends(door.admits(CONSENTS, "wording.render"))

    @router.post(
        "/render",
        summary="Render the text for some rows",
        operation_id="render_wording",
        response_model=RenderedAnswer,
        responses=answers(200, "What to show, and its hash", examples.RENDERED_ANSWER) | problems(body=True),
        openapi_extra=needs(CONSENTS),
    )
    async def rendered(
        body: Annotated[RenderBody, Body(openapi_examples=examples.RENDER)],
        requester: Requester = may_wording_render,
    ) -> Response:
        """Show the client exactly `text`, and name its `sha256` when the consent is recorded. Nothing is ticked
        beforehand."""
        now = door.clock.now()
        check_rows(body.grants, directory, now)
        found = consent_text(body.wording, body.version)
        try:
            rows = [grant.to_domain(now) for grant in body.grants]
            text = render(found, body.language, body.register_, rows, at=now, directory=directory)
        except KeyError:
            raise NotAvailable("No such text for these rows.") from None
        return reply(RenderedAnswer.from_domain(text))

    return router
