"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Demo: TypeAlias = Annotated[bool, typer.Option("--demo", help="Use the demo's data instead of SAATTAEN_ settings.")]
Folder: TypeAlias = Annotated[Path, typer.Option("--folder", help="Where the demo's data lies.")]
Operator: TypeAlias = Annotated[str, typer.Option("--as", help="Who you are, for the log.")]
