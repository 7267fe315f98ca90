"""A simulator of channels to clients: each notice becomes a file, as it would have left, without its address."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import orjson

from audit.durable import write_durably
from gateway.consent.ports import Notice

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


class NoticeDrop:
    """Drops notices of one channel into `<folder>/notices/<channel>/`. The same notice twice leaves one file."""

    def __init__(self, folder: Path, channel: str) -> None:
        self._folder, self._channel = folder / "notices" / channel, channel

    async def send(self, notice: Notice) -> None:
        """Write the notice; raises OSError where that fails."""
        await asyncio.to_thread(self._write, notice)

    def _write(self, notice: Notice) -> None:
        if not _PLAIN.fullmatch(notice.id):
            raise OSError("a notice's id is no plain file name")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = {
            "id": notice.id, "channel": self._channel, "language": notice.language, "subject": notice.subject,
            "text": notice.text, "at": notice.at.isoformat(),
        }  # fmt: skip
        write_durably(self._folder / f"{notice.id}.json", orjson.dumps(content, option=orjson.OPT_INDENT_2))
