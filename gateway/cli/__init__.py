"""The command `saattaen`: everything an operator and an officer do at the machine itself."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from adapters.sql.engine import DatabaseUnfit
from adapters.sql.key_store import KeyUnusable
from adapters.sql.manifest import BackupFailed
from audit.errors import AuditError
from gateway import __version__
from gateway.cli.backup import add_to as add_backup
from gateway.cli.demo import add_to as add_demo
from gateway.cli.doctor import add_to as add_doctor
from gateway.cli.insight import add_to as add_insight
from gateway.cli.keys import app as keys_app
from gateway.cli.log import add_to as add_log
from gateway.cli.mandates import app as mandate_app
from gateway.cli.partners import app as partner_app
from gateway.cli.receipts import app as receipt_app
from gateway.cli.rehearse import add_to as add_rehearse
from gateway.cli.safe import app as safe_app
from gateway.cli.serve import add_to as add_serve
from gateway.cli.sign import add_to as add_sign
from gateway.disclosure.log_query import BadQuery
from gateway.errors import GatewayError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
add_demo(app)
add_serve(app)
add_rehearse(app)
add_log(app)
add_insight(app)
add_backup(app)
add_doctor(app)
add_sign(app)
app.add_typer(partner_app, name="partner")
app.add_typer(keys_app, name="keys")
app.add_typer(mandate_app, name="mandate")
app.add_typer(receipt_app, name="receipt")
app.add_typer(safe_app, name="safe")


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"saattaen {__version__}")
        raise typer.Exit


@app.callback(help=__doc__)
def saattaen(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


TOLD = (GatewayError, BackupFailed, DatabaseUnfit, KeyUnusable, AuditError, BadQuery, OSError)
"""What may stop a command and is told in a sentence; anything else is a fault of this program."""


def main() -> None:
    """Run the command. What stops it is told in one sentence on standard error, with exit status 1."""
    try:
        app()
    except TOLD as error:
        typer.echo(f"saattaen: {_said(error)}", err=True)
        sys.exit(1)


def _said(error: Exception) -> str:
    """Return an error as it is told; the system's own by the file that it is about, without its number."""
    return f"{error.filename}: {error.strerror}." if isinstance(error, OSError) and error.filename else str(error)
