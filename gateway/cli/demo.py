"""`saattaen demo`: the invented world, played over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from gateway.demo.custodian import KINDS, Kind
from gateway.demo.play import FOLDER, PORT
from gateway.demo.play import demo as play_demo
from gateway.errors import SettingsError

ENGINES = ("embedded", "opa")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Play and end; exit status 0 only if every step went as told.")
    ] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Start afresh.")] = False,
    port: Annotated[
        int, typer.Option(help="The port on 127.0.0.1; the two after it are the identity providers'.", min=1, max=65533)
    ] = PORT,
    engine: Annotated[str, typer.Option(help="embedded or opa.")] = "embedded",
    folder: Annotated[Path, typer.Option(help="Where its data lies.")] = FOLDER,
    custodian: Annotated[
        str | None, typer.Option(help="hapi or simulator: some documents lie on a FHIR server of their custodian's.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="An empty database to begin on: postgresql+psycopg://user@host/name.")
    ] = None,
) -> None:
    """Set up the demo world, serve it, play the main job, and stay up."""
    raise typer.Exit(
        play_demo(
            once=once, reset=reset, port=port, engine=known_engine(engine), folder=folder,
            custodian=known_custodian(custodian), database=database,
        )
    )  # fmt: skip


def known_custodian(custodian: str | None) -> Kind | None:
    """Return the kind of a custodian's server; raises SettingsError for another one."""
    if custodian is None or custodian in KINDS:
        return custodian
    raise SettingsError(f"The custodian's server is one of {', '.join(KINDS)}.")


def known_engine(engine: str) -> Literal["embedded", "opa"]:
    """Return the engine's name; raises SettingsError for another one."""
    if engine not in ENGINES:
        raise SettingsError(f"The engine is one of {', '.join(ENGINES)}.")
    return cast(Literal["embedded", "opa"], engine)
