"""The databases that the contract suites run on, by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts.postgres import own_database


@contextmanager
def database_url(kind: str, folder: Path, *, migrated: bool = False) -> Iterator[str | None]:
    """Lend the URL of an empty database of that kind; None for `memory`. *migrated* holds for PostgreSQL alone."""
    match kind:
        case "sqlite":
            yield f"sqlite:///{folder / 'main.db'}"
        case "postgresql":
            with own_database(migrated=migrated) as url:
                yield url
        case _:
            yield None
