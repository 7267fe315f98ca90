"""What a representative may learn from the pages of looking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.consent.model import ClientId, Prohibition, Relation, RelationKind
from gateway.consent.view import ClientPicture, RequestView
from gateway.directory.model import Directory
from gateway.disclosure.decision import RelianceGrant
from gateway.disclosure.looking import THE_CLIENT, Looker, LookerKind
from gateway.disclosure.matrix import Cell, Matrix, Seen
from gateway.disclosure.opened import Opened
from gateway.disclosure.representative import may_be_told
from gateway.disclosure.sight import sight_of
from gateway.disclosure.snapshot import (
    ClientStanding,
    DocumentFacts,
    Epochs,
    ProhibitionFacts,
    RefusalFacts,
)
from gateway.disclosure.whole import Whole
from tests.laws.gateway_world import PLAN, demo_world

GUARDIAN = Looker(LookerKind.REPRESENTATIVE, "someone")


@pytest.fixture
def directory() -> Directory:
    return demo_world().directory


def whole(*documents: DocumentFacts, prohibitions: tuple[ProhibitionFacts, ...] = (), marked: bool = False) -> Whole:
    """What stands about a client: by default one plan without labels."""
    client = ClientStanding("c", known=True, suspended=False, non_disclosure=marked)
    return Whole(Epochs(0, 0, 0), client, documents or (plan(),), (), prohibitions, (), ())


def plan(document: str = "d", *labels: str) -> DocumentFacts:
    """A plan with a part that is sensitive by nature and one that is not."""
    return DocumentFacts(document, 1, "sote-keskus", PLAN, "CarePlan", 0, labels, {"goals": (), "health": ()}, "c")


def seen_entries(entries: list[Opened], looker: Looker, directory: Directory, of: Whole | None = None) -> list[Opened]:
    return list(sight_of(of or whole(), looker, directory).entries(entries))


def entry(kind: str, subject: dict[str, object] | None = None, **body: object) -> Opened:
    return Opened("gw/audit/2026", 1, "e", 0, kind, "permit", {"client": "c"} | (subject or {}), None, body)


def test_service_whose_name_tells_is_told_to_the_client_and_to_nobody_for_them(directory: Directory) -> None:
    assert may_be_told(THE_CLIENT, PLAN, ("miepa",), directory)
    assert not may_be_told(GUARDIAN, PLAN, ("miepa",), directory)
    assert may_be_told(GUARDIAN, PLAN, ("sote-keskus", "kela"), directory)


def test_client_s_ticks_open_it_to_a_representative(directory: Directory) -> None:
    ticked = replace(GUARDIAN, ticks=frozenset({"mental-health", "substance-use"}))
    assert may_be_told(ticked, PLAN, ("miepa",), directory)


def test_category_all_of_which_is_sensitive_is_not_told_of(directory: Directory) -> None:
    row = directory.categories["self-assessment"]
    nature = {
        **directory.categories,
        "self-assessment": replace(row, sensitive={"score": frozenset({"mental-health"})}),
    }
    changed = replace(directory, categories=nature)
    assert not may_be_told(GUARDIAN, "self-assessment", (), changed)
    assert may_be_told(GUARDIAN, PLAN, (), changed)


@pytest.mark.parametrize(
    "one, told",
    [
        (
            entry(
                "disclosure", recipient="kela", documents=[{"id": "d", "custodian": "sote-keskus", "category": PLAN}]
            ),
            True,
        ),
        (entry("disclosure", recipient="kela", documents=[{"id": "d", "custodian": "miepa", "category": PLAN}]), False),
        (entry("decision", recipient="miepa", category=PLAN), False),
        (entry("relation.recorded", custodian="sote-keskus", recipients=["kela", "miepa"]), False),
        (entry("consent.given", {"giver": "client"}, grants=[{"recipient": "kela", "category": PLAN}]), False),
        (entry("consent.given", {"giver": "guardian"}, grants=[{"recipient": "kela", "category": PLAN}]), True),
        (entry("consent.given", {"giver": "guardian"}, grants=[{"recipient": "miepa", "category": PLAN}]), False),
        (entry("consent.refused", rows=[{"recipient": "kela", "category": PLAN}], in_person=True), False),
        (entry("concern.raised", concern="x"), False),
        (entry("subject.read"), False),
        (entry("prohibition.given", recipient="kela", category=None), True),
    ],
)
def test_representative_is_told_of_facts_and_not_of_what_the_client_decided(
    one: Opened, told: bool, directory: Directory
) -> None:
    assert list(seen_entries([one], GUARDIAN, directory)) == ([one] if told else [])
    assert list(seen_entries([one], THE_CLIENT, directory)) == [one]


def test_entry_that_does_not_open_is_not_told_to_a_representative(directory: Directory) -> None:
    closed = replace(entry("disclosure"), b=None)
    assert list(seen_entries([closed], GUARDIAN, directory)) == []


def test_matrix_of_a_representative_lacks_what_tells(directory: Directory) -> None:
    row = Seen("kela", PLAN, "miepa", "d", 0, None, (), True)
    cells = {("kela", PLAN): Cell("kela", PLAN, (row,)), ("miepa", PLAN): Cell("miepa", PLAN, (row,))}
    matrix = Matrix("c", datetime(2026, 1, 1, tzinfo=UTC), ("kela", "miepa"), (PLAN,), cells, "p", "d")
    assert sight_of(whole(), THE_CLIENT, directory).matrix(matrix) == matrix
    seen = sight_of(whole(), GUARDIAN, directory).matrix(matrix, everyone=True)
    assert (seen.recipients, seen.categories, dict(seen.cells)) == (("kela",), (), {})


# What is closed to them.

EVERYTHING = ProhibitionFacts("p", None, None, by_client=True)
OF_A_DOCUMENT = [
    entry("deposit", custodian="sote-keskus", category=PLAN, document={"id": "d", "labels": []}),
    entry("custodian.read", recipient="sote-keskus", category=PLAN, documents=[{"id": "d"}]),
    entry("disclosure", recipient="kela", category=PLAN, documents=[{"id": "d", "category": PLAN}]),
    entry("search", recipient="kela", category=PLAN, documents=[{"id": "d", "category": PLAN}]),
    entry("decision", recipient="kela", category=PLAN, documents=[{"id": "d"}], reasons=["sensitivity-not-covered"]),
    entry("mandate.read", category=PLAN, documents=[{"id": "d", "category": PLAN}]),
]


@pytest.mark.parametrize("one", OF_A_DOCUMENT, ids=lambda one: one.kind)
def test_entry_about_a_document_is_told_as_far_as_the_document_is_open(one: Opened, directory: Directory) -> None:
    assert seen_entries([one], GUARDIAN, directory) == [one]
    closed = (
        whole(marked=True), whole(prohibitions=(EVERYTHING,)), whole(plan("d", "mental-health")), whole(plan("other")),
        whole(prohibitions=(replace(EVERYTHING, category=PLAN),)),
    )  # fmt: skip
    for of in closed:
        assert seen_entries([one], GUARDIAN, directory, of) == []
        assert seen_entries([one], THE_CLIENT, directory, of) == [one]


def test_of_a_release_of_several_documents_the_open_ones_are_told(directory: Directory) -> None:
    one = entry("search", recipient="kela", category=PLAN, documents=[{"id": "d"}, {"id": "hidden"}])
    (seen,) = seen_entries([one], GUARDIAN, directory, whole(plan(), plan("hidden", "substance-use")))
    assert (seen.b or {})["documents"] == [{"id": "d"}]


@pytest.mark.parametrize("reason", ["withdrawn", "expired", "spent", "recipient-not-named", "unconfirmed"])
def test_reason_that_tells_what_the_client_decided_is_told_as_no_consent(reason: str, directory: Directory) -> None:
    one = entry("decision", recipient="kela", category=PLAN, reasons=[reason])
    (seen,) = seen_entries([one], GUARDIAN, directory)
    assert (seen.b or {})["reasons"] == ["no-consent"]


def test_of_a_marked_client_and_of_one_not_known_nothing_at_all_is_told(directory: Directory) -> None:
    row = Seen("kela", PLAN, "sote-keskus", "d", 0, None, (), True)
    matrix = _matrix(row)
    for sight in (sight_of(whole(marked=True), GUARDIAN, directory), sight_of(None, GUARDIAN, directory)):
        seen = sight.matrix(matrix, everyone=True)
        assert (seen.recipients, seen.categories, dict(seen.cells)) == ((), (), {})
        assert not sight.entries([entry("consent.given", {"giver": "guardian"}), entry("relation.recorded")])
        # Looks at a client in hiding are in the log as looks at anybody, without what they were at.
        bare = entry("mandate.read", by="representative", view="own-log", found=1)
        assert sight.entries([bare, entry("mandate.read", view="document", category=PLAN)]) == [bare]


def test_matrix_names_to_a_representative_the_open_parts_and_no_end_that_the_client_set(directory: Directory) -> None:
    grant = RelianceGrant("g", "theirs", 1, spend=False)
    row = Seen(
        "kela", PLAN, "sote-keskus", "d", 0, "care", (), True, basis="consent", grants=(grant,), until=7,
        released=("goals",), withheld=("health",),
    )  # fmt: skip
    cell = sight_of(whole(), GUARDIAN, directory).matrix(_matrix(row)).cells["kela", PLAN]
    (seen,) = cell.seen
    assert (seen.permitted, seen.grants, seen.until, seen.released, seen.withheld) == (True, (), None, ("goals",), ())


def test_service_that_the_client_alone_refused_or_stopped_has_no_row(directory: Directory) -> None:
    row = Seen("kela", PLAN, "sote-keskus", "d", 0, "care", (), False, reason="withdrawn")
    theirs = replace(whole(), refusals=(RefusalFacts("kela", PLAN, by_client=True),))
    assert sight_of(theirs, GUARDIAN, directory).matrix(_matrix(row)).recipients == ()
    for_them = replace(whole(), refusals=(RefusalFacts("kela", PLAN, by_client=False),))
    seen = sight_of(for_them, GUARDIAN, directory).matrix(_matrix(row))
    assert [one.reason for one in seen.cells["kela", PLAN].seen] == ["no-consent"]


def test_request_or_relation_of_a_service_whose_name_tells_is_not_a_representatives(directory: Directory) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    asked = [RequestView(code, code, "sote-keskus", PLAN, "care", "requested", at) for code in ("kela", "miepa")]
    related = [
        Relation(
            code, ClientId("c"), RelationKind.JOINT_SERVICE, "sote-keskus", ("kela", code), at, None, None, None, "k"
        )
        for code in ("kuntakokeilu", "miepa")
    ]
    stopped = [Prohibition(code, ClientId("c"), code, None, True, at) for code in ("kela", "miepa")]
    picture = ClientPicture(ClientId("c"), (), tuple(asked), (), tuple(stopped), tuple(related), ())
    seen = sight_of(whole(), GUARDIAN, directory).picture(picture)
    assert ([one.id for one in seen.requests], [one.id for one in seen.relations]) == (["kela"], ["kuntakokeilu"])
    assert [one.id for one in seen.prohibitions] == ["kela"]
    assert sight_of(whole(), THE_CLIENT, directory).picture(picture) == picture
    hidden = sight_of(whole(marked=True), GUARDIAN, directory).picture(picture)
    assert (hidden.requests, hidden.relations, hidden.prohibitions) == ((), (), ())


def _matrix(row: Seen) -> Matrix:
    cells = {(row.recipient, row.category): Cell(row.recipient, row.category, (row,))}
    return Matrix("c", datetime(2026, 1, 1, tzinfo=UTC), (row.recipient,), (row.category,), cells, "p", "d")
