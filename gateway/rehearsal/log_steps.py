"""Steps about time, partners and the log: what each person sees of it, what was told, and whether it proves itself."""

from __future__ import annotations

from adapters.sql.log_search import SqlSearchStore
from audit.log import Dropped
from gateway.disclosure.log_query import MAX_PAGE, Officer, Query
from gateway.disclosure.log_search import LogSearch
from gateway.rehearsal.case import Advance, MoveTo, Notified, See, Suspend, Verify
from gateway.rehearsal.seen import REHEARSED, rehearsal_rows
from gateway.rehearsal.stage import Stage, Unexpected, expect, say
from gateway.verification import has_doubts, verify_gateway

_TOLD = frozenset({"consent.withdrawn", "consent.changed"})
_TO_CLIENT = "client"


async def suspend(stage: Stage, step: Suspend) -> None:
    """Suspend a partner system, as the operator does."""
    item = stage.gateway.partners.suspending(step.system, by="officer")
    if isinstance(await stage.gateway.log.submit(item, urgent=True), Dropped):
        raise Unexpected("the partner system could not be suspended")


async def advance(stage: Stage, step: Advance) -> None:
    """Move the clock on."""
    stage.clock.set(stage.clock.now() + step.by)


async def move_to(stage: Stage, step: MoveTo) -> None:
    """Set the clock."""
    stage.clock.set(step.at)


async def notified(stage: Stage, step: Notified) -> None:
    """Compare the messages of the kinds that a case compares, in order and as a whole list."""
    party = step.service or _TO_CLIENT
    client = stage.clients[step.client] if step.client is not None else None
    messages = await stage.gateway.recording.messages_to(party, client)
    expect("messages", list(step.kinds), [message.kind for message in messages if message.kind in _TOLD])


async def see(stage: Stage, step: See) -> None:
    """Compare what the log shows of the client, newest first; of each entry only what the case says of it.

    The client looks into their own log, the officer searches it; either look is an entry, of a kind that is not listed.
    """
    gateway, whose = stage.gateway, stage.clients[step.client]
    new_event_id = gateway.parts.new_event_id
    log = LogSearch(SqlSearchStore(gateway.database), gateway.keys, gateway.log, gateway.log, new_event_id)
    if step.by == "client":
        page = await log.own(whose, kinds=REHEARSED, count=MAX_PAGE)
    else:
        page = await log.search(Query(client=whose, kinds=REHEARSED, count=MAX_PAGE), Officer("officer"))
    seen = rehearsal_rows(page.entries)
    told = [" ".join(str(value) for value in row.values() if value is not None) for row in seen]
    if len(seen) != len(step.entries):
        raise Unexpected(f"entries: expected {len(step.entries)}, came {say(told)}")
    for number, (expected, row) in enumerate(zip(step.entries, seen, strict=True), 1):
        for key in ("kind", "by", "outcome", "basis"):
            wanted = getattr(expected, key)
            if wanted is not None and wanted != row[key]:
                came = f"came {say(row[key])}; there are {say(told)}"
                raise Unexpected(f"entry {number}: expected {key} {wanted}, {came}")


async def verify(stage: Stage, step: Verify) -> None:
    """Let the log prove itself, with nothing left unchecked."""
    found = verify_gateway(stage.gateway)
    if has_doubts(found):
        raise Unexpected(f"the log does not prove itself: {'; '.join(found.sentences()[:3])}")
