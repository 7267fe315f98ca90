"""How many grants of one client there may be for one recipient, and what is refused beyond.

Both bounds are counted in the act's own transaction, under the head lock: no two acts reach one of them together.
Withdrawing, refusing and prohibiting ask for neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from gateway.consent.acting import Act
from gateway.consent.lifecycle import has_ended
from gateway.consent.model import Consent, Grant
from gateway.errors import ConsentRefused

MOST_IN_FORCE = 100
"""Confirmed grants of one client for one recipient that are not over. The policy is told of all of them each time."""
MOST_UNCONFIRMED = 100
"""The same of grants that wait for the client: only the recipient's own organisation records such, so it fills
nobody's place but its own."""


def check_given(act: Act, consent: Consent, old: Consent | None = None) -> None:
    """Check what is about to be given, in place of *old* where it is a change.

    Raises ConsentRefused("too-many-consents") where a recipient would have more of the client's grants to rely on than
    its questions may be judged by, be it once they are confirmed; "too-many-unconfirmed" where too many wait for the
    client already. A change that leaves a recipient no more than it had is refused for neither.
    """
    # Those that wait count as confirmed here: nothing is recorded that could not come into force.
    _check_in_force(act, consent, consent.grants, () if old is None else _standing(act, old))
    waiting = [grant for grant in consent.grants if not grant.confirmed]
    if waiting:
        there = act.office.stores.consents.unconfirmed(act.connection, consent.client, act.at, beside=consent.id)
        if _over(there, waiting, (), MOST_UNCONFIRMED):
            raise ConsentRefused("too-many-unconfirmed", "so many grants for a recipient wait for the client already")


def check_confirmed(act: Act, old: Consent, new: Consent) -> None:
    """Check what *new* would have in force by a confirmation. Raises ConsentRefused("too-many-consents")."""
    _check_in_force(act, new, _standing(act, new), _standing(act, old))


def _check_in_force(act: Act, consent: Consent, grants: Iterable[Grant], before: Iterable[Grant]) -> None:
    there = act.office.stores.consents.in_force(act.connection, consent.client, act.at, beside=consent.id)
    if _over(there, grants, before, MOST_IN_FORCE):
        raise ConsentRefused("too-many-consents", "the client has so many consents for a recipient already")


def _over(there: Mapping[str, int], grants: Iterable[Grant], before: Iterable[Grant], most: int) -> bool:
    """Return whether a recipient has more than *most*, and more by these grants than by those before."""
    now = Counter(grant.row.recipient for grant in grants)
    former = Counter(grant.row.recipient for grant in before)
    return any(count > former[code] and there.get(code, 0) + count > most for code, count in now.items())


def _standing(act: Act, consent: Consent) -> list[Grant]:
    """Return its confirmed grants that are not over."""
    return [grant for grant in consent.grants if grant.confirmed and not grant.spent and not has_ended(grant, act.at)]
