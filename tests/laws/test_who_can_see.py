"""The matrix says what `disclose` would do: now, at any past entry, and of a yes that was not said yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from adapters.sql.fact_reader import SqlFactReader
from adapters.sql.log_search import SqlSearchStore
from gateway.consent.model import Actor, GrantRow
from gateway.directory.instants import from_micros, to_micros
from gateway.disclosure.desk_requester import desk_system
from gateway.disclosure.history import History
from gateway.disclosure.insights import Insights
from gateway.disclosure.looking import Looker, LookerKind
from gateway.disclosure.matrix import Cell, Matrix, Seen
from gateway.disclosure.rebuilding import BEFORE_LOG, ERASED, OTHER_RULES, Rebuilding
from gateway.disclosure.release import Refused, Released
from gateway.disclosure.request import Requester
from gateway.disclosure.section_fields import rows
from gateway.disclosure.supposing import Supposing, answer
from gateway.disclosure.who_can_see import WhoCanSee
from gateway.errors import NotAvailable
from gateway.insight import insights_of
from tests.laws.gateway_world import FEEDBACK, PLAN, STATEMENT, Laws

PLACES = [
    ("sote-keskus", PLAN, "CarePlan"), ("terveystarkastus", FEEDBACK, "Composition"),
    ("sote-keskus", STATEMENT, "DocumentReference"), ("sote-keskus", "self-assessment", "Observation"),
]  # fmt: skip
RECIPIENTS = [
    ("kuntakokeilu", "employment-support"), ("kela", "rehabilitation-decision"), ("sosiaalityo", "care-coordination"),
    ("kuntoutustutkimus", "care"),
]  # fmt: skip
SENSITIVITIES = ("health", "mental-health", "substance-use")
RESOURCES = {category: resource for _, category, resource in PLACES}


@pytest.fixture
def insights(laws: Laws) -> Insights:
    return insights_of(laws.gateway)


async def live(laws: Laws, draw: Random, documents: list[str]) -> None:
    """Let one random thing happen to Suvi, of whose plans these are the ids."""
    recording, client = laws.gateway.recording, await laws.client("suvi")
    picture = await recording.for_client(client)
    laws.clock.advance(timedelta(minutes=draw.randrange(1, 60)))
    match draw.randrange(10):
        case 0 | 1 | 2 | 3 | 4:
            custodian, category, _ = draw.choice(PLACES)
            recipient, purpose = draw.choice(RECIPIENTS)
            row = laws.row(
                custodian=custodian, recipient=recipient, category=category, purpose=purpose,
                sensitivities=frozenset(draw.sample(SENSITIVITIES, draw.randrange(4))), once=draw.random() < 0.3,
                until=laws.clock.now() + timedelta(hours=draw.choice((1, 5, 500))),
                dated_until=laws.world.now - timedelta(hours=draw.choice((1, 48))) if draw.random() < 0.2 else None,
                document=draw.choice(documents) if category == PLAN and draw.random() < 0.3 else None,
            )  # fmt: skip
            await give(laws, row)
        case 5 if picture.consents:
            await recording.withdraw(draw.choice(picture.consents).id)
        case 6:
            category = draw.choice((None, PLAN, FEEDBACK))
            await recording.prohibit(client, recipient=draw.choice(RECIPIENTS)[0], category=category)
        case 7 if standing := [row for row in picture.prohibitions if row.lifted_at is None]:
            await recording.lift_prohibition(draw.choice(standing).id, client=client)
        case 8:
            await laws.relate()
        case 9 if relations := [row for row in picture.relations if row.ended_at is None]:
            await recording.end_relation(
                relations[0].id, Actor(service="sote-keskus", system="sote-keskus-system", worker="w-1")
            )


async def give(laws: Laws, row: GrantRow) -> None:
    """Give a row where the directory lets it be given."""
    services = laws.world.directory.services
    kinds = services[row.custodian].kind, services[row.recipient].kind
    flow = laws.world.directory.flow(row.category, *kinds, laws.clock.now())
    if flow is not None and not {"consent", "consent-once"}.isdisjoint(flow.bases):
        await laws.give("suvi", row)


async def settle(laws: Laws) -> list[str]:
    """Put Suvi's documents at disposal, some with labels of their own; return the ids of the plans."""
    for custodian, category, _ in PLACES[1:]:
        await laws.deposit(custodian=custodian, category=category)
    with_labels = [await laws.deposit(sections={"goals": ["mental-health"]}), await laws.deposit(labels=["health"])]
    return [await laws.deposit(), await laws.deposit(), *with_labels]


def worker(laws: Laws, seen: Seen) -> Requester:
    """Return a worker such as the row speaks of."""
    assert seen.purpose is not None
    return laws.requester(seen.recipient, seen.roles[0], seen.purpose)


def rows_of(matrix: Matrix) -> list[Seen]:
    """Return every row about a document that is there, without those of its own custodian."""
    return [one for cell in matrix.cells.values() for one in cell.documents if not one.holder]


@pytest.mark.parametrize("seed", range(5))
async def test_a_row_is_permitted_exactly_where_disclose_permits_and_names_the_same(
    laws: Laws, insights: Insights, seed: int
) -> None:
    draw, client = Random(seed), await laws.client("suvi")
    documents = await settle(laws)
    compared = permitted = 0
    await laws.give()
    for _ in range(6):
        await live(laws, draw, documents)
        matrix = await insights.who_can_see.matrix(client)
        allowed = [one for one in rows_of(matrix) if one.permitted]
        refused = [one for one in rows_of(matrix) if not one.permitted]
        for seen in [*draw.sample(allowed, min(4, len(allowed))), *draw.sample(refused, min(4, len(refused)))]:
            fresh = next(
                one for one in rows_of(await insights.who_can_see.matrix(client))
                if (one.recipient, one.document, one.purpose) == (seen.recipient, seen.document, seen.purpose)
            )  # fmt: skip
            assert fresh.document is not None
            answered = await laws.ask(laws.read_of(fresh.document, worker(laws, fresh), RESOURCES[fresh.category]))
            compared += 1
            if isinstance(answered, Refused):
                assert (fresh.permitted, fresh.reason) == (False, answered.reason)
            else:
                assert isinstance(answered, Released)
                permit = answered.documents[0].permit
                permitted += 1
                assert fresh.permitted
                assert fresh.basis == permit.basis
                assert set(fresh.released) == permit.sections
                assert (fresh.grants, fresh.relation) == (permit.grants, permit.relation)
                assert fresh.until == permit.good_until
    assert compared > 20
    assert permitted > 0
    assert laws.verify() == []


@pytest.mark.parametrize("seed", range(2))
async def test_the_matrix_of_a_past_instant_agrees_with_what_was_decided_then(laws: Laws, seed: int) -> None:
    draw, client = Random(seed + 100), await laws.client("suvi")
    gateway, directory = laws.gateway, laws.world.directory
    documents = await settle(laws)
    reader = SqlFactReader(gateway.database)
    past = Rebuilding(History(SqlSearchStore(gateway.database), gateway.keys), reader, directory)
    who = WhoCanSee(
        reader, past, gateway.engine, directory, gateway.clock, gateway.log, gateway.parts.new_event_id
    )  # fmt: skip
    then: list[tuple[int, Matrix]] = []
    for _ in range(12):
        await live(laws, draw, documents)
        matrix = await who.matrix(client)
        then.append((to_micros(matrix.at), matrix))
        for seen in draw.sample(rows_of(matrix), 2) if rows_of(matrix) else []:
            assert seen.document is not None
            await laws.ask(laws.read_of(seen.document, worker(laws, seen), RESOURCES[seen.category]))
        laws.clock.advance(timedelta(seconds=1))
    decided = [one for one in laws.entries() if one.kind in ("disclosure", "decision") and one.client == client]
    assert len(decided) > 5
    for entry in decided:
        whole = await past.whole_at(client, entry.t, (entry.origin, entry.index))
        assert whole is not None
        assert whole.caveats == ()
        assert entry.b is not None
        (told,) = rows(entry.b, "documents")
        document = next(row for row in whole.documents if row.id == told["id"])
        supposing = Supposing(whole, directory, entry.t)
        questions = supposing.asked_by(str(entry.b["recipient"]), [document], [str(entry.b["purpose"])])
        (answered,) = await answer(questions, directory, entry.t, gateway.engine)
        if isinstance(answered, str):
            assert entry.b["reasons"] == [answered]
        else:
            assert (told["basis"], told["sections"]) == (answered.basis, sorted(answered.sections))
    compared = 0
    for at, matrix in then:
        rebuilt = await who.matrix(client, at=from_micros(at))
        for place, cell in matrix.cells.items():
            # A read at the very instant may have spent what such a cell rests on.
            if not any(grant.spend for one in cell.seen for grant in one.grants):
                assert rebuilt.cells[place] == cell
                compared += 1
    assert compared > 10


async def test_a_service_sees_until_each_of_its_systems_is_suspended(laws: Laws, insights: Insights) -> None:
    client, partners = await laws.client("suvi"), laws.gateway.partners
    await laws.deposit()
    await laws.give()
    before = laws.clock.now()
    laws.clock.advance(timedelta(minutes=1))
    await laws.gateway.log.submit(partners.suspending("kuntakokeilu-system", by="test"), urgent=True)
    # Its organisation's own desk may still ask.
    assert _cell(await insights.who_can_see.matrix(client)).permitted
    await laws.gateway.log.submit(partners.suspending(desk_system("tyollisyysalue"), by="test"), urgent=True)
    assert _cell(await insights.who_can_see.matrix(client)).told.reason == "suspended"
    assert _cell(await insights.who_can_see.matrix(client, at=laws.clock.now())).told.reason == "suspended"
    assert _cell(await insights.who_can_see.matrix(client, at=before)).permitted


async def test_of_a_suspended_client_nobody_sees_anything(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    await laws.deposit()
    await laws.give()
    await laws.gateway.clients.suspend(client, suspended=True, by=Actor(system="gateway"))
    for at in (None, laws.clock.now()):
        assert _cell(await insights.who_can_see.matrix(client, at=at)).told.reason == "suspended"


async def test_what_could_come_is_told_before_any_document_is_there(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    await laws.give("suvi", laws.row(sensitivities=frozenset({"health"})))
    cell = _cell(await insights.who_can_see.matrix(client))
    assert cell.permitted
    assert cell.documents == ()
    assert "health" in cell.told.released
    assert "substance-use" in cell.told.withheld


async def test_one_document_and_one_recipient_can_be_asked_about(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    document = await laws.deposit()
    await laws.deposit(category="self-assessment")
    await laws.give()
    of_document = await insights.who_can_see.matrix(client, document=document, everyone=True)
    assert of_document.categories == (PLAN,)
    told = {one.recipient: one for one in of_document.of_document(document)}
    assert told["kuntakokeilu"].permitted
    assert told["sote-keskus"].holder
    assert not told["kela"].permitted
    of_recipient = await insights.who_can_see.matrix(client, recipients=["kuntakokeilu"])
    assert of_recipient.recipients == ("kuntakokeilu",)
    assert [cell.category for cell in of_recipient.of_recipient("kuntakokeilu")] == [PLAN, "self-assessment"]


async def test_each_look_is_an_entry_of_who_looked(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    await laws.give()
    await insights.who_can_see.matrix(client)
    officer = Looker(LookerKind.OFFICER, "dpo-1", "Tiina", "hyvinvointialue", frozenset({"kela"}))
    assert (await insights.who_can_see.matrix(client, officer)).cells == {}
    await insights.who_can_see.matrix(client, Looker(LookerKind.REPRESENTATIVE, "rep-1"))
    last = laws.entries()[-3:]
    assert [entry.kind for entry in last] == ["subject.read", "audit.read", "mandate.read"]
    assert all(entry.client == client and (entry.b or {})["view"] == "who-can-see" for entry in last)
    assert (last[1].a or {})["person"] == "dpo-1"
    assert laws.verify() == []


async def test_a_client_who_is_not_known_has_no_matrix_now_or_then(laws: Laws, insights: Insights) -> None:
    for at in (None, laws.clock.now()):
        for client in ("f" * 32, laws.gateway.register.decoy()):
            with pytest.raises(NotAvailable):
                await insights.who_can_see.matrix(client, at=at)


async def test_a_change_of_the_rules_since_is_said(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    await laws.give()
    before = laws.clock.now() - timedelta(days=1)
    assert OTHER_RULES in (await insights.who_can_see.matrix(client, at=before)).caveats
    assert (await insights.who_can_see.matrix(client, at=laws.clock.now())).caveats == ()


async def test_an_instant_before_the_log_is_said_to_be_one_of_which_nothing_is_known(
    laws: Laws, insights: Insights
) -> None:
    client = await laws.client("suvi")
    await laws.give()
    made = await insights.who_can_see.matrix(client, at=laws.clock.now() - timedelta(days=200))
    assert (made.recipients, BEFORE_LOG in made.caveats) == ((), True)
    assert BEFORE_LOG not in (await insights.who_can_see.matrix(client, at=laws.clock.now())).caveats


async def test_a_past_instant_is_known_across_a_new_year(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    await laws.deposit()
    await laws.give("suvi", laws.row(sensitivities=frozenset({"health"})))
    await laws.relate()
    await laws.gateway.recording.prohibit(client, recipient="kela")
    laws.clock.set(datetime(2027, 1, 2, 12, tzinfo=UTC))
    consent = await laws.give("suvi", laws.row(recipient="sosiaalityo", purpose="care-coordination"))
    assert laws.entries()[-1].origin.endswith("/2027")
    now = await insights.who_can_see.matrix(client)
    laws.clock.advance(timedelta(hours=1))
    await laws.gateway.recording.withdraw(consent.id)
    then = await insights.who_can_see.matrix(client, at=now.at)
    assert (then.cells, then.caveats) == (now.cells, ())


async def test_what_was_erased_since_is_said(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    await laws.deposit()
    await laws.give()
    then = laws.clock.now()
    laws.clock.set(datetime(2027, 1, 2, 12, tzinfo=UTC))
    await laws.give()
    laws.gateway.keys.destroy("subject-year", client, [2026])
    assert ERASED in (await insights.who_can_see.matrix(client, at=then)).caveats
    assert ERASED in (await insights.who_can_see.matrix(client, at=laws.clock.now())).caveats
    other = await laws.client("sirpa")
    assert (await insights.who_can_see.matrix(other, at=then)).caveats == ()


async def test_every_role_of_a_purpose_is_answered_alike(laws: Laws) -> None:
    client, directory, at = await laws.client("suvi"), laws.world.directory, to_micros(laws.clock.now())
    await settle(laws)
    for service in ("sote-keskus", "kuntoutustutkimus"):
        await laws.give(
            "suvi", laws.row(recipient=service, custodian="terveystarkastus", category=FEEDBACK, purpose="care")
        )
    whole = await SqlFactReader(laws.gateway.database).whole(client)
    assert whole is not None
    supposing, shared = Supposing(whole, directory, at), 0
    for service in directory.services:
        for question in supposing.asked_by(service, whole.documents):
            each = [
                replace(question, request=replace(
                    question.request, role=role, requester=replace(question.request.requester, role=role)
                ))
                for role in question.roles
            ]  # fmt: skip
            answers = await answer(each, directory, at, laws.gateway.engine)
            assert all(one == answers[0] for one in answers)
            shared += len(each) > 1
    assert shared > 0


def _cell(matrix: Matrix) -> Cell:
    cell = matrix.cell("kuntakokeilu", PLAN)
    assert cell is not None
    return cell
