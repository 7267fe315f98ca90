"""`saattaen sign`: the process that has the log's key, and nothing else."""

from __future__ import annotations

import os
import pwd
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from adapters.keyring.ring import KeyRing
from adapters.signer.server import SigningServer
from audit.checkpoint import Signer
from gateway.errors import SettingsError


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sign")(sign)


def sign(
    socket: Annotated[Path, typer.Option(help="The UNIX socket to listen on.")],
    keys: Annotated[Path, typer.Option(help="The folder that `keys give-log` made, this user's alone.")],
    state: Annotated[Path, typer.Option(help="The file in which it remembers what it signed.")],
    allow: Annotated[list[str] | None, typer.Option(help="A user that may ask; else this process's own.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Take a demo's key.")] = False,
) -> None:
    """Sign the log's checkpoints for a gateway that has no key: it sees hashes, and signs nothing that is smaller than
    what it signed, or another history."""
    allowed = [_user(name) for name in allow] if allow else [os.geteuid()]
    server = SigningServer(socket, state, _Keys(keys, demo=demo).read, allowed)
    signal.signal(signal.SIGTERM, lambda *_: server.close())
    typer.echo(f"Signing on {socket}.")
    server.serve()


class _Keys:
    """The keys in a folder, read again when the file was replaced."""

    def __init__(self, folder: Path, *, demo: bool) -> None:
        self._folder, self._demo = folder, demo
        self._read_at: tuple[int, int] | None = None
        self._keys: tuple[Sequence[Signer], Sequence[Signer]] = ((), ())

    def read(self) -> tuple[Sequence[Signer], Sequence[Signer]]:
        found = (self._folder / "log.json").stat()
        if self._read_at != (found.st_ino, found.st_mtime_ns):
            seeds, former = KeyRing.log_keys(self._folder, demo=self._demo)
            self._keys = ([Signer(seed) for seed in seeds], [Signer(seed) for seed in former])
            self._read_at = (found.st_ino, found.st_mtime_ns)
        return self._keys


def _user(name: str) -> int:
    if name.isdecimal():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise SettingsError(f"There is no user {name} on this machine.") from None
