"""What was disclosed under a consent already: a withdrawal calls nothing back, so its page tells of this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.consent.model import ClientId, ConsentId
from gateway.directory.instants import from_micros
from gateway.disclosure.log_query import MAX_PAGE
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.opened import Opened
from gateway.disclosure.section_fields import Malformed, rows, text

_RELEASES = ("disclosure", "search")


@dataclass(frozen=True, slots=True)
class Seen:
    """One document as one recipient received it; the entry is at `origin` and `index` of the client's own log."""

    origin: str
    index: int
    at: datetime
    recipient: str
    custodian: str
    category: str
    document: str


async def disclosed_under(log: LogSearch, client: ClientId, consent: ConsentId) -> tuple[Seen, ...]:
    """Return what was released on any version of a consent, newest first, after the entry of this look stands.

    Another client's consent has released nothing of this client's: the answer is empty.
    """
    found: list[Seen] = []
    after: str | None = None
    while True:
        page = await log.own(client, after=after, count=MAX_PAGE, kinds=_RELEASES)
        found += [seen for entry in page.entries for seen in _seen(entry, consent)]
        after = page.more
        if after is None:
            return tuple(found)


def _seen(entry: Opened, consent: ConsentId) -> Iterator[Seen]:
    reliance, body = (entry.s or {}).get("reliance"), entry.b
    if entry.outcome != "permit" or body is None or not isinstance(reliance, dict):
        return
    try:
        for row in rows(body, "documents"):
            document = text(row, "id")
            if consent not in _consents(reliance.get(document)):
                continue
            custodian, category = text(row, "custodian"), text(row, "category")
            at = from_micros(entry.t)
            yield Seen(entry.origin, entry.index, at, text(body, "recipient"), custodian, category, document)
    except Malformed:
        # An entry of a form that this program does not know is told on the page of the log, by its name.
        return


def _consents(rests: object) -> Iterator[object]:
    grants = rests.get("grants") if isinstance(rests, dict) else None
    for grant in grants if isinstance(grants, list) else ():
        if isinstance(grant, list) and len(grant) > 1:
            yield grant[1]
