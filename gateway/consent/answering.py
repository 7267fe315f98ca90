"""What a decision answers: questions that wait, and what the client said before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.consent.acting import Act
from gateway.consent.checks import year_after
from gateway.consent.model import Actor, ClientId, Consent, Giver, GrantId, RefusedRow
from gateway.consent.notices import tell_opened
from gateway.errors import ConsentRefused

COOL_DOWN = timedelta(days=90)
"""How long a recipient may not ask again after it asked, was put aside or refused."""


def with_cool_down(rows: tuple[RefusedRow, ...], by: Actor, at: datetime) -> tuple[RefusedRow, ...]:
    """Return refused rows, each with the day before which the same is not asked again.

    Raises ConsentRefused("request-invalid") where a service sets that day for another's questions, which would silence
    a recipient that neither hears of it nor can undo it, or where the day is more than a year away.
    """
    named = [row for row in rows if row.not_before is not None]
    if not by.is_client and any(row.recipient != by.service for row in named):
        raise ConsentRefused("request-invalid", "a service sets `not_before` for its own questions alone; leave it out")
    last = year_after(at)
    if any(row.not_before is not None and row.not_before > last for row in named):
        raise ConsentRefused("request-invalid", "`not_before` lies more than 12 months from now")
    return tuple(row if row.not_before is not None else replace(row, not_before=at + COOL_DOWN) for row in rows)


def answer_no(act: Act, client: ClientId, rows: tuple[RefusedRow, ...], giver: Giver) -> None:
    """Store refused rows, and end the requests that they answer. *rows* are as `with_cool_down` returns them."""
    standing = act.office.stores.standing
    standing.add_refusals(act.connection, client, rows, giver.is_client, act.at)
    standing.answer_requests(act.connection, client, [(row.recipient, row.category) for row in rows], "refused")


def answer_yes(
    act: Act, consent: Consent, grants: Collection[GrantId], *, lifting: Collection[GrantId] = ()
) -> None:  # fmt: skip
    """End the requests that confirmed *grants* answer, and the refusals of those among them by which the client
    themselves says yes now (*lifting*).

    What a worker says that the client said lifts no refusal, and neither does what a change merely carries over: it
    would open what a representative gave against it.
    """
    rows = {grant.id: grant.row for grant in consent.grants if grant.id in grants}
    if not rows:
        return
    standing = act.office.stores.standing
    lifted = [row for id, row in rows.items() if id in lifting]
    if lifted:
        standing.lift_refusals(act.connection, consent.client, lifted, act.at)
        answered = {(row.recipient, row.category) for row in lifted}
        # What a representative gave opens from now on; of its own grants the recipient hears by the giving itself.
        tell_opened(
            act, consent.client,
            lambda one, row: not one.giver.is_client and (row.recipient, row.category) in answered,
        )  # fmt: skip
    answered_now = [(row.recipient, row.category) for row in rows.values()]
    standing.answer_requests(act.connection, consent.client, answered_now, "given")
