"""Where documents outside lie: the same on both databases, and never rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from adapters.sql import schema
from adapters.sql.engine import Database, open_database
from adapters.sql.fact_reader import SqlFactReader
from adapters.sql.origin_store import SqlOrigins
from gateway.disclosure.held import Fetched, Origin
from gateway.disclosure.snapshot import UNFETCHED, DocumentFacts
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH

CLIENT = "0" * 32
DOCUMENT = DocumentFacts(
    "a" * 32, 1, "sote-keskus", "work-ability-plan", "CarePlan", 5, ("health",), {"goals": ("health",)}, CLIENT, "area"
)
ORIGIN = Origin("area", "CarePlan", "p-1", "7", "ab" * 32)
FIRST = Fetched(DOCUMENT, b"{}", ORIGIN, None)
SECOND = Fetched(replace(DOCUMENT, version=2, dated=6, labels=()), b"{}", replace(ORIGIN, version="8"), 1)


@pytest.fixture(params=ON_BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with database_url(request.param, tmp_path, migrated=True) as url:
        assert url is not None
        opened = open_database(url)
        schema.upgrade(opened)
        yield opened
        opened.close()


def keep(database: Database, fetched: Fetched, *, shown: bool = True) -> bool:
    with database.write() as connection:
        kept = SqlOrigins(database).keep(connection, fetched, 1, shown=shown)
        connection.commit()
    return kept


async def test_what_was_shown_is_known_from_then_on(database: Database) -> None:
    origins = SqlOrigins(database)
    assert await origins.of_document(DOCUMENT.id) is None
    assert keep(database, FIRST)
    known = await origins.of_document(DOCUMENT.id)
    assert known is not None
    assert (known.document, known.version, known.client, known.origin) == (DOCUMENT.id, 1, CLIENT, ORIGIN)
    assert dict(await origins.known("area", "CarePlan", ["p-1", "p-2"])) == {"p-1": known}
    assert await origins.known("other", "CarePlan", ["p-1"]) == {}
    snapshot = await SqlFactReader(database).for_document("nobody", "x", DOCUMENT.id, "CarePlan")
    assert snapshot.documents == (DOCUMENT,)


async def test_a_new_version_moves_ours(database: Database) -> None:
    keep(database, FIRST)
    assert keep(database, SECOND)
    known = await SqlOrigins(database).of_document(DOCUMENT.id)
    assert known is not None
    assert (known.version, known.origin.version) == (2, "8")


async def test_one_that_waits_for_a_later_page_has_an_id_and_no_version(database: Database) -> None:
    assert keep(database, FIRST, shown=False)
    known = await SqlOrigins(database).of_document(DOCUMENT.id)
    assert known is not None
    assert known.version == UNFETCHED
    assert keep(database, replace(FIRST, known=UNFETCHED))
    known = await SqlOrigins(database).of_document(DOCUMENT.id)
    assert known is not None
    assert known.version == 1


def test_who_comes_second_keeps_nothing(database: Database) -> None:
    keep(database, FIRST)
    assert not keep(database, replace(FIRST, document=replace(DOCUMENT, id="b" * 32)))
    keep(database, SECOND)
    assert not keep(database, SECOND)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE document_origin SET server_id = 'p-2'",
        "UPDATE document_origin SET source = 'other'",
        "UPDATE document_origin SET document = 'other'",
        "DELETE FROM document_origin",
    ],
)
def test_what_an_id_of_ours_leads_to_is_never_changed(database: Database, statement: str) -> None:
    keep(database, FIRST)
    with pytest.raises(DBAPIError, match="stays where it was met"), database.write() as connection:
        connection.execute(text(statement))
