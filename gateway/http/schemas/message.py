"""Messages to a service: that something concerning it has happened, by id, with no content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from gateway.consent.outbox import Outgoing as Written
from gateway.http.schemas.base import Instant, Outgoing


class MessageAnswer(Outgoing):
    """One message. Read the consent that it names for what stands now."""

    id: str
    kind: str
    consent: str | None
    created: Instant

    @classmethod
    def from_domain(cls, message: Written) -> Self:
        """Return the message to its own party."""
        return cls(id=message.id, kind=message.kind, consent=message.consent, created=message.created)


class MessagesAnswer(Outgoing):
    """The calling service's messages, oldest first."""

    messages: list[MessageAnswer]
    next: str | None = Field(description="Give it as `after` for what follows; null where there is no more.")

    @classmethod
    def page(cls, messages: Sequence[Written], after: str | None, limit: int) -> Self:
        """Return at most *limit* of the party's *messages*, from the one that follows *after* on."""
        ids = [message.id for message in messages]
        start = 0 if after is None else ids.index(after) + 1 if after in ids else len(ids)
        shown = [MessageAnswer.from_domain(message) for message in messages[start : start + limit]]
        return cls(messages=shown, next=shown[-1].id if len(messages) > start + limit else None)
