"""A channel that drops each message as a file into a folder of its reader: for the demo and for partners that poll.

A service's messages lie in `services/<code>/`, a client's in `clients/<client id>/`. Files appear whole or not at all
and can be read by their owner alone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson

from audit.durable import write_durably
from gateway.consent.outbox import Outgoing

TO_CLIENT = "client"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


class FileDrop:
    """Drops messages into a folder. Delivering the same message twice leaves one file.

    *pairwise* gives the reference by which a service knows a client: our own id of the client goes to nobody else.
    """

    def __init__(self, folder: Path, pairwise: Callable[[str, str], str]) -> None:
        self._folder, self._pairwise = folder, pairwise

    async def deliver(self, message: Outgoing, channels: Mapping[str, str]) -> None:
        """Write the message; raises OSError where that fails."""
        await asyncio.to_thread(self._write, message)

    def _write(self, message: Outgoing) -> None:
        names = ("clients", message.client) if message.party == TO_CLIENT else ("services", message.party)
        if not all(_PLAIN.fullmatch(name) for name in (*names, message.id)):
            raise OSError("a reader's code is no plain file name")
        folder = self._folder.joinpath(*names)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        client = message.client if message.party == TO_CLIENT else self._pairwise(message.party, message.client)
        content = {
            "id": message.id, "kind": message.kind, "to": message.party, "client": client,
            "consent": message.consent, "created": message.created.isoformat(), "body": dict(message.body),
        }  # fmt: skip
        # Whole, or not there; and there to stay before the database calls it delivered.
        write_durably(folder / f"{message.id}.json", orjson.dumps(content, option=orjson.OPT_INDENT_2))
