"""Turn what an engine answered into a Permit or a Deny. The only place where a Permit is made.

Whatever is not exactly of the agreed shape is no decision: it raises, and nobody gets anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.disclosure.decision import OBLIGATIONS, REASONS, Decision, Deny, Permit, RelianceGrant
from gateway.errors import EngineUnavailable

MAX_GRANTS = 200
"""Facts with more grants are not judged: the work of one decision has a bound (`gateway.disclosure.candidates`)."""

_PERMIT_KEYS = frozenset(
    ["allow", "reasons", "basis", "grants", "relation", "sections", "projection", "obligations", "good_until", "policy"]
)
_DENY_KEYS = frozenset({"allow", "reasons", "policy"})
_GRANT_KEYS = frozenset({"id", "consent", "version", "spend"})


class TooManyGrants(EngineUnavailable):
    """The facts hold more candidate grants than one decision may cost."""


class _WrongShape(Exception):
    """The answer is not of the agreed shape."""


def verify_cost(facts: Mapping[str, object]) -> None:
    """Raise TooManyGrants when these facts would cost more than a decision may."""
    grants = facts.get("grants")
    if isinstance(grants, Sequence) and len(grants) > MAX_GRANTS:
        raise TooManyGrants(f"more than {MAX_GRANTS} candidate grants")


def parse_decision(raw: object, revision: str) -> Decision:
    """Return the decision in *raw*, JSON as Python values.

    Raises EngineUnavailable when *raw* is no decision, or one of another policy revision than *revision*.
    """
    try:
        decision = _permit(raw) if _is_permit(raw) else _deny(raw)
    except _WrongShape as error:
        raise EngineUnavailable("the policy engine's answer is no decision") from error
    if decision.policy != revision:
        raise EngineUnavailable("the policy engine judges by another revision")
    return decision


def parse_decisions(raw: object, count: int, revision: str) -> list[Decision]:
    """Return the decisions in *raw*, which must be exactly *count*; raises as `parse_decision` does."""
    if not isinstance(raw, list) or len(raw) != count:
        raise EngineUnavailable("the policy engine did not answer each question")
    return [parse_decision(one, revision) for one in raw]


def _is_permit(raw: object) -> bool:
    return isinstance(raw, dict) and raw.get("allow") is True


def _permit(raw: object) -> Permit:
    answer = _row(raw, _PERMIT_KEYS)
    if answer["reasons"] != []:
        raise _WrongShape
    projection = _row(answer["projection"], frozenset({"id", "version"}))
    sections = _distinct_texts(answer["sections"])
    obligations = _distinct_texts(answer["obligations"])
    if not sections or not obligations <= OBLIGATIONS:
        raise _WrongShape
    return Permit(
        basis=_text(answer["basis"]),
        grants=tuple(_grant(row) for row in _rows(answer["grants"])),
        relation=None if answer["relation"] is None else _text(answer["relation"]),
        sections=sections,
        projection=(_text(projection["id"]), _whole(projection["version"])),
        obligations=obligations,
        good_until=None if answer["good_until"] is None else _whole(answer["good_until"]),
        policy=_text(answer["policy"]),
    )


def _deny(raw: object) -> Deny:
    answer = _row(raw, _DENY_KEYS)
    reasons = _rows(answer["reasons"])
    if answer["allow"] is not False or len(reasons) != 1:
        raise _WrongShape
    reason = _text(reasons[0])
    if reason not in REASONS:
        raise _WrongShape
    return Deny(reasons=(reason,), policy=_text(answer["policy"]))


def _grant(raw: object) -> RelianceGrant:
    row = _row(raw, _GRANT_KEYS)
    spend = row["spend"]
    if not isinstance(spend, bool):
        raise _WrongShape
    return RelianceGrant(
        id=_text(row["id"]), consent=_text(row["consent"]), version=_whole(row["version"]), spend=spend
    )


def _row(raw: object, keys: frozenset[str]) -> dict[str, object]:
    if not isinstance(raw, dict) or raw.keys() != keys:
        raise _WrongShape
    return raw


def _rows(raw: object) -> list[object]:
    if not isinstance(raw, list):
        raise _WrongShape
    return raw


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw:
        raise _WrongShape
    return raw


def _whole(raw: object) -> int:
    # In Python True is an integer too.
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 0:
        raise _WrongShape
    return raw


def _distinct_texts(raw: object) -> frozenset[str]:
    texts = [_text(one) for one in _rows(raw)]
    if len(set(texts)) != len(texts):
        raise _WrongShape
    return frozenset(texts)
