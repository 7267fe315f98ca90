"""What the desk's pages are made of, without any gateway: work, drafts, situations, scans, references, worklist."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.consent.checks import year_after
from gateway.consent.desk_records import Case, GrantAtWork
from gateway.consent.model import AskedRow, ClientId, ConsentId
from gateway.directory.instants import to_micros
from gateway.directory.model import Category, Flow, Service
from gateway.directory.period import Period
from gateway.errors import DirectoryError
from gateway.web.desk.client_routes import askable
from gateway.web.desk.draft import Draft, end_of, last_day
from gateway.web.desk.scan import MAX_SCAN, type_of_scan
from gateway.web.desk.situations import load_situations
from gateway.web.desk.whom import Finder
from gateway.web.desk.work import Work, chosen_of, purposes_of, works_of
from gateway.web.desk.worklist import make_worklist
from gateway.web.session import Kind, SignedIn
from tests.laws.gateway_world import demo_world

DIRECTORY = demo_world().directory
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
ROW = AskedRow("sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support")


def signed_in(services: tuple[str, ...], roles: tuple[str, ...]) -> SignedIn:
    return SignedIn(Kind.STAFF, "w-1", "N", "substantial", NOW, "hyvinvointialue", services, roles)


def test_a_role_is_worked_in_only_where_it_works_and_in_services_in_force() -> None:
    works = works_of(signed_in(("sote-keskus", "te-toimisto", "nowhere"), ("laakari", "omavalmentaja")), DIRECTORY, NOW)
    assert {(one.service, one.role) for one in works} == {("sote-keskus", "laakari")}
    assert purposes_of(works, works[0]) == ("care", "care-coordination")
    assert chosen_of(works, None) is None and chosen_of(works, works[1].code) == works[1]
    assert chosen_of(works[:1], "anything") == works[0] and chosen_of((), None) is None


@pytest.mark.parametrize(
    ("choice", "day", "expected"),
    [
        ("3", "", date(2027, 2, 21)), ("6", "", date(2027, 5, 21)), ("12", "", date(2027, 11, 21)),
        ("day", "31.5.2027", date(2027, 5, 31)), ("day", "2027-05-31", date(2027, 5, 31)),
        ("day", "22.11.2026", date(2026, 11, 22)), ("day", "21.11.2026", None), ("day", "31.2.2027", None),
        ("day", "22.11.2027", None), ("day", "", None), ("", "31.5.2027", None), ("24", "", None),
        ("day", "x.y.z", None),
    ],
)  # fmt: skip
def test_a_permission_ends_at_midnight_after_its_last_day_within_a_year(
    choice: str, day: str, expected: date | None
) -> None:
    until = end_of(choice, day, NOW)
    assert (None if until is None else last_day(until)) == expected
    assert until is None or NOW < until <= year_after(NOW)


def test_three_months_from_the_last_of_november_end_at_the_last_of_february() -> None:
    assert end_of("3", "", datetime(2026, 11, 30, 12, tzinfo=UTC)) == datetime(2027, 2, 27, 22, tzinfo=UTC)


def test_end_within_a_day_has_no_last_day() -> None:
    assert last_day(NOW) is None and last_day(to_micros(NOW)) is None


def test_what_was_answered_to_other_words_counts_no_more() -> None:
    whole = Draft("d", "r", "w", "work-ability").with_rows([ROW]).with_period([["health"]], NOW, NOW)
    answered = Draft.from_bytes(whole.to_bytes())
    assert answered == whole and answered.has_period
    assert answered.grant_rows()[0].sensitivities == {"health"}
    assert not answered.with_rows([ROW, ROW]).has_period
    assert len(answered.with_rows([ROW, ROW]).refused_rows()) == 1


def test_every_situation_proposes_rows_that_a_consent_may_carry() -> None:
    for situation in load_situations().values():
        rows = situation.rows(DIRECTORY, NOW)
        assert rows and len(set(rows)) == len(rows)
        assert all(row.custodian != row.recipient and DIRECTORY.in_force(row.recipient, NOW) for row in rows)
    assert ROW in load_situations()["work-ability"].rows(DIRECTORY, NOW)


def test_situation_with_a_fault_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "situations.yaml"
    file.write_text(
        "one:\n  name: {fi: a, sv: b, en: c}\n  rows:\n    - {category: x, from: [y], purpose: z}\n", "utf-8"
    )
    with pytest.raises(DirectoryError, match=r"one\.rows\.0\.to: is missing"):
        load_situations(file)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"%PDF-1.7\n", "application/pdf"), (b"\x89PNG\r\n\x1a\n..", "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"<html>", None), (b"", None), (b"GIF89a", None), (b" %PDF-1.7", None),
        (b"%PDF-" + b"x" * MAX_SCAN, None),
    ],
)  # fmt: skip
def test_a_scan_is_told_by_its_first_bytes(content: bytes, expected: str | None) -> None:
    assert type_of_scan(content) == expected


class Heard:
    """A caseload that notes whose clients are asked for, and has none."""

    def __init__(self) -> None:
        self.asked: list[frozenset[str]] = []

    async def of_services(self, services: Collection[str], since: datetime, limit: int) -> tuple[Case, ...]:
        self.asked.append(frozenset(services))
        return ()

    async def is_of(self, services: Collection[str], client: ClientId) -> bool:
        self.asked.append(frozenset(services))
        return False


async def test_successor_finds_the_clients_of_the_service_that_has_ended_and_no_other() -> None:
    heard = Heard()
    finder = Finder(None, heard, None, DIRECTORY, lambda *_: "", ClientId("0"), lambda: NOW)  # type: ignore[arg-type]
    assert await finder.own("kuntakokeilu") == () and await finder.own_client("kela", ClientId("c")) is None
    assert heard.asked == [{"kuntakokeilu", "te-toimisto"}, {"kela"}]


def at_work(recipient: str = "kuntakokeilu", **more: object) -> GrantAtWork:
    values: dict[str, object] = {
        "client": ClientId("c"), "consent": ConsentId("k"), "custodian": "sote-keskus", "recipient": recipient,
        "category": "work-ability-plan", "until": NOW + timedelta(days=10), "withdrawn_at": None, "confirmed": True,
        "over": False,
    }  # fmt: skip
    return GrantAtWork(**{**values, **more})  # type: ignore[arg-type]


def test_worklist_tells_each_grant_once_and_only_what_asks_for_something() -> None:
    ending = at_work()
    later = at_work(until=NOW + timedelta(days=31))
    ended = at_work(until=NOW)
    withdrawn = at_work(withdrawn_at=NOW - timedelta(days=1))
    long_ago = at_work(withdrawn_at=NOW - timedelta(days=31))
    old = at_work("te-toimisto")
    spent = at_work(over=True)
    grants = (ending, later, ended, withdrawn, long_ago, old, spent)
    found = make_worklist(grants, "kuntakokeilu", frozenset({"te-toimisto"}), NOW)
    assert (found.ending, found.withdrawn, found.succeeded, found.unconfirmed) == ((ending,), (withdrawn,), (old,), ())


def test_unconfirmed_grant_waits_for_its_custodian_alone() -> None:
    one = at_work(confirmed=False)
    assert make_worklist((one,), "sote-keskus", frozenset(), NOW).unconfirmed == (one,)
    assert make_worklist((one,), "kuntakokeilu", frozenset(), NOW).unconfirmed == ()


def test_a_worker_may_ask_for_what_could_be_given_now_and_for_nothing_else() -> None:
    work = Work("kuntakokeilu", "omavalmentaja", "employment-support")
    later = NOW + timedelta(days=200)
    ends, begins = Period(None, later), Period(later, None)
    assert ROW in askable(DIRECTORY, work, NOW)

    def flows(period: Period) -> tuple[Flow, ...]:
        return tuple(replace(one, period=period) if one.category == ROW.category else one for one in DIRECTORY.flows)

    def services(period: Period) -> dict[str, Service]:
        return {**DIRECTORY.services, ROW.custodian: replace(DIRECTORY.services[ROW.custodian], period=period)}

    def categories(period: Period) -> dict[str, Category]:
        return {**DIRECTORY.categories, ROW.category: replace(DIRECTORY.categories[ROW.category], period=period)}

    for changed in (
        lambda period: replace(DIRECTORY, flows=flows(period)),
        lambda period: replace(DIRECTORY, services=services(period)),
        lambda period: replace(DIRECTORY, categories=categories(period)),
    ):
        assert ROW in askable(changed(ends), work, NOW)
        assert ROW not in askable(changed(ends), work, later)
        assert ROW not in askable(changed(begins), work, NOW)
