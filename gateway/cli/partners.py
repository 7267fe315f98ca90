"""`saattaen partner`: which partner systems may ask, and with which keys."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from audit.log import Dropped
from gateway.cli.given_files import read_jwk_set
from gateway.cli.opening import settings_of, with_gateway
from gateway.cli.options import Demo, Folder, Operator
from gateway.desks import register_desks
from gateway.directory.instants import HELSINKI, from_micros
from gateway.errors import RequestInvalid
from gateway.open_gateway import Gateway

app = typer.Typer(no_args_is_help=True, help=__doc__)

_REASONS = {
    "partner-exists": "There is a partner system of that id already.",
    "partner-unknown": "No such partner system.",
}


@app.command("add")
def add(
    partner: Annotated[str, typer.Argument(help="Its id: small letters, digits, dots and hyphens.")],
    organisation: Annotated[str, typer.Option(help="The directory's code of its organisation.")],
    service: Annotated[list[str], typer.Option(help="A service it acts for; repeat the option for more.")],
    jwks: Annotated[Path, typer.Option(help="A file with its public keys, a JWK Set.", exists=True, dir_okay=False)],
    scope: Annotated[str, typer.Option(help="Scopes it may ask for, separated by spaces.")] = "system/*.rs",
    operator: Operator = "operator",
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Register a partner system with its keys by value."""

    async def do(gateway: Gateway) -> None:
        for code in service:
            row = gateway.directory.service(code)
            if row is None or row.organisation != organisation:
                raise RequestInvalid(f"The service {code} is not one of the organisation {organisation}'s.")
        keys = read_jwk_set(jwks).decode()
        item = gateway.partners.adding(
            partner, organisation=organisation, services=service, jwks=keys, scope=scope, by=operator
        )
        _told(await gateway.log.submit(item))
        typer.echo(f"Partner system {partner} may ask for {', '.join(service)}.")

    with_gateway(settings_of(demo, folder), do)


@app.command("desks")
def desks(operator: Operator = "operator", demo: Demo = False, folder: Folder = Path("var/demo")) -> None:
    """Register each organisation's own desk for its services: workers who sign in here read as that partner system."""

    async def do(gateway: Gateway) -> None:
        for desk in await register_desks(gateway, operator):
            typer.echo(f"The desk {desk} is registered for its organisation's services.")

    with_gateway(settings_of(demo, folder), do)


@app.command("suspend")
def suspend(
    partner: str, operator: Operator = "operator", demo: Demo = False, folder: Folder = Path("var/demo")
) -> None:
    """Shut a partner system out from this instant."""

    async def do(gateway: Gateway) -> None:
        _told(await gateway.log.submit(gateway.partners.suspending(partner, by=operator), urgent=True))
        typer.echo(f"Partner system {partner} is suspended.")

    with_gateway(settings_of(demo, folder), do)


@app.command("resume")
def resume(
    partner: str, operator: Operator = "operator", demo: Demo = False, folder: Folder = Path("var/demo")
) -> None:
    """Let a suspended partner system in again."""

    async def do(gateway: Gateway) -> None:
        _told(await gateway.log.submit(gateway.partners.resuming(partner, by=operator)))
        typer.echo(f"Partner system {partner} may ask again.")

    with_gateway(settings_of(demo, folder), do)


@app.command("list")
def list_all(demo: Demo = False, folder: Folder = Path("var/demo")) -> None:
    """List partner systems, a line each."""

    async def do(gateway: Gateway) -> None:
        for row in gateway.partners.list():
            state = "suspended" if row.suspended else "in force"
            added = _day(from_micros(row.added))
            typer.echo(f"{row.id:32} {row.organisation:20} {' '.join(row.services):32} {state:10} since {added}")

    with_gateway(settings_of(demo, folder), do)


def _day(at: datetime) -> str:
    return at.astimezone(HELSINKI).strftime("%Y-%m-%d %H:%M")


def _told(outcome: object) -> None:
    if isinstance(outcome, Dropped):
        raise RequestInvalid(_REASONS.get(str(outcome.value), "The change was not made."))
