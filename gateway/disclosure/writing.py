"""Handing an item to the log, and saying in the gateway's own words when the log cannot take it."""

from __future__ import annotations

from typing import TypeVar

from audit.errors import CommitFailed, CommitUnknown, LogBroken, LogBusy, LogForked, NotKept, NotSigned
from audit.log import Committed, Dropped
from audit.writing import Item
from gateway.disclosure.ports import LogWriter
from gateway.errors import StoreUnavailable, TooBusy

R = TypeVar("R")


async def write(log: LogWriter, item: Item[object, R]) -> Committed[R] | Dropped:
    """Write *item* and return once it is durable.

    Raises TooBusy when too much is waiting, StoreUnavailable when COMMIT failed, or when nobody can say whether it did.
    """
    try:
        return await log.submit(item)
    except LogBusy as busy:
        raise TooBusy("Too much is waiting to be written; try again later.") from busy
    except (CommitFailed, CommitUnknown, LogBroken, LogForked, NotKept, NotSigned) as failed:
        raise StoreUnavailable("The log cannot be written now.") from failed
