"""`saattaen doctor`: what is wrong with an installation, in sentences, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer
from sqlalchemy.exc import SQLAlchemyError

from adapters.keyring.ring import KeyRing
from adapters.sql.engine import DatabaseUnfit, open_database
from adapters.sql.key_store import KeyUnusable
from audit.errors import AuditError
from gateway.cli.examination import BEFORE, OPENED, custodians, engine
from gateway.cli.finding import Finding, Patient, wrong
from gateway.cli.opening import settings_of
from gateway.cli.options import Demo, Folder
from gateway.errors import GatewayError
from gateway.settings import Settings

_MARKS = {"well": "ok   ", "look": "LOOK ", "wrong": "WRONG"}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for a machine.")] = False,
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Look at everything that an installation needs, change nothing, and say what to do.

    Exit status 1 when something is wrong; what somebody should look at leaves it 0.
    """
    findings = list(examine(lambda: settings_of(demo, folder)))
    is_wrong = any(one.state == "wrong" for one in findings)
    if as_json:
        typer.echo(orjson.dumps({"well": not is_wrong, "findings": [asdict(one) for one in findings]}).decode())
    else:
        for one in findings:
            typer.echo(f"{_MARKS[one.state]} {one.part}: {one.says}{f' {one.remedy}' if one.remedy else ''}")
    raise typer.Exit(int(is_wrong))


def examine(read: Callable[[], Settings]) -> Iterator[Finding]:
    """Yield what is found, in the order in which a start would meet it."""
    try:
        settings = read()
    except GatewayError as error:
        yield wrong("settings", str(error), "")
        return
    for before in BEFORE:
        yield from _told(before.__name__, lambda before=before: before(settings))  # type: ignore[misc]
    yield from _told("engine", lambda: asyncio.run(engine(settings)))
    yield from _told("custodians", lambda: asyncio.run(custodians(settings)))
    try:
        with _opened(settings) as patient:
            for check in OPENED:
                yield from _told(check.__name__.replace("_", " "), lambda check=check: check(patient))  # type: ignore[misc]
    except (GatewayError, DatabaseUnfit) as error:
        yield wrong("database", str(error), "")


def _told(part: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Return what a check found; what stopped it is a finding too."""
    try:
        return list(look())
    except (GatewayError, DatabaseUnfit, KeyUnusable, AuditError, OSError) as error:
        return [wrong(part, str(error), "")]
    except SQLAlchemyError as error:
        # Its text holds the statement and may hold values.
        return [wrong(part, f"The database refuses to answer ({type(error).__name__}).", "See the lines before.")]


@contextmanager
def _opened(settings: Settings) -> Iterator[Patient]:
    keyring = KeyRing.load(settings.keys, demo=settings.demo)
    database = open_database(settings.database)
    try:
        yield Patient(settings, keyring, database)
    finally:
        database.close()
