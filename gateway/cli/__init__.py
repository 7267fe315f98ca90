"""The command `saattaen`: everything an operator and an officer do at the machine itself."""

from __future__ import annotations

import sys

import typer

from adapters.sql.backup import BackupFailed
from adapters.sql.engine import DatabaseUnfit
from adapters.sql.key_store import KeyUnusable
from audit.errors import AuditError
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


def main() -> None:
    """Run the command. What stops it is told in one sentence on standard error, with exit status 1."""
    try:
        app()
    except (GatewayError, BackupFailed, DatabaseUnfit, KeyUnusable, AuditError, BadQuery, OSError) as error:
        typer.echo(f"saattaen: {error}", err=True)
        sys.exit(1)
