"""Make `<folder>/sqlite` and `<folder>/postgresql`: a populated installation on each store, as text."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import make_url

from gateway.consent.model import RefusedRow
from gateway.disclosure.release import Refused, Released
from tests.laws.gateway_world import PLAN, Laws, Store, installed, open_world, removed, settings_in
from tests.parts.postgres import programs


async def _live(laws: Laws) -> dict[str, object]:
    """Let something of every kind happen; return what a later program must find."""
    recording = laws.gateway.recording
    documents = {client: await laws.deposit(client) for client in ("suvi", "sirpa", "ari", "maija")}
    await laws.give("suvi")
    ended = await laws.give("sirpa")
    await laws.give("ari", laws.row(once=True))
    await laws.relate("maija")
    await recording.prohibit(await laws.client("maija"), recipient="kela")
    await recording.refuse(await laws.client("suvi"), (RefusedRow("kela", PLAN),))
    outcomes = [await laws.ask(laws.read_of(document)) for document in documents.values()]
    await recording.withdraw(ended.id)
    outcomes.append(await laws.ask(laws.read_of(documents["sirpa"])))
    return {
        "documents": documents,
        "outcomes": [_said(one) for one in outcomes],
        "entries": [[entry.origin, entry.index, entry.event_id, entry.kind] for entry in laws.entries()],
        "checkpoint": laws.gateway.log.checkpoint_now().decode(),
    }


def _said(outcome: object) -> str:
    return outcome.reason if isinstance(outcome, Refused) else "released" if isinstance(outcome, Released) else "own"


def _dump(url: str) -> str:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        # Nobody writes any more, so Python's own module may read; the sound one has no dump.
        with sqlite3.connect(str(parsed.database)) as connection:
            return "\n".join(connection.iterdump()) + "\n"
    command = [
        str(programs() / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", "--no-comments", "--host",
        str(parsed.query["host"]), "--username", str(parsed.username), str(parsed.database),
    ]  # fmt: skip
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # What psql alone understands, comments and empty lines are not kept.
    return "".join(f"{line}\n" for line in said.splitlines() if line and not line.startswith(("\\", "--")))


def rebuild(folder: Path, store: Store) -> None:
    """Make one of the two."""
    with TemporaryDirectory(prefix="sa-") as name:
        place = installed(Path(name), store)

        async def fill() -> dict[str, object]:
            async with open_world(place, web=False) as laws:
                return await _live(laws)

        told = asyncio.run(fill())
        settings = settings_in(place)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "main.sql").write_text(_dump(settings.database))
        (folder / "keys.sql").write_text(_dump(settings.key_database))
        (folder / "told.json").write_text(json.dumps(told, indent=1) + "\n")
        shutil.copytree(place / "keys", folder / "keys", dirs_exist_ok=True)
        removed(place)


if __name__ == "__main__":
    for one in ("sqlite", "postgresql"):
        rebuild(Path(sys.argv[1]) / one, one)  # type: ignore[arg-type]
