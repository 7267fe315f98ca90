"""The command `saattaen`: everything an operator and an officer do at the machine itself."""

from __future__ import annotations

import sys

import typer

from audit.errors import AuditError
from gateway.cli import demo, keys, log, partners, receipts, rehearse, serve
from gateway.errors import GatewayError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
demo.add_to(app)
serve.add_to(app)
rehearse.add_to(app)
log.add_to(app)
app.add_typer(partners.app, name="partner")
app.add_typer(keys.app, name="keys")
app.add_typer(receipts.app, name="receipt")


def main() -> None:
    """Run the command. What stops it is told in one sentence on standard error, with exit status 1."""
    from adapters.sql.engine import DatabaseUnfit  # noqa: PLC0415 (the driver is loaded when a command needs it)

    try:
        app()
    except (GatewayError, DatabaseUnfit, AuditError, OSError) as error:
        typer.echo(f"saattaen: {error}", err=True)
        sys.exit(1)
