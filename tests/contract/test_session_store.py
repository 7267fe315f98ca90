"""Sessions of people: the same on both databases, opened by the cookie alone, each attempt found once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.sql import schema
from adapters.sql.engine import Database, open_database
from adapters.sql.session_store import SqlSessionStore
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH

KEY = bytes(range(32))


@pytest.fixture(params=ON_BOTH)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    with database_url(request.param, tmp_path, migrated=True) as url:
        assert url is not None
        opened = open_database(url)
        schema.upgrade(opened)
        yield opened
        await opened.direct.close()
        opened.close()


@pytest.fixture
def store(database: Database) -> SqlSessionStore:
    return SqlSessionStore(database, KEY)


async def keep(
    store: SqlSessionStore, cookie: str, content: bytes = b"who", *, ends: int = 1000, sid: str | None = "s",
    sub: str = "p", replaces: str | None = None, only_if: bool = False,
) -> bool:  # fmt: skip
    return await store.keep(
        cookie, content, begun=1, seen=10, ends=ends, provider="id", session=sid, subject=sub, replaces=replaces,
        only_if=only_if,
    )  # fmt: skip


async def found(store: SqlSessionStore, cookie: str, *, now: int = 20, seen_after: int = 0) -> bytes | None:
    kept = await store.find(cookie, seen_after=seen_after, now=now)
    return None if kept is None else kept.content


async def test_a_session_is_found_by_its_cookie_until_it_ends(store: SqlSessionStore) -> None:
    assert await keep(store, "a")
    assert await found(store, "a") == b"who"
    assert await found(store, "b") is None
    assert await found(store, "a", now=999) == b"who"
    assert await found(store, "a", now=1000) is None


async def test_a_session_that_was_not_seen_lately_is_none(store: SqlSessionStore) -> None:
    await keep(store, "a")
    assert await found(store, "a", seen_after=10) is None
    await store.note("a", 15)
    await store.note("a", 12)
    assert await found(store, "a", seen_after=14) == b"who"


async def test_one_replaces_another_in_one_step_and_of_two_at_once_one_wins(store: SqlSessionStore) -> None:
    await keep(store, "a")
    both = await asyncio.gather(
        keep(store, "b", replaces="a", only_if=True), keep(store, "c", replaces="a", only_if=True)
    )
    assert sorted(both) == [False, True]
    assert await found(store, "a") is None
    assert [await found(store, one) for one in ("b", "c")].count(b"who") == 1


async def test_a_provider_ends_its_own_sessions_alone(store: SqlSessionStore) -> None:
    await keep(store, "a", sid="s1", sub="p")
    await keep(store, "b", sid="s2", sub="p")
    await keep(store, "c", sid="s3", sub="q")
    assert await store.remove_of("other", "s1", None) == 0
    assert await store.remove_of("id", "s1", "q") == 0
    assert await store.remove_of("id", "s1", "p") == 1
    assert await store.remove_of("id", None, "p") == 1
    assert [await found(store, one) for one in ("a", "b", "c")] == [None, None, b"who"]


async def test_a_session_that_is_forgotten_is_gone(store: SqlSessionStore) -> None:
    await keep(store, "a")
    await store.remove("a")
    assert await found(store, "a") is None


async def test_another_key_of_a_gateway_opens_nothing(store: SqlSessionStore, database: Database) -> None:
    await keep(store, "a")
    assert await found(SqlSessionStore(database, bytes(32)), "a") is None


async def test_a_row_that_somebody_altered_or_moved_is_no_session(store: SqlSessionStore, database: Database) -> None:
    await keep(store, "a", b"somebody")
    await keep(store, "b", b"officer")
    with database.write() as connection:
        rows = connection.execute(text("SELECT digest, sealed FROM web_session")).all()
        for (digest, _), (_, sealed) in zip(rows, reversed(rows), strict=True):
            connection.execute(
                text("UPDATE web_session SET sealed = :sealed WHERE digest = :digest"),
                {"sealed": sealed, "digest": digest},
            )
        connection.commit()
    assert await found(store, "a") is None
    assert await found(store, "b") is None


async def test_nothing_of_a_row_can_be_read_without_the_cookie(store: SqlSessionStore, database: Database) -> None:
    await keep(store, "cookie-value", b"Suvi Esimerkki", sid="sid-value", sub="sub-value")
    with database.read() as connection:
        (row,) = connection.execute(text("SELECT * FROM web_session")).all()
    kept = b" ".join(bytes(one) if isinstance(one, bytes | memoryview) else str(one).encode() for one in row)
    for secret in (b"cookie-value", b"Suvi", b"sid-value", b"sub-value"):
        assert secret not in kept


async def test_ended_sessions_go(store: SqlSessionStore, database: Database) -> None:
    await keep(store, "a", ends=10)
    await keep(store, "b")
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM web_session")).scalar_one() == 1


async def test_an_attempt_is_found_once_and_in_time(store: SqlSessionStore) -> None:
    await store.keep_attempt("a", b"question", ends=100, now=1)
    taken = await asyncio.gather(store.take_attempt("a", now=50), store.take_attempt("a", now=50))
    assert sorted(taken, key=str) == sorted([b"question", None], key=str)
    await store.keep_attempt("b", b"question", ends=100, now=1)
    assert await store.take_attempt("b", now=100) is None
