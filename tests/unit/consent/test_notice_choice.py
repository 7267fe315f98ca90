"""When a message leaves for its client: by kind and by what the client chose."""

from __future__ import annotations

import pytest

from gateway.consent.notice_choice import NoticeChoice, Rhythm, due_at
from gateway.consent.notice_texts import BrokenNotices, load_notice_texts
from gateway.directory.instants import parse_instant
from gateway.directory.model import LANGUAGES

AT = parse_instant("2026-11-22T10:00:00+02:00")
ALWAYS = (
    "consent.offer", "consent.given", "consent.changed", "consent.confirmed", "receipt.ready", "consent.ended",
    "client.notices", "of a kind to come",
)  # fmt: skip


@pytest.mark.parametrize("kind", ALWAYS)
@pytest.mark.parametrize("rhythm", Rhythm)
def test_codes_givings_and_withdrawals_are_told_at_once_whatever_the_client_chose(kind: str, rhythm: Rhythm) -> None:
    assert due_at(kind, AT, NoticeChoice(rhythm)) == AT


@pytest.mark.parametrize(
    "rhythm, created, due",
    [
        (Rhythm.EACH, "2026-11-22T10:00:00+02:00", "2026-11-22T10:00:00+02:00"),
        (Rhythm.DAILY, "2026-11-22T08:59:59+02:00", "2026-11-22T09:00:00+02:00"),
        (Rhythm.DAILY, "2026-11-22T09:00:00+02:00", "2026-11-23T09:00:00+02:00"),
        (Rhythm.DAILY, "2026-10-24T12:00:00+03:00", "2026-10-25T09:00:00+02:00"),
        (Rhythm.MONTHLY, "2026-11-22T10:00:00+02:00", "2026-12-01T09:00:00+02:00"),
        (Rhythm.MONTHLY, "2026-12-31T23:59:59+02:00", "2027-01-01T09:00:00+02:00"),
        (Rhythm.MONTHLY, "2027-01-01T08:00:00+02:00", "2027-01-01T09:00:00+02:00"),
        (Rhythm.MONTHLY, "2027-01-31T10:00:00+02:00", "2027-02-01T09:00:00+02:00"),
    ],
)
def test_a_disclosure_is_told_by_the_rhythm_in_helsinkis_morning(rhythm: Rhythm, created: str, due: str) -> None:
    assert due_at("disclosure", parse_instant(created), NoticeChoice(rhythm)) == parse_instant(due)


def test_with_never_a_disclosure_and_a_reminder_stay_on_the_page() -> None:
    for kind in ("disclosure", "consent.requested", "reminder.ends", "reminder.pause", "concern.answered"):
        assert due_at(kind, AT, NoticeChoice(Rhythm.NEVER)) is None


def test_a_reminder_does_not_wait_for_the_month_to_end() -> None:
    assert due_at("reminder.ends", AT, NoticeChoice(Rhythm.MONTHLY)) == AT


def test_who_never_chose_is_told_at_once() -> None:
    assert due_at("disclosure", AT, None) == AT


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_names_the_address_of_the_service_and_a_code_nothing_at_all(language: str) -> None:
    texts = load_notice_texts("https://gw.example")
    subject, text = texts.news(language)
    assert text.count("https://gw.example") == 1
    assert not any(sign in subject + text for sign in "?&#=@{}")
    subject, text = texts.code(language, "7K4M2PQX")
    assert text.endswith("7K4M2PQX")
    assert "7K4M2PQX" not in subject
    assert "http" not in text


def test_a_catalogue_that_tells_more_or_less_stops_the_start(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "notices.yaml"
    file.write_text(
        'news.subject: {fi: "{who}", fi-x-selko: a, sv: a, en: a}\n'
        "news.text: {fi: a, fi-x-selko: a, sv: a, en: a}\ncode.subject: {fi: a}\nmore: {fi: a}\n"
    )
    with pytest.raises(BrokenNotices) as broken:
        load_notice_texts("https://gw.example", file)
    said = str(broken.value)
    assert "news.subject: fi: names ['who']" in said
    assert "news.text: sv: names [] and must name ['address']" in said
    assert "code.subject: a text is missing" in said
    assert "code.text: a text is missing" in said
    assert "more: is none of the notices" in said
