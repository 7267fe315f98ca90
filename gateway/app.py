"""The web application over an open gateway: routers made with plain arguments, one outermost layer of limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import orjson
from fastapi import APIRouter, FastAPI
from sqlalchemy.exc import DBAPIError

from adapters.fhir.capability import capability
from adapters.fhir.consent import to_fhir
from adapters.fhir.release import searchset
from adapters.opa.probe import verify_engine
from adapters.tokens.keys import ASSERTION_ALGORITHMS
from audit.errors import AuditError, NotKept, NotSigned
from audit.log import Committed
from audit.proof import LogProof
from gateway.composition import Gateway
from gateway.consent.view import ConsentView
from gateway.directory.identity_code import Identifier
from gateway.directory.instants import to_micros
from gateway.disclosure.disclose import disclose
from gateway.disclosure.event_id import new_event_id
from gateway.disclosure.release import Refused, Released, ReleasedOwn
from gateway.disclosure.request import DisclosureRequest
from gateway.errors import EngineUnavailable, NotKeptTwice, RequestInvalid, StoreUnavailable
from gateway.http.acting import Door
from gateway.http.audit_routes import audit_router
from gateway.http.authentication import Authenticator, challenge
from gateway.http.choice_routes import choice_router
from gateway.http.confirmation_routes import confirmation_router
from gateway.http.consent_routes import consent_router
from gateway.http.fhir_consent_routes import fhir_consent_router
from gateway.http.fhir_routes import FhirParts, fhir_router
from gateway.http.health_routes import health_router
from gateway.http.limits import Limits
from gateway.http.message_routes import message_router
from gateway.http.metadata_routes import RESOURCE_METADATA_PATH, metadata_router
from gateway.http.openapi import install_openapi
from gateway.http.problems import install_problems
from gateway.http.proof_routes import proof_router
from gateway.http.receipt_routes import receipt_router
from gateway.http.reference import reference_router
from gateway.http.relation_routes import relation_router
from gateway.http.token_routes import TOKEN_PATH, TokenRevocation, token_router
from gateway.http.wording_routes import wording_router

VERSION = "0.1.0"
SCOPES = ("system/*.rs", "system/Consent.rs", "saattaen/consents", "saattaen/deposits", "saattaen/relations")
"""What a partner system may ask for; its registration narrows it."""
PUBLISHED = datetime(2026, 11, 23, tzinfo=UTC)
"""When the CapabilityStatement last changed."""


def create_app(gateway: Gateway) -> FastAPI:
    """Return the application that serves *gateway*. FastAPI's own pages are off: they load from other hosts."""
    settings, base = gateway.settings, gateway.settings.base_url
    # A redirect to the address with or without a slash would be built from the Host header, which anyone can forge.
    app = FastAPI(
        title="Saattaen", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    authenticator = Authenticator(gateway.token_verifier)
    door = Door(
        authenticate=authenticator, standing=gateway.standing.check, find_client=gateway.recording.client_of,
        enrol=gateway.clients.enrol, clock=gateway.clock, demo=settings.demo,
    )  # fmt: skip
    recording, directory = gateway.recording, gateway.directory
    for router in (
        _fhir_consents(gateway, authenticator),
        fhir_router(_fhir_parts(gateway, authenticator)),
        consent_router(recording, directory, door),
        proof_router(recording, directory, door),
        choice_router(recording, door),
        relation_router(recording, recording, door),
        message_router(recording, door),
        receipt_router(recording, door),
        confirmation_router(recording),
        wording_router(gateway.wordings, directory, door),
        audit_router(gateway.publication, authenticator),
        token_router(gateway.token_server, lambda revocation: _revoke(gateway, revocation)),
        metadata_router(
            base=base, scopes=SCOPES, assertion_algorithms=tuple(ASSERTION_ALGORITHMS),
            token_keys=gateway.access_tokens.keys.jwks, receipt_keys=gateway.receipt_keys.jwks,
        ),
        reference_router(lambda: app.openapi(), demo=settings.demo),
        health_router(_checks(gateway)),
    ):  # fmt: skip
        app.include_router(router)
    install_problems(app, challenge=challenge(base + RESOURCE_METADATA_PATH))
    install_openapi(app, base=base, demo=settings.demo)
    app.add_middleware(Limits, new_request_id=lambda: new_event_id(gateway.clock.now()), demo=settings.demo)
    return app


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
    try:
        await gateway.log.submit(item, urgent=True)
    except NotSigned as failed:
        raise StoreUnavailable("the log cannot be signed now") from failed
    except NotKept as failed:
        raise NotKeptTwice("the token is revoked, and that is not yet kept outside the database") from failed


def _checks(gateway: Gateway) -> dict[str, Callable[[], Awaitable[bool]]]:
    async def engine() -> bool:
        try:
            await verify_engine(gateway.engine)
        except EngineUnavailable:
            return False
        return True

    async def log() -> bool:
        try:
            gateway.log.checkpoint_now()
        except (AuditError, DBAPIError):
            return False
        return True

    return {"engine": engine, "log": log}


def _fhir_parts(gateway: Gateway, authenticator: Authenticator) -> FhirParts:
    settings, directory = gateway.settings, gateway.directory

    async def answer(request: DisclosureRequest) -> Released | ReleasedOwn | Refused:
        return await disclose(request, gateway.parts)

    def lookup(identifier: Identifier) -> bytes:
        if not identifier.is_complete and not settings.demo:
            raise RequestInvalid("A temporary code names a person only together with its issuer.")
        return gateway.register.lookup(identifier)

    async def proof(committed: Committed[object]) -> bytes:
        place = committed.entries[0]
        path = await gateway.log.inclusion_proof(place.origin, place.index, committed.size)
        return LogProof(place.index, tuple(path), committed.checkpoint).to_text()

    statement = capability(
        directory, settings.base_url, settings.base_url + TOKEN_PATH, VERSION, PUBLISHED, demo=settings.demo
    )
    return FhirParts(
        directory=directory, authenticate=authenticator, disclose=answer, standing=gateway.standing.check,
        create=gateway.deposits.create, replace=gateway.deposits.replace, documents=gateway.acceptance, lookup=lookup,
        etag=gateway.etag, proof=proof, searchset=searchset, capability=orjson.dumps(statement),
        cursors=gateway.cursors, base=f"{settings.base_url}/fhir",
    )  # fmt: skip
