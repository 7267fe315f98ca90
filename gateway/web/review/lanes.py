"""The timeline's data: for each recipient the periods in which it may see something, and the times that it looked.

Made from what stands and from what the client's own log tells of earlier versions. Ends are exclusive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from gateway.consent.model import Consent
from gateway.consent.view import ClientPicture
from gateway.directory.instants import from_micros
from gateway.disclosure.opened import Opened
from gateway.disclosure.section_fields import Malformed, flag, number, optional_text, rows, text

MOST_LANES = 12
CONSENT, LAW = "consent", "law"
LOOKS = ("disclosure", "search")
"""The kinds of entry in which somebody received something."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A period in which a recipient may see a category: by consent (its id), or by law (categories as the law has it).

    `end` is None where no end is set.
    """

    kind: str
    start: datetime
    end: datetime | None
    category: str | None
    reference: str


@dataclass(frozen=True, slots=True)
class Look:
    """One time that a recipient received something, and where its entry stands."""

    at: datetime
    categories: tuple[str, ...]
    origin: str
    index: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One recipient: bars in the order of their beginnings, looks oldest first."""

    recipient: str
    bars: tuple[Bar, ...]
    looks: tuple[Look, ...]


def lanes_of(picture: ClientPicture, context: Sequence[Opened], looks: Sequence[Opened]) -> tuple[Lane, ...]:
    """Return every recipient's lane, those who looked or may look latest first.

    *context* are the log's givings and changes, *looks* its releases; both newest first.
    """
    bars: dict[str, list[Bar]] = {}
    seen: dict[str, list[Look]] = {}
    for entry in looks:
        for recipient, look in _looks(entry):
            seen.setdefault(recipient, []).append(look)
    for recipient, bar in [*_by_consent(picture.consents, context), *_by_law(picture)]:
        bars.setdefault(recipient, []).append(bar)
    lanes = [
        _lane(recipient, bars.get(recipient, ()), seen.get(recipient, ()))
        for recipient in dict.fromkeys([*bars, *seen])
    ]
    return tuple(sorted(lanes, key=_latest, reverse=True))


def _lane(recipient: str, bars: Iterable[Bar], looks: Iterable[Look]) -> Lane:
    return Lane(
        recipient, tuple(sorted(bars, key=lambda bar: bar.start)), tuple(sorted(looks, key=lambda look: look.at))
    )


def _latest(lane: Lane) -> datetime:
    return max([bar.start for bar in lane.bars] + [look.at for look in lane.looks])


def _by_consent(consents: Iterable[Consent], context: Sequence[Opened]) -> Iterator[tuple[str, Bar]]:
    versions = _versions(context)
    for consent in consents:
        if not consent.grants:
            continue
        for grant in consent.grants:
            row = grant.row
            start = max(row.valid_from, consent.given_at)
            # A single use and an ended mandate end a grant early; when, the log's own list tells.
            if not grant.confirmed or grant.spent or grant.ended:
                continue
            ends = [row.until] + ([consent.withdrawn_at] if consent.withdrawn_at is not None else [])
            if start < (end := min(ends)):
                yield row.recipient, Bar(CONSENT, start, end, row.category, str(consent.id))
        yield from _earlier(consent, versions.get(str(consent.id), ()))


def _earlier(
    consent: Consent, versions: Sequence[tuple[datetime, Sequence[Mapping[str, object]]]]
) -> Iterator[tuple[str, Bar]]:
    """Yield the bars of a consent's earlier versions, each of which ends where the next begins."""
    for (given, grants), (replaced, _) in pairwise(versions):
        for grant in grants:
            if not flag(grant, "confirmed"):
                continue
            start = max(given, from_micros(number(grant, "from")))
            end = min(replaced, from_micros(number(grant, "until")))
            if start < end:
                yield text(grant, "recipient"), Bar(CONSENT, start, end, text(grant, "category"), str(consent.id))


def _versions(context: Sequence[Opened]) -> dict[str, list[tuple[datetime, Sequence[Mapping[str, object]]]]]:
    """Return what each consent granted, oldest version first."""
    found: dict[str, list[tuple[datetime, Sequence[Mapping[str, object]]]]] = {}
    for entry in reversed(context):
        if entry.kind in ("consent.given", "consent.changed") and entry.b is not None:
            found.setdefault(text(entry.b, "consent"), []).append((from_micros(entry.t), rows(entry.b, "grants")))
    return found


def _by_law(picture: ClientPicture) -> Iterator[tuple[str, Bar]]:
    for row in picture.relations:
        ends = [end for end in (row.until, row.ended_at) if end is not None]
        bar = Bar(LAW, row.valid_from, min(ends) if ends else None, None, row.id)
        if bar.end is None or bar.start < bar.end:
            for recipient in row.recipients:
                yield recipient, bar


def _looks(entry: Opened) -> Iterator[tuple[str, Look]]:
    """Yield the look that an entry tells of; an entry of a form that is not known is on the list of the log alone."""
    body = entry.b
    if body is None or entry.outcome != "permit":
        return
    try:
        documents, recipient = rows(body, "documents"), optional_text(body, "recipient")
        whole = optional_text(body, "category")
        codes = [optional_text(row, "category") or whole for row in documents]
    except Malformed:
        return
    if recipient is not None and documents:
        categories = tuple(dict.fromkeys(code for code in codes if code is not None))
        yield recipient, Look(from_micros(entry.t), categories, entry.origin, entry.index)


def within(lanes: Iterable[Lane], begin: datetime, end: datetime) -> tuple[Lane, ...]:
    """Return what of the lanes lies in [begin, end); a lane with nothing in it is left out."""
    kept: list[Lane] = []
    for lane in lanes:
        bars = tuple(bar for bar in lane.bars if bar.start < end and (bar.end is None or bar.end > begin))
        looks = tuple(look for look in lane.looks if begin <= look.at < end)
        if bars or looks:
            kept.append(replace(lane, bars=bars, looks=looks))
    return tuple(kept)
