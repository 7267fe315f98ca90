"""Deposits: whose document it is and which version it becomes is decided under the lock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from adapters.sql.faults import told
from audit.entry import Draft
from audit.errors import CommitFailed, LogBusy
from audit.log import Committed, Dropped
from audit.writing import Item, Placed, Rejected, Writing
from gateway.disclosure.deposit import Accepted, Deposits
from gateway.disclosure.request import Requester
from gateway.disclosure.snapshot import DocumentFacts
from gateway.errors import NotAvailable, RequestInvalid, StoreUnavailable, TooBusy, VersionConflict

BY = Requester("sote-keskus-system", "hyvinvointialue", "sote-keskus", "laakari", "care", "high", "w-1", "Olli", "t-1")
PLAN = Accepted(
    "c-1", "work-ability-plan", "CarePlan", datetime(2026, 11, 1, tzinfo=UTC), frozenset({"health"}),
    {"goals": frozenset({"mental-health", "health"})}, None, b"{}", "0" * 64,
)  # fmt: skip


@dataclass
class Shelf:
    """Documents in memory, and a log that applies an item at once."""

    documents: dict[str, DocumentFacts] = field(default_factory=dict)
    prepared: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    failing: Exception | None = None

    def prepare(self, client: str) -> None:
        self.prepared.append(client)

    def current(self, connection: object, document: str) -> DocumentFacts | None:
        return self.documents.get(document)

    def save(self, connection: object, document: DocumentFacts, body: bytes, referrer: str | None, at: int) -> None:
        self.documents[document.id] = document

    async def submit(self, item: Item[object, object], *, urgent: bool = False) -> Committed[object] | Dropped:
        if self.failing is not None:
            raise self.failing
        try:
            result, drafts = item.apply(Writing(None, "log", 0, 0), 1)
        except Rejected as rejected:
            return Dropped(rejected.value)
        self.drafts += drafts
        return Committed(result, (Placed("log", 0, drafts[0].event_id, 1),), b"", 1)

    def tell(self, connection: object, order: int, document: DocumentFacts, at: int) -> None:
        self.told.append(document.id)


@pytest.fixture
def shelf() -> Shelf:
    """An empty shelf."""
    return Shelf()


@pytest.fixture
def deposits(shelf: Shelf) -> Deposits:
    """Deposits onto that shelf."""
    return Deposits(shelf, shelf, shelf.tell, lambda: "event-1")  # type: ignore[arg-type]


async def test_a_new_document_gets_an_id_of_ours_and_its_first_version(shelf: Shelf, deposits: Deposits) -> None:
    one, other = await deposits.create(PLAN, BY), await deposits.create(PLAN, BY)
    assert one.id != other.id
    assert (one.version, one.created) == (1, True)
    stored = shelf.documents[one.id]
    assert (stored.custodian, stored.client, stored.labels) == ("sote-keskus", "c-1", ("health",))
    assert stored.sections == {"goals": ("health", "mental-health")}


async def test_the_data_key_is_durable_before_the_transaction_that_needs_it(shelf: Shelf, deposits: Deposits) -> None:
    shelf.failing = told(CommitFailed("disk"))
    with pytest.raises(StoreUnavailable):
        await deposits.create(PLAN, BY)
    assert shelf.prepared == ["c-1"]
    assert shelf.documents == {}


async def test_a_full_log_says_that_it_is_busy(shelf: Shelf, deposits: Deposits) -> None:
    shelf.failing = told(LogBusy("full"))
    with pytest.raises(TooBusy):
        await deposits.create(PLAN, BY)


async def test_a_replacement_is_the_next_version(shelf: Shelf, deposits: Deposits) -> None:
    first = await deposits.create(PLAN, BY)
    second = await deposits.replace(PLAN, BY, first.id, 1)
    assert (second.id, second.version, second.created) == (first.id, 2, False)
    assert shelf.told == [first.id, first.id]


async def test_a_wrong_version_changes_nothing(shelf: Shelf, deposits: Deposits) -> None:
    first = await deposits.create(PLAN, BY)
    for wrong in (0, 2):
        with pytest.raises(VersionConflict):
            await deposits.replace(PLAN, BY, first.id, wrong)
    assert shelf.documents[first.id].version == 1
    assert len(shelf.drafts) == 1


async def test_anothers_document_and_one_of_another_type_answer_as_an_unknown_one(deposits: Deposits) -> None:
    first = await deposits.create(PLAN, BY)
    asked = [
        (PLAN, BY, "nothing"), (PLAN, replace(BY, service="sosiaalityo"), first.id),
        (replace(PLAN, resource="Task"), BY, first.id),
    ]  # fmt: skip
    said: set[str] = set()
    for accepted, by, document in asked:
        # A wrong version too: whose document it is comes first.
        for version in (1, 7):
            with pytest.raises(NotAvailable) as refused:
                await deposits.replace(accepted, by, document, version)
            said.add(str(refused.value))
    assert len(said) == 1


@pytest.mark.parametrize("moved", [{"client": "c-2"}, {"category": "activation-plan"}])
async def test_a_replacement_keeps_client_and_category(deposits: Deposits, moved: dict[str, str]) -> None:
    first = await deposits.create(PLAN, BY)
    with pytest.raises(RequestInvalid):
        await deposits.replace(replace(PLAN, **moved), BY, first.id, 1)  # type: ignore[arg-type]


async def test_a_deposit_is_an_entry_about_the_client_without_content(shelf: Shelf, deposits: Deposits) -> None:
    stored = await deposits.create(replace(PLAN, body=b'{"secret":1}'), BY)
    (draft,) = shelf.drafts
    assert (draft.index.kind, draft.subject_owner, draft.actor_owner) == ("deposit", "c-1", "sote-keskus-system/w-1")
    assert draft.body["document"]["id"] == stored.id  # type: ignore[index]
    assert "secret" not in str(draft)
