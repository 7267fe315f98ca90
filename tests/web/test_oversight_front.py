"""The officer's first page: what is said of the log is what is so."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from adapters.sql.verifications import SqlVerifications
from gateway.directory.instants import to_micros
from gateway.verification import verify_gateway
from tests.web.people import People, words
from tests.web.test_oversight_search import read_plan


async def test_the_last_verification_is_told_with_what_it_checked_and_found(people: People) -> None:
    laws = people.laws
    await read_plan(laws)
    officer = await people.officer("tyollisyysalue")
    assert "None is recorded" in words(await officer.get("/oversight"))
    kept = SqlVerifications(laws.gateway.database)
    figures = verify_gateway(laws.gateway).figures(to_micros(laws.clock.now()))
    kept.add(replace(figures, at=figures.at - 1, wrong=2))
    assert "To be looked into: 2" in words(await officer.get("/oversight"))
    kept.add(figures)
    page = words(await officer.get("/oversight"))
    assert "22 November 2026 at 9:00" in page and "Nothing wrong" in page and "Releases: 1." in page
    assert f"Entries: {laws.size()}." in page and "The order of permissions and releases too." in page


async def test_counts_are_the_organisations_own_and_a_look_at_them_is_no_entry(people: People) -> None:
    laws = people.laws
    await read_plan(laws)
    before = laws.size()
    officer = await people.officer("tyollisyysalue")
    page = words(await officer.get("/oversight"))
    assert "Information given: 1" in page and "Permissions given or changed: 1" in page
    assert "Witness None." in page and "Second volume None." in page
    assert laws.size() == before


async def test_a_checkpoint_with_another_signature_is_told_before_anything_else(people: People) -> None:
    officer = await people.officer("tyollisyysalue")
    with people.laws.gateway.database.write() as connection:
        note = connection.execute(text("SELECT note FROM audit_head")).scalar_one()
        forged = bytes(note)[:-8] + b"AAAAAA=\n"
        connection.execute(text("DROP TRIGGER IF EXISTS audit_head_update"))
        connection.execute(text("UPDATE audit_head SET note = :note"), {"note": forged})
        connection.commit()
    page = words(await officer.get("/oversight"))
    assert "does not bear a good signature" in page and "Its signature was checked" not in page
