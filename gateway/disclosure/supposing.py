"""Supposed requests: what a recipient's worker would be answered, judged by the engine that judges real ones.

Nothing is fetched and nobody asked. A question is made for each purpose that a role of the recipient's kind may ask
for; roles of one purpose are judged alike, so one of them stands for all, and all are named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.directory.instants import from_micros
from gateway.directory.model import Directory
from gateway.disclosure.claim import find_fault
from gateway.disclosure.decision import Deny, Permit
from gateway.disclosure.facts import make_facts
from gateway.disclosure.held import Place, dates_that_matter
from gateway.disclosure.matrix import Seen
from gateway.disclosure.ports import PolicyEngine
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.disclosure.snapshot import UNFETCHED, UNMET, DocumentFacts, PartnerStanding, Snapshot
from gateway.disclosure.whole import Whole

_ASSURANCE = "substantial"
"""What a worker must have been identified with; one who was not is refused whatever stands."""


@dataclass(frozen=True, slots=True)
class Supposed:
    """One question that nobody asked: request, document and everything that it is judged by."""

    request: DisclosureRequest
    document: DocumentFacts
    snapshot: Snapshot
    roles: tuple[str, ...]
    alike: tuple[DocumentFacts, ...] = ()
    """Other documents to which the answer is the same."""


@dataclass(frozen=True, slots=True)
class Supposing:
    """Makes supposed questions about one client at one instant (microseconds), and has them judged."""

    whole: Whole
    directory: Directory
    at: int

    def asked_by(
        self, recipient: str, documents: Iterable[DocumentFacts], purposes: Collection[str] | None = None
    ) -> list[Supposed]:
        """Return the questions of a recipient about documents, one for each purpose that a role of its may ask for.

        A purpose for which no role works in such a service is asked for in another's role: it is refused. With
        *purposes*, these alone are asked about.
        """
        partner, ways = self.whole.partner_for(recipient, self.directory), self.ways(recipient)
        if purposes is not None:
            ways = {purpose: ways.get(purpose, ()) for purpose in sorted(purposes)}
        found: list[Supposed] = []
        for document, *alike in self._alike(recipient, documents):
            snapshot = self.whole.snapshot(partner, recipient, (document,))
            for purpose, roles in (ways or {min(self.directory.purposes): ()}).items():
                role = roles[0] if roles else min(self.directory.roles)
                request = _request(partner, recipient, role, purpose, document)
                found.append(Supposed(request, document, snapshot, roles, tuple(alike)))
        return found

    def _alike(self, recipient: str, documents: Iterable[DocumentFacts]) -> list[list[DocumentFacts]]:
        """Return the documents in groups of which only ids, versions and dates differ, where no grant looks at those.

        A client may have hundreds of documents of a kind; a grant that names a document or dates is rare.
        """
        grants = [row for row in self.whole.grants if row.recipient == recipient]
        looked_at = {
            (row.custodian, row.category)
            for row in grants
            if row.document is not None or row.dated_from is not None or row.dated_until is not None
        }
        groups: dict[object, list[DocumentFacts]] = {}
        for one in documents:
            of, here = (one.custodian, one.category), one.version != UNFETCHED
            own = one.id if of in looked_at or not here else None
            sections = tuple(sorted((code, tuple(sorted(added))) for code, added in one.sections.items()))
            key = (of, own, one.dated if own is not None else None, here, tuple(sorted(one.labels)), sections)
            groups.setdefault(key, []).append(one)
        return list(groups.values())

    def ways(self, recipient: str) -> dict[str, tuple[str, ...]]:
        """Return each purpose that may be asked for in this service, with the roles that may."""
        service, at = self.directory.service(recipient), from_micros(self.at)
        found: dict[str, list[str]] = {}
        if service is None:
            return {}
        for code in self.directory.roles:
            role = self.directory.role(code, at)
            if role is not None and service.kind in role.kinds:
                for purpose in sorted(role.purposes):
                    found.setdefault(purpose, []).append(code)
        return {purpose: tuple(roles) for purpose, roles in sorted(found.items())}

    def could_come(self, recipient: str, categories: Iterable[str]) -> list[DocumentFacts]:
        """Return documents such as could come to the recipient, of the kinds of which none is there.

        From each custodian that a grant to the recipient names for the category, or that has a relation with it whose
        kind the directory lets carry the category.
        """
        there = {(row.custodian, row.category) for row in self.whole.documents}
        found: dict[tuple[str, str], None] = {}
        for category in categories:
            for grant in self.whole.grants:
                if (grant.recipient, grant.category) == (recipient, category):
                    found[grant.custodian, category] = None
            for relation in self.whole.relations:
                if recipient in relation.recipients and self._carries(relation.custodian, recipient, category):
                    found[relation.custodian, category] = None
        return [
            document
            for custodian, category in found
            if (custodian, category) not in there and custodian in self.directory.services
            for document in self._such_as_could_come(custodian, category, recipient)
        ]

    async def judge(self, questions: Sequence[Supposed], engine: PolicyEngine) -> list[Seen]:
        """Return what each would see, all judged by one call. Raises EngineUnavailable."""
        answers = await answer(questions, self.directory, self.at, engine)
        rows: list[Seen] = []
        for question, found in zip(questions, answers, strict=True):
            seen = self.seen(question, found)
            rows += [seen, *(replace(seen, document=one.id, dated=one.dated) for one in question.alike)]
        return rows

    def holding(self, document: DocumentFacts) -> Seen:
        """Return the row of a custodian and its own document: nothing is judged on its own read."""
        return Seen(
            document.custodian, document.category, document.custodian, document.id, document.dated, None, (), True,
            released=self._in_order(document.category, document.sections), holder=True,
        )  # fmt: skip

    def seen(self, one: Supposed, answered: Permit | str) -> Seen:
        """Return a question and its answer (a permit, or the reason of a refusal) as a row of the matrix."""
        document, recipient = one.document, one.request.requester.service
        # One that its client alone has met is there too, though no version of it was released.
        there = document.id != UNMET
        sections = self._in_order(document.category, document.sections)
        told = (
            recipient, document.category, document.custodian, document.id if there else None,
            document.dated if there else None, one.request.purpose, one.roles,
        )  # fmt: skip
        if isinstance(answered, str):
            return Seen(*told, permitted=False, reason=answered, withheld=sections)
        relation = next((row for row in one.snapshot.relations if row.id == answered.relation), None)
        return Seen(
            *told, permitted=True, basis=answered.basis, grants=answered.grants, relation=answered.relation,
            section_of_law=self._section(one) if relation is None or relation.section is None else relation.section,
            until=answered.good_until,
            released=tuple(code for code in sections if code in answered.sections),
            withheld=tuple(code for code in sections if code not in answered.sections),
        )  # fmt: skip

    def _section(self, one: Supposed) -> str | None:
        services = self.directory.services
        custodian, recipient = services[one.document.custodian], services[one.request.requester.service]
        flow = self.directory.flow(one.document.category, custodian.kind, recipient.kind, from_micros(self.at))
        return None if flow is None else flow.section

    def _in_order(self, category: str, sections: Iterable[str]) -> tuple[str, ...]:
        row, there = self.directory.categories.get(category), set(sections)
        return tuple(sorted(there)) if row is None else tuple(code for code in row.sections if code in there)

    def _carries(self, custodian: str, recipient: str, category: str) -> bool:
        services, at = self.directory.services, from_micros(self.at)
        if custodian not in services or recipient not in services:
            return False
        flow = self.directory.flow(category, services[custodian].kind, services[recipient].kind, at)
        kinds = {row.kind for row in self.whole.relations if row.custodian == custodian and recipient in row.recipients}
        return flow is not None and not kinds.isdisjoint(flow.bases)

    def _such_as_could_come(self, custodian: str, category: str, recipient: str) -> list[DocumentFacts]:
        row = self.directory.categories[category]
        grants = [grant for grant in self.whole.grants if grant.recipient == recipient]
        # As such a document has every section, what is released of it is what the ticks open.
        sections = dict.fromkeys(row.sections, ())
        return [
            DocumentFacts(
                UNMET, UNFETCHED, custodian, category, row.resource, dated, (), sections, self.whole.client.id
            )
            for dated in dates_that_matter(grants, Place(custodian, category), self.at)
        ]


async def answer(
    questions: Sequence[Supposed], directory: Directory, at: int, engine: PolicyEngine
) -> list[Permit | str]:
    """Return the permit or the reason of each question, judged by one call at *at* (microseconds).

    A permit is checked as a claim, as it is for a real request. Raises EngineUnavailable.
    """
    when = from_micros(at)
    facts = [
        make_facts(one.request, one.document.category, one.document, one.snapshot, directory, when) for one in questions
    ]
    answers: list[Permit | str] = []
    for one, decision in zip(questions, await engine.decide_many(facts) if facts else [], strict=True):
        match decision:
            case Permit() as permit:
                fault = find_fault(permit, one.request, one.document, one.snapshot, directory, at, engine.revision)
                answers.append(permit if fault is None else "permit-unfounded")
            case Deny(reasons=reasons):
                answers.append(reasons[0])
    return answers


def _request(
    partner: PartnerStanding, recipient: str, role: str, purpose: str, document: DocumentFacts
) -> DisclosureRequest:
    requester = Requester(
        partner.system, partner.organisation, recipient, role, purpose, _ASSURANCE, None, None, "supposed"
    )
    return DisclosureRequest(Action.READ, requester, document.resource, role, purpose, "supposed", document=document.id)
