"""Offers and paper checks over the wire."""

from __future__ import annotations

from pydantic import Field

from gateway.http.schemas.base import Incoming, Outgoing, Sha256
from gateway.http.schemas.consent import MAX_ROWS, GiverBody, GrantBody, ShownBody
from gateway.http.schemas.identifier import ClientIdentifier


class OfferBody(Incoming):
    """The rows and words that the client is to confirm; each row with its beginning."""

    client: ClientIdentifier
    grants: list[GrantBody] = Field(min_length=1, max_length=MAX_ROWS)
    shown: ShownBody
    giver: GiverBody = Field(
        default=GiverBody(), description="Who decides; the giving that names the proof names the same."
    )


class OfferAnswer(Outgoing):
    """The evidence `handle` of a giving by `own-phone`; the `code` is the client's."""

    handle: str


class PaperCheckBody(OfferBody):
    """The rows and words that the second person compared with the scan."""

    scan_sha256: Sha256


class PaperCheckAnswer(Outgoing):
    """The evidence `check` of a giving by `paper-scan`."""

    check: str
