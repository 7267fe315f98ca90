"""What a release is: the parts it needs, what may come of it, and its write, which compares before anything leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Protocol

from audit.entry import Draft
from audit.log import Committed, Rejected
from audit.writing import Item, Survey, Writing, no_survey
from gateway.directory.model import Directory
from gateway.disclosure import evidence
from gateway.disclosure.claim import find_fault
from gateway.disclosure.decision import CONSENT_BASES, Permit
from gateway.disclosure.evidence import ReleasedDocument
from gateway.disclosure.held import Fetched, Holdings, NoHoldings
from gateway.disclosure.ports import MAX_CLOCK_SKEW, Clock, Custodian, LogWriter, PolicyEngine
from gateway.disclosure.request import DisclosureRequest
from gateway.disclosure.snapshot import DocumentFacts, Epochs, FactReader, Snapshot


@dataclass(frozen=True, slots=True)
class Rendered:
    """One document as it would leave: its bytes, judged under which permit."""

    document: DocumentFacts
    permit: Permit
    body: bytes
    digest: str
    fetched: Fetched | None = None
    """What came from outside, where it did not lie with us."""


@dataclass(frozen=True, slots=True)
class Released:
    """What may leave now that its entry stands: on a read one document, on a search any number."""

    documents: tuple[Rendered, ...]
    committed: Committed[None]
    more: tuple[int, str] | None = None
    """On a search, the place of this page's last document when another page follows (`DisclosureRequest.after`)."""
    incomplete: bool = False
    """On a search, whether a custodian that the requester may ask did not answer."""


@dataclass(frozen=True, slots=True)
class ReleasedOwn:
    """A custodian's own deposit, as it sent it, with the version that its next PUT must name."""

    body: bytes
    version: int
    committed: Committed[None]


@dataclass(frozen=True, slots=True)
class Refused:
    """The refusal stands in the log. The reason is for client and officer, never for the asker."""

    reason: str
    committed: Committed[None]


@dataclass(frozen=True, slots=True)
class Current:
    """What stands now, under the head lock: the epochs of clients, partners and world, and documents' versions."""

    clients: Mapping[str, int]
    partners: Mapping[str, int]
    world: int
    versions: Mapping[str, int]

    def bears_out(self, snapshot: Snapshot, documents: tuple[DocumentFacts, ...]) -> bool:
        """Return whether epochs and versions are still those of the judgement."""
        client, partner = self.clients.get(snapshot.client.id), self.partners.get(snapshot.partner.system, 0)
        return (
            client is not None
            and Epochs(client, partner, self.world) == snapshot.epochs
            and all(self.versions.get(document.id) == document.version for document in documents)
        )


class Releaser(Protocol):
    """What the store does inside the write transaction, under the head lock."""

    def current(self, connection: object, judged: Sequence[tuple[Snapshot, tuple[DocumentFacts, ...]]]) -> Current:
        """Return what stands now of everything that was judged; what is not there any more is left out."""
        ...

    def spend(self, connection: object, grant: str, event_id: str) -> bool:
        """Mark a single-use grant as spent by this event; False when another was faster."""
        ...


_WRITES = frozenset({"spend"})
"""The obligations that a release meets by writing rows beside its entry; telling the client is another."""

Renderer = Callable[[DisclosureRequest, Snapshot, DocumentFacts, Permit, bytes], bytes | None]
"""Projects and withholds what the permit does not name, and serialises what is left; None when nothing is."""


ClaimCheck = Callable[[Permit, DisclosureRequest, DocumentFacts, Snapshot, Directory, int, str], str | None]
"""Returns what is unfounded in a permit; see `claim.find_fault`."""


@dataclass(frozen=True, slots=True)
class Parts:
    """All that `disclose` needs of the outside, handed in once by the composition root."""

    facts: FactReader
    engine: PolicyEngine
    custodian: Custodian
    fetch_own: Callable[[str, str, int], Awaitable[bytes]]
    log: LogWriter
    releaser: Releaser
    tell_released: Callable[[object, int, str, str, int], None]
    """Writes the content-free message that tells the client of a release: (connection, order, client, event id, at)."""
    render: Renderer
    directory: Directory
    clock: Clock
    new_event_id: Callable[[], str]
    digest: Callable[[bytes], str]
    join: Callable[[tuple[Rendered, ...]], bytes]
    claim: ClaimCheck = find_fault
    holdings: Holdings = field(default_factory=NoHoldings)

    def look(self, connection: object, items: Sequence[Item[object, object]]) -> Found:
        """Look up, under the head lock, what the releases among *items* are compared with."""
        judged = [(one.snapshot, one.documents) for one in items if isinstance(one, OwnRead | Release)]
        current = self.releaser.current(connection, judged)
        return Found(current, abs(self.clock.now() - self.clock.database_now(connection)))

    def found(self, tx: Writing[object], item: OwnRead | Release) -> Found:
        """Return what the survey found for *item*; one that writes rows has none and looks for itself."""
        return tx.seen if isinstance(tx.seen, Found) else self.look(tx.connection, [item])


class Unfit(Enum):
    """Why a judged release may not be made after all; told by the write transaction."""

    STALE = "facts-changed"
    CLOCK = "clock-untrusted"


@dataclass(frozen=True, slots=True)
class EntryAlone:
    """The write of an entry and nothing else."""

    draft: Draft

    @property
    def survey(self) -> Survey[object]:
        """Nothing is looked up: no judgement opened anything."""
        return no_survey

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Return the entry."""
        return None, [self.draft]


@dataclass(frozen=True, slots=True)
class Found:
    """What a survey found for the releases of a batch: what stands, and how far the two clocks are apart."""

    current: Current
    skew: timedelta


@dataclass(frozen=True, slots=True)
class OwnRead:
    """The write of a custodian's read of its own deposit: no judgement, but it stands and the version is still this."""

    draft: Draft
    snapshot: Snapshot
    document: DocumentFacts
    parts: Parts

    @property
    def documents(self) -> tuple[DocumentFacts, ...]:
        """What is compared with its version of now."""
        return (self.document,)

    @property
    def survey(self) -> Survey[object]:
        """What stands now."""
        return self.parts.look

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Return the entry; raises Rejected when partner, client, world or document changed since they were read."""
        if not self.parts.found(tx, self).current.bears_out(self.snapshot, self.documents):
            raise Rejected(Unfit.STALE)
        return None, [self.draft]


@dataclass(frozen=True, slots=True)
class Release:
    """The write of a release: compare, spend, tell, and the entries; all of it or none."""

    request: DisclosureRequest
    snapshot: Snapshot
    rendered: tuple[Rendered, ...]
    category: str
    parts: Parts
    met: tuple[Fetched, ...] = ()
    """What came from outside and may be shown, on this page or a later one: it keeps its id from here on."""
    directory_until: int | None = None
    """When the directory next changes, in microseconds: it was judged by as it stands until then."""

    @property
    def documents(self) -> tuple[DocumentFacts, ...]:
        """What is compared with its version of now."""
        return tuple(row.document for row in self.rendered)

    @property
    def survey(self) -> Survey[object] | None:
        """What stands now, looked up together with other releases; None where rows are written: spent, told or met."""
        writes = self.met or self._tells or any(row.permit.obligations & _WRITES for row in self.rendered)
        return None if writes else self.parts.look

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Compare what was judged with what stands now, under the head lock; raises Rejected when it differs."""
        parts, connection, client = self.parts, tx.connection, self.snapshot.client.id
        goods = [self.directory_until, *(row.permit.good_until for row in self.rendered)]
        ends = [end for end in goods if end is not None]
        shown = {row.document.id for row in self.rendered}
        if not all(parts.holdings.keep(connection, one, at, shown=one.document.id in shown) for one in self.met):
            raise Rejected(Unfit.STALE)
        found = parts.found(tx, self)
        if not found.current.bears_out(self.snapshot, self.documents) or any(end <= at for end in ends):
            raise Rejected(Unfit.STALE)
        on_consent = any(row.permit.basis in CONSENT_BASES for row in self.rendered)
        if on_consent and found.skew > MAX_CLOCK_SKEW:
            raise Rejected(Unfit.CLOCK)
        event_id = parts.new_event_id()
        drafts = [self._disclosure(event_id)]
        for row in self.rendered:
            for grant in row.permit.grants:
                if grant.spend:
                    if not parts.releaser.spend(connection, grant.id, event_id):
                        raise Rejected(Unfit.STALE)
                    drafts.append(
                        evidence.spent(parts.new_event_id(), self.request, client, row.document, grant, event_id)
                    )
        if self._tells:
            parts.tell_released(connection, tx.order, client, event_id, at)
        return None, drafts

    @property
    def _tells(self) -> bool:
        """Whether the client is told: obliged by the policy, or as they chose."""
        if self.snapshot.client.told_of_all:
            return bool(self.rendered)
        return any("notify-client" in row.permit.obligations for row in self.rendered)

    def _disclosure(self, event_id: str) -> Draft:
        parts = self.parts
        released = [
            ReleasedDocument(row.document, row.permit, row.digest, len(row.body), row.fetched) for row in self.rendered
        ]
        answer = parts.join(self.rendered)
        return evidence.disclosure(
            event_id, self.request, self.snapshot.client.id, self.category, released, self.snapshot.epochs,
            parts.engine.revision, parts.directory.digest, parts.digest(answer), len(answer),
        )  # fmt: skip
