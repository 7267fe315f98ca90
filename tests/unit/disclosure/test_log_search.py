"""The officer's search and the client's own log, on a real store; and the commands' verification."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from audit.entry import unpack_openings
from audit.export import export_logs
from audit.keys import KeyName
from audit.proof import parse_log_proof
from gateway.consent.model import Actor, ClientId
from gateway.directory.instants import to_micros
from gateway.disclosure.log_output import COLUMNS, as_csv, as_json, as_row, as_table
from gateway.disclosure.log_query import BadQuery, Officer, Query, Scope
from gateway.disclosure.opened import Opened
from gateway.disclosure.verification import SOUND, UNSOUND, verify_database, verify_folder
from tests.unit.disclosure.logged import Logged
from tests.unit.disclosure.story import CLIENT, OTHER, PLAN, Story

DPO = Officer("dpo-1", "Tiina Tietosuoja", "hyvinvointialue")


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Logged]:
    made = Logged(tmp_path, datetime(2026, 11, 23, tzinfo=UTC))
    yield made
    made.close()


@pytest.fixture
def filled(logged: Logged) -> Logged:
    """Return a log with the histories of two clients."""
    story = Story()
    plan, consent = story.deposit(), story.give()
    story.release(plan, consent)
    story.withdraw(consent, "tyohonvalmennus")
    story.deny("withdrawn", document=plan)
    story.release(plan, relation=story.relate())
    story.give(story.row(recipient="kuntakokeilu"), client=OTHER)
    story.deny("recipient-not-named", client=OTHER)
    story.write(logged.log)
    return logged


def kinds(entries: object) -> list[str]:
    """Return the kinds of a page's entries."""
    return [entry.kind for entry in entries]  # type: ignore[attr-defined]


async def test_a_client_is_found_by_its_tokens_newest_first(filled: Logged) -> None:
    page = await filled.search().search(Query(client=CLIENT), DPO)
    assert kinds(page.entries) == [
        "disclosure", "relation.recorded", "decision", "consent.withdrawn", "disclosure", "consent.given", "deposit"
    ]  # fmt: skip
    assert {entry.client for entry in page.entries} == {CLIENT}
    assert page.more is None


async def test_a_client_is_found_in_every_year(filled: Logged) -> None:
    filled.clock.at = datetime(2027, 2, 1, tzinfo=UTC)
    later = Story()
    later.deny()
    later.write(filled.log)
    page = await filled.search().search(Query(client=CLIENT, kinds=("decision",)), DPO)
    assert [entry.origin[-4:] for entry in page.entries] == ["2027", "2026"]
    first = await filled.search().search(Query(client=CLIENT, kinds=("decision",), count=1), DPO)
    rest = await filled.search().search(Query(client=CLIENT, kinds=("decision",), count=1, after=first.more), DPO)
    assert [*first.entries, *rest.entries] == list(page.entries)


@pytest.mark.parametrize(
    "query, expected",
    [
        (Query(outcome="deny"), 2),
        (Query(kinds=("consent.given", "consent.withdrawn")), 3),
        (Query(recipient="kuntakokeilu"), 1),
        (Query(custodian="sosiaalityo", kinds=("deposit",)), 1),
        (Query(basis="joint-service"), 1),
        (Query(requester="kela-system"), 5),
        (Query(person="w7"), 4),
        (Query(person="w7", requester="kela-system", client=OTHER), 1),
        (Query(person="nobody"), 0),
        (Query(client="c" * 32), 0),
        (Query(category=PLAN, outcome="permit"), 2),
        (Query(since=to_micros(datetime(2027, 1, 1, tzinfo=UTC))), 0),
        (Query(until=to_micros(datetime(2026, 1, 1, tzinfo=UTC))), 0),
    ],
)
async def test_each_question_finds_its_entries(filled: Logged, query: Query, expected: int) -> None:
    assert len((await filled.search().search(query, DPO)).entries) == expected


async def test_looking_makes_no_key_for_whom_it_does_not_find(filled: Logged) -> None:
    await filled.search().search(Query(person="somebody", requester="kela-system"), DPO)
    assert filled.keys.get(KeyName("actor-year", "kela-system/somebody", 2026)) is None


async def test_a_category_that_begins_another_is_not_confused_with_it(filled: Logged) -> None:
    assert not (await filled.search().search(Query(category="work-ability"), DPO)).entries
    assert not (await filled.search().search(Query(recipient="ke%"), DPO)).entries


async def test_pages_follow_each_other_without_gap_or_overlap(filled: Logged) -> None:
    search = filled.search()
    whole = await search.search(Query(client=CLIENT), DPO)
    found: list[Opened] = []
    after: str | None = None
    while True:
        query = Query(client=CLIENT, count=3, after=after, kinds=tuple({*kinds(whole.entries)}))
        page = await search.search(query, DPO)
        found += page.entries
        after = page.more
        if after is None:
            break
    assert found == list(whole.entries)


@pytest.mark.parametrize("query", [Query(count=0), Query(count=10**6), Query(after="x"), Query(after="1.-2")])
async def test_a_question_that_makes_no_sense_is_refused(filled: Logged, query: Query) -> None:
    with pytest.raises(BadQuery):
        await filled.search().search(query, DPO)


async def test_each_search_is_an_entry_that_the_client_can_see(filled: Logged) -> None:
    await filled.search().search(Query(client=CLIENT, outcome="deny"), DPO)
    last = filled.entries()[-1]
    assert (last.kind, last.client) == ("audit.read", CLIENT)
    assert last.b is not None
    assert last.b["query"] == {"outcome": "deny", "count": 50}
    assert last.b["found"] == 1
    assert last.a is not None
    assert last.a["name"] == "Tiina Tietosuoja"
    assert "audit.read" in kinds((await filled.search().own(CLIENT)).entries)


async def test_a_client_sees_its_own_log_without_the_workers(filled: Logged) -> None:
    page = await filled.search().own(OTHER)
    assert kinds(page.entries) == ["decision", "consent.given"]
    assert all(entry.a is None for entry in page.entries)
    assert kinds(page.context) == ["consent.given"]
    last = filled.entries()[-1]
    assert (last.kind, last.client) == ("subject.read", OTHER)


async def test_an_officer_of_one_organisation_sees_its_own_part(filled: Logged) -> None:
    officer = replace(DPO, scope=Scope(frozenset({"kuntakokeilu"}), frozenset({"kuntakokeilu-system"})))
    page = await filled.search().search(Query(), officer)
    assert kinds(page.entries) == ["consent.given"]
    elsewhere = next(entry for entry in filled.entries() if entry.kind == "disclosure")
    assert await filled.search().receipt(elsewhere.origin, elsewhere.index, officer) is None
    mine = page.entries[0]
    assert await filled.search().receipt(mine.origin, mine.index, officer) is not None


async def test_each_row_has_its_proof(filled: Logged) -> None:
    row = next(entry for entry in filled.entries() if entry.kind == "disclosure")
    receipt = await filled.search().receipt(row.origin, row.index, DPO)
    assert receipt is not None
    proof = parse_log_proof(receipt.encode())
    assert proof.extra is not None
    entry, openings = unpack_openings(proof.extra)
    proof.verify(entry, filled.verifiers())
    assert {one.section for one in openings} == {"s", "a", "b"}
    own = await filled.search().own_receipt(row.origin, row.index, CLIENT)
    assert own is not None
    extra = parse_log_proof(own.encode()).extra
    assert extra is not None
    assert {one.section for one in unpack_openings(extra)[1]} == {"s", "b"}
    assert await filled.search().own_receipt(row.origin, row.index, OTHER) is None
    assert await filled.search().own_receipt(row.origin, 10_000, CLIENT) is None


# Outputs.


def test_no_cell_of_the_csv_is_a_formula(logged: Logged) -> None:
    story = Story()
    story.give(by=Actor("kela", "=cmd|' /C calc'!A0", "@worker"))
    story.write(logged.log)
    rows = list(csv.DictReader(io.StringIO(as_csv(logged.entries()))))
    assert rows[-1]["requester"] == "'=cmd|' /C calc'!A0"
    assert rows[-1]["person"] == "'@worker"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_table_and_json_say_what_the_entries_say(filled: Logged) -> None:
    entries = filled.entries()
    lines = as_table(entries).splitlines()
    assert len(lines) == len(entries) + 1
    assert lines[0].split()[:3] == ["time", "kind", "outcome"]
    told = orjson.loads(as_json(entries))
    assert [row["index"] for row in told] == [entry.index for entry in entries]
    assert told[-1]["body"]["reasons"] == ["recipient-not-named"]
    assert set(as_row(entries[-1])) == set(COLUMNS)


# The commands' verification.


def test_a_sound_database_verifies_with_status_zero(filled: Logged) -> None:
    report = verify_database(filled.store, filled.keys, filled.verifiers())
    assert report.sentences()[-1].startswith("The log proves itself: ")
    assert report.exit_status == SOUND


def test_a_forged_release_and_an_altered_row_are_both_told(filled: Logged) -> None:
    story = Story()
    plan, consent = story.deposit(), story.give(client=ClientId("e" * 32))
    story.release(plan, consent)
    story.write(filled.log)
    with filled.database.write() as connection:
        connection.execute(text("DROP TRIGGER audit_index_update"))
        connection.execute(text("UPDATE audit_index SET outcome = 'permit' WHERE kind = 'decision'"))
        connection.commit()
    report = verify_database(filled.store, filled.keys, filled.verifiers())
    wrong = [line for line in report.sentences() if line.startswith("WRONG: ")]
    assert any("rests on a grant of another client" in line for line in wrong)
    assert any("the index row says otherwise" in line for line in wrong)
    assert report.exit_status == UNSOUND


def test_an_export_verifies_and_says_that_the_order_law_was_not_checked(filled: Logged, tmp_path: Path) -> None:
    filled.clock.at += timedelta(days=60)
    Story().write(filled.log)
    folder = tmp_path / "export"
    with filled.store.read() as reader:
        written = export_logs(reader, filled.verifiers(), folder)
    for one in (folder, written[0]):
        report = verify_folder(one)
        assert report.exit_status == SOUND
        assert any("the order law: an export has no sealed sections" in line for line in report.sentences())
    assert verify_folder(tmp_path / "export" / written[0].name / "tile").exit_status == UNSOUND
