"""Random facts that are whole and mostly near to a permit, so that every dimension is the deciding one now and then.

Hypothesis draws a seed and the rest follows from it: thousands of facts a second, and each can be had again.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

Facts = dict[str, Any]

NOW = 1_795_330_800_000_000
"""22 November 2026, 9.00 in Helsinki, in microseconds."""

SENSITIVITIES = ["health", "mental-health", "substance-use"]
RELATION_KINDS = ["joint-service", "processor", "disclosure-permit", "statutory"]
SECTION = "189/2001 22 §"

# The directory's own flows have consent last; these are they, and some that it has not.
FLOWS = [
    ["joint-service", "consent"],
    ["disclosure-permit", "consent"],
    ["processor", "consent"],
    ["consent"],
    ["consent-once"],
    ["joint-service", "statutory"],
    ["statutory"],
    ["joint-service", "statutory", "processor", "disclosure-permit", "consent"],
    ["own-data"],
    [],
]
ODD_FLOWS = [
    ["consent", "joint-service"],
    ["consent-once", "disclosure-permit", "consent"],
    ["consent", "consent-once"],
]


def mostly(draw: Random, value: Any, *others: Any, of: int = 12) -> Any:
    """Nearly always *value*, one time in *of* one of the *others*."""
    return draw.choice(others) if draw.randrange(of) == 0 else value


def starts(draw: Random) -> int:
    """When a row begins: before now, and now and then just at its edge."""
    return int(mostly(draw, NOW - 100, NOW - 1, NOW, NOW + 1))


def ends(draw: Random) -> int:
    """When a row ends: after now, and now and then just at its edge."""
    return int(mostly(draw, NOW + 100, NOW - 1, NOW, NOW + 1, NOW + 2))


def ticks(draw: Random) -> list[str]:
    """Some sensitivities."""
    return draw.sample(SENSITIVITIES, draw.randrange(4))


def grants(draw: Random, name: str) -> Facts:
    """One candidate grant."""
    return {
        "id": name,
        "consent": draw.choice(["c1", "c2", "c3"]),
        "version": draw.randint(1, 3),
        "custodian": mostly(draw, "sote-keskus", "sosiaalityo"),
        "recipient": mostly(draw, "kuntakokeilu", "kela", of=20),
        "category": mostly(draw, "work-ability-plan", "handover"),
        "purpose": mostly(draw, "employment-support", "care"),
        "from": starts(draw),
        "until": ends(draw),
        "sensitivities": ticks(draw),
        "single_use": draw.random() < 0.5,
        "document": mostly(draw, None, "d1", "d2", of=6),
        "dated_from": mostly(draw, None, NOW - 51, NOW - 50, NOW - 49, of=6),
        "dated_until": mostly(draw, None, NOW - 51, NOW - 50, NOW - 49, of=6),
        "withdrawn": mostly(draw, False, True),
        "confirmed": mostly(draw, True, False),
        "spent": mostly(draw, False, True),
        "ended": mostly(draw, False, True),
        # The grants of one consent have one place in the log.
        "seq": draw.randint(1, 4),
        "by_client": mostly(draw, True, False, of=4),
    }


def relations(draw: Random, name: str, kinds: list[str]) -> Facts:
    """One recorded relation."""
    return {
        "id": name,
        "kind": draw.choice(kinds),
        "custodian": mostly(draw, "sote-keskus", "kuntakokeilu"),
        "recipients": mostly(draw, ["kela", "kuntakokeilu"], ["kela"], []),
        "from": starts(draw),
        "until": draw.choice([None, ends(draw)]),
        "ended": mostly(draw, False, True),
        "section": mostly(draw, SECTION, None, "189/2001 5 §", of=6),
    }


def prohibitions(draw: Random, name: str) -> Facts:
    """One prohibition in force; half of them are about something else."""
    return {
        "id": name,
        "recipient": draw.choice([None, "kuntakokeilu", "kela"]),
        "category": draw.choice([None, "work-ability-plan", "handover"]),
        "own": draw.random() < 0.5,
    }


def documents(draw: Random) -> Facts:
    """The document asked for."""
    names = ["goals", "health", "mental-health", "substance-use", "contact"]
    present = mostly(draw, names[:3], [], ["contact"], ["contact", "health"], names, ["mental-health"], of=3)
    return {
        "id": "d1",
        "version": draw.randint(1, 3),
        "custodian": "sote-keskus",
        "custodian_kind": "health-centre",
        "category": mostly(draw, "work-ability-plan", "handover", of=40),
        "dated": NOW - 50,
        "labels": mostly(draw, [], ["health"], ["mental-health", "health"], of=5),
        "sections": {name: ticks(draw) if draw.random() < 0.5 else [] for name in present},
        "single_use": mostly(draw, False, True),
    }


def random_facts(draw: Random, flows: list[list[str]] | None = None) -> Facts:
    """Facts of which each has its type, with flows out of *flows*."""
    bases = draw.choice(flows or FLOWS + ODD_FLOWS)
    carried = mostly(draw, {}, *({basis: ["health"]} for basis in RELATION_KINDS), of=3)
    kinds = [basis for basis in bases if basis in RELATION_KINDS] or RELATION_KINDS
    facts: Facts = {
        "v": 1,
        "at": NOW,
        "request": {
            "action": mostly(draw, "read", "search", of=5),
            "category": "work-ability-plan",
            "purpose": "employment-support",
            "role": "omavalmentaja",
            "recipient": "kuntakokeilu",
            "basis": mostly(draw, None, "consent", "consent-once", "own-data", *RELATION_KINDS, of=4),
            "assurance": mostly(draw, "substantial", "high", "low", of=20),
        },
        "requester": {
            "system": "kuntakokeilu-system",
            "organisation": mostly(draw, "tyollisyysalue", "kela", of=80),
            "services": mostly(draw, ["kuntakokeilu"], [], ["kela"], ["kela", "kuntakokeilu"], of=40),
            "suspended": mostly(draw, False, True, of=40),
            "claims": {
                "organisation": mostly(draw, "tyollisyysalue", "kela", of=80),
                "service": mostly(draw, "kuntakokeilu", "kela", of=80),
                "role": mostly(draw, "omavalmentaja", "laakari", of=80),
                "purpose": mostly(draw, "employment-support", "care", of=80),
            },
        },
        "recipient": (
            mostly(
                draw,
                {
                    "service": mostly(draw, "kuntakokeilu", "kela", of=80),
                    "organisation": mostly(draw, "tyollisyysalue", "kela", of=80),
                    "kind": mostly(draw, "employment-service", "social-insurance", of=40),
                    "from": mostly(draw, NOW - 100, NOW, NOW + 1, of=20),
                    "until": mostly(draw, None, NOW, NOW + 1, NOW + 5, of=10),
                },
                None,
                of=80,
            )
        ),
        "role": (
            mostly(
                draw,
                {"in": ["employment-service"], "purposes": mostly(draw, ["employment-support"], ["care"], of=40)},
                None,
                of=80,
            )
        ),
        "known": {"category": mostly(draw, True, False, of=80), "purpose": mostly(draw, True, False, of=80)},
        "client": {
            "known": mostly(draw, True, False, of=40),
            "suspended": mostly(draw, False, True, of=40),
            "non_disclosure": mostly(draw, False, True, of=4),
        },
        "document": documents(draw) if mostly(draw, True, False, of=40) else None,
        "flow": (
            mostly(
                draw, {"bases": bases, "carries": carried, "section": mostly(draw, SECTION, None, of=4)}, None, of=30
            )
        ),
        "prohibitions": [prohibitions(draw, f"p{i}") for i in range(mostly(draw, 0, 1, 2, of=4))],
        "relations": [relations(draw, f"r{9 - i}", kinds) for i in range(draw.randint(0, 2))],
        "grants": [grants(draw, f"g{i}") for i in range(draw.randint(0, 4))],
        "others": {"predecessor": mostly(draw, False, True), "recipient_elsewhere": draw.random() < 0.5},
        "refused_in_person": mostly(draw, False, True, of=4),
        "projection": mostly(draw, {"id": "plan-for-employment", "version": 1}, None, of=40),
    }
    if bases == ["own-data"] and draw.random() < 0.7:
        _let_the_client_ask(draw, facts)
    return facts


def _let_the_client_ask(draw: Random, facts: Facts) -> None:
    """Make the asker a person: the client, or who acts for one."""
    kind = draw.choice(["client", "representative"])
    if facts["recipient"] is not None:
        facts["recipient"]["kind"] = kind
    if facts["role"] is not None:
        facts["role"]["in"] = [kind]
    if facts["flow"] is not None:
        facts["flow"]["carries"] = {"own-data": draw.choice([SENSITIVITIES, ticks(draw)])}
    facts["request"]["basis"] = mostly(draw, None, "own-data", "consent")


seeds = st.integers(0, 2**48).map(Random)


def whole_facts(flows: list[list[str]] | None = None) -> st.SearchStrategy[Facts]:
    """Facts of which each has its type, with flows out of *flows*."""
    return seeds.map(lambda draw: random_facts(draw, flows))
