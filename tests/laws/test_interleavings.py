"""Two transactions on PostgreSQL, driven step by step: who locks the head first neither deadlocks nor relies on what is
over; who would do it the other way round does (audit design, override 2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from audit.log import Committed
from gateway.consent.model import Actor
from gateway.disclosure.release import Refused, Released
from tests.laws.gateway_world import Laws, installed, open_world, removed
from tests.parts.postgres import private_postgres

pytestmark = pytest.mark.needs_postgres
LOCK = "SELECT size FROM audit_head ORDER BY started LIMIT 1 FOR UPDATE"
WITHDRAW = "UPDATE consent_grant SET withdrawn = true WHERE consent = :consent"
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND wait_event_type = 'Lock' AND state = 'active'"
)


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """A gateway on PostgreSQL."""
    try:
        async with open_world(installed(tmp_path, "postgresql")) as made:
            yield made
    finally:
        removed(tmp_path)


@pytest.fixture
def other(laws: Laws) -> Iterator[Engine]:
    """Connections beside the gateway's own, READ COMMITTED as its writing ones are."""
    engine = create_engine(laws.gateway.settings.database, poolclass=NullPool, isolation_level="READ COMMITTED")
    yield engine
    engine.dispose()


async def _until_waiting(laws: Laws, sessions: int = 1) -> None:
    """Return once so many sessions of the database wait for a lock."""
    url = private_postgres().url("postgres")
    name = make_url(laws.gateway.settings.database).database
    engine = create_engine(url, poolclass=NullPool)
    for _ in range(6000):
        with engine.connect() as connection:
            if connection.execute(_WAITING, {"name": name}).scalar_one() >= sessions:
                return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


async def test_a_release_that_waited_for_a_withdrawal_sees_it(laws: Laws, other: Engine) -> None:
    document = await laws.deposit()
    consent = await laws.give()
    with other.connect() as withdrawing:
        withdrawing.execute(text(LOCK))
        # Judged by facts in which the consent stands; its write now waits for the head.
        reading = asyncio.create_task(laws.ask(laws.read_of(document)))
        await _until_waiting(laws)
        withdrawing.execute(text(WITHDRAW), {"consent": consent.id})
        withdrawing.commit()
    outcome = await reading
    assert isinstance(outcome, Refused)
    assert outcome.reason == "withdrawn"


async def test_a_withdrawal_that_waited_for_a_release_stands_after_it(laws: Laws, other: Engine) -> None:
    document = await laws.deposit()
    consent = await laws.give()
    with other.connect() as holding:
        holding.execute(text(LOCK))
        reading = asyncio.create_task(laws.ask(laws.read_of(document)))
        await _until_waiting(laws)
        ending = asyncio.create_task(laws.gateway.recording.withdraw(consent.id))
        await asyncio.sleep(0)
        holding.rollback()
    outcome, _ = await asyncio.gather(reading, ending)
    assert isinstance(outcome, Released)
    assert [entry.kind for entry in laws.entries()][-2:] == ["disclosure", "consent.withdrawn"]
    assert laws.verify() == []


async def test_two_gateways_write_in_turn_and_neither_is_killed(laws: Laws) -> None:
    document = await laws.deposit()
    async with open_world(laws.folder) as second:
        for _ in range(10):
            consent = await laws.give()
            reads = [one.ask(one.read_of(document)) for one in (laws, second) for _ in range(4)]
            outcomes = await asyncio.gather(*reads, second.gateway.recording.withdraw(consent.id))
            assert not [one for one in outcomes if isinstance(one, Exception)]
    assert laws.verify() == []


async def test_a_withdrawal_that_locked_its_row_before_the_head_would_be_killed(laws: Laws, other: Engine) -> None:
    consent = await laws.give()
    with other.connect() as withdrawing, other.connect() as releasing, ThreadPoolExecutor(2) as threads:
        withdrawing.execute(text("SET LOCAL deadlock_timeout = '100ms'"))
        withdrawing.execute(text(WITHDRAW), {"consent": consent.id})
        releasing.execute(text("SET LOCAL deadlock_timeout = '10s'"))
        releasing.execute(text(LOCK))
        row = text("SELECT 1 FROM consent_grant WHERE consent = :consent FOR SHARE")
        waiting = threads.submit(releasing.execute, row, {"consent": consent.id})
        await _until_waiting(laws)
        with pytest.raises(OperationalError, match="deadlock detected"):
            await asyncio.to_thread(withdrawing.execute, text(LOCK))
        withdrawing.rollback()
        waiting.result(60)
        releasing.rollback()


async def test_head_and_facts_in_one_statement_would_rely_on_what_is_over(laws: Laws, other: Engine) -> None:
    consent = await laws.give()
    at_once = text(
        "WITH head AS (SELECT size FROM audit_head ORDER BY started LIMIT 1 FOR UPDATE) "
        "SELECT withdrawn FROM consent_grant, head WHERE consent = :consent"
    )
    after = text("SELECT withdrawn FROM consent_grant WHERE consent = :consent")
    of = {"consent": consent.id}
    with other.connect() as withdrawing, other.connect() as releasing, ThreadPoolExecutor(1) as threads:
        withdrawing.execute(text(LOCK))
        withdrawing.execute(text(WITHDRAW), of)
        asked = threads.submit(lambda: releasing.execute(at_once, of).scalar_one())
        await _until_waiting(laws)
        withdrawing.commit()
        # The lock was granted after the withdrawal, and the statement's snapshot is older than it.
        assert asked.result(60) is False
        # A statement of its own after the lock, as the gateway's comparison is, sees it.
        assert releasing.execute(after, of).scalar_one() is True
        releasing.rollback()


@contextmanager
def _first_statements(laws: Laws, found: dict[int, list[str]]) -> Iterator[None]:
    """Note the statements of each writing transaction of the main database, in order."""
    engine = laws.gateway.database.engine
    number = 0

    def begun(_connection: Connection) -> None:
        nonlocal number
        number += 1
        found[number] = []

    def note(_c: object, _cursor: object, statement: str, _p: object, _context: object, _many: bool) -> None:
        if number in found:
            found[number].append(statement)

    event.listen(engine, "begin", begun)
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "begin", begun)
        event.remove(engine, "before_cursor_execute", note)


async def test_every_writer_locks_the_head_before_anything_else(laws: Laws) -> None:
    recording, gateway = laws.gateway.recording, laws.gateway
    client = await laws.client("suvi")
    by = Actor(service="sote-keskus", system="sote-keskus-system", worker="w-1")
    found: dict[int, list[str]] = {}
    with _first_statements(laws, found):
        document = await laws.deposit()
        await laws.replace(document, 1)
        consent = await laws.give()
        await laws.read(document)
        await recording.change(consent.id, (laws.row(sensitivities=frozenset({"health"})),), consent.shown)
        prohibition = await recording.prohibit(client, recipient="kela")
        await recording.lift_prohibition(prohibition.id)
        await recording.end_relation(await laws.relate(), by)
        await recording.withdraw(consent.id)
        await gateway.clients.suspend(client, suspended=True, by=Actor(system="gateway"))
        acts: list[Callable[[], Awaitable[object]]] = [recording.expire_due, recording.deliver_outbox]
        for act in acts:
            await act()
        suspended = await gateway.log.submit(gateway.partners.suspending("kela-system", by="test"), urgent=True)
        assert isinstance(suspended, Committed)
    firsts = [statements[0] for statements in found.values() if statements]
    assert len(firsts) > 12
    assert {first.split(" ORDER")[0] for first in firsts} == {"SELECT log FROM audit_head"}
