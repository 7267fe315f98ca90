"""What desks keep, and a service's own clients: the same on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from adapters.sql.caseload import SqlCaseload
from adapters.sql.desk_records import DRAFT_LASTS, SqlDeskRecords
from adapters.sql.sealing import Sealing
from gateway.consent.desk_records import AnswerKind, DeskAnswer, Window
from gateway.consent.model import Actor, Capture, CaptureMethod, Evidence, Shown
from gateway.directory.identity_code import Identifier
from tests.laws.gateway_world import Laws, Store, installed, open_world, removed
from tests.parts.postgres import ON_BOTH

OURS, THEIRS = "kuntakokeilu", "sosiaalityo"


@pytest.fixture(params=ON_BOTH)
async def laws(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Laws]:
    store: Store = request.param
    folder = installed(tmp_path, store)
    async with open_world(folder, web=False) as opened:
        yield opened
    removed(folder)


@pytest.fixture
def records(laws: Laws) -> SqlDeskRecords:
    gateway = laws.gateway
    return SqlDeskRecords(gateway.database, Sealing(gateway.keys), gateway.register.lookups, laws.clock.now)


def identifier(laws: Laws, client: str) -> Identifier:
    return Identifier.personal(laws.world.clients[client].code)


async def test_contact_is_met_again_under_its_reference_and_by_its_own_service_alone(
    laws: Laws, records: SqlDeskRecords
) -> None:
    first = await records.contact(OURS, identifier(laws, "suvi"))
    assert (await records.contact(OURS, identifier(laws, "suvi"))).ref == first.ref
    assert (await records.contact(THEIRS, identifier(laws, "suvi"))).ref != first.ref
    assert await records.contact_of(OURS, first.ref) == first
    assert await records.contact_of(THEIRS, first.ref) is None
    laws.clock.advance(timedelta(days=90))
    assert await records.contact_of(OURS, first.ref) is None
    assert (await records.contact(OURS, identifier(laws, "suvi"))).ref != first.ref


async def test_two_who_look_the_same_person_up_at_once_meet_one_contact(laws: Laws, records: SqlDeskRecords) -> None:
    both = await asyncio.gather(*(records.contact(OURS, identifier(laws, "suvi")) for _ in range(6)))
    assert len({one.ref for one in both}) == 1


async def test_nothing_that_a_desk_keeps_can_be_read_in_the_database(laws: Laws, records: SqlDeskRecords) -> None:
    contact = await records.contact(OURS, identifier(laws, "suvi"))
    await records.save_draft(OURS, "d" * 32, b"what was talked over", b"what was scanned")
    with laws.gateway.database.read() as connection:
        sealed = connection.execute(text("SELECT sealed FROM desk_contact WHERE ref = :ref"), {"ref": contact.ref})
        kept = [bytes(sealed.scalar_one())]
        kept += map(bytes, connection.execute(text("SELECT sealed, scan FROM desk_draft")).one())
    for plain in (laws.code("suvi").encode(), b"talked", b"scanned"):
        assert all(plain not in one for one in kept)


async def test_draft_and_scan_are_their_services_own_and_end_after_a_day(laws: Laws, records: SqlDeskRecords) -> None:
    draft = "d" * 32
    await records.save_draft(OURS, draft, b"one", b"scan")
    laws.clock.advance(DRAFT_LASTS / 2)
    await records.save_draft(OURS, draft, b"two")
    kept = await records.draft(OURS, draft)
    assert kept is not None and kept.content == b"two" and await records.scan(OURS, draft) == b"scan"
    assert await records.draft(THEIRS, draft) is None and await records.scan(THEIRS, draft) is None
    await records.drop_draft(THEIRS, draft)
    assert [one.id for one in await records.drafts(OURS)] == [draft] and await records.drafts(THEIRS) == ()
    laws.clock.advance(DRAFT_LASTS)
    assert await records.draft(OURS, draft) is None and await records.scan(OURS, draft) is None
    await records.save_draft(OURS, "e" * 32, b"another")
    with laws.gateway.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM desk_draft")).scalar_one() == 1
    await records.drop_draft(OURS, "e" * 32)
    assert await records.drafts(OURS) == ()


async def test_draft_and_its_scan_are_written_together_however_many_write(records: SqlDeskRecords) -> None:
    draft = "d" * 32
    papers = [str(number).encode() for number in range(8)]
    await asyncio.gather(*(records.save_draft(OURS, draft, b"of " + paper, paper) for paper in papers))
    kept = await records.draft(OURS, draft)
    assert kept is not None and kept.content == b"of " + (await records.scan(OURS, draft) or b"")


async def test_draft_of_another_service_cannot_be_written_over(records: SqlDeskRecords) -> None:
    await records.save_draft(OURS, "d" * 32, b"ours")
    with pytest.raises(IntegrityError):
        await records.save_draft(THEIRS, "d" * 32, b"theirs")
    kept = await records.draft(OURS, "d" * 32)
    assert kept is not None and kept.content == b"ours"


async def test_newest_answer_holds_back_a_question_until_its_day(laws: Laws, records: SqlDeskRecords) -> None:
    now = laws.clock.now()
    asked = DeskAnswer("r", AnswerKind.ASKED, OURS, "work-ability-plan", now, now + timedelta(days=90))
    later = DeskAnswer("r", AnswerKind.LATER, OURS, "work-ability-plan", now, now + timedelta(days=80))
    other = DeskAnswer("s", AnswerKind.REFUSED, OURS, "work-ability-plan", now, now + timedelta(days=90))
    await records.note(OURS, [asked, other])
    await records.note(OURS, [later])
    assert set(await records.answers(OURS)) == {later, other} and await records.answers(THEIRS) == ()
    laws.clock.advance(timedelta(days=80))
    assert await records.answers(OURS) == (other,)


async def test_caseload_is_who_is_named_with_the_service_lately(laws: Laws) -> None:
    caseload, long_ago = SqlCaseload(laws.gateway.database), laws.clock.now() - timedelta(days=365)
    suvi, maija, sirpa = [await laws.client(name) for name in ("suvi", "maija", "sirpa")]
    await laws.give("suvi")
    await laws.deposit("maija", "sote-keskus")
    await laws.relate("sirpa")

    async def of(service: str) -> set[str]:
        return {case.client for case in await caseload.of_services({service}, long_ago, 100)}

    assert await of("kuntakokeilu") == {suvi, sirpa}
    assert await of("sote-keskus") == {suvi, maija, sirpa}
    assert await of("kela") == set()
    both = await caseload.of_services({"kela", "kuntakokeilu"}, long_ago, 100)
    assert {case.client for case in both} == {suvi, sirpa} and await caseload.is_of({"kela", "kuntakokeilu"}, suvi)
    assert await caseload.is_of({"kuntakokeilu"}, suvi) and not await caseload.is_of({"kuntakokeilu"}, maija)
    assert await caseload.of_services({"kuntakokeilu"}, laws.clock.now() + timedelta(seconds=1), 100) == ()


async def test_unconfirmed_grant_makes_nobody_its_recipients_client(laws: Laws) -> None:
    caseload, client = SqlCaseload(laws.gateway.database), await laws.client("suvi")
    wording = laws.gateway.wordings.current()
    shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    evidence = Evidence((("identity_check", "document"),))
    capture = Capture(CaptureMethod.WITH_PROFESSIONAL, service="terveystarkastus", evidence=evidence)
    by = Actor("terveystarkastus", "terveystarkastus-system", "w-1")
    row = laws.row(recipient="sosiaalityo", purpose="care-coordination")
    await laws.gateway.recording.give(client, [row], capture, shown, by=by)
    assert not await caseload.is_of({"sosiaalityo"}, client)
    assert await caseload.is_of({"terveystarkastus"}, client) and await caseload.is_of({"sote-keskus"}, client)
    now = laws.clock.now()
    window = Window(now, now + timedelta(days=30), now - timedelta(days=30))
    assert await caseload.at_work("sosiaalityo", (), window, 10) == ()
    assert not (await caseload.at_work("sote-keskus", (), window, 10))[0].confirmed


async def test_grants_at_work_are_those_that_ask_for_something_of_the_service(laws: Laws) -> None:
    caseload, recording, now = SqlCaseload(laws.gateway.database), laws.gateway.recording, laws.clock.now()
    soon = laws.row(until=now + timedelta(days=5))
    consent = await laws.give("suvi", soon, laws.row(category="self-assessment"))
    window = Window(now, now + timedelta(days=30), now - timedelta(days=30))
    assert [one.category for one in await caseload.at_work(OURS, (), window, 10)] == ["work-ability-plan"]
    assert await caseload.at_work(OURS, (), window, 0) == ()
    await recording.withdraw(consent.id)
    withdrawn = await caseload.at_work(OURS, (), window, 10)
    assert {one.withdrawn_at for one in withdrawn} == {now} and len(withdrawn) == 2
    assert await caseload.at_work(THEIRS, (), window, 10) == ()


async def test_a_services_newest_withdrawals_are_found_among_any_number_of_others(laws: Laws) -> None:
    caseload, recording, began = SqlCaseload(laws.gateway.database), laws.gateway.recording, laws.clock.now()
    mine = [await laws.give("suvi") for _ in range(3)]
    for consent in mine:
        laws.clock.advance(timedelta(minutes=1))
        await recording.withdraw(consent.id)
    for _ in range(4):
        laws.clock.advance(timedelta(minutes=1))
        other = await laws.give("sirpa", laws.row(recipient="kela", purpose="rehabilitation-decision"))
        await recording.withdraw(other.id)
    now = laws.clock.now()
    window = Window(now, now + timedelta(days=30), now - timedelta(days=30))
    found = await caseload.at_work(OURS, (), window, 2)
    assert {one.withdrawn_at for one in found} == {began + timedelta(minutes=2), began + timedelta(minutes=3)}
    # One that was changed counts as it was last; one of long ago is no news.
    changed = await laws.give("suvi")
    await recording.change(changed.id, (laws.row(category="self-assessment"),), changed.shown)
    await recording.withdraw(changed.id)
    assert [one.category for one in await caseload.at_work(OURS, (), window, 1)] == ["self-assessment"]
    late = Window(now, now + timedelta(days=30), now + timedelta(minutes=1))
    assert await caseload.at_work(OURS, (), late, 10) == ()
