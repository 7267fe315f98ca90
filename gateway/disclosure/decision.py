"""What the policy answered: a Permit to be checked as a claim, or a Deny with the one reason."""

from __future__ import annotations

from dataclasses import dataclass

REASONS = frozenset(
    "request-invalid requester-mismatch service-closed role-not-allowed assurance-too-low suspended prohibited "
    "basis-not-applicable succeeded recipient-not-named no-consent category-not-covered custodian-not-covered "
    "purpose-not-covered document-not-covered withdrawn unconfirmed spent expired not-yet-in-force "
    "sensitivity-not-covered not-found facts-changed permit-unfounded clock-untrusted engine-unavailable "
    "custodian-unavailable".split()
)
"""The closed list of reason codes (consent rules, section 2)."""

OBLIGATIONS = frozenset({"strip-location", "notify-client", "spend"})
"""Every obligation that the gateway can fulfil; another one in a permit is a refusal."""

CONSENT_BASES = frozenset({"consent", "consent-once"})


@dataclass(frozen=True, slots=True)
class RelianceGrant:
    """A grant that a permit rests on, with the consent's version that was judged."""

    id: str
    consent: str
    version: int
    spend: bool


@dataclass(frozen=True, slots=True)
class Permit:
    """A claim of the policy that these sections may go out under this basis. Only `adapters.opa` makes one.

    `good_until` is in microseconds since the epoch, None when nothing it rests on has an end; exclusive.
    """

    basis: str
    grants: tuple[RelianceGrant, ...]
    relation: str | None
    sections: frozenset[str]
    projection: tuple[str, int]
    obligations: frozenset[str]
    good_until: int | None
    policy: str


@dataclass(frozen=True, slots=True)
class Deny:
    """A refusal with its reason codes (one from the policy) and the policy's revision."""

    reasons: tuple[str, ...]
    policy: str


Decision = Permit | Deny
