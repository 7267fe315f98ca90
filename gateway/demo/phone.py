"""A client's own phone, as the demo and the rehearsals read it: the folder into which messages are dropped."""

from __future__ import annotations

from pathlib import Path

import orjson


def read_messages(outbox: Path, client: str) -> list[dict[str, object]]:
    """Return what was dropped for a client, oldest first."""
    messages = [orjson.loads(file.read_bytes()) for file in outbox.joinpath("clients", client).glob("*.json")]
    return sorted(messages, key=lambda message: str(message.get("created")))
