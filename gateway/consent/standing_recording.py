"""The use cases beside consents: requests, refusals, prohibitions and relations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.consent import standing
from gateway.consent.model import (
    Actor,
    AskedRow,
    ClientId,
    Giver,
    Prohibition,
    RefusedRow,
    Relation,
    RelationKind,
)
from gateway.consent.relation import RelationRow
from gateway.consent.submitting import CLIENT, Submitting

ON_OWN_PAGE = Actor()
"""The client, signed in on their own page."""


class StandingRecording(Submitting):
    """Records what stands beside consents.

    *form* is a random key of the request that an act came by: the same client's request sent once more does nothing
    anew, and is answered as it was.
    """

    async def request(self, client: ClientId | None, asked: AskedRow, by: Actor, *, form: str | None = None) -> None:
        """Ask the client to consider a consent. The outcome is always the same, for an unknown client and within the
        cool-down too; an ill-formed question alone raises ConsentRefused("request-invalid")."""
        standing.check_asked(asked, by.service, self._office.directory, self._now())
        await self._do(by, lambda one: standing.ask(one, client, asked, form))

    async def refuse(
        self, client: ClientId, rows: Sequence[RefusedRow], *, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE,
        form: str | None = None,
    ) -> None:  # fmt: skip
        """Record that the client says no to each row. It has no effect on the client's own consents."""
        mandate = await self._mandate(client, giver)
        await self._do(
            by, lambda one: standing.refuse(one, client, tuple(rows), giver, mandate, form), giver=giver, urgent=True
        )

    async def defer(
        self, client: ClientId, request: str, *, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE,
        form: str | None = None,
    ) -> None:  # fmt: skip
        """Put a request aside: it stands, and is not asked again within the cool-down."""
        mandate = await self._mandate(client, giver)
        await self._do(by, lambda one: standing.defer(one, client, request, giver, mandate, form), giver=giver)

    async def put_off(self, client: ClientId, rows: Sequence[AskedRow], *, giver: Giver = CLIENT, by: Actor) -> None:
        """Record that the client, asked by a worker, decides later about each row: as good an answer as any other."""
        mandate = await self._mandate(client, giver)
        await self._do(by, lambda one: standing.put_off(one, client, tuple(rows), giver, mandate), giver=giver)

    async def prohibit(
        self,
        client: ClientId,
        *,
        recipient: str | None = None,
        category: str | None = None,
        giver: Giver = CLIENT,
        by: Actor = ON_OWN_PAGE,
        form: str | None = None,
    ) -> Prohibition:
        """Record "never to this recipient", "never this category"; None means any."""
        mandate = await self._mandate(client, giver)
        return await self._do(
            by, lambda one: standing.prohibit(one, client, recipient, category, giver, mandate, form), giver=giver,
            urgent=True,
        )  # fmt: skip

    async def lift_prohibition(
        self, prohibition: str, *, client: ClientId | None = None, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE
    ) -> Prohibition:
        """Lift a prohibition. Lifting the client's own is the client's alone: ConsentRefused("lift-not-allowed")."""
        mandate = await self._mandate(client, giver)
        return await self._do(by, lambda one: standing.lift(one, prohibition, client, giver, mandate), giver=giver)

    async def record_relation(
        self,
        client: ClientId,
        kind: RelationKind,
        custodian: str,
        recipients: Sequence[str],
        *,
        by: Actor,
        valid_from: datetime | None = None,
        until: datetime | None = None,
        section: str | None = None,
        evidence: str | None = None,
        register: str | None = None,
        form: str | None = None,
    ) -> Relation:
        """Record the fact that another basis rests on; `by.service` is the custodian, or *register* one the directory
        names. Raises ConsentRefused("relation-not-allowed"), the codes of a bad row and period, or
        "too-many-recorded"."""
        row = RelationRow(kind, custodian, tuple(recipients), valid_from, until, section, evidence)
        return await self._do(by, lambda one: standing.record_relation(one, client, row, register, form))

    async def end_relation(self, relation: str, by: Actor, *, register: str | None = None) -> Relation:
        """End a relation now, by who may record it; a second time adds nothing."""
        return await self._do(by, lambda one: standing.end_relation(one, relation, register), urgent=True)

    async def contest_relation(
        self, relation: str, client: ClientId, *, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE
    ) -> Relation:
        """Record that the client contests a relation, and tell the custodian. It stands until it is ended."""
        mandate = await self._mandate(client, giver)
        return await self._do(
            by, lambda one: standing.contest_relation(one, relation, client, giver, mandate), giver=giver
        )
