"""`saattaen receipt`: checking a receipt, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from adapters.tokens.receipt_signer import verify_receipt
from gateway.cli.given_files import read_jwk_set, read_text
from gateway.cli.opening import settings_of
from gateway.cli.options import Demo, Folder
from gateway.errors import SettingsError

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def receipt() -> None:
    """Receipts are signed statements of what a client decided."""


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="The receipt, a compact JWS.", exists=True, dir_okay=False)],
    keys: Annotated[
        Path | None, typer.Option(help="The gateway's published receipt keys, a JWK Set.", exists=True, dir_okay=False)
    ] = None,
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Say whether a receipt is genuine, and what it says. Needs no network: the keys are a file."""
    if keys is not None:
        jwks = read_jwk_set(keys)
    elif (beside := file.with_name("receipt-keys.json")).exists():
        jwks = read_jwk_set(beside)
    elif demo:
        from adapters.keyring.ring import KeyRing

        jwks = orjson.dumps(KeyRing.load(settings_of(demo, folder).keys, demo=True).receipts.public_jwks())
    else:
        raise SettingsError("Give the gateway's receipt keys with --keys, or put them beside as receipt-keys.json.")
    content = verify_receipt(read_text(file).strip(), jwks)
    typer.echo("The receipt is genuine: a key of this set has signed exactly this.")
    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
