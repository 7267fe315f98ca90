"""A preview is what a disclosure would be; one's own documents, and what a desk may learn."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.sql.fact_reader import SqlFactReader
from gateway.consent.model import Actor, RefusedRow
from gateway.disclosure.insights import Insights, OpenTo, OwnReading
from gateway.disclosure.looking import THE_CLIENT, Looker, LookerKind
from gateway.disclosure.release import Released
from gateway.disclosure.sight import Sights
from gateway.errors import NotAvailable, RequestInvalid
from gateway.insight import insights_of
from tests.laws.gateway_world import FEEDBACK, PLAN, STATEMENT, Laws, demo_world

ALL = set(demo_world().directory.categories[PLAN].sections)
REPRESENTATIVE = Looker(LookerKind.REPRESENTATIVE, "rep-1", "Riitta Edustaja")
BY = Actor(service="sote-keskus", system="sote-keskus-system", worker="w-1")


@pytest.fixture
def insights(laws: Laws) -> Insights:
    return insights_of(laws.gateway)


# The preview.


@pytest.mark.parametrize("ticks", [frozenset(), frozenset({"health"}), frozenset({"health", "mental-health"})], ids=len)
async def test_a_preview_shows_what_the_recipient_then_gets(
    laws: Laws, insights: Insights, ticks: frozenset[str]
) -> None:
    client, document = await laws.client("suvi"), await laws.deposit()
    row = laws.row(sensitivities=ticks)
    shown = await insights.previews.preview(client, [row])
    (previewed,) = shown.documents
    assert (previewed.permitted, previewed.already) == (True, False)
    await laws.give("suvi", row)
    released = await laws.ask(laws.read_of(document))
    assert isinstance(released, Released)
    assert previewed.view == insights.read_document(released.documents[0].body, PLAN)
    assert set(previewed.released) == released.documents[0].permit.sections
    assert set(previewed.released) | set(previewed.withheld) == set(laws.world.directory.categories[PLAN].sections)
    assert {"mental-health", "substance-use", "health"} - ticks <= set(previewed.withheld)
    assert (await insights.previews.preview(client, [row])).documents[0].already


async def test_a_preview_gives_nobody_anything(laws: Laws, insights: Insights) -> None:
    client, document = await laws.client("suvi"), await laws.deposit()
    await insights.previews.preview(client, [laws.row()])
    assert not isinstance(await laws.ask(laws.read_of(document)), Released)
    entry = next(one for one in laws.entries() if one.kind == "subject.read")
    assert (entry.client, (entry.b or {})["view"]) == (client, "preview")
    assert not [one for one in laws.entries() if one.kind in ("disclosure", "consent.given")]
    assert laws.verify() == []


async def test_a_prohibition_shows_in_a_preview_and_an_own_refusal_does_not_stand_in_the_way(
    laws: Laws, insights: Insights
) -> None:
    client, recording = await laws.client("suvi"), laws.gateway.recording
    await laws.deposit()
    await recording.refuse(client, [RefusedRow("kuntakokeilu", PLAN)])
    assert (await insights.previews.preview(client, [laws.row()])).documents[0].permitted
    await recording.prohibit(client, recipient="kuntakokeilu")
    (previewed,) = (await insights.previews.preview(client, [laws.row()])).documents
    assert (previewed.permitted, previewed.reason, previewed.view) == (False, "prohibited", None)


async def test_rows_that_open_nothing_yet_are_named(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    await laws.deposit()
    feedback = laws.row(custodian="terveystarkastus", category=FEEDBACK)
    shown = await insights.previews.preview(client, [laws.row(), feedback])
    assert shown.nothing_yet == (("kuntakokeilu", FEEDBACK),)
    assert len(shown.documents) == 1


async def test_a_single_use_document_is_previewed(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    await laws.deposit(category=STATEMENT)
    row = laws.row(recipient="kela", category=STATEMENT, purpose="rehabilitation-decision")
    (previewed,) = (await insights.previews.preview(client, [row])).documents
    assert previewed.permitted
    assert previewed.released == ("document",)


async def test_rows_that_make_no_sense_are_refused(laws: Laws, insights: Insights) -> None:
    client = await laws.client("suvi")
    for rows in ([], [laws.row(recipient="nobody")], [laws.row(category="nothing")], [laws.row()] * 51):
        with pytest.raises(RequestInvalid):
            await insights.previews.preview(client, rows)


async def test_another_clients_documents_are_in_no_preview(laws: Laws, insights: Insights) -> None:
    await laws.deposit("sirpa")
    assert (await insights.previews.preview(await laws.client("suvi"), [laws.row()])).documents == ()


# One's own documents.


async def test_a_client_reads_the_own_documents_whole_and_each_read_is_an_entry(laws: Laws, insights: Insights) -> None:
    client, document = await laws.client("suvi"), await laws.deposit()
    (listed,) = await insights.own.documents(client)
    assert (listed.id, listed.category, listed.custodian) == (document, PLAN, "sote-keskus")
    read = await insights.own.read(client, document)
    assert read is not None
    assert [section.code for section in read.view.sections] == list(laws.world.directory.categories[PLAN].sections)
    last = laws.entries()[-1]
    assert (last.kind, last.outcome, (last.b or {})["documents"]) == (
        "subject.read", "permit",
        [{"id": document, "version": 1, "custodian": "sote-keskus", "category": PLAN, "basis": "own-data",
          "sections": sorted(listed.sections)}],
    )  # fmt: skip
    assert laws.verify() == []


async def test_anothers_document_and_an_unknown_one_look_the_same(laws: Laws, insights: Insights) -> None:
    client, document = await laws.client("suvi"), await laws.deposit("sirpa")
    assert await insights.own.read(client, document) is None
    assert await insights.own.read(client, "f" * 32) is None
    mine = [one for one in laws.entries() if one.kind == "subject.read"]
    assert [one.outcome for one in mine] == ["deny", "deny"]
    assert {key: value for key, value in (mine[0].b or {}).items() if key not in ("event_id", "t")} == {
        key: value for key, value in (mine[1].b or {}).items() if key not in ("event_id", "t")
    }


async def test_a_representative_reads_nothing_sensitive_that_was_not_ticked(laws: Laws, insights: Insights) -> None:
    client, document = await laws.client("suvi"), await laws.deposit()
    sensitive = ("health", "mental-health", "substance-use")
    for closed, looker in (
        (sensitive, REPRESENTATIVE), (sensitive[1:], replace(REPRESENTATIVE, ticks=frozenset({"health"})))
    ):  # fmt: skip
        read = await insights.own.read(client, document, looker)
        assert isinstance(read, OwnReading)
        assert {section.code for section in read.view.sections} == ALL - set(closed)
        assert read.kept_back
        # That there is more is told, and not what: the very name of a part would tell.
        assert not [name for name in closed if name in repr(read)]
        assert not [name for name in closed if name in repr(await insights.own.documents(client, looker))]
    last = laws.entries()[-1]
    assert (last.kind, (last.a or {})["person"]) == ("mandate.read", "rep-1")


async def test_a_representative_does_not_see_what_the_client_forbade_to_everyone(
    laws: Laws, insights: Insights
) -> None:
    client, document = await laws.client("suvi"), await laws.deposit()
    await laws.gateway.recording.prohibit(client, category=PLAN)
    assert await insights.own.documents(client, REPRESENTATIVE) == ()
    assert await insights.own.read(client, document, REPRESENTATIVE) is None
    assert await insights.own.read(client, document) is not None


async def test_a_document_that_is_sensitive_as_a_whole_is_not_a_representatives(laws: Laws, insights: Insights) -> None:
    client, document = await laws.client("suvi"), await laws.deposit(labels=["substance-use"])
    assert await insights.own.read(client, document, REPRESENTATIVE) is None
    assert await insights.own.documents(client, REPRESENTATIVE) == ()
    row = laws.row(sensitivities=frozenset({"substance-use"}))
    assert (await insights.previews.preview(client, [row], REPRESENTATIVE)).documents == ()
    assert (await insights.previews.preview(client, [row])).documents[0].permitted


async def test_of_a_client_in_hiding_a_representative_reads_nothing(laws: Laws, insights: Insights) -> None:
    client, document = await laws.client("turva"), await laws.deposit("turva")
    assert await insights.own.read(client, document, REPRESENTATIVE) is None
    assert await insights.own.read(client, document) is not None


async def test_nothing_is_read_while_the_client_is_suspended(laws: Laws, insights: Insights) -> None:
    client, document = await laws.client("suvi"), await laws.deposit()
    await laws.gateway.clients.suspend(client, suspended=True, by=Actor(system="gateway"))
    with pytest.raises(NotAvailable):
        await insights.own.read(client, document)
    with pytest.raises(NotAvailable):
        await insights.own.documents(client)
    assert (laws.entries()[-1].b or {})["reasons"] == ["suspended"]


# What a representative is told by a preview.


async def nothing_there(laws: Laws, insights: Insights) -> tuple[object, ...]:
    """What a preview of a client tells of whom no document is there."""
    shown = await insights.previews.preview(await laws.client("sirpa"), [laws.row()], REPRESENTATIVE)
    return shown.documents, shown.nothing_yet, shown.not_shown, shown.left_off


@pytest.mark.parametrize("why", ["marked", "paused", "forbidden", "suspended", "sensitive"])
async def test_a_preview_tells_a_representative_nothing_of_a_document_that_is_not_open_to_them(
    laws: Laws, insights: Insights, why: str
) -> None:
    client, gateway = await laws.client("suvi"), laws.gateway
    document = await laws.deposit(labels=["mental-health"] if why == "sensitive" else [])
    match why:
        case "marked":
            await gateway.clients.mark(client, non_disclosure=True, by=Actor(system="gateway"))
        case "paused":
            await gateway.recording.pause(client)
        case "forbidden":
            await gateway.recording.prohibit(client, category=PLAN)
        case "suspended":
            await gateway.clients.suspend(client, suspended=True, by=Actor(system="gateway"))
        case _:
            pass
    rows = [laws.row(sensitivities=frozenset({"health", "mental-health", "substance-use"}))]
    shown = await insights.previews.preview(client, rows, REPRESENTATIVE)
    assert (shown.documents, shown.nothing_yet, shown.not_shown, shown.left_off) == await nothing_there(laws, insights)
    told = [entry for entry in laws.entries() if entry.kind == "mandate.read" and entry.client == client]
    assert [(entry.b or {})["documents"] for entry in told] == [[]]
    # The client in person is told of it as before, with the reason of a refusal.
    assert [one.document for one in (await insights.previews.preview(client, rows)).documents] == [document]


async def test_a_preview_names_to_a_representative_no_part_that_is_not_open_to_them(
    laws: Laws, insights: Insights
) -> None:
    client = await laws.client("suvi")
    await laws.deposit()
    row = laws.row(sensitivities=frozenset({"health", "mental-health"}))
    (whole,) = (await insights.previews.preview(client, [row])).documents
    (cut,) = (await insights.previews.preview(client, [row], REPRESENTATIVE)).documents
    assert "mental-health" in whole.released and "substance-use" in whole.withheld and not whole.kept_back
    assert cut.permitted and cut.kept_back and cut.view is not None
    assert set(cut.released) == ALL - {"health", "mental-health", "substance-use"}
    assert {section.code for section in cut.view.sections} == set(cut.released)
    assert cut.withheld == ()
    await laws.gateway.recording.prohibit(client, recipient="kuntakokeilu")
    (refused,) = (await insights.previews.preview(client, [row], REPRESENTATIVE)).documents
    assert set(refused.withheld) == ALL - {"health", "mental-health", "substance-use"}


# What a representative is told of the log and of who can see.


@pytest.mark.parametrize("why", ["marked", "paused", "sensitive"])
async def test_of_what_is_not_open_to_a_representative_neither_log_nor_matrix_tells_now_or_of_a_past_day(
    laws: Laws, insights: Insights, why: str
) -> None:
    client, gateway = await laws.client("suvi"), laws.gateway
    document = await laws.deposit(labels=["mental-health"] if why == "sensitive" else [])
    await laws.relate()
    await laws.ask(laws.read_of(document))
    sights, then = Sights(SqlFactReader(gateway.database), gateway.directory), laws.clock.now()
    laws.clock.advance(timedelta(days=1))
    if why == "marked":
        await gateway.clients.mark(client, non_disclosure=True, by=Actor(system="gateway"))
    elif why == "paused":
        await gateway.recording.pause(client)
    matrices = [await insights.who_can_see.matrix(client, looker, at=at)
                for looker in (REPRESENTATIVE, THE_CLIENT) for at in (None, then)]  # fmt: skip
    own = [entry for entry in laws.entries() if entry.client == client]
    theirs = await sights.of(client, REPRESENTATIVE)
    for one in matrices[:2]:
        assert document not in repr(theirs.matrix(one, everyone=True))
    assert {one.kind for one in theirs.entries(own)} & {"deposit", "disclosure", "decision"} == set()
    assert document not in repr([one.b for one in theirs.entries(own)])
    hers = await sights.of(client)
    assert all(document in repr(hers.matrix(one)) for one in matrices[2:])
    assert hers.entries(own) == own


# What a desk may learn.


async def seen(laws: Laws, insights: Insights, client: str | None, **who: str) -> dict[str, OpenTo]:
    """Return what a worker is told, by category."""
    return {one.category: one for one in await insights.desks.may_see(client, laws.requester(**who))}


async def test_a_desk_is_told_what_is_open_and_the_client_is_told_that_it_looked(
    laws: Laws, insights: Insights
) -> None:
    client = await laws.client("suvi")
    await laws.give("suvi", laws.row(sensitivities=frozenset({"health"})))
    told = await seen(laws, insights, client)
    assert told[PLAN].open
    assert (told[PLAN].custodians, told[PLAN].basis) == (("sote-keskus",), "consent")
    assert "health" in told[PLAN].sections
    assert "substance-use" not in told[PLAN].sections
    assert not told[FEEDBACK].open
    last = laws.entries()[-1]
    assert (last.kind, last.client, (last.b or {})["recipient"]) == ("probe", client, "kuntakokeilu")
    assert laws.verify() == []


async def test_to_a_desk_every_no_sounds_like_what_is_not_there(laws: Laws, insights: Insights) -> None:
    """Unknown, without consent, refused, forbidden, given to others, with and without documents: all one."""
    recording = laws.gateway.recording
    nothing = await seen(laws, insights, None)
    known = await seen(laws, insights, await laws.client("suvi"))
    suvi = await laws.client("suvi")
    await laws.deposit()
    with_document = await seen(laws, insights, suvi)
    await laws.give("suvi", laws.row(recipient="kela", purpose="rehabilitation-decision"))
    given_to_others = await seen(laws, insights, suvi)
    await recording.refuse(suvi, [RefusedRow("kuntakokeilu", PLAN)])
    refused = await seen(laws, insights, suvi)
    await recording.prohibit(suvi, recipient="kuntakokeilu")
    forbidden = await seen(laws, insights, suvi)
    await laws.gateway.clients.suspend(suvi, suspended=True, by=Actor(system="gateway"))
    suspended = await seen(laws, insights, suvi)
    in_hiding = await seen(laws, insights, await laws.client("turva"))
    for other in (known, with_document, given_to_others, refused, forbidden, suspended, in_hiding):
        assert other == nothing
    assert {one.told for one in nothing.values()} == {"not-open"}


async def test_a_desk_is_told_the_state_of_its_own_consents_whatever_else_stands(
    laws: Laws, insights: Insights
) -> None:
    client = await laws.client("suvi")
    consent = await laws.give("suvi", laws.row(until=laws.clock.now() + timedelta(days=1)))
    laws.clock.advance(timedelta(days=2))
    assert (await seen(laws, insights, client))[PLAN].told == "expired"
    await laws.gateway.recording.withdraw(consent.id)
    assert (await seen(laws, insights, client))[PLAN].told == "withdrawn"
    # A prohibition changes nothing of what is told of a withdrawn consent: else it would be told by that.
    await laws.gateway.recording.prohibit(client, category=PLAN)
    assert (await seen(laws, insights, client))[PLAN].told == "withdrawn"


async def test_a_desk_is_told_that_it_may_not_ask_at_all(laws: Laws, insights: Insights) -> None:
    await laws.give()
    client = await laws.client("suvi")
    told = await seen(laws, insights, client, service="kuntakokeilu", role="laakari", purpose="care")
    assert {one.told for one in told.values()} == {"role-not-allowed"}
    assert told == await seen(laws, insights, None, service="kuntakokeilu", role="laakari", purpose="care")


async def test_a_client_in_hiding_looks_like_any_other_to_a_desk(laws: Laws, insights: Insights) -> None:
    for name in ("turva", "suvi"):
        await laws.give(name, laws.row(category="referral-summary", recipient="terveystarkastus", purpose="care"))
    who = {"service": "terveystarkastus", "role": "terveydenhoitaja", "purpose": "care"}
    assert await seen(laws, insights, await laws.client("turva"), **who) == await seen(
        laws, insights, await laws.client("suvi"), **who
    )
