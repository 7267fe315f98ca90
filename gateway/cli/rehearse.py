"""`saattaen rehearse`: given-when-then cases that the gateway itself plays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.demo import known_engine
from gateway.rehearsal.rehearse import rehearse as play_cases


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rehearse")(rehearse)


def rehearse(
    paths: Annotated[list[Path], typer.Argument(help="Case files, or folders of *.case.yaml.", exists=True)],
    engine: Annotated[str, typer.Option(help="embedded or opa.")] = "embedded",
    database: Annotated[str | None, typer.Option(help="The database's URL; a fresh SQLite file unless given.")] = None,
) -> None:
    """Play each case against a fresh gateway with a steered clock; exit status 1 when one fails."""
    raise typer.Exit(play_cases(paths, engine=known_engine(engine), database=database, say=typer.echo))
