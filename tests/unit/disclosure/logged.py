"""A real log on SQLite with real keys, for the tests of who reads the log."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from adapters.sql.engine import open_database
from adapters.sql.key_store import Keyring, KeyStore
from adapters.sql.log_search import SqlSearchStore
from adapters.sql.log_store import SqlLogStore
from adapters.sql.log_tables import LOG_TABLES, LOG_TRIGGERS_SQLITE
from audit.checkpoint import Signer, Verifier
from audit.log import Log
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.opened import Opened, Opener
from gateway.disclosure.order_law import Findings, check_order
from gateway.disclosure.year_change import YearChange
from tests.unit.disclosure.story import new_id


class Clock:
    """A clock that the test moves."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        self.at += timedelta(microseconds=1)
        return self.at

    def database_now(self, connection: object) -> datetime:
        return self.at


class Logged:
    """A real log on SQLite, with real keys in a database of their own."""

    def __init__(self, folder: Path, at: datetime) -> None:
        self.database = open_database(f"sqlite:///{folder / 'main.db'}")
        with self.database.write() as connection:
            LOG_TABLES[0].metadata.create_all(connection, tables=LOG_TABLES)
            for trigger in LOG_TRIGGERS_SQLITE:
                connection.exec_driver_sql(trigger)
            connection.commit()
        self.key_database = open_database(f"sqlite:///{folder / 'keys.db'}")
        keyring = Keyring({"kek": b"k" * 32}, "kek", b"o" * 32)
        self.clock = Clock(at)
        self.keys = KeyStore(self.key_database, keyring, self.clock.now)
        self.keys.create_tables()
        self.store = SqlLogStore(self.database)
        self.signer = Signer(b"s" * 32)
        self.carried: list[tuple[str, dict[str, object]]] = []
        years = YearChange(lambda connection, at: iter(self.carried), self.clock, new_id)
        self.log: Log[object] = Log(
            self.store,
            self.keys,
            [self.signer],
            self.clock,
            "gw.saattaen.example",
            years,  # type: ignore[arg-type]
        )

    def entries(self) -> list[Opened]:
        """Return everything in the log, opened."""
        with self.store.read() as reader:
            return list(Opener(self.keys).read_all(reader))

    def verifiers(self) -> list[Verifier]:
        """Return the public key of each log."""
        with self.store.read() as reader:
            return [self.log.verifier(head.origin) for head in reader.heads()]

    def search(self) -> LogSearch:
        """Return the search on this log."""
        return LogSearch(SqlSearchStore(self.database), self.keys, self.log, self.log, new_id)  # type: ignore[arg-type]

    def check(self) -> Findings:
        """Check everything in the log."""
        return check_order(self.entries())

    def close(self) -> None:
        """Close everything."""
        self.log.close()
        self.database.close()
        self.key_database.close()
