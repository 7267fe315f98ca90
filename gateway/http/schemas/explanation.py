"""An explanation over the wire: one of a party's own releases, in sentences."""

from __future__ import annotations

from pydantic import Field

from gateway.disclosure.explaining import Explanation
from gateway.http.schemas.base import Outgoing


class ExplanationAnswer(Outgoing):
    """What happened, in words for a worker of the service; it tells nothing of what the client said to others."""

    kind: str = Field(description="The kind of entry.")
    when: str
    who: str | None
    what: str | None
    sentence: str
    why: str | None = Field(description="The purpose.")
    basis: str | None
    given: bool | None
    outcome: str | None
    next: str | None = Field(description="What can be done.")

    @classmethod
    def from_domain(cls, told: Explanation) -> ExplanationAnswer:
        """Return the answer that tells an explanation."""
        return cls(
            kind=told.kind, when=told.when, who=told.who, what=told.what, sentence=told.sentence, why=told.why,
            basis=told.basis, given=told.given, outcome=told.outcome, next=told.next,
        )  # fmt: skip
