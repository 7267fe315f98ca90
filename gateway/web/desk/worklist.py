"""What waits at a desk: permissions about to end, withdrawn, to be asked for again after a succession, or confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.consent.desk_records import GrantAtWork

SOON: Final = timedelta(days=30)
RECENTLY: Final = timedelta(days=30)
MOST: Final = 50
"""How many rows of a kind are shown: what is due first."""


@dataclass(frozen=True, slots=True)
class Worklist:
    """The rows of each part; a consent stands in one part at most."""

    ending: tuple[GrantAtWork, ...]
    withdrawn: tuple[GrantAtWork, ...]
    unconfirmed: tuple[GrantAtWork, ...]
    succeeded: tuple[GrantAtWork, ...]


def make_worklist(grants: Iterable[GrantAtWork], service: str, predecessors: frozenset[str], at: datetime) -> Worklist:
    """Return what of these grants asks for something of *service* at the instant *at*.

    A withdrawal is told without a reason, for there is none. A grant that names a predecessor gives nobody anything any
    more: the client is to be asked again.
    """
    ending, withdrawn, unconfirmed, succeeded = [], [], [], []
    for one in grants:
        mine = service in (one.recipient, one.custodian)
        if one.withdrawn_at is not None:
            if mine and one.withdrawn_at > at - RECENTLY:
                withdrawn.append(one)
        elif one.over:
            continue
        elif not mine:
            if one.recipient in predecessors:
                succeeded.append(one)
        elif one.until <= at:
            continue
        elif not one.confirmed:
            if one.custodian == service:
                unconfirmed.append(one)
        elif one.until <= at + SOON:
            ending.append(one)
    return Worklist(tuple(ending), tuple(withdrawn), tuple(unconfirmed), tuple(succeeded))
