"""The story of one request, told with parts in memory: what is asked, in which order, and what is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from adapters.sql.faults import told
from audit.entry import Draft
from audit.errors import CommitUnknown, LogBusy
from audit.log import Committed, Dropped
from audit.writing import Item, Placed, Rejected, Writing
from gateway.directory.instants import from_micros
from gateway.disclosure.decision import Decision, Deny, Permit, RelianceGrant
from gateway.disclosure.disclose import ATTEMPTS, disclose
from gateway.disclosure.release import Current, Parts, Refused, Released, ReleasedOwn
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.disclosure.snapshot import (
    ClientStanding,
    DocumentFacts,
    Epochs,
    GrantFacts,
    PartnerStanding,
    Snapshot,
)
from gateway.errors import CustodianUnavailable, EngineUnavailable, StoreUnavailable, TooBusy
from tests.unit.disclosure.snapshots import NOW, directory

WHO = Requester(
    "kuntakokeilu-system", "tyollisyysalue", "kuntakokeilu", "omavalmentaja", "employment-support", "substantial",
    "w-1", "Olli", "t-1",
)  # fmt: skip
READ = DisclosureRequest(Action.READ, WHO, "CarePlan", WHO.role, WHO.purpose, "r-1", document="d-1")
SEARCH = replace(READ, action=Action.SEARCH, document=None, identifier=b"hash", category="work-ability-plan")
DENIED = Deny(("no-consent",), "rev")
NOTHING = Deny(("not-found",), "rev")


def document(name: str = "d-1", dated: int = NOW - 10, custodian: str = "sote-keskus") -> DocumentFacts:
    """A plan."""
    return DocumentFacts(name, 1, custodian, "work-ability-plan", "CarePlan", dated, (), {"goals": ()}, "c-1")


def permit(**changed: object) -> Permit:
    """A permit on the one grant."""
    made = Permit(
        "consent", (RelianceGrant("g-1", "k-1", 1, False),), None, frozenset({"goals"}), ("work-ability-plan-work", 1),
        frozenset(), NOW + 100, "rev",
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


@dataclass
class World:
    """Everything outside of `disclose`: it says what it is told to and remembers what it was asked."""

    documents: tuple[DocumentFacts, ...] = (document(),)
    decisions: list[Decision] = field(default_factory=list)
    stale: int = 0
    failing: dict[str, Exception] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    at: int = NOW
    single_use: bool = False

    revision = "rev"

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failing:
            raise self.failing[name]

    def snapshot(self, documents: tuple[DocumentFacts, ...]) -> Snapshot:
        grant = GrantFacts(
            "g-1", "k-1", 1, "sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support", NOW - 1,
            NOW + 100,            (), self.single_use, None, None, None, False, True, False, False, 1, True,
        )  # fmt: skip
        return Snapshot(
            Epochs(1, 1, 1), ClientStanding("c-1", True, False, False),
            PartnerStanding(WHO.system, WHO.organisation, (WHO.service,), False), documents,
            (grant,), (), (), (), frozenset(),
        )  # fmt: skip

    async def for_document(
        self, system: str, recipient: str, document: str, resource: str, token: str = ""
    ) -> Snapshot:
        self._called("for_document")
        return self.snapshot(tuple(one for one in self.documents if one.id == document))

    async def for_client(
        self, system: str, recipient: str, lookup: bytes, categories: tuple[str, ...], token: str = ""
    ) -> Snapshot:
        self._called("for_client")
        return self.snapshot(self.documents)

    async def for_nobody(self, system: str, token: str = "") -> Snapshot:
        self._called("for_nobody")
        return self.snapshot(())

    async def decide_many(self, facts: Sequence[Mapping[str, object]]) -> list[Decision]:
        self._called("decide_many")
        return self.decisions or [permit() if one["document"] else NOTHING for one in facts]

    async def fetch(self, permit: Permit, client: str, document: str, version: int) -> bytes:
        self._called("fetch")
        return document.encode()

    async def fetch_own(self, client: str, document: str, version: int) -> bytes:
        self._called("fetch_own")
        return b"own"

    async def submit(self, item: Item[object, object], *, urgent: bool = False) -> Committed[object] | Dropped:
        self._called("submit")
        try:
            result, drafts = item.apply(Writing(None, "log", 0, 0), self.at)
        except Rejected as rejected:
            return Dropped(rejected.value)
        self.drafts += drafts
        return Committed(result, (Placed("log", 0, drafts[0].event_id, self.at),), b"", 1)

    def current(self, connection: object, judged: Sequence[tuple[Snapshot, tuple[DocumentFacts, ...]]]) -> Current:
        self._called("current")
        self.stale -= 1
        ((snapshot, documents),) = judged
        epoch = snapshot.epochs.client + (self.stale >= 0)
        versions = {document.id: document.version for document in documents}
        return Current({snapshot.client.id: epoch}, {snapshot.partner.system: 1}, 1, versions)

    def spend(self, connection: object, grant: str, event_id: str) -> bool:
        self._called("spend")
        return True

    def now(self) -> datetime:
        return from_micros(NOW)

    def database_now(self, connection: object) -> datetime:
        return from_micros(NOW)

    async def ask(self, request: DisclosureRequest) -> Released | ReleasedOwn | Refused:
        """Disclose."""
        ids = iter(range(100))
        parts = Parts(
            self, self, self, self.fetch_own, self, self, lambda *_: self._called("tell"),  # type: ignore[arg-type]
            lambda request, snapshot, document, permit, content: content, directory(), self,
            lambda: f"e-{next(ids)}", lambda body: body.decode(),
            lambda rendered: b"+".join(one.body for one in rendered),
        )  # fmt: skip
        return await disclose(request, parts)


async def test_a_permitted_read_goes_through_every_hop_in_order() -> None:
    world = World()
    outcome = await world.ask(READ)
    assert isinstance(outcome, Released)
    assert outcome.documents[0].body == b"d-1"
    assert world.calls == ["for_document", "decide_many", "fetch", "submit", "current"]
    assert [(one.index.kind, one.index.outcome) for one in world.drafts] == [("disclosure", "permit")]


async def test_a_refusal_fetches_nothing_and_is_one_entry() -> None:
    world = World(decisions=[DENIED])
    outcome = await world.ask(READ)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "no-consent"
    assert world.calls == ["for_document", "decide_many", "submit"]
    assert [(one.index.kind, one.index.outcome) for one in world.drafts] == [("decision", "deny")]


@pytest.mark.parametrize(
    "changed", [{"category": "no-such-category"}, {"purpose": "nothing"}, {"role": "nobody"}, {"resource": "Patient"}]
)
async def test_a_fault_of_the_request_is_found_before_any_client_is_looked_at(changed: dict[str, str]) -> None:
    for request in (READ, SEARCH):
        world = World()
        await world.ask(replace(request, **changed))  # type: ignore[arg-type]
        assert world.calls[0] == "for_nobody"
        assert not {"for_document", "for_client", "fetch"} & set(world.calls)


async def test_an_unfounded_permit_is_an_alarm_with_what_was_wrong() -> None:
    world = World(decisions=[permit(policy="another")])
    outcome = await world.ask(READ)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "permit-unfounded"
    assert "fetch" not in world.calls
    assert world.drafts[0].body["note"] == "another policy revision"


async def test_a_permit_for_no_document_opens_nothing() -> None:
    world = World(documents=(), decisions=[permit()])
    outcome = await world.ask(READ)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "permit-unfounded"


async def test_one_unfounded_permit_among_many_refuses_the_whole_search() -> None:
    world = World(documents=(document("d-1"), document("d-2")), decisions=[permit(), permit(basis="statutory")])
    outcome = await world.ask(SEARCH)
    assert isinstance(outcome, Refused)
    assert "fetch" not in world.calls


@pytest.mark.parametrize("stale", range(ATTEMPTS))
async def test_what_changed_meanwhile_is_judged_again(stale: int) -> None:
    world = World(stale=stale)
    assert isinstance(await world.ask(READ), Released)
    assert world.calls.count("for_document") == world.calls.count("decide_many") == stale + 1
    assert len(world.drafts) == 1


async def test_what_never_stands_still_is_refused() -> None:
    world = World(stale=99)
    outcome = await world.ask(READ)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "facts-changed"
    assert world.calls.count("decide_many") == ATTEMPTS
    assert [one.index.outcome for one in world.drafts] == ["deny"]


async def test_a_permit_that_ended_before_its_entry_is_judged_again() -> None:
    world = World(at=NOW + 100)
    outcome = await world.ask(READ)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "facts-changed"


@pytest.mark.parametrize(
    ("hop", "error"),
    [("decide_many", EngineUnavailable("silent")), ("fetch", CustodianUnavailable("silent"))],
)
async def test_silence_is_an_entry_and_then_an_error(hop: str, error: Exception) -> None:
    world = World(failing={hop: error})
    with pytest.raises(type(error)):
        await world.ask(READ)
    assert [(one.index.kind, one.index.outcome) for one in world.drafts] == [("decision", "error")]


@pytest.mark.parametrize(
    ("said", "raised"), [(told(LogBusy("full")), TooBusy), (told(CommitUnknown("disk")), StoreUnavailable)]
)
@pytest.mark.parametrize("decisions", [[], [DENIED]], ids=["permitted", "refused"])
async def test_without_an_entry_there_is_no_answer(
    said: Exception, raised: type[Exception], decisions: list[Decision]
) -> None:
    with pytest.raises(raised):
        await World(failing={"submit": said}, decisions=decisions).ask(READ)


async def test_a_search_shows_what_is_permitted_newest_first() -> None:
    found = (document("old", NOW - 30), document("new", NOW - 10), document("hidden", NOW - 20))
    world = World(documents=found, decisions=[permit(), permit(), DENIED])
    outcome = await world.ask(SEARCH)
    assert isinstance(outcome, Released)
    assert [one.document.id for one in outcome.documents] == ["new", "old"]
    assert "hidden" not in str(world.drafts)


async def test_pages_follow_each_other_without_gap_or_overlap() -> None:
    world = World(documents=tuple(document(f"d-{number}", NOW - number) for number in range(5)))
    seen: list[str] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        outcome = await world.ask(replace(SEARCH, count=2, after=after))
        assert isinstance(outcome, Released)
        seen += [one.document.id for one in outcome.documents]
        after, pages = outcome.more, pages + 1
    assert (seen, pages) == ([f"d-{number}" for number in range(5)], 3)


async def test_the_next_page_goes_on_where_the_last_ended_though_its_last_document_has_gone() -> None:
    found = tuple(document(f"d-{number}", NOW - number) for number in range(4))
    first = await World(documents=found).ask(replace(SEARCH, count=2))
    assert isinstance(first, Released)
    second = await World(documents=(found[0], *found[2:])).ask(replace(SEARCH, count=2, after=first.more))
    assert isinstance(second, Released)
    assert [one.document.id for one in second.documents] == ["d-2", "d-3"]


async def test_a_page_that_is_just_full_promises_no_other() -> None:
    world = World(documents=(document("d-1"), document("d-2", NOW - 20)))
    outcome = await world.ask(replace(SEARCH, count=2))
    assert isinstance(outcome, Released)
    assert outcome.more is None


async def test_a_search_that_finds_nothing_costs_what_a_refused_one_costs() -> None:
    nothing, refused = World(documents=()), World(decisions=[DENIED])
    assert isinstance(await nothing.ask(SEARCH), Refused)
    assert isinstance(await refused.ask(SEARCH), Refused)
    assert nothing.calls == refused.calls == ["for_client", "decide_many", "submit"]
    assert [one.index.kind for one in nothing.drafts + refused.drafts] == ["search", "search"]


async def test_a_custodian_reads_its_own_deposit_by_an_entry_and_no_judgement() -> None:
    world = World(documents=(document(custodian="kuntakokeilu"),))
    outcome = await world.ask(READ)
    assert isinstance(outcome, ReleasedOwn)
    assert (outcome.body, outcome.version) == (b"own", 1)
    assert world.calls == ["for_document", "fetch_own", "submit", "current"]
    assert world.drafts[0].index.kind == "custodian.read"


async def test_an_own_deposit_is_read_again_when_its_facts_changed_and_refused_when_they_keep_changing() -> None:
    once = World(documents=(document(custodian="kuntakokeilu"),), stale=1)
    assert isinstance(await once.ask(READ), ReleasedOwn)
    assert once.calls.count("for_document") == 2
    always = World(documents=(document(custodian="kuntakokeilu"),), stale=ATTEMPTS)
    outcome = await always.ask(READ)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "facts-changed"
    assert [one.index.kind for one in always.drafts] == ["decision"]


async def test_a_custodian_whose_claims_do_not_hold_is_judged_like_anyone() -> None:
    world = World(documents=(document(custodian="kuntakokeilu"),), decisions=[DENIED])
    other = replace(WHO, organisation="kela")
    assert isinstance(await world.ask(replace(READ, requester=other)), Refused)
    assert "fetch_own" not in world.calls


async def test_a_search_shows_a_custodian_its_own_documents_by_judgement_alone() -> None:
    world = World(documents=(document(custodian="kuntakokeilu"),), decisions=[DENIED])
    assert isinstance(await world.ask(SEARCH), Refused)


async def test_spending_telling_and_entry_are_one_write() -> None:
    grants = (RelianceGrant("g-1", "k-1", 1, True),)
    spending = permit(basis="consent-once", grants=grants, obligations=frozenset({"spend", "notify-client"}))
    world = World(decisions=[spending], single_use=True)
    outcome = await world.ask(READ)
    assert isinstance(outcome, Released)
    assert world.calls[-4:] == ["submit", "current", "spend", "tell"]
    disclosed, spent = world.drafts
    assert (disclosed.index.kind, spent.index.kind) == ("disclosure", "consent.spent")
    assert spent.body["by_event"] == disclosed.event_id
