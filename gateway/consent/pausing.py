"""Acts of pausing: "not to anyone, for now". A pause is a prohibition by itself: what the client made in person, the
client alone lifts."""

from __future__ import annotations

from datetime import timedelta

from gateway.consent import prohibition as prohibitions
from gateway.consent.acting import Act, known_giver
from gateway.consent.checks import Mandate
from gateway.consent.model import ClientId, Giver
from gateway.consent.notice_registry import Pause
from gateway.consent.standing import lift
from gateway.directory.instants import to_micros
from gateway.errors import ConsentRefused

PAUSE = timedelta(days=30)
"""How long a pause lasts at most before the client is reminded of it."""


def pause(act: Act, client: ClientId, lasting: timedelta, giver: Giver, mandate: Mandate | None) -> Pause:
    """Pause; while one stands that says no less that one is returned and nothing is added.

    A representative's pause says less than the client's own: a representative may end it.
    """
    if lasting <= timedelta(0):
        raise ConsentRefused("period-empty", "a pause lasts some time")
    if lasting > PAUSE:
        raise ConsentRefused("period-too-long", "a pause lasts 30 days at most; a prohibition has no end")
    known = known_giver(act, client, mandate)
    row = prohibitions.prohibit(client, None, None, giver, known, act.office.directory, act.at)
    for one in act.office.stores.notices.pauses_of(act.connection, client):
        if one.in_person or not giver.is_client:
            return one
    until = act.at + lasting
    act.office.stores.standing.save_prohibition(act.connection, row)
    paused = Pause(row.id, client, act.at, until, giver.is_client)
    act.office.stores.notices.add_pause(act.connection, paused)
    act.drafts.append(act.teller.prohibition(row, pause_until=to_micros(until)))
    return paused


def end(act: Act, client: ClientId, giver: Giver, mandate: Mandate | None) -> int:
    """End every pause that is the giver's to end; return how many were.

    The client ends all. A representative ends those of representatives; where there are only the client's own:
    ConsentRefused("lift-not-allowed").
    """
    standing = act.office.stores.notices.pauses_of(act.connection, client)
    theirs = [one for one in standing if giver.is_client or not one.in_person] or standing
    for one in theirs:
        lift(act, one.prohibition, client, giver, mandate)
    return len(theirs)
