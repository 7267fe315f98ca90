"""A client's own reading, judged: the facts of a look at what is one's own, and its permit checked as a claim.

Nothing of the directory's flows leads to a person. The flow that is stated here is the law's: what lies about somebody
may be read by them (basis `own-data`). Which of it a representative sees, the policy says.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.directory.instants import from_micros
from gateway.directory.model import Directory
from gateway.disclosure.claim import is_prohibited
from gateway.disclosure.decision import Deny, Permit
from gateway.disclosure.facts import Facts, make_facts
from gateway.disclosure.looking import Looker
from gateway.disclosure.ports import PolicyEngine
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.disclosure.snapshot import DocumentFacts, PartnerStanding
from gateway.disclosure.whole import Whole

OWN_DATA = "own-data"
_OWN_USE = "own-use"
_PAGE = "own-page"
_WHOLE = ("whole", 1)
"""The projection of a look at what is one's own: no field is cut away."""


async def judge_own(
    looker: Looker, documents: Sequence[DocumentFacts], whole: Whole, directory: Directory, engine: PolicyEngine,
    at: int,
) -> list[Permit | str]:  # fmt: skip
    """Return for each of a client's documents the permit of who looks, or the reason of a refusal; judged by one call.

    *at* is in microseconds. A permit that is not founded is the reason `permit-unfounded`. Raises EngineUnavailable.
    """
    facts = [own_facts(looker, document, whole, directory, at) for document in documents]
    answers: list[Permit | str] = []
    for document, decision in zip(documents, await engine.decide_many(facts) if facts else [], strict=True):
        match decision:
            case Deny(reasons=reasons):
                answers.append(reasons[0])
            case Permit() as permit:
                fault = find_own_fault(permit, looker, document, whole, directory, engine.revision)
                answers.append(permit if fault is None else "permit-unfounded")
    return answers


def own_facts(looker: Looker, document: DocumentFacts, whole: Whole, directory: Directory, at: int) -> Facts:
    """Return the facts of a look at one document of the client's at the instant *at*, in microseconds."""
    who = str(looker.kind)
    requester = Requester(_PAGE, who, who, who, _OWN_USE, "substantial", None, None, "own")
    request = DisclosureRequest(
        Action.READ,
        requester,
        document.resource,
        who,
        _OWN_USE,
        "own",
        document=document.id,
        category=document.category,
    )
    # No service asks: what a client gave to one, and what binds one, is nothing to their own look.
    snapshot = whole.snapshot(PartnerStanding(_PAGE, who, (who,), suspended=False), who, (document,))
    return make_facts(request, document.category, document, snapshot, directory, from_micros(at)) | {
        "recipient": {"service": who, "organisation": who, "kind": who, "from": 0, "until": None},
        "role": {"in": [who], "purposes": [_OWN_USE]},
        "known": {"category": document.category in directory.categories, "purpose": True},
        "flow": {"bases": [OWN_DATA], "carries": {OWN_DATA: sorted(_theirs(looker, directory))}, "section": None},
        "projection": {"id": _WHOLE[0], "version": _WHOLE[1]},
    }


def find_own_fault(
    permit: Permit, looker: Looker, document: DocumentFacts, whole: Whole, directory: Directory, policy: str
) -> str | None:
    """Return what is unfounded in a permit to look at one's own, in words for the log; None when every claim holds.

    1. the policy's revision is the pinned one; 2. its basis is own-data, and it rests on nothing else; 3. it is the
    whole document; 4. it obliges to nothing, and ends with nothing; 5. who looks may; 6. its sections are in the
    document, and each sensitivity of theirs is theirs to see.
    """
    if permit.policy != policy:
        return "another policy revision"
    # 2
    if permit.basis != OWN_DATA or permit.grants or permit.relation is not None:
        return "a basis that is not one's own"
    # 3 and 4
    if permit.projection != _WHOLE:
        return "projection is not the whole"
    if permit.obligations or permit.good_until is not None:
        return "an obligation or an end that one's own has not"
    # 5
    if whole.client.suspended or not whole.client.known or document.client not in ("", whole.client.id):
        return "a client who may not look, or another's document"
    if not looker.is_client:
        snapshot = whole.snapshot(PartnerStanding("", "", (), suspended=False), "", ())
        if whole.client.non_disclosure or is_prohibited(snapshot, str(looker.kind), document.category):
            return "a representative under a prohibition or a marking"
    # 6
    theirs = _theirs(looker, directory)
    if not permit.sections or not permit.sections <= set(document.sections):
        return "sections that the document does not have"
    for section in permit.sections:
        natural = directory.nature(document.category, section)
        if not natural | set(document.sections[section]) | set(document.labels) <= theirs:
            return "a section whose sensitivity is not ticked"
    return None


def _theirs(looker: Looker, directory: Directory) -> frozenset[str]:
    """Return the sensitivities that who looks may see: to the client in person every one, to another the ticked."""
    return frozenset(directory.sensitivities) if looker.is_client else looker.ticks
