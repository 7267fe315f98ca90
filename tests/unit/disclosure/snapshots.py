"""Random snapshots near to a permit, over the demo world's own directory and judged by the engine that is shipped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from random import Random

from adapters.opa.batches import encode
from adapters.opa.embedded import EmbeddedEngine
from gateway.demo.world import load_world
from gateway.directory.instants import from_micros, parse_instant, to_micros
from gateway.directory.model import Directory
from gateway.disclosure.claim import find_fault
from gateway.disclosure.decision import Decision, Permit
from gateway.disclosure.facts import make_facts
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.disclosure.snapshot import (
    ClientStanding,
    DocumentFacts,
    Epochs,
    GrantFacts,
    PartnerStanding,
    ProhibitionFacts,
    RefusalFacts,
    RelationFacts,
    Snapshot,
)

NOW = to_micros(parse_instant("2026-11-22T09:00:00+02:00"))
IN_2024 = to_micros(parse_instant("2024-11-22T09:00:00+02:00"))
SENSITIVITIES = ("health", "mental-health", "substance-use")
FLOWS = [
    ("work-ability-plan", "sote-keskus", "kuntakokeilu", "omavalmentaja", "employment-support", "joint-service", NOW),
    ("work-ability-plan", "sosiaalityo", "sote-keskus", "laakari", "care", "joint-service", NOW),
    # The employment office was to end: a permit lasts no longer than its recipient.
    (
        "work-ability-plan",
        "sote-keskus",
        "te-toimisto",
        "omavalmentaja",
        "employment-support",
        "joint-service",
        IN_2024,
    ),
    ("health-check-feedback", "terveystarkastus", "sote-keskus", "laakari", "care", "disclosure-permit", NOW),
    ("referral-summary", "kuntakokeilu", "sosiaalityo", "omatyontekija", "care-coordination", "joint-service", NOW),
    ("interruption-notice", "kuntakokeilu", "sosiaalityo", "omatyontekija", "care-coordination", "statutory", NOW),
    ("activation-plan", "kuntakokeilu", "tyopaja", "tyohonvalmentaja", "employment-support", "processor", NOW),
    (
        "medical-statement-b",
        "sote-keskus",
        "kela",
        "kuntoutusasiantuntija",
        "rehabilitation-decision",
        "processor",
        NOW,
    ),
]
"""Category, custodian, recipient, role, purpose, the kind of relation that may stand beside grants, and the instant."""
SECTION = "189/2001 22 §"


@cache
def directory() -> Directory:
    """The demo world's directory."""
    return load_world().directory


@cache
def engine() -> EmbeddedEngine:
    """The engine as shipped."""
    return EmbeddedEngine()


@dataclass(frozen=True, slots=True)
class Question:
    """One request with everything that it is judged by."""

    request: DisclosureRequest
    document: DocumentFacts
    snapshot: Snapshot
    at: int

    def decide(self) -> Decision:
        """Let the engine judge."""
        facts = make_facts(
            self.request, self.document.category, self.document, self.snapshot, directory(), from_micros(self.at)
        )
        return engine().judge(encode(facts))

    def fault(self, permit: Permit) -> str | None:
        """What is unfounded in *permit*."""
        return find_fault(permit, self.request, self.document, self.snapshot, directory(), self.at, engine().revision)


def question(seed: int) -> Question:
    """Return the question that follows from *seed*; about half of them are permitted."""
    draw = Random(seed)
    category, custodian, recipient, role, purpose, kind, at = draw.choice(FLOWS)
    organisation = directory().services[recipient].organisation
    requester = Requester(
        f"{recipient}-system", organisation, recipient, role, purpose, "substantial", "w-1", "Olli", "token-1"
    )
    document = _document(draw, category, custodian, at)
    action = Action.SEARCH if draw.random() < 0.2 else Action.READ
    request = DisclosureRequest(action, requester, document.resource, role, purpose, "r-1", document=document.id)
    snapshot = Snapshot(
        epochs=Epochs(1, 1, 1),
        client=ClientStanding("c-1", known=True, suspended=False, non_disclosure=draw.random() < 0.3),
        partner=PartnerStanding(requester.system, organisation, (recipient,), suspended=False),
        documents=(document,),
        grants=tuple(
            _grant(draw, number, document, recipient, purpose, at) for number in range(draw.choice((0, 1, 2, 3, 4)))
        ),
        prohibitions=tuple(_prohibitions(draw, category)),
        relations=tuple(
            _relation(draw, number, document, recipient, kind, at) for number in range(draw.choice((0, 0, 1, 2)))
        ),
        refusals=(RefusalFacts(recipient, category, by_client=True),) if draw.random() < 0.1 else (),
        named=frozenset(),
    )
    named = frozenset((grant.recipient, grant.category) for grant in snapshot.grants)
    return Question(request, document, replace(snapshot, named=named), at)


def _ticks(draw: Random) -> tuple[str, ...]:
    return tuple(sorted(draw.sample(SENSITIVITIES, draw.randrange(4))))


def _document(draw: Random, category: str, custodian: str, at: int) -> DocumentFacts:
    row = directory().categories[category]
    present = [section for section in row.sections if draw.random() < 0.8] or [row.sections[0]]
    sections = {section: _ticks(draw) if draw.random() < 0.2 else () for section in present}
    labels = draw.choice([(), (), (), ("health",)])
    return DocumentFacts("d-1", 1, custodian, category, row.resource, at - 1000, labels, sections, "c-1")


def _grant(draw: Random, number: int, document: DocumentFacts, recipient: str, purpose: str, at: int) -> GrantFacts:
    odd = draw.random() < 0.15
    single_use = directory().categories[document.category].single_use or draw.random() < 0.3
    return GrantFacts(
        id=f"g-{number}", consent=f"k-{draw.randrange(3)}", version=draw.randint(1, 2), custodian=document.custodian,
        recipient=recipient, category=document.category, purpose="care" if odd else purpose, valid_from=at - 1000,
        until=at + draw.choice((1, 10, 100, 10**13)), sensitivities=_ticks(draw), single_use=single_use,
        document=draw.choice((None, "d-1")), dated_from=None, dated_until=None, withdrawn=draw.random() < 0.1,
        confirmed=draw.random() > 0.1, spent=draw.random() < 0.05, ended=False, seq=number,
        by_client=draw.random() > 0.1,
    )  # fmt: skip


def _relation(draw: Random, number: int, document: DocumentFacts, recipient: str, kind: str, at: int) -> RelationFacts:
    until = draw.choice((None, at + 5, at + 10**13))
    section = draw.choice((SECTION, "189/2001 5 §")) if kind == "statutory" else None
    return RelationFacts(
        f"r-{number}", kind, document.custodian, (recipient,), at - 1000, until, draw.random() < 0.1, section
    )


def _prohibitions(draw: Random, category: str) -> list[ProhibitionFacts]:
    if draw.random() < 0.8:
        return []
    return [ProhibitionFacts("p-1", draw.choice((None, "kela")), draw.choice((category, "handover")), by_client=True)]
