"""What a page says when somebody could not be identified: by the reasons of `gateway.identification`."""

from __future__ import annotations

from typing import Final

from gateway.web.language import N_
from gateway.web.told import Told

_AGAIN: Final = Told(
    N_("You were not signed in"),
    N_("The sign-in was not finished in time, or it was begun in another window. Sign in again."),
)
_BROKEN: Final = Told(
    N_("You were not signed in"),
    N_("The identification service gave an answer that we cannot rely on. Nothing of it was used. Sign in again."),
)
_OF_REASON: Final = {
    "cancelled": Told(N_("You were not signed in"), N_("You went back before the identification was done.")),
    "assurance-too-low": Told(
        N_("This way of identifying is not strong enough"),
        N_("Sign in with bank identification, a mobile certificate or an identity card."),
    ),
    "not-fresh": Told(
        N_("Identify yourself once more"), N_("For this we ask who you are right now. Sign in again."),
    ),
    "claims-unfit": Told(
        N_("You were not signed in"),
        N_("The identification service did not tell us who you are. Ask your own organisation, or call us."),
    ),
    "provider-unavailable": Told(
        N_("The identification service does not answer"),
        N_("Wait a moment and try again. If it does not help, come back later today."),
    ),
    "no-mandate": Told(
        N_("There is no such mandate"), N_("The register of mandates does not let you act for that person."),
    ),
    "stale": _AGAIN,
}  # fmt: skip


def told_of(reason: str) -> Told:
    """Return what to say of a reason; what only an attacker or a broken provider brings about is told as one."""
    return _OF_REASON.get(reason, _BROKEN)
