"""`saattaen mandate`: the end of a mandate, told to the operator on paper or by the register's own notice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.opening import settings_of, with_gateway
from gateway.cli.options import Demo, Folder, Operator
from gateway.consent.model import Actor, ConsentId
from gateway.errors import ConsentRefused, RequestInvalid
from gateway.open_gateway import Gateway

app = typer.Typer(no_args_is_help=True, help=__doc__)

_REASONS = {
    "not-found": "There is no consent of that id.",
    "mandate-missing": "The client gave that consent in person; no mandate stands behind it.",
}


@app.callback()
def mandate() -> None:
    """Mandates are verified by their register; an end that it does not tell of is recorded here."""


@app.command("end")
def end(
    consent: Annotated[str, typer.Argument(help="The id of any consent that was given under the mandate.")],
    operator: Operator = "operator",
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """End a mandate for good: everything that rests on it, whenever its bearer signed in, ends at this instant."""

    async def do(gateway: Gateway) -> None:
        by = Actor(system="operator", worker=operator, role="operator")
        try:
            ended = await gateway.recording.end_mandate_of(ConsentId(consent), by)
        except ConsentRefused as refused:
            raise RequestInvalid(_REASONS.get(refused.reason, "The end was not recorded.")) from None
        typer.echo(f"The mandate has ended, and {ended} grant{'' if ended == 1 else 's'} with it.")

    with_gateway(settings_of(demo, folder), do)
