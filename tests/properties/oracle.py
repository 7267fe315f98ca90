"""The rules of `docs` on how a request is judged, written a second time, plainly, to compare the engines with.

It is written from the rules and not from the Rego. It takes facts that are whole (their types are the engines' own
affair, tested apart) and returns what an engine must answer, the policy's revision left out.
"""

from __future__ import annotations

from typing import Any

Facts = dict[str, Any]
Answer = dict[str, Any]

OF_THE_WILL = ("consent", "consent-once", "disclosure-permit")
CONSENTS = ("consent", "consent-once")
OWN = "own-data"


def judge(facts: Facts) -> Answer:
    """Return the one answer to whole *facts*."""
    reason = _refusal_before_basis(facts)
    if reason:
        return _refuse(reason)
    used = _first_basis_that_holds(facts)
    if used is None:
        return _refuse(_why_no_basis(facts))
    return _release(facts, used)


def _refuse(reason: str) -> Answer:
    return {"allow": False, "reasons": [reason]}


def _refusal_before_basis(facts: Facts) -> str | None:
    request, requester, recipient, role = facts["request"], facts["requester"], facts["recipient"], facts["role"]
    if not (facts["known"]["category"] and facts["known"]["purpose"]) or recipient is None or role is None:
        return "request-invalid"
    claimed = {
        "organisation": requester["organisation"],
        "service": request["recipient"],
        "role": request["role"],
        "purpose": request["purpose"],
    }
    if (
        requester["claims"] != claimed
        or request["recipient"] not in requester["services"]
        or (recipient["service"], recipient["organisation"]) != (request["recipient"], requester["organisation"])
    ):
        return "requester-mismatch"
    if not _within(facts["at"], recipient["from"], recipient["until"]):
        return "service-closed"
    if recipient["kind"] not in role["in"] or request["purpose"] not in role["purposes"]:
        return "role-not-allowed"
    if request["assurance"] == "low":
        return "assurance-too-low"
    if requester["suspended"]:
        return "suspended"
    document = facts["document"]
    if not facts["client"]["known"] or document is None or document["category"] != request["category"]:
        return "not-found"
    return "suspended" if facts["client"]["suspended"] else None


def _within(at: int, start: int, end: int | None) -> bool:
    return at >= start and (end is None or at < end)


def _prohibited(facts: Facts) -> bool:
    recipient, category = facts["request"]["recipient"], facts["request"]["category"]
    return any(p["recipient"] in (None, recipient) and p["category"] in (None, category) for p in facts["prohibitions"])


def _bases(facts: Facts) -> list[str]:
    """The bases that may carry it, after the category's and the request's own limits."""
    found = list(facts["flow"]["bases"]) if facts["flow"] else []
    if facts["document"]["single_use"]:
        found = [basis for basis in found if basis in ("consent-once", OWN)]
    limit = facts["request"]["basis"]
    if limit is None:
        return found
    if limit == "consent-once":
        return [basis for basis in found if basis in CONSENTS]
    return [basis for basis in found if basis == limit]


def _countable(facts: Facts) -> list[Facts]:
    """The grants for this recipient that are of a kind that could be relied on, in any state."""
    bases, limit = _bases(facts), facts["request"]["basis"]
    standing = "consent" in bases and limit != "consent-once"
    single = any(basis in CONSENTS for basis in bases) and limit != "consent" and facts["request"]["action"] == "read"
    return [
        grant
        for grant in facts["grants"]
        if grant["recipient"] == facts["request"]["recipient"] and (single if grant["single_use"] else standing)
    ]


def _dimensions(grant: Facts, facts: Facts) -> list[tuple[str, bool]]:
    document = facts["document"]
    dated_after = grant["dated_from"] is None or document["dated"] >= grant["dated_from"]
    dated_before = grant["dated_until"] is None or document["dated"] < grant["dated_until"]
    return [
        ("category-not-covered", grant["category"] == document["category"]),
        ("custodian-not-covered", grant["custodian"] == document["custodian"]),
        ("purpose-not-covered", grant["purpose"] == facts["request"]["purpose"]),
        ("document-not-covered", dated_after and dated_before and grant["document"] in (None, document["id"])),
    ]


def _states(grant: Facts, at: int) -> list[str]:
    """What keeps the grant from being in force, in the order in which it is told; nothing when it is in force."""
    return [
        state
        for state, holds in (
            ("withdrawn", grant["withdrawn"]),
            ("unconfirmed", not grant["confirmed"]),
            ("spent", grant["spent"]),
            ("expired", at >= grant["until"] or grant["ended"]),
            ("not-yet-in-force", at < grant["from"]),
        )
        if holds
    ]


def _usable(grant: Facts, facts: Facts) -> bool:
    matches = grant["recipient"] == facts["request"]["recipient"] and all(fits for _, fits in _dimensions(grant, facts))
    by_another = facts["refused_in_person"] and not grant["by_client"]
    return matches and not _states(grant, facts["at"]) and not by_another


def usable_grants(facts: Facts) -> list[Facts]:
    """The grants in force that match on every dimension and could be relied on in this request."""
    return [grant for grant in _countable(facts) if _usable(grant, facts)]


def _relations(facts: Facts, kind: str) -> list[Facts]:
    def cites(relation: Facts) -> bool:
        section = facts["flow"]["section"]
        return kind != "statutory" or (relation["section"] is not None and section in (None, relation["section"]))

    return [
        relation
        for relation in facts["relations"]
        if relation["kind"] == kind
        and relation["custodian"] == facts["document"]["custodian"]
        and facts["request"]["recipient"] in relation["recipients"]
        and not relation["ended"]
        and _within(facts["at"], relation["from"], relation["until"])
        and cites(relation)
    ]


def _first_basis_that_holds(facts: Facts) -> str | None:
    for basis in _bases(facts):
        if basis in OF_THE_WILL and _prohibited(facts):
            continue
        if basis == OWN:
            if _is_the_clients_own(facts):
                return basis
        elif usable_grants(facts) if basis in CONSENTS else _relations(facts, basis):
            return basis
    return None


def _in_person(facts: Facts) -> bool:
    return bool(facts["recipient"]["kind"] == "client")


def _is_the_clients_own(facts: Facts) -> bool:
    """The client sees what is theirs; who acts for one nothing forbidden to all, and nothing of one in hiding."""
    if _in_person(facts):
        return True
    hidden = _prohibited(facts) or facts["client"]["non_disclosure"]
    return facts["recipient"]["kind"] == "representative" and not hidden


def _why_no_basis(facts: Facts) -> str:
    bases = _bases(facts)
    if _prohibited(facts) and set(bases) & set(OF_THE_WILL):
        return "prohibited"
    if not set(bases) & set(CONSENTS):
        return "basis-not-applicable"
    left = _countable(facts)
    if not left:
        if facts["others"]["predecessor"]:
            return "succeeded"
        return "recipient-not-named" if facts["others"]["recipient_elsewhere"] else "no-consent"
    for place in range(4):
        name = _dimensions(left[0], facts)[place][0]
        left = [grant for grant in left if _dimensions(grant, facts)[place][1]]
        if not left:
            return name
    if any(not _states(grant, facts["at"]) for grant in left):
        return "prohibited"  # in force, and beaten by what the client refused in person
    latest = max(grant["seq"] for grant in left)
    told = [state for grant in left if grant["seq"] == latest for state in _states(grant, facts["at"])]
    order = ["withdrawn", "unconfirmed", "spent", "expired", "not-yet-in-force"]
    return min(told, key=order.index)


def _rely(facts: Facts, sensitive: set[str]) -> list[Facts]:
    """All standing grants, then single-use ones from the newest, each only if it opens what is still closed."""
    usable = usable_grants(facts)
    relied = [grant for grant in usable if not grant["single_use"]]
    for grant in sorted(
        (grant for grant in usable if grant["single_use"]), key=lambda one: (one["seq"], one["id"]), reverse=True
    ):
        still_closed = sensitive - {tick for one in relied for tick in one["sensitivities"]}
        if not relied or still_closed & set(grant["sensitivities"]):
            relied.append(grant)
    return relied


def _release(facts: Facts, used: str) -> Answer:
    document = facts["document"]
    sensitive = set(document["labels"]).union(*document["sections"].values())
    relied: list[Facts] = []
    relation: Facts | None = None
    if used in CONSENTS:
        relied = ticking = _rely(facts, sensitive)
        covered: set[str] = set()
    else:
        relation = None if used == OWN else min(_relations(facts, used), key=lambda row: str(row["id"]))
        covered = set(facts["flow"]["carries"].get(used, []))
        ticking = [
            grant
            for grant in facts["grants"]
            if not grant["single_use"]
            and _usable(grant, facts)
            and not _prohibited(facts)
            and set(grant["sensitivities"]) & (sensitive - covered)
        ]
    covered = covered.union(*(grant["sensitivities"] for grant in ticking))
    is_hidden = facts["client"]["non_disclosure"] and not _in_person(facts)
    hidden = {"contact"} if is_hidden else set()
    released = {name for name, labels in document["sections"].items() if set(labels) <= covered} - hidden
    if not set(document["labels"]) <= covered or not released:
        return _refuse("sensitivity-not-covered")
    if facts["projection"] is None:
        return _refuse("permit-unfounded")
    spends = any(grant["single_use"] for grant in relied)
    ends = [grant["until"] for grant in ticking]
    ends += [row["until"] for row in (relation, facts["recipient"]) if row and row["until"] is not None]
    obligations = {
        "strip-location": is_hidden,
        "notify-client": used not in (*CONSENTS, OWN) or spends,
        "spend": spends,
    }
    return {
        "allow": True,
        "reasons": [],
        "basis": ("consent-once" if spends else "consent") if used in CONSENTS else used,
        "grants": {(grant["id"], grant["consent"], grant["version"], grant["single_use"]) for grant in relied},
        "relation": relation["id"] if relation else None,
        "sections": released,
        "projection": (facts["projection"]["id"], facts["projection"]["version"]),
        "obligations": {name for name, holds in obligations.items() if holds},
        "good_until": min(ends, default=None),
    }
