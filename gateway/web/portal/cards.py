"""How consents stand, as the client's pages tell it: pure, from what is kept and an instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from gateway.consent.checks import may_be_given
from gateway.consent.lifecycle import has_ended, is_changeable, succeeded
from gateway.consent.model import Consent, ConsentState, Grant, Prohibition
from gateway.consent.wording import Wordings
from gateway.directory.model import Directory
from gateway.web.numbers import number_of

SOON: Final = timedelta(days=30)


class Stand(StrEnum):
    """How a row, or a consent as a whole, stands."""

    IN_FORCE = "in-force"
    UNCONFIRMED = "unconfirmed"
    LATER = "later"
    FORBIDDEN = "forbidden"
    """It would be in force, and a prohibition or a pause of the client's beats it."""
    SPENT = "spent"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


OVER: Final = (Stand.ENDED, Stand.SPENT, Stand.WITHDRAWN)
_ORDER: Final = tuple(Stand)


@dataclass(frozen=True, slots=True)
class RowCard:
    """One row of a consent as it stands."""

    grant: Grant
    stand: Stand
    is_givable: bool
    """It has not ended, and a new version may hold it: its recipient, category and flow have not ended either."""


@dataclass(frozen=True, slots=True)
class Card:
    """One consent as it stands. `stand` is the best of its rows'."""

    consent: Consent
    number: str
    stand: Stand
    rows: tuple[RowCard, ...]
    text_changed: bool
    """A newer text is in use than the one that was shown."""
    ends_soon: datetime | None
    can_change: bool
    can_withdraw: bool
    can_confirm: bool
    gone: tuple[tuple[str, str], ...]
    """(recipient that has ended, its successor): ask again."""

    @property
    def ends_too(self) -> tuple[Grant, ...]:
        """The grants that stand and that no new version may hold: a change, and withdrawing a part, ends them too."""
        return tuple(row.grant for row in self.rows if row.stand not in OVER and not row.is_givable)

    @property
    def group(self) -> str:
        """Under which heading of the list it stands: `now`, `waiting` or `over`."""
        if self.stand in (Stand.IN_FORCE, Stand.FORBIDDEN):
            return "now"
        return "waiting" if self.stand in (Stand.UNCONFIRMED, Stand.LATER) else "over"


def is_forbidden(recipient: str, category: str, prohibitions: Sequence[Prohibition]) -> bool:
    """Return whether a prohibition that stands rules out this recipient and category."""
    return any(
        one.lifted_at is None and one.recipient in (None, recipient) and one.category in (None, category)
        for one in prohibitions
    )


def stand_of(consent: Consent, grant: Grant, prohibitions: Sequence[Prohibition], at: datetime) -> Stand:
    """Return how a row stands at *at*."""
    if consent.state is ConsentState.WITHDRAWN:
        return Stand.WITHDRAWN
    if grant.spent:
        return Stand.SPENT
    if has_ended(grant, at):
        return Stand.ENDED
    if not grant.confirmed:
        return Stand.UNCONFIRMED
    if at < grant.row.valid_from:
        return Stand.LATER
    forbidden = is_forbidden(grant.row.recipient, grant.row.category, prohibitions)
    return Stand.FORBIDDEN if forbidden else Stand.IN_FORCE


def left_out(versions: Sequence[Consent]) -> tuple[Grant, ...]:
    """Return the grants that the last change ended: of the version before, those that stood and that are not in the new
    one. *versions* are oldest first."""
    if len(versions) < 2:
        return ()
    before, now = versions[-2:]
    kept = {_what(grant) for grant in now.grants}
    return tuple(grant for grant in before.grants if not has_ended(grant, now.given_at) and _what(grant) not in kept)


def going_on(consents: Sequence[Consent], without: Consent, at: datetime) -> tuple[Consent, ...]:
    """Return the other consents in force at *at* by which a recipient of *without* sees the same kind of information:
    its withdrawal does not end those."""
    rows = {(grant.row.recipient, grant.row.category) for grant in without.grants}
    return tuple(
        one
        for one in consents
        if one.id != without.id
        and one.in_force(at)
        and any(grant.in_force(at) and (grant.row.recipient, grant.row.category) in rows for grant in one.grants)
    )


def card_of(
    consent: Consent, prohibitions: Sequence[Prohibition], wordings: Wordings, directory: Directory, at: datetime
) -> Card:
    """Return a consent as it stands at *at*."""
    stands = ((grant, stand_of(consent, grant, prohibitions, at)) for grant in consent.grants)
    rows = tuple(
        RowCard(grant, stand, stand not in OVER and may_be_given(grant.row, directory, at)) for grant, stand in stands
    )
    live = [row.grant for row in rows if row.stand in (Stand.IN_FORCE, Stand.FORBIDDEN)]
    last = max((grant.row.until for grant in live), default=None)
    can_confirm = any(row.stand is Stand.UNCONFIRMED for row in rows)
    return Card(
        consent, number_of(consent.id), min((row.stand for row in rows), key=_ORDER.index), rows,
        text_changed=consent.state is ConsentState.GIVEN and bool(live) and wordings.has_changed(consent.shown),
        ends_soon=last if last is not None and last - at <= SOON else None,
        can_change=is_changeable(consent, at) and any(row.is_givable for row in rows),
        can_withdraw=consent.state is not ConsentState.WITHDRAWN,
        can_confirm=can_confirm,
        gone=tuple(sorted(succeeded(consent, directory, at))) if consent.state is ConsentState.GIVEN else (),
    )  # fmt: skip


def _what(grant: Grant) -> tuple[str | None, ...]:
    row = grant.row
    return row.custodian, row.recipient, row.category, row.purpose, row.document
