"""Relations over the wire: the recorded facts that other bases than consent rest on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import Field

from gateway.consent.model import Relation, RelationKind
from gateway.http.schemas.base import Code, Incoming, Instant, Outgoing, ShortText
from gateway.http.schemas.identifier import ClientIdentifier


class RelationBody(Incoming):
    """A fact about this client; it runs from the custodian to each recipient, not back."""

    client: ClientIdentifier
    kind: RelationKind = Field(strict=False)
    custodian: Code = Field(description="The service that gives: the calling one, save for a register.")
    recipients: list[Code] = Field(min_length=1, max_length=32)
    valid_from: Instant | None = Field(default=None, description="From this instant; without it, from now.")
    until: Instant | None = Field(default=None, description="Exclusive; without it, until it is ended.")
    section: ShortText | None = Field(default=None, max_length=200, description="The statute's section or contract.")
    evidence: ShortText | None = Field(default=None, description="Reference of the decision or contract it rests on.")


class RelationAnswer(Outgoing):
    """A relation as the calling service may see it."""

    id: str
    kind: RelationKind
    custodian: str
    recipients: list[str] = Field(description="All of them for the custodian; for a recipient, itself alone.")
    valid_from: Instant
    until: Instant | None
    section: str | None
    evidence: str | None = Field(description="For the custodian alone.")
    ended_at: Instant | None
    contested_at: Instant | None = Field(description="For the custodian alone.")

    @classmethod
    def from_domain(cls, relation: Relation, party: str) -> Self:
        """Return what the service *party* may see: of the other recipients, nothing."""
        own = party in (relation.custodian, relation.recorded_by)
        return cls(
            id=relation.id, kind=relation.kind, custodian=relation.custodian,
            recipients=[one for one in relation.recipients if own or one == party],
            valid_from=relation.valid_from, until=relation.until, section=relation.section,
            evidence=relation.evidence if own else None, ended_at=relation.ended_at,
            contested_at=relation.contested_at if own else None,
        )  # fmt: skip


class RelationsAnswer(Outgoing):
    """The client's relations as the calling service may see them; empty for a client that is not known."""

    relations: list[RelationAnswer]

    @classmethod
    def from_domain(cls, relations: Iterable[Relation], party: str) -> Self:
        """Return the answer to the service *party*."""
        return cls(relations=[RelationAnswer.from_domain(relation, party) for relation in relations])
