"""Relations by API: the custodian records, ends and finds the facts that other bases than consent rest on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Protocol

from fastapi import APIRouter, Body, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import ClientId, Relation
from gateway.consent.recording import Recording
from gateway.disclosure.request import Requester
from gateway.errors import ConsentRefused, NotAvailable
from gateway.http import examples
from gateway.http.acting import RELATIONS, Door, actor, need_id
from gateway.http.once import form_of
from gateway.http.openapi import PREFIX, act_problems, acts, answers, needs, problems, reply
from gateway.http.schemas.consent import ClientBody
from gateway.http.schemas.relation import RelationAnswer, RelationBody, RelationsAnswer
from gateway.http.strict_route import StrictRoute

RegisterOf = Callable[[Requester], str | None]
"""The register of the directory that a partner system speaks for; from its registration, never from what it sends."""


class RelationReader(Protocol):
    """Reads relations."""

    async def relations_of(self, client: ClientId | None, party: str) -> tuple[Relation, ...]:
        """Return the client's relations in which *party* is custodian, recipient or recorder; empty for None."""
        ...


def _no_register(_: Requester) -> str | None:
    return None


def relation_router(
    recording: Recording, reader: RelationReader, door: Door, register_of: RegisterOf = _no_register
) -> APIRouter:
    """Return the routes of relations."""
    router = APIRouter(prefix=f"{PREFIX}/relations", tags=["Relations"], route_class=StrictRoute)

    may_relation_record = Depends(door.admits(RELATIONS, "relation.record"))

    @router.post(
        "",
        summary="Record a relation",
        operation_id="record_relation",
        status_code=201,
        response_model=RelationAnswer,
        responses=answers(201, "Recorded", examples.RELATION_ANSWER)
        | act_problems(body=True, reasons=("relation-not-allowed", "period-empty", "too-many-recorded")),
        openapi_extra=acts(RELATIONS),
    )
    @door.once.act
    async def record(
        request: Request,
        body: Annotated[RelationBody, Body(openapi_examples=examples.RELATE)],
        requester: Requester = may_relation_record,
    ) -> Response:
        """Records a fact with its evidence. The custodian does it, or a register that the directory names; never the
        recipient. The client sees it and can contest it."""
        by = actor(requester, request)
        relation = await recording.record_relation(
            await door.find_or_add(body.client, by),
            body.kind,
            body.custodian,
            body.recipients,
            by=by,
            valid_from=body.valid_from,
            until=body.until,
            section=body.section,
            evidence=body.evidence,
            register=register_of(requester),
            form=form_of(request),
        )
        return reply(RelationAnswer.from_domain(relation, requester.service), 201)

    may_relation_end = Depends(door.admits(RELATIONS, "relation.end"))

    @router.post(
        "/{relation}/end",
        summary="End a relation",
        operation_id="end_relation",
        response_model=RelationAnswer,
        responses=answers(200, "Ended", examples.RELATION_ANSWER | {"ended_at": "2026-12-01T08:30:00Z"})
        | act_problems(),
        openapi_extra=acts(RELATIONS),
    )
    @door.once.act
    async def end(
        request: Request,
        relation: Annotated[str, Path(description="The relation's id.", examples=[examples.ID])],
        requester: Requester = may_relation_end,
    ) -> Response:
        """Ends it now, by who may record it. An unknown relation and another's answer alike."""
        try:
            ended = await recording.end_relation(
                need_id(relation), actor(requester, request), register=register_of(requester)
            )
        except ConsentRefused as refusal:
            # "Not allowed" would tell a stranger that the relation exists.
            raise NotAvailable("Unknown here, or not this party's.") from refusal
        return reply(RelationAnswer.from_domain(ended, requester.service))

    may_relation_search = Depends(door.admits(RELATIONS, "relation.search"))

    @router.post(
        "/search",
        summary="Find a client's relations",
        operation_id="search_relations",
        response_model=RelationsAnswer,
        responses=answers(200, "Those that concern the calling service", {"relations": [examples.RELATION_ANSWER]})
        | problems(body=True),
        openapi_extra=needs(RELATIONS),
    )
    async def search(
        body: Annotated[ClientBody, Body(openapi_examples=examples.ABOUT_CLIENT)],
        requester: Requester = may_relation_search,
    ) -> Response:
        """Lists what concerns the calling service, of the others nothing. Empty for a client not known, too."""
        found = await reader.relations_of(await door.find(body.client), requester.service)
        return reply(RelationsAnswer.from_domain(found, requester.service))

    return router
