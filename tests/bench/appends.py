"""Durable appends to the log by many waiters, against the same bytes inserted bare in batches as large."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from adapters.sql.log_tables import INDEX, LEAF, SEALED
from audit.entry import Draft
from audit.log import Committed
from gateway.composition import opened
from gateway.demo.world import load_world
from gateway.disclosure.release import EntryAlone
from gateway.open_gateway import Gateway
from tests.bench.machine import SERVER, on_cores
from tests.bench.population import history_of
from tests.bench.results import Figure
from tests.bench.sizes import Sizes
from tests.bench.stores import Store

WAITERS = 64


def measure_appends(store: Store, sizes: Sizes) -> Iterator[Figure]:
    """Yield both rates on a store, and their ratio; each append is an entry of a read with its three sections."""
    with on_cores(SERVER):
        yield from asyncio.run(_measure(store, sizes.seconds))


async def _measure(store: Store, seconds: int) -> list[Figure]:
    async with opened(store.settings, load_world().directory) as gateway:
        drafts = await history_of(gateway, store.populated.documents[:WAITERS])
        await _append(gateway, drafts, seconds / 4)
        first = _size(gateway)
        appended = await _append(gateway, drafts, seconds)
        copied = _insert_bare(gateway, first, seconds)
    name = f"append-{store.kind}"
    return [
        Figure(name, f"durable appends on {store.kind}, {WAITERS} waiters", appended, "1/s"),
        Figure(f"{name}-bare", f"    the same rows bare, {WAITERS} entries a commit", copied, "1/s"),
        Figure(f"{name}-times", "    appending against that", copied / appended, "times"),
    ]


async def _append(gateway: Gateway, drafts: Sequence[Draft], seconds: float) -> float:
    """Let each waiter append, wait until it is durable and append again; return the entries a second."""
    count = 0
    began = time.perf_counter()

    async def wait(draft: Draft) -> None:
        nonlocal count
        while time.perf_counter() < began + seconds:
            entry = replace(draft, event_id=gateway.parts.new_event_id())
            if not isinstance(await gateway.log.submit(EntryAlone(entry)), Committed):
                raise TypeError("an entry alone is never dropped")
            count += 1

    await asyncio.gather(*(wait(drafts[number % len(drafts)]) for number in range(WAITERS)))
    return count / (time.perf_counter() - began)


def _size(gateway: Gateway) -> int:
    with gateway.log_store.read() as reader:
        return reader.heads()[-1].size


@dataclass(frozen=True, slots=True)
class _Batch:
    """The rows of some entries, as tuples by the statement that inserts them."""

    rows: Sequence[tuple[str, Sequence[tuple[object, ...]]]]


def _insert_bare(gateway: Gateway, first: int, seconds: float) -> float:
    """Insert the rows of the entries from *first* on into tables without triggers; return the entries a second."""
    last = _size(gateway)
    with gateway.database.write() as connection:
        for table in (LEAF, SEALED, INDEX):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS bare_{table.name}")
            connection.exec_driver_sql(f"CREATE TABLE bare_{table.name} AS SELECT * FROM {table.name} LIMIT 0")  # noqa: S608
            key = ", ".join(column.name for column in table.primary_key.columns)
            connection.exec_driver_sql(f"CREATE UNIQUE INDEX bare_{table.name}_key ON bare_{table.name} ({key})")
        batches = [_batch(connection, start) for start in range(first, last - WAITERS, WAITERS)]
        connection.commit()
    done = 0
    began = time.perf_counter()
    for batch in batches:
        with gateway.database.engine.connect() as connection:
            for statement, rows in batch.rows:
                connection.exec_driver_sql(statement, list(rows))
            connection.commit()
        done += WAITERS
        if time.perf_counter() > began + seconds:
            break
    return done / (time.perf_counter() - began)


def _batch(connection: Connection, start: int) -> _Batch:
    place = "%s" if connection.dialect.name == "postgresql" else "?"
    found: list[tuple[str, Sequence[tuple[object, ...]]]] = []
    for table in (LEAF, SEALED, INDEX):
        rows = connection.execute(select(table).where(table.c.idx >= start, table.c.idx < start + WAITERS)).all()
        places = ", ".join(place for _ in table.columns)
        statement = f"INSERT INTO bare_{table.name} VALUES ({places})"  # noqa: S608
        found.append((statement, [tuple(row) for row in rows]))
    return _Batch(found)
