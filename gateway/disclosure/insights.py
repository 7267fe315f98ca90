"""What the pages ask beside the acts of consent: who can see what, a preview, one's own documents, a desk's view.

These are the doors that `web` opens; `gateway.insight.insights_of` makes them of an open gateway. Each look is an entry
in the log before anything is returned. All raise TooBusy and StoreUnavailable, and EngineUnavailable where they judge.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.consent.model import GrantRow
from gateway.disclosure.explaining import Explanation
from gateway.disclosure.held import Place
from gateway.disclosure.log_query import Officer
from gateway.disclosure.looking import THE_CLIENT, Looker
from gateway.disclosure.matrix import Matrix
from gateway.disclosure.phrases import Eye
from gateway.disclosure.reading_view import ReadingView
from gateway.disclosure.request import Requester


@dataclass(frozen=True, slots=True)
class PreviewedDocument:
    """What a recipient would see of one document. `view` is None where it would see nothing: `reason` says why.

    `already` says that the recipient may see it now, without the rows. `kept_back` says that there are parts of which
    who looks is not told, whatever the recipient would see of them: a representative's look alone.
    """

    recipient: str
    document: str
    category: str
    custodian: str
    dated: int
    permitted: bool
    already: bool
    reason: str | None
    released: tuple[str, ...]
    withheld: tuple[str, ...]
    view: ReadingView | None
    kept_back: bool = False


@dataclass(frozen=True, slots=True)
class NotShown:
    """What a custodian keeps on its own server and is not shown now, with the reason, one of the closed list.

    `custodian-unavailable`: it did not answer as it should, and may later. `not-found`: it has the document no more.
    Any other: the policy does not let it be asked for, and it was not.
    """

    custodian: str
    category: str
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What the recipients of some rows would see if the client said yes to them. Nothing went to anyone.

    `nothing_yet` are (recipient, category) of rows that open no document that is there now; `not_shown` what custodians
    keep on their own servers and is not among the documents; `left_off` is how many older documents would be opened
    beside those shown.
    """

    at: datetime
    documents: tuple[PreviewedDocument, ...]
    nothing_yet: tuple[tuple[str, str], ...] = ()
    not_shown: tuple[NotShown, ...] = ()
    left_off: int = 0


@dataclass(frozen=True, slots=True)
class OwnDocument:
    """One of the client's own documents, without its content. `outside` lies on its custodian's own server.

    `sections` are those that who looks may read: of a section that is not among them not even the name is told.
    """

    id: str
    category: str
    custodian: str
    dated: int
    sections: tuple[str, ...]
    outside: bool = False


@dataclass(frozen=True, slots=True)
class OwnReading:
    """A document as its client, or a representative, may read it. `kept_back` says that a part of it is not shown."""

    document: OwnDocument
    view: ReadingView
    kept_back: bool = False


@dataclass(frozen=True, slots=True)
class Lying:
    """A page of what a custodian keeps of a client on its own server; *more* says that another page follows."""

    documents: tuple[OwnDocument, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class OpenTo:
    """What one category is to a worker now: open, or not with what may be told and what to do.

    `told` is a code of `phrases` group `professional`; text by `Phrases.explain(told, Eye.PROFESSIONAL, language)`,
    what to do by `Phrases.remedy(told, Eye.PROFESSIONAL, language)`.
    """

    category: str
    custodians: tuple[str, ...]
    open: bool
    told: str
    basis: str | None = None
    until: int | None = None
    sections: tuple[str, ...] = ()


class SeesWho(Protocol):
    """The matrix: see `gateway.disclosure.who_can_see.WhoCanSee`."""

    async def matrix(
        self, client: str, looker: Looker = THE_CLIENT, *, at: datetime | None = None,
        recipients: Collection[str] | None = None, document: str | None = None, everyone: bool = False,
    ) -> Matrix:  # fmt: skip
        """Return who can see what of a client now, or *at* a past instant.

        *recipients* narrows it; *everyone* adds every service of the directory to those that the client's consents,
        relations and requests name; *document* narrows it to one document.
        """
        ...


class Previews(Protocol):
    """The preview: see `gateway.disclosure.previewing.Previewing`."""

    async def preview(self, client: str, rows: Sequence[GrantRow], looker: Looker = THE_CLIENT) -> Preview:
        """Return what the rows' recipients would see of the client's documents if the client said yes to the rows."""
        ...


class OwnReads(Protocol):
    """The client's own documents: see `gateway.disclosure.own_documents.OwnDocuments`."""

    async def documents(self, client: str, looker: Looker = THE_CLIENT) -> tuple[OwnDocument, ...]:
        """Return the client's documents, newest first."""
        ...

    async def read(self, client: str, document: str, looker: Looker = THE_CLIENT) -> OwnReading | NotShown | None:
        """Return one of the client's own documents to read; None for an unknown one and for another's, both alike."""
        ...

    def places(self, looker: Looker = THE_CLIENT) -> tuple[Place, ...]:
        """Return where custodians keep documents on their own servers, whoever's; nothing is asked for."""
        ...

    async def lying_at(
        self, client: str, place: Place, looker: Looker = THE_CLIENT, *, page: int = 1
    ) -> Lying | NotShown | None:
        """Return a page of the client's documents at a place, newest first; None for a place that is none."""
        ...


class DeskViews(Protocol):
    """What a worker may see now: see `gateway.disclosure.desk_view.DeskView`."""

    async def may_see(self, client: str | None, requester: Requester) -> tuple[OpenTo, ...]:
        """Return, for each category that may come to the requester's service at all, whether it is open now.

        An unknown client (None) looks like one without consents. An entry either way (kind `probe`).
        """
        ...


class Explains(Protocol):
    """One entry explained: see `gateway.disclosure.explaining.Explaining`."""

    async def to_client(
        self, origin: str, index: int, client: str, language: str, looker: Looker = THE_CLIENT
    ) -> Explanation | None:
        """Return the explanation of an entry of the client's own; None for another's and for one that is not there."""
        ...

    async def to_officer(
        self, origin: str, index: int, officer: Officer, language: str, *, as_told_to: Eye = Eye.OFFICER
    ) -> Explanation | None:
        """Return the explanation of an entry that the officer may see, with its facts; or as other eyes are told."""
        ...

    async def to_service(self, origin: str, index: int, service: str, language: str) -> Explanation | None:
        """Return the explanation of one of a service's own releases, telling nothing of others."""
        ...


@dataclass(frozen=True, slots=True)
class Insights:
    """All of them, as the composition root hands them to the pages."""

    who_can_see: SeesWho
    previews: Previews
    own: OwnReads
    desks: DeskViews
    explaining: Explains
    read_document: ReadsReleased


class ReadsReleased(Protocol):
    """Turns a document that `disclose` released into what a worker reads."""

    def __call__(self, body: bytes, category: str) -> ReadingView:
        """Return the reading view of released bytes."""
        ...
