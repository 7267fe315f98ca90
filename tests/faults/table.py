"""The table of faults that are met while serving: a row a fault. Those that a start meets stand in starts.py."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

from sqlalchemy import text

from adapters.custodian.fhir_server.simulated_faults import Fault as Misdeed
from adapters.sql.database import PATIENCE
from adapters.sql.direct import statement
from adapters.sql.direct_postgresql import CONNECTIONS
from tests.faults.scene import Scene
from tests.faults.small_disk import small_disk, table_on_full_disk
from tests.laws.gateway_world import Store
from tests.parts.custodians import SILENT

BOTH: tuple[Store, ...] = ("sqlite", "postgresql")
SERVED = (200, None)
"""What a fault that is only felt as slowness answers."""
STORE = (503, "store-unavailable")
ENGINE = (503, "engine-unavailable")
CUSTODIAN = (503, "custodian-unavailable")


@dataclass(frozen=True)
class Fault:
    """One row: how the fault is caused, and what caller, log and operator get while it lasts."""

    name: str
    cause: Callable[[Scene], AbstractContextManager[None]]
    read: tuple[int, str | None]
    """Status and code of the FHIR read."""
    write: tuple[int, str | None] = (204, None)
    """Status and code of a write by the JSON API."""
    entry: str | None = None
    """The reason of the entry that a read leaves; None where there is none, `disclosure` where it is released."""
    unready: frozenset[str] = frozenset()
    """The parts that /health/ready says are not."""
    stores: tuple[Store, ...] = BOTH
    with_opa: bool = False
    with_custodian: bool = False
    """Whether the document lies with a custodian outside."""
    patience: float = PATIENCE
    """How long the gateway waits for a silent store."""
    waits: float = 30.0
    """How long it waits for an engine or a custodian outside; not as long where the fault is that nothing comes."""
    said: str = ""
    """What the log line tells the operator beside the code, where it tells more; `a|b` is one for each store."""
    failed: frozenset[str] = frozenset()
    """The parts that the metric saattaen_failures counts."""
    doctor: str = ""
    """The part that `saattaen doctor` says is wrong, `a|b` one for each store; empty where nothing is to be seen from
    outside of the gateway's process: the fault is its own, or caused by a seam inside of it."""
    wears_on: bool = False
    """Whether the fault shows only after some more was written: until then all is as ever."""


def on_each(
    sqlite: Callable[[Scene], AbstractContextManager[None]], postgresql: Callable[[Scene], AbstractContextManager[None]]
) -> Callable[[Scene], AbstractContextManager[None]]:
    """Return the cause that is its store's own."""
    return lambda scene: (postgresql if scene.store == "postgresql" else sqlite)(scene)


def _written_to_by_another(scene: Scene) -> AbstractContextManager[None]:
    """Let another one hold the head lock for half a second."""
    return _kept_by_another(scene, 0.5)


@contextmanager
def _kept_by_another(scene: Scene, seconds: float | None = None) -> Iterator[None]:
    """Let another one hold the head lock, for so long or as long as the fault lasts."""
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with scene.laws.gateway.database.write():
            held.set()
            over.wait(seconds)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(60)
    try:
        yield
    finally:
        over.set()
        holder.join()


@contextmanager
def _all_taken(scene: Scene, *, writing: int, reading: int) -> Iterator[None]:
    """Somebody holds every connection that the gateway may have."""
    database = scene.laws.gateway.database
    with ExitStack() as held:
        for _ in range(reading):
            held.enter_context(database.read())
        for _ in range(writing):
            held.enter_context(database.engine.connect())
        yield


@contextmanager
def _all_reading_taken(scene: Scene) -> Iterator[None]:
    """Somebody holds every connection for reading, those for single statements too."""
    asleep = statement("SELECT CAST(pg_sleep(60) AS text)")
    direct = scene.laws.gateway.database.direct
    with _all_taken(scene, writing=0, reading=12):
        sleepers = [asyncio.ensure_future(direct.fetch(asleep, {})) for _ in range(CONNECTIONS + 1)]
        try:
            yield
        finally:
            for one in sleepers:
                one.cancel()


@contextmanager
def _keys_down(scene: Scene) -> Iterator[None]:
    """Let the database of keys be down, and no key be in memory any more."""
    scene.laws.gateway.keys.forget()
    with scene.keys.down():
        yield


@contextmanager
def _pragma(scene: Scene, fault: str, remedy: str) -> Iterator[None]:
    """Set a PRAGMA on every writing connection, and the other one afterwards."""
    _on_writers(scene, fault)
    try:
        yield
    finally:
        _on_writers(scene, remedy)


def _on_writers(scene: Scene, pragma: str) -> None:
    engine = scene.laws.gateway.database.engine
    with ExitStack() as held:
        for connection in [held.enter_context(engine.connect()) for _ in range(4)]:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute(f"PRAGMA {pragma}").fetchall()


@contextmanager
def _refused_by_the_server(scene: Scene, state: str) -> Iterator[None]:
    """Let PostgreSQL refuse each entry with that SQLSTATE."""
    _as_owner(
        scene,
        f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no' "
        f"USING ERRCODE = '{state}'; END$$",
        "CREATE TRIGGER fault BEFORE INSERT ON audit_leaf EXECUTE FUNCTION fault()",
    )
    try:
        yield
    finally:
        _as_owner(scene, "DROP TRIGGER fault ON audit_leaf", "DROP FUNCTION fault()")


@contextmanager
def _full_disk(scene: Scene) -> Iterator[None]:
    """Let the log's largest table lie on a disk that is full; where none can be mounted, let the server say so."""
    with (
        small_disk() as disk, _refused_by_the_server(scene, "53100") if disk is None
        else table_on_full_disk(scene.laws.gateway.settings.database, "audit_sealed", disk)
    ):  # fmt: skip
        yield


def _as_owner(scene: Scene, *statements: str) -> None:
    with scene.laws.gateway.database.write() as connection:
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()


@contextmanager
def _database_clock(scene: Scene, ahead: timedelta) -> Iterator[None]:
    scene.laws.clock.database_ahead = ahead
    try:
        yield
    finally:
        scene.laws.clock.database_ahead = timedelta(0)


@contextmanager
def _own_clock(scene: Scene, by: timedelta) -> Iterator[None]:
    """Move the gateway's clock away from the database's, and let partners have tokens by it."""
    laws = scene.laws
    laws.clock.advance(by)
    laws.clock.database_ahead = -by
    try:
        yield
    finally:
        laws.clock.advance(-by)
        laws.clock.database_ahead = timedelta(0)


@contextmanager
def _both_clocks(scene: Scene, by: timedelta) -> Iterator[None]:
    """Move the host's clock, by which the database tells the time too."""
    scene.laws.clock.advance(by)
    try:
        yield
    finally:
        scene.laws.clock.advance(-by)


def _other_revision(answer: bytes) -> bytes:
    """Let the policies' revision, a digest in the answer, be another one of the same length."""
    return re.sub(rb'("policy": ?")([0-9a-f]{8})', rb"\g<1>00000000", answer)


def _nonsense(answer: bytes) -> bytes:
    return answer.replace(b'"result"', b'"resuIt"')


def _wire_of(scene: Scene, fault: str, *arguments: object) -> AbstractContextManager[None]:
    assert scene.wire is not None
    made: AbstractContextManager[None] = getattr(scene.wire, fault)(*arguments)
    return made


def _opa_of(scene: Scene, fault: str, *arguments: object) -> AbstractContextManager[None]:
    assert scene.opa is not None
    made: AbstractContextManager[None] = getattr(scene.opa, fault)(*arguments)
    return made


@contextmanager
def _custodian_down(scene: Scene) -> Iterator[None]:
    assert scene.custodian is not None
    scene.custodian.stop()
    try:
        yield
    finally:
        scene.custodian.start()


def _custodian_does(misdeed: Misdeed) -> Callable[[Scene], AbstractContextManager[None]]:
    @contextmanager
    def cause(scene: Scene) -> Iterator[None]:
        assert scene.custodian is not None
        scene.custodian.fault = misdeed
        try:
            yield
        finally:
            scene.custodian.fault = None

    return cause


class _OfCustodian(TypedDict):
    entry: str
    with_custodian: bool
    failed: frozenset[str]


_OF_CUSTODIAN: _OfCustodian = {
    "entry": "custodian-unavailable", "with_custodian": True, "failed": frozenset({"custodian"}),
}  # fmt: skip
_SHORT = 5.0
_LOG, _ENGINE, _STORE = frozenset({"database", "log"}), frozenset({"engine"}), frozenset({"store"})

FAULTS: tuple[Fault, ...] = (
    # The policy engine. What its bundle may be at the start stands in test_start.py.
    Fault(
        "the policy engine is down", lambda scene: _opa_of(scene, "refusing"), ENGINE, entry="engine-unavailable",
        unready=_ENGINE, with_opa=True, failed=_ENGINE, doctor="engine",
    ),
    Fault(
        "the policy engine is slow", lambda scene: _opa_of(scene, "slow", 25.0), ENGINE, entry="engine-unavailable",
        unready=_ENGINE, with_opa=True, waits=_SHORT, failed=_ENGINE, doctor="engine",
    ),
    Fault(
        "the policy engine says nothing", lambda scene: _opa_of(scene, "silent"), ENGINE, entry="engine-unavailable",
        unready=_ENGINE, with_opa=True, waits=_SHORT, failed=_ENGINE, doctor="engine",
    ),
    Fault(
        "the policy engine answers nonsense", lambda scene: _opa_of(scene, "altering", _nonsense), ENGINE,
        entry="engine-unavailable", unready=_ENGINE, with_opa=True, failed=_ENGINE, doctor="engine",
    ),
    Fault(
        "the policy engine judges by an old revision", lambda scene: _opa_of(scene, "altering", _other_revision),
        ENGINE, entry="engine-unavailable", unready=_ENGINE, with_opa=True, failed=_ENGINE, doctor="engine",
    ),
    # The store.
    Fault(
        "the database is down", on_each(lambda scene: scene.main.down(), lambda scene: _wire_of(scene, "refusing")),
        STORE, STORE, unready=_LOG, failed=_STORE, doctor="|database",
    ),
    Fault(
        "the database is slow", on_each(_written_to_by_another, lambda scene: _wire_of(scene, "slow", 0.03)),
        SERVED, entry="disclosure",
    ),
    Fault(
        "the database says nothing", lambda scene: _wire_of(scene, "silent"), STORE, STORE, unready=_LOG,
        stores=("postgresql",), patience=5.0, failed=_STORE,
    ),
    # What was handed over is written once it can be: an entry more than bytes, never the other way round.
    Fault(
        "another process keeps the store for itself", _kept_by_another, STORE, (503, "too-busy"), entry="disclosure",
        patience=3.0, failed=_STORE,
    ),
    Fault(
        "the database is read-only",
        on_each(
            lambda scene: _pragma(scene, "query_only=ON", "query_only=OFF"),
            lambda scene: _refused_by_the_server(scene, "25006"),
        ),
        STORE, STORE, said="SQLITE_READONLY|ReadOnlySqlTransaction", failed=_STORE,
    ),
    Fault(
        "the disk is full",
        on_each(
            lambda scene: _pragma(scene, "max_page_count=1", "max_page_count=1000000"),
            _full_disk,
        ),
        STORE, STORE, wears_on=True, said="SQLITE_FULL|DiskFull", failed=_STORE,
    ),
    # On SQLite a read on the way of a request has its thread's own connection, which nobody can take.
    Fault(
        "every reading connection is taken", lambda scene: _all_taken(scene, writing=0, reading=16), SERVED,
        entry="disclosure", unready=_LOG, stores=("sqlite",),
    ),
    Fault(
        "every reading connection is taken", _all_reading_taken, STORE, STORE, unready=_LOG, stores=("postgresql",),
        failed=_STORE,
    ),
    Fault(
        "every writing connection is taken",
        on_each(
            lambda scene: _all_taken(scene, writing=4, reading=0),
            lambda scene: _all_taken(scene, writing=6, reading=0),
        ),
        STORE, STORE, failed=_STORE,
    ),
    Fault("the database of keys is down", _keys_down, STORE, STORE, failed=_STORE),
    # COMMIT: what the gateway is not told (audit design, 2.6).
    Fault(
        "the connection is cut before COMMIT",
        on_each(
            lambda scene: scene.main.cutting_commits("before"),
            lambda scene: _wire_of(scene, "cutting_commits", "before"),
        ),
        STORE, STORE, failed=_STORE,
    ),
    # A release is found by its entry. The route of refusals first looks for the client in a transaction of its own,
    # which leaves no entry to be found by: it is told that nobody knows.
    Fault(
        "the connection is cut after COMMIT",
        on_each(
            lambda scene: scene.main.cutting_commits("after"),
            lambda scene: _wire_of(scene, "cutting_commits", "after"),
        ),
        SERVED, STORE, entry="disclosure",
    ),
    Fault(
        "the connection is cut after COMMIT and the database is gone",
        on_each(
            lambda scene: scene.main.cutting_commits("and-go"),
            lambda scene: _wire_of(scene, "cutting_commits", "and-go"),
        ),
        STORE, STORE, entry="disclosure", unready=_LOG, failed=_STORE, doctor="|database",
    ),
    # The clocks. Times in the log never go back: what was written by a clock that was ahead is not undone.
    Fault(
        "the database's clock is a day ahead", lambda scene: _database_clock(scene, timedelta(days=1)), (404, None),
        entry="clock-untrusted",
    ),
    Fault(
        "the gateway's clock is set back a day", lambda scene: _own_clock(scene, timedelta(days=-1)), (404, None),
        entry="clock-untrusted",
    ),
    Fault(
        "the gateway's clock is a day ahead", lambda scene: _own_clock(scene, timedelta(days=1)), (404, None),
        entry="clock-untrusted",
    ),
    Fault(
        "the gateway's clock is a year ahead, where another log would begin",
        lambda scene: _own_clock(scene, timedelta(days=366)), (503, "clock-untrusted"), (503, "clock-untrusted"),
    ),
    Fault(
        "both clocks are set back a day", lambda scene: _both_clocks(scene, timedelta(days=-1)), SERVED,
        entry="disclosure",
    ),
    # The custodian. Its answer is not believed in any part; its clients get a clear word, and others feel nothing.
    Fault("the custodian is down", _custodian_down, CUSTODIAN, doctor="custodians", **_OF_CUSTODIAN),
    *(
        Fault(
            f"the custodian {fault.value}", _custodian_does(fault), CUSTODIAN, said=said,
            waits=_SHORT if fault in SILENT else Fault.waits, **_OF_CUSTODIAN,
        )
        for fault, said in (
            (Misdeed.SLOW, ""), (Misdeed.TRICKLES, ""), (Misdeed.HUGE, ""), (Misdeed.BROKEN, ""),
            (Misdeed.REDIRECTS, ""), (Misdeed.NOT_JSON, "the body is not JSON"),
            (Misdeed.NOT_FHIR, "the document has"), (Misdeed.WRONG_TYPE, "what was not asked for"),
            (Misdeed.WRONG_CATEGORY, "not believed"),
            (Misdeed.WRONG_CLIENT, "a document of another client"), (Misdeed.ANOTHER, ""),
        )
    ),
    # What nobody understands may mean anything: it is kept back as a whole, and the asker learns no more than ever.
    *(
        Fault(
            f"the custodian {fault.value}", _custodian_does(fault), (404, None), entry="sensitivity-not-covered",
            with_custodian=True,
        )
        for fault in (Misdeed.NO_LABELS, Misdeed.ODD_LABELS)
    ),
)  # fmt: skip
