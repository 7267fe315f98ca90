"""Single statements on connections that stay open: what the way of a request reads by.

A statement is a snapshot of its own, so facts that must agree are read by one. SQLAlchemy's connection, transaction and
result cost several times what such a read does; they serve everything that is not on that way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sqlalchemy import Connection

Parameters = Mapping[str, object]
Fields = tuple[object, ...]
Listener = Callable[[str], None]

_NAME: Final = re.compile(r"(?<![:\w]):([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the two databases say differently, as functions from columns to an expression."""

    rows: Callable[[str], str]
    """The rows as one JSON text: an array with an array of these columns for each."""
    values: Callable[[str], str]
    """The same of one column: an array of its values."""
    pairs: Callable[[str, str], str]
    """The rows as one JSON object: from the first column to the second."""
    row: Callable[[str], str]
    """One row as a JSON array."""
    among: Callable[[str], str]
    """A condition: is among the parameter of that name, a JSON array."""
    among_names: Callable[[str], str]
    """The same of three columns, text, text and number; the parameter is an array of arrays."""


SQLITE: Final = Dialect(
    rows=lambda columns: f"json_group_array(json_array({columns}))",
    values=lambda column: f"json_group_array({column})",
    pairs=lambda name, value: f"json_group_object({name}, {value})",
    row=lambda columns: f"json_array({columns})",
    among=lambda name: f"IN (SELECT value FROM json_each(:{name}))",  # noqa: S608
    among_names=lambda name: f"IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(:{name}))",  # noqa: S608
)
POSTGRESQL: Final = Dialect(
    rows=lambda columns: f"coalesce(json_agg(json_build_array({columns}))::text, '[]')",
    values=lambda column: f"coalesce(json_agg({column})::text, '[]')",
    pairs=lambda name, value: f"coalesce(json_object_agg({name}, {value})::text, '{{}}')",
    row=lambda columns: f"json_build_array({columns})::text",
    among=lambda name: f"IN (SELECT json_array_elements_text(CAST(:{name} AS json)))",
    among_names=lambda name: (
        "IN (SELECT one ->> 0, one ->> 1, CAST(one ->> 2 AS integer) "  # noqa: S608
        f"FROM json_array_elements(CAST(:{name} AS json)) AS one)"
    ),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One SELECT in both databases' words; parameters are written `:name`."""

    text: Callable[[Dialect], str]
    sqlite: str = field(init=False)
    postgresql: str = field(init=False)
    """As psycopg takes it, by names."""
    numbered: str = field(init=False)
    """As PostgreSQL itself takes it, by the numbers of `names`."""
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        text = self.text(POSTGRESQL)
        names = tuple(dict.fromkeys(_NAME.findall(text)))
        object.__setattr__(self, "sqlite", self.text(SQLITE))
        object.__setattr__(self, "postgresql", _NAME.sub(r"%(\1)s", text))
        object.__setattr__(self, "numbered", _NAME.sub(lambda found: f"${names.index(found[1]) + 1}", text))
        object.__setattr__(self, "names", names)

    def in_place_of(self, places: Mapping[str, str]) -> str:
        """Return PostgreSQL's words with an expression in the place of each parameter."""
        return _NAME.sub(lambda found: places[found[1]], self.text(POSTGRESQL))


def statement(text: str) -> Statement:
    """Return a statement that both databases read alike."""
    return Statement(lambda _: text)


def fetch_within(connection: Connection, one: Statement, parameters: Parameters) -> Sequence[Fields]:
    """Return the rows as the transaction of *connection* sees them; raises what the driver raises."""
    driver: Any = connection.connection.driver_connection
    text = one.sqlite if connection.dialect.name == "sqlite" else one.postgresql
    rows: Sequence[Fields] = driver.execute(text, parameters).fetchall()
    return rows


class Direct(Protocol):
    """Reads by single statements. Raises StoreUnavailable when the database does not answer."""

    @property
    def listeners(self) -> list[Listener]:
        """Who is told the text of each statement that is sent: those who watch what a request costs."""
        ...

    async def fetch(self, one: Statement, parameters: Parameters) -> Sequence[Fields]:
        """Return the rows, without holding up the event loop for longer than a local read takes."""
        ...

    def fetch_now(self, one: Statement, parameters: Parameters) -> Sequence[Fields]:
        """Return the rows, to a thread that may wait."""
        ...

    async def close(self) -> None:
        """Let the connections go."""
        ...
