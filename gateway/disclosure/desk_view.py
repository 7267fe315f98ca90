"""What a worker may see now of one client: open or not, by category, and no more than the worker may learn.

What is told of a closed category comes from the requester itself and from the consents in which its own service is
named, never from the reason of the judgement: that one could tell of a prohibition, of others, or of a no. Nor does
anything here hang on which documents there are: documents such as could come are judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from audit.entry import Draft, IndexRow
from gateway.directory.instants import from_micros, to_micros
from gateway.directory.model import Directory
from gateway.disclosure.decision import Permit
from gateway.disclosure.insights import OpenTo
from gateway.disclosure.looking import Look
from gateway.disclosure.phrases import ABOUT_REQUESTER, NOT_OPEN
from gateway.disclosure.ports import Clock, LogWriter, PolicyEngine
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.disclosure.snapshot import (
    UNFETCHED,
    UNMET,
    DocumentFacts,
    GrantFacts,
    PartnerStanding,
)
from gateway.disclosure.supposing import Supposed, answer
from gateway.disclosure.whole import Whole, WholeReader
from gateway.errors import StoreUnavailable

OPEN = "open"


class DeskView:
    """Says what is open to a worker; each look is an entry that the client is told of."""

    def __init__(
        self, reader: WholeReader, nobody: str, engine: PolicyEngine, directory: Directory, clock: Clock,
        log: LogWriter, new_event_id: Callable[[], str],
    ) -> None:  # fmt: skip
        """*nobody* is the client that no identifier leads to."""
        self._reader, self._nobody, self._engine, self._directory = reader, nobody, engine, directory
        self._clock, self._log, self._new_event_id = clock, log, new_event_id

    async def may_see(self, client: str | None, requester: Requester) -> tuple[OpenTo, ...]:
        """Return for each category that may come to the requester's service whether it is open now; see `insights`.

        Raises EngineUnavailable where nobody judges.
        """
        at = to_micros(self._clock.now())
        whole = await self._reader.whole(client or self._nobody)
        if whole is None:
            raise StoreUnavailable("a client, or the decoy, has no state")
        # A marking for personal safety is nothing that a worker may learn from what is open.
        whole = replace(whole, client=replace(whole.client, non_disclosure=False))
        questions = self._questions(whole, requester, at)
        answers = await answer(questions, self._directory, at, self._engine)
        by_category: dict[str, list[tuple[Supposed, Permit | str]]] = {}
        for question, answered in zip(questions, answers, strict=True):
            by_category.setdefault(question.document.category, []).append((question, answered))
        own = [row for row in whole.grants if row.recipient == requester.service]
        found = tuple(_open_to(category, rows, own, at) for category, rows in by_category.items())
        await self._log.submit(Look(self._probe(whole.client.id, requester, found)))
        return found

    def _questions(self, whole: Whole, requester: Requester, at: int) -> list[Supposed]:
        systems = whole.systems.get(requester.service, ())
        none = PartnerStanding(requester.system, "", (), suspended=True)
        partner = next((one for one in systems if one.system == requester.system), none)
        return [
            Supposed(
                DisclosureRequest(
                    Action.READ, requester, document.resource, requester.role, requester.purpose, "supposed",
                    document=document.id,
                ),
                document,
                whole.snapshot(partner, requester.service, (document,)),
                (requester.role,),
            )
            for document in self._such_as_could_come(whole, requester, at)
        ]  # fmt: skip

    def _such_as_could_come(self, whole: Whole, requester: Requester, at: int) -> list[DocumentFacts]:
        """Return documents of each category and custodian from which anything may flow to the requester's service."""
        directory, recipient = self._directory, self._directory.service(requester.service)
        found: list[DocumentFacts] = []
        for code, category in directory.categories.items() if recipient is not None else ():
            for custodian, service in directory.services.items():
                kind = "" if recipient is None else recipient.kind
                if custodian == requester.service or not directory.flow(code, service.kind, kind, from_micros(at)):
                    continue
                found += [
                    DocumentFacts(
                        id_, UNFETCHED, custodian, code, category.resource, dated, (),
                        dict.fromkeys(category.sections, ()), whole.client.id,
                    )
                    for id_, dated in _ways(whole, requester.service, custodian, code, at)
                ]  # fmt: skip
        return found

    def _probe(self, client: str, requester: Requester, found: Sequence[OpenTo]) -> Draft:
        body = {
            "recipient": requester.service, "organisation": requester.organisation, "role": requester.role,
            "purpose": requester.purpose, "assurance": requester.assurance,
            "open": [one.category for one in found if one.open],
        }  # fmt: skip
        actor = {
            "system": requester.system, "person": requester.person, "name": requester.person_name,
            "role": requester.role, "service": requester.service, "token": requester.token_id,
        }  # fmt: skip
        index = IndexRow("probe", "na", recipient=requester.service, requester=requester.system)
        owner = f"{requester.system}/{requester.person or ''}"
        return Draft(self._new_event_id(), index, body, {"client": client}, actor, client, owner)


def own_state(grants: Sequence[GrantFacts], category: str, at: int) -> str:
    """Return what a service may be told of its own consents for a category that is closed to it now.

    The state of the one most recently given; where that is in force, or where there is none, nothing: `not-open`.
    """
    own = [row for row in grants if row.category == category]
    if not own:
        return NOT_OPEN
    newest = max(own, key=lambda row: row.seq)
    states = (
        (newest.withdrawn, "withdrawn"), (not newest.confirmed, "unconfirmed"), (newest.spent, "spent"),
        (newest.ended or newest.until <= at, "expired"), (newest.valid_from > at, "not-yet-in-force"),
    )  # fmt: skip
    return next((state for holds, state in states if holds), NOT_OPEN)


def _open_to(
    category: str, rows: Sequence[tuple[Supposed, Permit | str]], own: Sequence[GrantFacts], at: int
) -> OpenTo:
    permits = [(question, one) for question, one in rows if isinstance(one, Permit)]
    if permits:
        custodians = tuple(dict.fromkeys(question.document.custodian for question, _ in permits))
        permit = max((one for _, one in permits), key=lambda one: len(one.sections))
        sections = tuple(code for code in permits[0][0].document.sections if code in permit.sections)
        return OpenTo(category, custodians, True, OPEN, permit.basis, permit.good_until, sections)
    reasons = {one for _, one in rows if isinstance(one, str)}
    about = sorted(reasons & ABOUT_REQUESTER)
    return OpenTo(category, (), False, about[0] if about else own_state(own, category, at))


def _ways(whole: Whole, recipient: str, custodian: str, category: str, at: int) -> list[tuple[str, int]]:
    """Return (id, date) of documents that a grant to the recipient could open, and of any other."""
    ways: dict[tuple[str, int], None] = {(UNMET, at): None}
    for row in whole.grants:
        if (row.recipient, row.custodian, row.category) == (recipient, custodian, category):
            last = None if row.dated_until is None else max(row.dated_until - 1, 0)
            dated = row.dated_from if row.dated_from is not None else at if last is None else min(at, last)
            ways[row.document or UNMET, dated] = None
    return list(ways)
