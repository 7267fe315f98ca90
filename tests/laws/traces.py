"""What work a request costs: port calls, SQL statements and key operations, in order, without their values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from adapters.sql.database import Database
from audit.keys import DataKey, KeyName
from gateway.open_gateway import Gateway

Trace = list[str]


class Traced:
    """Stands before a port and writes down each call by name."""

    def __init__(self, name: str, port: Any, trace: Trace) -> None:
        self._name, self._port, self._trace = name, port, trace

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not callable(found):
            return found

        def called(*args: Any, **kwargs: Any) -> Any:
            self._trace.append(f"{self._name}.{method}")
            return found(*args, **kwargs)

        return called


def traced_call(name: str, call: Callable[..., Any], trace: Trace) -> Callable[..., Any]:
    """Return *call*, writing down that it was called."""

    def called(*args: Any, **kwargs: Any) -> Any:
        trace.append(name)
        return call(*args, **kwargs)

    return called


def trace_ports(gateway: Gateway, trace: Trace) -> Gateway:
    """Return the gateway with every port of a disclosure, its cursors and its keys under watch."""
    parts = gateway.parts
    watched = replace(
        parts,
        **{
            name: Traced(name, getattr(parts, name), trace)
            for name in ("facts", "engine", "custodian", "holdings", "log", "releaser")
        },
        **{name: traced_call(name, getattr(parts, name), trace) for name in ("fetch_own", "tell_released", "render")},
    )
    _trace_keys(gateway, trace)
    return replace(gateway, parts=watched, cursors=Traced("cursors", gateway.cursors, trace))  # type: ignore[arg-type]


def _trace_keys(gateway: Gateway, trace: Trace) -> None:
    keys: Any = gateway.keys
    find, get_or_create = keys.find, keys.get_or_create

    def traced_find(key_id: str) -> DataKey | None:
        trace.append("keys.find")
        return find(key_id)  # type: ignore[no-any-return]

    def traced_get(names: Collection[KeyName]) -> dict[KeyName, DataKey]:
        trace.append(f"keys.get_or_create {sorted(name.kind for name in names)}")
        return get_or_create(names)  # type: ignore[no-any-return]

    keys.find, keys.get_or_create = traced_find, traced_get


@contextmanager
def statements(trace: Trace, databases: Iterable[Database]) -> Iterator[None]:
    """Write down every statement that is sent, by SQLAlchemy (with the file it goes to) or directly; no parameters."""

    def note(connection: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, many: bool) -> None:
        database = Path(str(connection.engine.url.database)).name
        trace.append(f"{database}: {' '.join(statement.split())}{' [many]' if many else ''}")

    event.listen(Engine, "before_cursor_execute", note)
    for database in databases:
        database.direct.listeners.append(trace.append)
    try:
        yield
    finally:
        for database in databases:
            database.direct.listeners.clear()
        event.remove(Engine, "before_cursor_execute", note)
