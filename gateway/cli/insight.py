"""`saattaen explain` and `saattaen who-can-see`: one entry in words, and who can see what of a client.

A client is named by our id, or by an identity code that is read from standard input, never on the command line. Each
look is an entry of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.log_entries import ClientId, client_named, micros_of
from gateway.cli.opening import settings_of, with_gateway
from gateway.cli.options import Demo, Folder, Operator
from gateway.directory.instants import from_micros
from gateway.directory.model import LANGUAGES
from gateway.disclosure.explaining import Explaining, Explanation
from gateway.disclosure.log_query import Officer
from gateway.disclosure.looking import Looker, LookerKind
from gateway.disclosure.matrix_output import MatrixWords
from gateway.disclosure.phrases import Eye, load_phrases
from gateway.errors import RequestInvalid
from gateway.insight import explaining_of, insights_of
from gateway.open_gateway import Gateway

Language = Annotated[str, typer.Option(help="fi, fi-x-selko, sv or en.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("explain")(explain)
    app.command("who-can-see")(who_can_see)


def explain(
    entry: Annotated[str, typer.Argument(help="An entry's index in its log, or its event id.")],
    year: Annotated[
        str | None, typer.Option(help="The year of its log, where an index is given; after a restore as in 2026-2.")
    ] = None,
    eye: Annotated[Eye, typer.Option(help="To whom it is explained; what each may know differs.")] = Eye.OFFICER,
    language: Language = "fi",
    operator: Operator = "officer",
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Explain one entry: who, what, why, on which basis, when, whether it was given, and what can be done."""
    _check(language)

    async def do(gateway: Gateway) -> Explanation | None:
        explaining = explaining_of(gateway)
        origin, index = await _place(explaining, entry, f"{gateway.settings.log_name}/audit/{year}" if year else None)
        return await explaining.to_officer(origin, index, Officer(operator), language, as_told_to=eye)

    found = with_gateway(settings_of(demo, folder), do)
    if found is None:
        raise RequestInvalid("There is no such entry.")
    for line in found.lines():
        typer.echo(line)


def who_can_see(
    client_id: ClientId = None,
    at: Annotated[str | None, typer.Option(help="A past instant or date; now, where it is not given.")] = None,
    recipient: Annotated[list[str] | None, typer.Option(help="A service; repeat the option for more.")] = None,
    document: Annotated[str | None, typer.Option(help="One document, by its id.")] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Every service, named or not.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Every row with its codes, as JSON.")] = False,
    language: Language = "fi",
    operator: Operator = "officer",
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Print who can see what of a client, with the reason of each cell; the identity code is read from standard
    input."""
    _check(language)
    instant = micros_of(at)

    async def do(gateway: Gateway) -> None:
        whom = await client_named(gateway, client_id is None, client_id)
        if whom is None:
            raise RequestInvalid("Name a client.")
        looker = Looker(LookerKind.OFFICER, operator)
        matrix = await insights_of(gateway).who_can_see.matrix(
            whom, looker, at=None if instant is None else from_micros(instant), recipients=recipient,
            document=document, everyone=everyone,
        )  # fmt: skip
        words = MatrixWords(gateway.directory, load_phrases(), Eye.OFFICER, language)
        typer.echo(words.json(matrix) if as_json else words.table(matrix), nl=False)

    with_gateway(settings_of(demo, folder), do)


async def _place(explaining: Explaining, entry: str, origin: str | None) -> tuple[str, int]:
    if entry.isascii() and entry.isdecimal():
        if origin is None:
            raise RequestInvalid("An index needs the year of its log: --year.")
        return origin, int(entry)
    place = await explaining.place_of(entry)
    if place is None:
        raise RequestInvalid("There is no such entry.")
    return place


def _check(language: str) -> None:
    if language not in LANGUAGES:
        raise RequestInvalid(f"The language is one of {', '.join(LANGUAGES)}.")
