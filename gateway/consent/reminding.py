"""Acts of reminding: each is written once, tells nothing but that there is something, and extends nothing."""

from __future__ import annotations

from datetime import timedelta

from gateway.consent.acting import TO_CLIENT, Act
from gateway.consent.model import ClientId
from gateway.directory.instants import to_micros

STAGES = (timedelta(days=7), timedelta(days=30))
"""How long before a grant's end its client is reminded. The nearest first: told at 7 days, nobody is told of 30 too."""
YEAR = timedelta(days=365)


def remind(act: Act, limit: int) -> int:
    """Write what is due; return how many messages were written."""
    return _of_ends(act, limit) + _of_pauses(act, limit) + _of_walks(act, limit)


def walked(act: Act, client: ClientId) -> None:
    """Note a walk-through."""
    act.office.stores.notices.mark_walked(act.connection, [client], act.at)


def _of_ends(act: Act, limit: int) -> int:
    notices, count = act.office.stores.notices, 0
    for stage in STAGES:
        for one in notices.ending(act.connection, stage, act.at, limit):
            body = {"consent": one.consent, "grants": list(one.grants), "days": stage.days, "at": to_micros(act.at)}
            act.tell("reminder.ends", TO_CLIENT, one.client, one.consent, body)
            notices.mark_ending(act.connection, one.grants, stage, act.at)
            count += 1
    return count


def _of_pauses(act: Act, limit: int) -> int:
    notices = act.office.stores.notices
    over = notices.pauses_over(act.connection, act.at, limit)
    for pause in over:
        body = {"prohibition": pause.prohibition, "at": to_micros(act.at)}
        act.tell("reminder.pause", TO_CLIENT, pause.client, None, body)
        notices.mark_reminded(act.connection, pause.prohibition, act.at)
    return len(over)


def _of_walks(act: Act, limit: int) -> int:
    notices = act.office.stores.notices
    clients = notices.to_walk_through(act.connection, act.at - YEAR, limit)
    for client in clients:
        act.tell("reminder.yearly", TO_CLIENT, client, None, {"at": to_micros(act.at)})
    if clients:
        notices.mark_walked(act.connection, clients, act.at)
    return len(clients)
