"""What the start page tells: who may see now, who asks, and what is to be done. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.consent.model import Relation
from gateway.consent.view import ClientPicture, RequestView
from gateway.consent.wording import Wordings
from gateway.directory.model import Directory
from gateway.web.portal.cards import Card, Stand, card_of


@dataclass(frozen=True, slots=True)
class Sees:
    """A recipient that may see something now: the categories it was given, and those whose right is another basis."""

    recipient: str
    categories: tuple[str, ...]
    by_law: bool


@dataclass(frozen=True, slots=True)
class Start:
    """The start page."""

    sees: tuple[Sees, ...]
    asks: tuple[RequestView, ...]
    put_aside: tuple[RequestView, ...]
    unconfirmed: tuple[Card, ...]
    changed: tuple[Card, ...]
    ending: tuple[Card, ...]
    gone: tuple[Card, ...]


def start_of(picture: ClientPicture, wordings: Wordings, directory: Directory, at: datetime) -> Start:
    """Return the start page at *at*."""
    cards = [card_of(one, picture.prohibitions, wordings, directory, at) for one in picture.consents]
    given: dict[str, dict[str, None]] = {}
    for card in cards:
        for row in card.rows:
            if row.stand is Stand.IN_FORCE:
                given.setdefault(row.grant.row.recipient, {})[row.grant.row.category] = None
    related = {code for one in picture.relations if stands(one, at) for code in one.recipients}
    everyone = [code for code in directory.services if code in given or code in related]
    return Start(
        sees=tuple(Sees(code, tuple(given.get(code, ())), code in related) for code in everyone),
        asks=tuple(one for one in picture.requests if one.state == "requested"),
        put_aside=tuple(one for one in picture.requests if one.state == "deferred"),
        unconfirmed=tuple(card for card in cards if card.can_confirm),
        changed=tuple(card for card in cards if card.text_changed),
        ending=tuple(card for card in cards if card.ends_soon is not None),
        gone=tuple(card for card in cards if card.gone),
    )


def stands(relation: Relation, at: datetime) -> bool:
    """Return whether a relation carries anything at *at*; its ends are exclusive."""
    ends = [end for end in (relation.until, relation.ended_at) if end is not None]
    return relation.valid_from <= at and all(at < end for end in ends)
