"""The web application over an open gateway: routers made with plain arguments, one outermost layer of limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import orjson
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.fhir.capability import capability
from adapters.fhir.consent import to_fhir
from adapters.fhir.release import searchset
from adapters.opa.probe import verify_engine
from adapters.sql.database import ReadingThreads
from adapters.tokens.keys import ASSERTION_ALGORITHMS
from gateway.consent.view import ConsentView
from gateway.directory.identity_code import Identifier
from gateway.directory.instants import to_micros
from gateway.disclosure.event_id import new_event_id
from gateway.disclosure.observed import disclosing
from gateway.disclosure.observing import Observer
from gateway.errors import RequestInvalid
from gateway.http.acting import Door
from gateway.http.admission import Admission, AdmissionLayer
from gateway.http.audit_routes import audit_router
from gateway.http.authentication import Authenticator, ObservedVerifier, challenge
from gateway.http.choice_routes import choice_router
from gateway.http.confirmation_routes import confirmation_router
from gateway.http.consent_routes import consent_router
from gateway.http.data_path import DataPath
from gateway.http.explanation_routes import explanation_router
from gateway.http.fhir_consent_routes import fhir_consent_router
from gateway.http.fhir_parts import FhirParts
from gateway.http.fhir_routes import document_types, fhir_router, read_route, search_route
from gateway.http.health_routes import SECONDS, health_router
from gateway.http.inspection import InspectionLayer
from gateway.http.limits import Limits
from gateway.http.message_routes import message_router
from gateway.http.metadata_routes import RESOURCE_METADATA_PATH, metadata_router
from gateway.http.once import Once
from gateway.http.openapi import install_openapi
from gateway.http.problems import answer_to, install_problems
from gateway.http.proof_routes import proof_router
from gateway.http.receipt_routes import receipt_router
from gateway.http.reference import reference_router
from gateway.http.relation_routes import relation_router
from gateway.http.token_routes import TOKEN_PATH, TokenRevocation, token_router
from gateway.http.wording_routes import wording_router
from gateway.insight import explaining_of
from gateway.open_gateway import Gateway
from gateway.site import Site
from gateway.web.addresses import is_page
from gateway.web.layer import PagesLayer

VERSION = "0.1.0"
SCOPES = ("system/*.rs", "system/Consent.rs", "saattaen/consents", "saattaen/deposits", "saattaen/relations")
"""What a partner system may ask for; its registration narrows it."""
PUBLISHED = datetime(2026, 11, 23, tzinfo=UTC)
"""When the CapabilityStatement last changed."""

_TOKEN_THREADS, _TOKEN_WAITING = 4, 256
"""How many requests for tokens are answered at once, and how many wait; each looks into the database, and blocks."""


class _App(FastAPI):
    """FastAPI with layers around all of its own, which cost a read that does not need them as much as a query."""

    def add_outermost(self, layer: Callable[..., ASGIApp], **arguments: object) -> None:
        """Add a layer around all that there are."""
        self.state.layers = [*getattr(self.state, "layers", ()), (layer, arguments)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as Starlette does: FastAPI's own telemetry around it is not ours (`adapters.observing` is)."""
        await Starlette.__call__(self, scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Return the whole of it; Starlette asks once."""
        app = super().build_middleware_stack()
        for layer, arguments in self.state.layers:
            app = layer(app, **arguments)
        return app


def create_app(
    gateway: Gateway, observer: Observer | None = None, admission: Admission | None = None, site: Site | None = None,
    readiness: float = SECONDS,
) -> FastAPI:  # fmt: skip
    """Return the application that serves *gateway* within the bounds of *admission*, telling *observer*.

    With a *site* it serves people too; without one it is a machine's gateway alone. A part that has not said within
    *readiness* seconds that it can serve counts as one that cannot.

    FastAPI's own pages are off: they load from other hosts.
    """
    settings, base = gateway.settings, gateway.settings.base_url
    # A redirect to the address with or without a slash would be built from the Host header, which anyone can forge.
    app = _App(
        title="Saattaen", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    admission = admission or Admission(is_page=is_page, cookie="" if site is None else site.doors.cookie)
    authenticator = _authenticator(gateway, observer, admission)
    standing = gateway.standing.check_without_entry if settings.read_only else gateway.standing.check
    door = Door(
        authenticate=authenticator, standing=standing, find_client=gateway.recording.client_of,
        enrol=gateway.clients.enrol, clock=gateway.clock, nobody=gateway.register.decoy(),
        once=Once(gateway.kept_answers, gateway.clock), demo=settings.demo,
    )  # fmt: skip
    recording, directory = gateway.recording, gateway.directory
    fhir, types = _fhir_parts(gateway, authenticator, observer), document_types(directory)
    reads = {path_type: read_route(fhir, path_type, resource) for path_type, resource in types.items()}
    searches = {path_type: search_route(fhir, path_type, resource) for path_type, resource in types.items()}
    for router in (
        _fhir_consents(gateway, authenticator),
        fhir_router(fhir, reads, searches),
        consent_router(recording, directory, door),
        proof_router(recording, directory, door),
        choice_router(recording, door),
        relation_router(recording, recording, door),
        message_router(recording, door),
        receipt_router(recording, door),
        confirmation_router(recording),
        wording_router(gateway.wordings, directory, door),
        audit_router(gateway.publication, door),
        explanation_router(explaining_of(gateway).to_service, door, settings.log_name),
        token_router(
            gateway.token_server, lambda revocation: _revoke(gateway, revocation),
            ReadingThreads(_TOKEN_THREADS, _TOKEN_WAITING, settings.patience), admission.hold_back,
        ),
        metadata_router(
            base=base, scopes=SCOPES, assertion_algorithms=tuple(ASSERTION_ALGORITHMS),
            token_keys=gateway.access_tokens.keys.jwks, receipt_keys=gateway.receipt_keys.jwks,
        ),
        reference_router(lambda: app.openapi(), demo=settings.demo),
        health_router(_checks(gateway), readiness),
        *(site.routers if site is not None else ()),
    ):  # fmt: skip
        app.include_router(router)
    challenged = challenge(base + RESOURCE_METADATA_PATH)
    install_problems(app, challenge=challenged)
    install_openapi(app, base=base, demo=settings.demo)
    app.add_outermost(
        DataPath, reads=reads, searches=searches,
        on_error=lambda request, error: answer_to(request, error, challenged),
    )  # fmt: skip
    if settings.read_only:
        app.add_outermost(InspectionLayer)
    app.add_outermost(AdmissionLayer, admission=admission, observer=observer)
    app.add_outermost(
        Limits, new_request_id=lambda: new_event_id(gateway.clock.now()), demo=settings.demo, observer=observer
    )
    if site is not None:
        app.add_outermost(PagesLayer, pages=site.pages, doors=site.doors)
    return app


def _authenticator(gateway: Gateway, observer: Observer | None, admission: Admission) -> Authenticator:
    if observer is None:
        return Authenticator(gateway.token_verifier, verified=admission.verified)
    verifier = ObservedVerifier(gateway.token_verifier, observer)
    return Authenticator(verifier, observer.refused_token, admission.verified)


def _fhir_consents(gateway: Gateway, authenticator: Authenticator) -> APIRouter:
    settings = gateway.settings

    def render(view: ConsentView) -> bytes:
        client = gateway.pairwise(view.party, view.client)
        return orjson.dumps(to_fhir(view, client, gateway.directory, demo=settings.demo))

    return fhir_consent_router(
        gateway.recording, authenticator, gateway.standing.check, gateway.recording.client_of, render, searchset,
        f"{settings.base_url}/fhir",
    )  # fmt: skip


async def _revoke(gateway: Gateway, revocation: TokenRevocation) -> None:
    item = gateway.partners.revoking(revocation.partner, revocation.token_id, to_micros(revocation.expires))
    await gateway.log.submit(item, urgent=True)


def _checks(gateway: Gateway) -> dict[str, Callable[[], Awaitable[bool]]]:
    # In threads of their own: a database that hangs must not take the event loop, or the threads of reads, with it.
    def database() -> bool:
        with gateway.database.read() as connection:
            return gateway.judges_as_recorded_in(connection)

    def log() -> bool:
        gateway.log.checkpoint_now()
        return gateway.log.broken is None

    async def engine() -> bool:
        await verify_engine(gateway.engine)
        return True

    return {
        "database": lambda: asyncio.to_thread(database),
        "engine": engine,
        "log": lambda: asyncio.to_thread(log),
        **gateway.more_checks,
    }


def _fhir_parts(gateway: Gateway, authenticator: Authenticator, observer: Observer | None) -> FhirParts:
    settings, directory = gateway.settings, gateway.directory
    answer = disclosing(gateway.parts, observer)

    def lookup(identifier: Identifier) -> bytes:
        if not identifier.is_complete and not settings.demo:
            raise RequestInvalid("A temporary code names a person only together with its issuer.")
        return gateway.register.lookup(identifier)

    statement = capability(
        directory, settings.base_url, settings.base_url + TOKEN_PATH, VERSION, PUBLISHED, demo=settings.demo
    )
    return FhirParts(
        directory=directory, authenticate=authenticator, disclose=answer, standing=gateway.standing.check,
        create=gateway.deposits.create, replace=gateway.deposits.replace, documents=gateway.acceptance, lookup=lookup,
        etag=gateway.etag, searchset=searchset, capability=orjson.dumps(statement),
        cursors=gateway.cursors, base=f"{settings.base_url}/fhir",
    )  # fmt: skip
