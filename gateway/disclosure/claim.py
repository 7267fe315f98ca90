"""A permit is a claim: it is checked against the facts it was made from before anything acts on it.

The policy judged; this only asks whether what it names is there, in force and matching, and whether every obligation is
one that we know. A claim that fails is an alarm (`permit-unfounded`), never a repair.
"""

from __future__ import annotations

from gateway.directory.instants import from_micros, to_micros
from gateway.directory.model import Directory
from gateway.disclosure.decision import CONSENT_BASES, OBLIGATIONS, Permit
from gateway.disclosure.request import Action, DisclosureRequest
from gateway.disclosure.snapshot import DocumentFacts, GrantFacts, RelationFacts, Snapshot


def find_fault(
    permit: Permit,
    request: DisclosureRequest,
    document: DocumentFacts,
    snapshot: Snapshot,
    directory: Directory,
    at: int,
    policy: str,
) -> str | None:
    """Return what is unfounded in *permit*, in words for the log, or None when every claim holds at *at*
    (microseconds).

    1. the policy's revision is the pinned one; 2. its basis is in the flow; 3. its projection is the directory's;
    4. its obligations are known and complete; 5. what it rests on is among the facts, in force and matching;
    6. its sections are in the document, and each sensitivity of theirs is ticked or carried; 7. its end is the
    earliest.
    """
    recipient = request.requester.service
    if permit.policy != policy:
        return "another policy revision"
    # 2
    when = from_micros(at)
    flow = directory.flow(
        document.category, directory.services[document.custodian].kind, directory.services[recipient].kind, when
    )
    if flow is None or permit.basis not in _bases(flow.bases):
        return "basis not in the flow"
    # 3
    projection = directory.projection(document.category, directory.services[recipient].kind, when)
    if projection is None or permit.projection != (projection.id, projection.version):
        return "projection is not the directory's"
    # 4
    if not permit.obligations <= OBLIGATIONS:
        return "unknown obligation"
    if snapshot.client.non_disclosure and "strip-location" not in permit.obligations:
        return "strip-location is missing"
    if any(grant.spend for grant in permit.grants) != ("spend" in permit.obligations):
        return "spend does not fit the grants"
    if permit.basis != "consent" and "notify-client" not in permit.obligations:
        return "notify-client is missing"
    # 5
    if permit.basis in CONSENT_BASES:
        relied = _relied_grants(permit, request, document, snapshot, at)
        if isinstance(relied, str):
            return relied
        ends = [grant.until for grant in relied]
        ticked = {label for grant in relied for label in grant.sensitivities}
    else:
        relation = _relied_relation(permit, document, recipient, snapshot, flow.section, at)
        if isinstance(relation, str):
            return relation
        standing = [
            grant
            for grant in snapshot.grants
            if not grant.single_use
            and not is_prohibited(snapshot, recipient, document.category)
            and matches(grant, request, document)
            and usable(grant, at)
            and (grant.by_client or not is_refused_in_person(snapshot, recipient, document.category))
        ]
        carried = set(flow.carries.get(permit.basis, frozenset()))
        ticked = carried | {label for grant in standing for label in grant.sensitivities}
        # What the client's ticks open beside a relation ends with them.
        ends = [
            one for one in (relation.until, *_ends_of_ticks(document, standing, carried, directory)) if one is not None
        ]
    # 6
    if not permit.sections or not permit.sections <= set(document.sections):
        return "sections that the document does not have"
    if snapshot.client.non_disclosure and "contact" in permit.sections:
        return "contact under a non-disclosure marking"
    for section in permit.sections:
        natural = directory.nature(document.category, section)
        if not natural | set(document.sections[section]) | set(document.labels) <= ticked:
            return "a section whose sensitivity is neither ticked nor carried"
    # 7
    ends += _ends_of_recipient(recipient, directory)
    if ends and (permit.good_until is None or permit.good_until > min(ends)):
        return "good for longer than what it rests on"
    if permit.good_until is not None and permit.good_until <= at:
        return "ended"
    return None


def is_prohibited(snapshot: Snapshot, recipient: str, category: str) -> bool:
    """Return whether a prohibition in force covers this recipient and category."""
    return any(row.recipient in (None, recipient) and row.category in (None, category) for row in snapshot.prohibitions)


def is_refused_in_person(snapshot: Snapshot, recipient: str, category: str) -> bool:
    """Return whether the client in person has refused this recipient this category: it beats a representative's yes."""
    return any(row.by_client and (row.recipient, row.category) == (recipient, category) for row in snapshot.refusals)


def matches(grant: GrantFacts, request: DisclosureRequest, document: DocumentFacts) -> bool:
    """Return whether *grant* names this very recipient, category, custodian, purpose, document and its date."""
    return (
        grant.recipient == request.requester.service
        and grant.category == document.category
        and grant.custodian == document.custodian
        and grant.purpose == request.purpose
        and grant.document in (None, document.id)
        and (grant.dated_from is None or grant.dated_from <= document.dated)
        and (grant.dated_until is None or document.dated < grant.dated_until)
    )


def usable(grant: GrantFacts, at: int) -> bool:
    """Return whether *grant* is in force at *at*; its end is exclusive."""
    stands = grant.confirmed and not (grant.withdrawn or grant.spent or grant.ended)
    return stands and grant.valid_from <= at < grant.until


def _ends_of_ticks(
    document: DocumentFacts, standing: list[GrantFacts], carried: set[str], directory: Directory
) -> list[int]:
    """Return the ends of the standing grants that tick a sensitivity of the document which the basis does not carry."""
    opened = {
        label
        for section, added in document.sections.items()
        for label in directory.nature(document.category, section) | set(added) | set(document.labels)
    } - carried
    return [grant.until for grant in standing if not opened.isdisjoint(grant.sensitivities)]


def _ends_of_recipient(recipient: str, directory: Directory) -> list[int]:
    """Return when the service and its organisation end, where they do: nothing is released to what is no more."""
    rows = (directory.services[recipient], directory.organisations[directory.services[recipient].organisation])
    return [to_micros(row.period.until) for row in rows if row.period.until is not None]


def _bases(bases: tuple[str, ...]) -> set[str]:
    # A single-use grant in a flow of `consent` is relied on as `consent-once`.
    return set(bases) | ({"consent-once"} if "consent" in bases else set())


def _relied_grants(
    permit: Permit, request: DisclosureRequest, document: DocumentFacts, snapshot: Snapshot, at: int
) -> list[GrantFacts] | str:
    if not permit.grants or permit.relation is not None:
        return "a consent basis without a grant, or with a relation"
    if is_prohibited(snapshot, request.requester.service, document.category):
        return "a prohibition stands"
    by_id = {grant.id: grant for grant in snapshot.grants}
    relied = []
    for claimed in permit.grants:
        grant = by_id.get(claimed.id)
        if grant is None or (grant.consent, grant.version) != (claimed.consent, claimed.version):
            return "a grant that is not among the facts"
        if not matches(grant, request, document) or not usable(grant, at):
            return "a grant that does not match or is not in force"
        if not grant.by_client and is_refused_in_person(snapshot, request.requester.service, document.category):
            return "a representative's grant against the client's own refusal"
        if grant.single_use != claimed.spend or (grant.single_use and request.action is Action.SEARCH):
            return "a grant spent or kept against its kind"
        relied.append(grant)
    if len({claimed.id for claimed in permit.grants}) != len(permit.grants):
        return "a grant named twice"
    if (permit.basis == "consent-once") != any(grant.single_use for grant in relied):
        return "a basis that is not its grants'"
    return relied


def _relied_relation(
    permit: Permit, document: DocumentFacts, recipient: str, snapshot: Snapshot, section: str | None, at: int
) -> RelationFacts | str:
    if permit.grants or permit.relation is None:
        return "a basis without its relation, or with a grant"
    if permit.basis == "disclosure-permit" and is_prohibited(snapshot, recipient, document.category):
        return "a prohibition stands"
    for row in snapshot.relations:
        if row.id == permit.relation:
            fits = row.kind == permit.basis and row.custodian == document.custodian and recipient in row.recipients
            in_force = row.valid_from <= at and (row.until is None or at < row.until) and not row.ended
            # A statute lifts secrecy only where the relation cites one, and the flow's where that names one.
            cites = row.kind != "statutory" or (row.section is not None and section in (None, row.section))
            return row if fits and in_force and cites else "a relation that does not match or is not in force"
    return "a relation that is not among the facts"
