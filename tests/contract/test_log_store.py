"""One suite for every store of the log, then what is SQL's own: triggers, processes, keys; and foreign verifiers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from adapters.sql.engine import Database, DatabaseUnfit, has_wal_reset_bug, open_database
from adapters.sql.key_store import Keyring, KeyStore, KeyUnusable
from adapters.sql.log_store import SqlLogStore
from adapters.sql.log_tables import LOG_TABLES
from adapters.sql.triggers import make_triggers
from audit.entry import parse_entry, unseal
from audit.errors import LogForked
from audit.export import export_log
from audit.keys import KeyName, index_token
from audit.log import Committed, Dropped, Log
from audit.store import Addition
from audit.verify import verify_folder, verify_rows
from audit.writing import OPERATOR, Writing
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH
from tests.unit.audit.log_world import NAME, ORIGIN, SIGNER, MemoryStore, SteeredClock, Years, draft

VERIFIER = SIGNER.verifier(ORIGIN)
KEYRING = Keyring({"kek-1": b"1" * 32}, "kek-1", b"o" * 32)
PARTS = Path(__file__).parents[1] / "parts"


class Row:
    """An item that writes a row of its own through whichever connection there is."""

    def __init__(self, row: str, owner: str | None = "client-1") -> None:
        self.row, self.owner = row, owner

    def apply(self, tx: Writing[object], at: int) -> tuple[int, list[object]]:
        if isinstance(tx.connection, list):
            tx.connection.append(self.row)
        else:
            tx.connection.execute(text("INSERT INTO note_row VALUES (:said)"), {"said": self.row})  # type: ignore[attr-defined]
        from audit.log import Rejected

        if self.row == "stale":
            raise Rejected("stale")
        return tx.order, [draft(owner=self.owner)]


@dataclass
class World:
    """A log on a store, with real keys, and a way to read the rows that items wrote."""

    log: Log[object]
    store: SqlLogStore | MemoryStore
    keys: KeyStore
    rows: Callable[[], list[str]]
    clock: SteeredClock
    database: Database | None = None
    url: str = ""


def sql_database(url: str) -> Database:
    database = open_database(url)
    with database.write() as connection:
        LOG_TABLES[0].metadata.create_all(connection, tables=LOG_TABLES)
        make_triggers(connection, log_alone=True)
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS note_row (said TEXT)")
        connection.commit()
    return database


def key_store(folder: Path, keyring: Keyring = KEYRING) -> KeyStore:
    store = KeyStore(
        open_database(f"sqlite:///{folder / 'keys.db'}"), keyring, lambda: datetime(2026, 6, 1, tzinfo=UTC)
    )
    store.create_tables()
    return store


def sql_world(url: str, folder: Path) -> World:
    database, keys, clock = sql_database(url), key_store(folder), SteeredClock()
    store = SqlLogStore(database)

    def rows() -> list[str]:
        place = "rowid" if database.engine.dialect.name == "sqlite" else "ctid"
        with database.read() as connection:
            return list(connection.execute(text(f"SELECT said FROM note_row ORDER BY {place}")).scalars())  # noqa: S608

    return World(Log(store, keys, [SIGNER], clock, NAME, Years()), store, keys, rows, clock, database, url)  # type: ignore[arg-type]


def memory_world(folder: Path) -> World:
    store, keys, clock = MemoryStore(), key_store(folder), SteeredClock()
    return World(Log(store, keys, [SIGNER], clock, NAME, Years()), store, keys, lambda: store.tables.rows, clock)  # type: ignore[arg-type]


@contextmanager
def opened_world(kind: str, folder: Path) -> Iterator[World]:
    with database_url(kind, folder) as url:
        made = memory_world(folder) if url is None else sql_world(url, folder)
        try:
            yield made
        finally:
            made.log.close()
            if made.database is not None:
                made.database.close()


@pytest.fixture(params=["memory", *ON_BOTH])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return a world on each store."""
    with opened_world(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=ON_BOTH)
def on_sql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return a world on each database."""
    with opened_world(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[World]:
    """Return a world on SQLite, for what does not depend on the database."""
    with opened_world("sqlite", tmp_path) as made:
        yield made


# Every store.


def test_rows_and_entries_of_an_item_stand_or_fall_together(world: World) -> None:
    outcomes = world.log.commit([Row("a"), Row("stale"), Row("b")])  # type: ignore[list-item]
    assert [type(one) for one in outcomes] == [Committed, Dropped, Committed]
    assert world.rows() == ["a", "b"]
    orders = [one.result for one in outcomes if isinstance(one, Committed)]
    assert orders == sorted(set(orders))
    with world.store.read() as reader:
        report = verify_rows(reader, [VERIFIER], world.keys)
        assert (report.findings, report.unchecked, report.entries, report.sections) == ([], [], 3, 9)
        [event] = reader.events(ORIGIN, 1, 2)
        key = world.keys.get(KeyName("subject-year", "client-1", 2026))
        assert key is not None
        assert event.subject_token == index_token(key, "client-1")


def test_every_split_into_batches_gives_a_sound_tree(world: World) -> None:
    for batch in (1, 255, 1, 300, 44):
        world.log.commit([Row(str(at)) for at in range(batch)])  # type: ignore[list-item]
    with world.store.read() as reader:
        report = verify_rows(reader, [VERIFIER], world.keys)
        assert report.findings == []
        assert report.entries == 602
        [head] = reader.heads()
    for index in (0, 255, 256, 511, 601):
        receipt = world.log.receipt_now(ORIGIN, index)
        with world.store.read() as reader:
            receipt.verify(reader.leaves(ORIGIN, index, index + 1)[0].entry, [VERIFIER])
    assert world.log.consistency_proof_now(ORIGIN, 257, head.size)


def test_a_head_that_is_not_the_one_read_moves_nothing(world: World) -> None:
    world.log.commit([Row("a")])  # type: ignore[list-item]
    with world.store.write() as tx:
        [head] = tx.heads()
        with pytest.raises(LogForked):
            tx.append(replace(head, size=head.size - 1), head, Addition([], [], [], []))
    with world.store.read() as reader:
        assert reader.heads() == [head]


def test_leaving_a_transaction_without_commit_leaves_nothing(world: World) -> None:
    world.log.commit([Row("a")])  # type: ignore[list-item]
    with world.store.write() as tx:
        [head] = tx.heads()
        tx.start(replace(head, origin="x/audit/2030", started=9))
    with world.store.read() as reader:
        assert len(reader.heads()) == 1


def test_sections_open_with_the_keys_of_their_owners_only(world: World) -> None:
    world.log.commit([Row("a")])  # type: ignore[list-item]
    with world.store.read() as reader:
        [row], [event] = reader.leaves(ORIGIN, 1, 2), reader.events(ORIGIN, 1, 2)
        sealed = {one.section: one for _, one in reader.sealed(ORIGIN, 1, 2)}
    commitments = parse_entry(row.entry).commitments
    ids = {section: one.key_id for section, one in sealed.items()}
    assert ids["s"] == ids["b"] != ids["a"]
    key = world.keys.find(ids["s"])
    assert key is not None
    opened = unseal(sealed["s"], commitments["s"], key, ORIGIN, event.event_id)
    assert opened.plaintext == b'{"client":"client-1"}'


def test_an_operators_entry_has_no_subject_token(world: World) -> None:
    world.log.commit([Row("a", owner=None)])  # type: ignore[list-item]
    with world.store.read() as reader:
        [event] = reader.events(ORIGIN, 1, 2)
        assert event.subject_token is None
        assert event.actor_token is not None
    assert world.keys.get(KeyName("subject-year", OPERATOR, 2026)) is not None


def test_a_new_year_leaves_the_old_log_ended(world: World) -> None:
    world.log.commit([Row("a")])  # type: ignore[list-item]
    world.clock.at = datetime(2027, 3, 1, tzinfo=UTC)
    world.log.commit([Row("b")])  # type: ignore[list-item]
    with world.store.read() as reader:
        heads = reader.heads()
        assert [(head.origin[-4:], head.ended, head.started) for head in heads] == [
            ("2026", True, 1),
            ("2027", False, 2),
        ]
        verifiers = [SIGNER.verifier(head.origin) for head in heads]
        assert verify_rows(reader, verifiers, world.keys).findings == []
    with world.store.write() as tx, pytest.raises((LogForked, DBAPIError)):
        tx.append(heads[0], replace(heads[0], size=9), Addition([], [], [], []))


# Mutations: each names its place.


def edit(world: World, statement: str, **values: object) -> None:
    """Write past the triggers, as someone would who owns the database."""
    assert world.database is not None
    with world.database.write() as connection:
        if connection.dialect.name == "sqlite":
            names = connection.execute(text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")).scalars().all()
            for trigger in names:
                connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            statement = POSTGRESQL.get(statement, statement)
        connection.execute(text(statement), values)
        connection.commit()


POSTGRESQL: dict[str, str] = {}
"""Statements that PostgreSQL wants in other words."""


def flip(table: str, column: str, where: str) -> str:
    """Return SQL that changes the last byte of a blob."""
    sqlite = (
        f"UPDATE {table} SET {column} = CAST(substr({column}, 1, length({column}) - 1) || "  # noqa: S608
        f"CASE hex(substr({column}, -1)) WHEN '00' THEN x'01' ELSE x'00' END AS BLOB) WHERE {where}"
    )
    end = f"length({column}) - 1"
    POSTGRESQL[sqlite] = (
        f"UPDATE {table} SET {column} = set_byte({column}, {end}, get_byte({column}, {end}) # 1) WHERE {where}"  # noqa: S608
    )
    return sqlite


RESIZED = "UPDATE audit_head SET note = CAST(replace(CAST(note AS TEXT), char(10) || '301', char(10) || '300') AS BLOB)"
POSTGRESQL[RESIZED] = (
    "UPDATE audit_head SET note = "
    "convert_to(replace(convert_from(note, 'UTF8'), chr(10) || '301', chr(10) || '300'), 'UTF8')"
)


@pytest.mark.parametrize(
    "statement, where, what",
    [
        (flip("audit_leaf", "entry", "idx = 7"), "entry 7", "entry was altered"),
        (
            flip("audit_leaf", "leaf", "idx = 7"),
            "entry 7",
            "leaf hash was altered",
        ),
        (flip("audit_subtree", "hash", "true"), "subtree 1/0", "hash was altered"),
        ("DELETE FROM audit_subtree", "subtree 1/0", "hash is missing"),
        (RESIZED, "checkpoint", "signature"),
        (flip("audit_head", "frontier", "true"), "head", "frontier"),
        ("UPDATE audit_head SET size = 300", "head", "the size is 300"),
        ("DELETE FROM audit_leaf WHERE idx = 300", "entry 300", "missing"),
        ("DELETE FROM audit_leaf WHERE idx = 9", "entry 9", "missing"),
        (
            "UPDATE audit_leaf SET (leaf, entry) = (SELECT leaf, entry FROM audit_leaf x "
            "WHERE x.idx = 11 - audit_leaf.idx) WHERE idx IN (5, 6)",
            "subtree 1/0 (entries 0 to 255)",
            "do not give",
        ),
        (
            flip("audit_sealed", "ct", "idx = 8 AND section = 'a'"),
            "entry 8 section a",
            "open",
        ),
        ("DELETE FROM audit_sealed WHERE idx = 8 AND section = 's'", "entry 8 section s", "missing"),
        ("DELETE FROM audit_index WHERE idx = 8", "entry 8", "index row is missing"),
        ("UPDATE audit_index SET outcome = 'deny' WHERE idx = 8", "entry 8 section b", "says otherwise"),
        ("UPDATE audit_index SET recipient = 'x' WHERE idx = 8", "entry 8", "does not find its index row"),
        ("UPDATE audit_combination SET requester = 'x'", "entry 300", "does not find its index row"),
        ("UPDATE audit_index SET event_id = 'x' WHERE idx = 8", "entry 8 section b", "does not open"),
        ("UPDATE audit_index SET t = 5 WHERE idx = 8", "entry 8", "before"),
        ("INSERT INTO audit_leaf SELECT log, 301, leaf, entry FROM audit_leaf WHERE idx = 3", "leaves", "302 rows"),
        ("DELETE FROM audit_head", "log", "not in the store"),
    ],
)
def test_verification_says_what_was_altered_and_where(on_sql: World, statement: str, where: str, what: str) -> None:
    on_sql.log.commit([Row(str(at)) for at in range(300)])  # type: ignore[list-item]
    edit(on_sql, statement)
    with on_sql.store.read() as reader:
        report = verify_rows(reader, [VERIFIER], on_sql.keys)
    assert any(one.where.startswith(where) and what in one.what for one in report.findings), report.findings


def test_a_destroyed_key_is_a_finding_unless_an_erasure_tells_of_it(on_sql: World) -> None:
    on_sql.log.commit([Row("a"), Row("b", owner="client-2")])  # type: ignore[list-item]
    on_sql.keys.destroy("subject-year", "client-1")
    with on_sql.store.read() as reader:
        findings = verify_rows(reader, [VERIFIER], on_sql.keys).findings
    assert [(one.where, "key is gone" in one.what) for one in findings] == [
        ("entry 1 section b", True),
        ("entry 1 section s", True),
    ]
    on_sql.log.commit([Erasure([[ORIGIN, 1, "b"], [ORIGIN, 1, "s"]])])  # type: ignore[list-item]
    erase(on_sql, "bs", by=3)
    with on_sql.store.read() as reader:
        report = verify_rows(reader, [VERIFIER], on_sql.keys, erasing=erasing)
    assert report.findings == []
    assert [(one.what, one.why) for one in report.unchecked] == [
        ("entry 1 section b", f"erased by entry 3 of {ORIGIN}"),
        ("entry 1 section s", f"erased by entry 3 of {ORIGIN}"),
    ]
    # Where nothing erases, nobody's row says that something was.
    with on_sql.store.read() as reader:
        for keys in (on_sql.keys, None):
            assert len(verify_rows(reader, [VERIFIER], keys).findings) == 2


@pytest.mark.parametrize("by", [0, 2, 3, 99])
def test_an_erasure_that_no_entry_tells_of_is_a_finding(on_sql: World, by: int) -> None:
    # A first entry, one of another kind, an erasure of something else, and none at all.
    named = [[ORIGIN, 1, "a"], [ORIGIN, 2, "b"], ["x/audit/2026", 1, "b"]]
    on_sql.log.commit([Row("a"), Row("b"), Erasure(named)])  # type: ignore[list-item]
    erase(on_sql, "b", by=by)
    with on_sql.store.read() as reader:
        (finding,) = verify_rows(reader, [VERIFIER], on_sql.keys, erasing=erasing).findings
    assert (finding.where, finding.what) == (
        "entry 1 section b", f"it is said to be erased by entry {by} of {ORIGIN}, which does not say so",
    )  # fmt: skip


@dataclass
class Erasure:
    """An item that writes an entry of an erasure, and nothing more."""

    named: list[list[object]]

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[object]]:
        return None, [draft("erasure", {"erased": self.named}, owner=None)]


def erasing(kind: str, body: Mapping[str, object]) -> set[tuple[str, int, str]]:
    """Return what such an entry erased."""
    named = cast("list[tuple[str, int, str]]", body.get("erased", []))
    return {(log, index, section) for log, index, section in named} if kind == "erasure" else set()


def erase(world: World, sections: str, *, by: int) -> None:
    """Take sections of entry 1 away, as an erasure does; the triggers let it."""
    assert world.database is not None
    with world.database.write() as connection:
        for section in sections:
            told = {"log": ORIGIN, "s": section, "by": by}
            connection.execute(text("INSERT INTO audit_erased VALUES (:log, 1, :s, :log, :by)"), told)
            connection.execute(text("DELETE FROM audit_sealed WHERE idx = 1 AND section = :s"), told)
        connection.execute(text("UPDATE audit_index SET subject_token = NULL WHERE idx = 1"))
        connection.commit()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_leaf SET entry = 'x'",
        "DELETE FROM audit_leaf",
        "UPDATE audit_subtree SET hash = 'x'",
        "DELETE FROM audit_subtree",
        "UPDATE audit_sealed SET ct = 'x'",
        "DELETE FROM audit_sealed",
        "UPDATE audit_index SET kind = 'x'",
        "UPDATE audit_index SET subject_token = 'x'",
        "DELETE FROM audit_index",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET size = size - 1",
        "UPDATE audit_head SET log = 'x'",
    ],
)
def test_triggers_refuse_to_edit_history(on_sql: World, statement: str) -> None:
    on_sql.log.commit([Row(str(at)) for at in range(256)])  # type: ignore[list-item]
    assert on_sql.database is not None
    with pytest.raises(DBAPIError, match="never"), on_sql.database.write() as connection:
        connection.execute(text(statement))


# Folders, and verifiers that are not ours.


def exported(world: World, folder: Path, entries: int) -> Path:
    for start in range(0, entries - 1, 512):
        world.log.commit([Row("x") for _ in range(min(512, entries - 1 - start))])  # type: ignore[list-item]
    with world.store.read() as reader:
        [head] = reader.heads()
        assert head.size == entries
        export_log(reader, head, VERIFIER, folder)
    return folder


def flipped(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def test_an_exported_folder_verifies_and_any_altered_file_is_named(sqlite: World, tmp_path: Path) -> None:
    folder = exported(sqlite, tmp_path / "log", 600)
    report = verify_folder(folder, VERIFIER)
    assert report.findings == []
    assert report.entries == 600
    assert verify_folder(folder).unchecked[0].what == "whose key it is"
    for path, word in (
        ("tile/entries/001", "entry 511"),
        ("tile/0/002.p/88", "entry 599"),
        ("tile/1/000.p/2", "subtree 1/1"),
        ("checkpoint", "checkpoint"),
    ):
        original = (folder / path).read_bytes()
        flipped(folder / path, -4)
        assert any(word in one.where for one in verify_folder(folder, VERIFIER).findings), path
        (folder / path).write_bytes(original)
    (folder / "tile/0/000").unlink()
    assert any("tile/0/000" in one.where for one in verify_folder(folder, VERIFIER).findings)


def test_hashes_alone_verify_and_say_that_entries_were_not_looked_at(sqlite: World, tmp_path: Path) -> None:
    sqlite.log.commit([Row("x")])  # type: ignore[list-item]
    with sqlite.store.read() as reader:
        export_log(reader, reader.heads()[0], VERIFIER, tmp_path / "log", entries=False)
    report = verify_folder(tmp_path / "log", VERIFIER)
    assert report.findings == []
    assert report.unchecked[0].what == "the entries"


@pytest.fixture(scope="session")
def tlog_go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    binary = tmp_path_factory.mktemp("tlog-go") / "tlog-go"
    subprocess.run(["go", "build", "-o", binary, "."], cwd=PARTS / "tlog-go", check=True, timeout=900)
    return binary


@pytest.mark.needs_go
@pytest.mark.parametrize("entries", [2, 257, 1500])
def test_gos_own_verifier_accepts_the_log_and_refuses_it_after_one_flipped_bit(
    sqlite: World, tmp_path: Path, tlog_go: Path, entries: int
) -> None:
    folder = exported(sqlite, tmp_path / "log", entries)

    def accepted() -> bool:
        return subprocess.run([tlog_go, folder, folder / "log.vkey"], capture_output=True, check=False).returncode == 0

    assert accepted()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) >= 4
    for path in files:
        original = path.read_bytes()
        flipped(path, -5)
        assert not accepted(), path
        path.write_bytes(original)
    assert accepted()


def tesseras_fsck() -> str:
    """Return where tessera's fsck is, which has a namesake for file systems; skips the test without it."""
    for folder in (str(Path.home() / "go" / "bin"), *os.get_exec_path()):
        binary = shutil.which("fsck", path=folder)
        if binary is not None:
            said = subprocess.run([binary, "--help"], capture_output=True, text=True, check=False, timeout=120)
            if "storage_url" in said.stdout + said.stderr:
                return binary
    pytest.skip("needs tessera's fsck: go install github.com/transparency-dev/tessera/cmd/fsck@v1.0.4")


def test_tesseras_fsck_accepts_the_log_and_refuses_it_after_one_flipped_bit(sqlite: World, tmp_path: Path) -> None:
    fsck = tesseras_fsck()
    folder = exported(sqlite, tmp_path / "log", 600)

    def accepted() -> bool:
        # It exits with 0 whatever it found, and with one worker it waits for ever after a finding.
        command = [fsck, f"--storage_url=file://{folder}/", f"--public_key={folder / 'log.vkey'}", "--ui=false", "-N=8"]
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        return "Successfully fsck'd log with size 600" in said.stderr

    assert accepted()
    for path in ("tile/entries/001", "tile/0/001", "tile/1/000.p/2", "checkpoint"):
        original = (folder / path).read_bytes()
        flipped(folder / path, -5)
        assert not accepted(), path
        (folder / path).write_bytes(original)
    assert accepted()


# Processes, keys, the database itself.

APPENDER = """
import sys
from pathlib import Path
from typing import cast
from tests.contract.test_log_store import Row, sql_world
world = sql_world(sys.argv[1], Path(sys.argv[2]))
for number in range(200):
    world.log.commit([Row(f"{sys.argv[3]}-{number}", owner=f"client-{number % 7}")])
"""


def test_two_processes_on_one_database_never_fork(on_sql: World, tmp_path: Path) -> None:
    repository = Path(__file__).parents[2]
    both = [
        subprocess.Popen([sys.executable, "-c", APPENDER, on_sql.url, str(tmp_path), name], cwd=repository)
        for name in ("one", "two")
    ]
    assert [one.wait(600) for one in both] == [0, 0]
    with on_sql.store.read() as reader:
        report = verify_rows(reader, [VERIFIER], on_sql.keys)
    assert report.findings == []
    assert report.entries == 401
    assert len(set(on_sql.rows())) == 400


def test_a_key_is_made_once_and_hides_its_owner(tmp_path: Path) -> None:
    keys = key_store(tmp_path)
    name = KeyName("subject-year", "client-with-a-name", 2026)
    other = KeyName("subject-year", "client-with-a-name", 2027)
    made = keys.get_or_create({name, other})
    assert made[name].id != made[other].id
    again = key_store(tmp_path)
    assert again.get_or_create([name])[name].id == made[name].id
    found = again.find(made[name].id)
    assert found is not None
    assert index_token(found, "x") == index_token(made[name], "x")
    assert b"client-with-a-name" not in (tmp_path / "keys.db").read_bytes() + (tmp_path / "keys.db-wal").read_bytes()


def test_keys_are_wrapped_anew_and_then_need_the_new_key_only(tmp_path: Path) -> None:
    name = KeyName("actor-year", "a", 2026)
    made = key_store(tmp_path).get_or_create([name])[name]
    both = Keyring({**KEYRING.keys, "kek-2": b"2" * 32}, "kek-2", KEYRING.owners)
    assert (key_store(tmp_path, both).rewrap(), key_store(tmp_path, both).rewrap()) == (1, 0)
    new = key_store(tmp_path, Keyring({"kek-2": b"2" * 32}, "kek-2", KEYRING.owners)).get(name)
    assert new is not None
    assert new.id == made.id
    with pytest.raises(KeyUnusable, match="not here"):
        key_store(tmp_path).get(name)
    with pytest.raises(KeyUnusable, match="does not unwrap"):
        key_store(tmp_path, Keyring({"kek-2": b"3" * 32}, "kek-2", KEYRING.owners)).find(made.id)


def test_a_destroyed_key_is_gone_and_a_new_one_is_another(tmp_path: Path) -> None:
    keys = key_store(tmp_path)
    name = KeyName("subject-year", "c", 2026)
    made = keys.get_or_create([name])[name]
    assert keys.destroy("subject-year", "c", [2025]) == []
    assert keys.destroy("subject-year", "c") == [made.id]
    assert keys.find(made.id) is None
    assert keys.get(name) is None
    assert keys.get_or_create([name])[name].id != made.id


def test_a_database_that_is_unfit_is_refused_with_a_sentence(tmp_path: Path) -> None:
    for url in ("sqlite://", "mysql://x/y", f"sqlite:///{tmp_path}/nowhere/x.db", f"sqlite:///{tmp_path}/x.db?mode=ro"):
        with pytest.raises(DatabaseUnfit, match=r"\.|:"):
            open_database(url)
    assert has_wal_reset_bug((3, 40, 1))
    assert has_wal_reset_bug((3, 51, 2))
    assert has_wal_reset_bug((3, 45, 0))
    assert not has_wal_reset_bug((3, 51, 3))
    assert not has_wal_reset_bug((3, 44, 6))
    assert not has_wal_reset_bug((3, 50, 7))


def test_a_snapshot_sees_one_instant_and_cannot_write(on_sql: World) -> None:
    assert on_sql.database is not None
    on_sql.log.commit([Row("a")])  # type: ignore[list-item]
    with on_sql.store.read() as reader:
        before = reader.heads()
        on_sql.log.commit([Row("b")])  # type: ignore[list-item]
        assert reader.heads() == before
    with on_sql.database.read() as connection, pytest.raises(DBAPIError, match=r"read-?only"):
        connection.execute(text("DELETE FROM note_row"))


def test_a_clock_that_stands_still_gives_equal_times_in_order(on_sql: World) -> None:
    on_sql.clock.tick = timedelta(0)
    outcomes = on_sql.log.commit([Row("a"), Row("b")])  # type: ignore[list-item]
    assert len({one.entries[0].time for one in outcomes if isinstance(one, Committed)}) == 1


def test_a_key_that_another_process_destroyed_is_not_used_again_from_memory(tmp_path: Path) -> None:
    mine, theirs = key_store(tmp_path), key_store(tmp_path)
    name = KeyName("subject-year", "client-1", 2026)
    old = mine.get_or_create([name])[name]
    assert theirs.destroy("subject-year", "client-1") == [old.id]
    new = theirs.get_or_create([name])[name]
    assert new.id != old.id
    assert mine.get_or_create([name])[name].id == new.id
