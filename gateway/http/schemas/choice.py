"""What else a client decides with a worker, and what a service asks of a client."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.consent.model import Prohibition
from gateway.http.schemas.base import Code, Id, Incoming, Instant, Outgoing, fault
from gateway.http.schemas.consent import MAX_ROWS, GiverBody, RefusedBody
from gateway.http.schemas.identifier import ClientIdentifier


class RefuseBody(Incoming):
    """The client says no to each row."""

    client: ClientIdentifier
    refused: list[RefusedBody] = Field(min_length=1, max_length=MAX_ROWS)
    giver: GiverBody = GiverBody()


class DeferBody(Incoming):
    """The client puts a request aside."""

    client: ClientIdentifier
    request: Id = Field(description="The id of the request, as the client was told it.")
    giver: GiverBody = GiverBody()


class ProhibitBody(Incoming):
    """Never to this recipient, never this category; at least one is named, and what is left out means any."""

    client: ClientIdentifier
    recipient: Code | None = None
    category: Code | None = None
    giver: GiverBody = GiverBody()

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.recipient is None and self.category is None:
            raise fault("name a recipient, a category or both")
        return self


class LiftBody(Incoming):
    """The client lifts a prohibition."""

    client: ClientIdentifier
    giver: GiverBody = GiverBody()


class ProhibitionAnswer(Outgoing):
    """A prohibition as it stands."""

    id: str
    recipient: str | None
    category: str | None
    given_at: Instant
    lifted_at: Instant | None

    @classmethod
    def from_domain(cls, prohibition: Prohibition) -> Self:
        """Return how the prohibition looks to the service that recorded it."""
        return cls(
            id=prohibition.id, recipient=prohibition.recipient, category=prohibition.category,
            given_at=prohibition.given_at, lifted_at=prohibition.lifted_at,
        )  # fmt: skip


class AskBody(Incoming):
    """What the calling service asks the client to consider; it is itself the recipient."""

    client: ClientIdentifier
    custodian: Code
    category: Code
    purpose: Code


class AskedAnswer(Outgoing):
    """The one answer to every request for a consent. Nothing but a consent that is given is ever told."""

    status: Literal["accepted"] = "accepted"
