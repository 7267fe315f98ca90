"""How many grants of one client there may be for one recipient, how many an organisation records, and what is refused
beyond.

All bounds are counted in the act's own transaction, under the head lock: no two acts reach one of them together.
Withdrawing, refusing and prohibiting ask for none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

from gateway.consent.acting import Act
from gateway.consent.capture import OWN_METHODS
from gateway.consent.lifecycle import has_ended
from gateway.consent.model import Consent, Grant, Relation
from gateway.errors import ConsentRefused

MOST_IN_FORCE = 100
"""Confirmed grants of one client for one recipient that are not over. The policy is told of all of them each time."""
MOST_UNCONFIRMED = 100
"""The same of grants that wait for the client: only the recipient's own organisation records such, so it fills
nobody's place but its own."""
MOST_RECORDED = 1000
"""Grants, and relations, about one client that one organisation records within a YEAR, whatever became of them since:
each question about the client reads all that was ever recorded, and the client's own pages show it. What somebody gives
by their own hand is not counted, so nobody can use up a client's own places, nor another organisation's."""
YEAR = timedelta(days=365)


def check_given(act: Act, consent: Consent, old: Consent | None = None) -> None:
    """Check what is about to be given, in place of *old* where it is a change.

    Raises ConsentRefused("too-many-consents") where a recipient would have more of the client's grants to rely on than
    its questions may be judged by, be it once they are confirmed; "too-many-unconfirmed" where too many wait for the
    client already; "too-many-recorded" where a worker gives it whose organisation has recorded so much within the year.
    A change that leaves a recipient no more than it had is refused for none of them.
    """
    # Those that wait count as confirmed here: nothing is recorded that could not come into force.
    _check_in_force(act, consent, consent.grants, () if old is None else _standing(act, old))
    waiting = [grant for grant in consent.grants if not grant.confirmed]
    if waiting:
        there = act.office.stores.consents.unconfirmed(act.connection, consent.client, act.at, beside=consent.id)
        if _over(there, waiting, (), MOST_UNCONFIRMED):
            raise ConsentRefused("too-many-unconfirmed", "so many grants for a recipient wait for the client already")
    capture = consent.capture
    if capture.method not in OWN_METHODS and capture.service is not None:
        before = act.office.stores.consents.recorded(
            act.connection, consent.client, _of_same_organisation(act, capture.service), act.at - YEAR
        )
        _check_recorded(before + len(consent.grants))


def check_related(act: Act, relation: Relation) -> None:
    """Check a relation that is about to be recorded. Raises ConsentRefused("too-many-recorded")."""
    ours = _of_same_organisation(act, relation.recorded_by)
    before = act.office.stores.standing.recorded(act.connection, relation.client, ours, act.at - YEAR)
    _check_recorded(before + 1)


def _check_recorded(number: int) -> None:
    if number > MOST_RECORDED:
        raise ConsentRefused("too-many-recorded", "the organisation has recorded so much about the client this year")


def _of_same_organisation(act: Act, service: str) -> frozenset[str]:
    """Return the services of the organisation that answers for *service*, that one at least."""
    services = act.office.directory.services
    organisation = services[service].organisation if service in services else None
    return frozenset({service, *(code for code, row in services.items() if row.organisation == organisation)})


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
