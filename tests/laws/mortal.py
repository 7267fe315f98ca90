"""A gateway that is killed over and over at random moments, on one database that must bear it.

Run as a module: folder, rounds, seed. Each round forks a child. The child first checks what its predecessor left, then
serves reads, consents and withdrawals and tells on a pipe what it has released or acknowledged, until SIGKILL comes.
What it told is the next child's measure. Prints one JSON line at the end: faults, and how much was told.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import sys
import time
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sqlalchemy import text

from audit.verify import verify_rows
from gateway.disclosure.opened import Opener
from gateway.disclosure.order_law import check_order
from gateway.disclosure.release import Released
from gateway.errors import GatewayError
from tests.laws.gateway_world import Laws, demo_world, open_world

ALL_VERIFIED, VERIFIED_EVERY = 50, 20
"""In how many rounds, and how often after that, the whole log is verified; at the end it is in any case."""
CLIENTS = ("suvi", "sirpa", "ari", "maija")
FEWEST_STANDING, MOST_STANDING = 3, 100
"""How many consents stand at a time, those of all predecessors together: a client has 200 at most that may be asked."""


@dataclass
class Told:
    """What the killed have told: releases, givings, withdrawals begun and withdrawals acknowledged, a checkpoint."""

    released: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    asked_to_withdraw: set[str] = field(default_factory=set)
    withdrawn: list[str] = field(default_factory=list)
    checkpoint: bytes | None = None
    faults: list[str] = field(default_factory=list)
    checked: int = 0

    def hear(self, line: str) -> None:
        """Take one line."""
        word, _, rest = line.partition(" ")
        match word:
            case "released":
                event, _, note = rest.partition(" ")
                self.released.append(event)
                self.checkpoint = b64decode(note)
            case "given":
                self.given.append(rest)
            case "withdrawing":
                self.asked_to_withdraw.add(rest)
            case "withdrawn":
                self.withdrawn.append(rest)
            case "fault":
                self.faults.append(rest)
            case "sound":
                self.checked += 1


def tell(pipe: int, *words: str) -> None:
    """Write one line at once; a pipe takes so few bytes whole."""
    os.write(pipe, (" ".join(words) + "\n").encode())


def find_faults(laws: Laws, told: Told, *, with_log: bool = True) -> list[str]:
    """Return what the database does not bear out of what was told; empty when all of it stands.

    *with_log* verifies the whole log too: its tree and signatures against the last checkpoint told, and its order.
    """
    gateway = laws.gateway
    faults: list[str] = []
    with gateway.log_store.read() as reader:
        if with_log:
            verifiers = [gateway.log.verifier(head.origin) for head in reader.heads()]
            disorder = check_order(Opener(gateway.keys).read_all(reader), laws.world.directory).faults
            held = [told.checkpoint] if told.checkpoint else []
            faults += [str(one) for one in verify_rows(reader, verifiers, gateway.keys, held).findings]
            faults += [f"order: {fault}" for fault in disorder]
        entries = reader.find_events(told.released)
    faults += [f"release {event} has no entry" for event in told.released if event not in entries]
    with gateway.database.read() as connection:
        states = {row.id: row.state for row in connection.execute(text("SELECT id, state FROM consent"))}
        on_sqlite = connection.dialect.name == "sqlite"
        integrity = connection.execute(text("PRAGMA integrity_check")).scalar_one() if on_sqlite else "ok"
        unmatched = connection.execute(
            text(
                "SELECT count(*) FROM consent_grant WHERE spent_by IS NOT NULL "
                "AND spent_by NOT IN (SELECT event_id FROM audit_index)"
            )
        ).scalar_one()
    if integrity != "ok":
        faults.append(f"integrity: {integrity}")
    if unmatched:
        faults.append(f"{unmatched} grants are spent by releases that are not in the log")
    faults += [f"consent {one} is gone" for one in told.given if one not in states]
    faults += [f"withdrawal of {one} is undone" for one in told.withdrawn if states.get(one) != "withdrawn"]
    faults += [
        f"consent {one} was withdrawn by nobody"
        for one in told.given if states.get(one) != "given" and one not in told.asked_to_withdraw
    ]  # fmt: skip
    return faults


async def serve(laws: Laws, documents: dict[str, str], standing: list[str], pipe: int, chance: Random) -> None:
    """Read, give and withdraw at random until killed; *standing* are the consents that predecessors left."""

    async def read() -> None:
        while True:
            client = chance.choice(CLIENTS)
            outcome = await laws.ask(laws.read_of(documents[client]))
            if isinstance(outcome, Released):
                tell(
                    pipe,
                    "released",
                    outcome.committed.entries[0].event_id,
                    b64encode(outcome.committed.checkpoint).decode(),
                )

    async def decide() -> None:
        while True:
            gives = chance.random() < 0.5 and len(standing) < MOST_STANDING
            if gives or len(standing) < FEWEST_STANDING:
                once = chance.random() < 0.3
                consent = await laws.give(chance.choice(CLIENTS), laws.row(once=once))
                tell(pipe, "given", consent.id)
                standing.append(consent.id)
            else:
                ended = standing.pop(chance.randrange(len(standing)))
                tell(pipe, "withdrawing", ended)
                await laws.gateway.recording.withdraw(ended)  # type: ignore[arg-type]
                tell(pipe, "withdrawn", ended)

    await asyncio.gather(read(), read(), decide())


async def live(
    folder: Path, documents: dict[str, str], told: Told, pipe: int, seed: int, *, with_log: bool
) -> None:  # fmt: skip
    """Check what was left, then serve until killed."""
    async with open_world(folder, web=False) as laws:
        for fault in find_faults(laws, told, with_log=with_log):
            tell(pipe, "fault", fault)
        tell(pipe, "sound")
        if seed >= 0:
            standing = [one for one in told.given if one not in told.asked_to_withdraw]
            await serve(laws, documents, standing, pipe, Random(seed))


def spawn(
    folder: Path, documents: dict[str, str], told: Told, seed: int, *, with_log: bool = True
) -> tuple[int, int]:  # fmt: skip
    """Fork a child that lives; return its process id and the end of the pipe to hear it on."""
    hearing, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hearing)
        try:
            asyncio.run(live(folder, documents, told, telling, seed, with_log=with_log))
        except (GatewayError, Exception) as error:
            tell(telling, "fault", f"the gateway did not live: {type(error).__name__}: {error}".replace("\n", " "))
        finally:
            os._exit(0)
    os.close(telling)
    return child, hearing


def hear(pipe: int, told: Told, rest: bytes, *, lines: int, seconds: float) -> bytes:
    """Hear so many lines, until the pipe ends or the time is over; return the bytes of a line not whole yet."""
    end = time.monotonic() + seconds
    while lines > 0 and (left := end - time.monotonic()) > 0:
        if not select.select([pipe], [], [], left)[0]:
            continue
        chunk = os.read(pipe, 65536)
        if not chunk:
            break
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            told.hear(line.decode())
        lines -= len(whole)
    return rest


def play_round(
    folder: Path, documents: dict[str, str], told: Told, chance: Random, seed: int, *, with_log: bool
) -> None:  # fmt: skip
    """Let a child live for a while and kill it: mostly while it serves, now and then while it starts."""
    child, pipe = spawn(folder, documents, told, seed, with_log=with_log)
    rest = b""
    if chance.random() < 0.85:
        # How long is counted in what it told, not in seconds: a busy machine kills no more gently.
        rest = hear(pipe, told, rest, lines=1 + chance.randrange(20), seconds=120)
        rest = hear(pipe, told, rest, lines=1000, seconds=chance.random() * 0.02)
    else:
        rest = hear(pipe, told, rest, lines=1000, seconds=chance.random() * 0.3)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    # What it had told before it died counts.
    hear(pipe, told, rest, lines=1000, seconds=5)
    os.close(pipe)


async def prepare_documents(folder: Path) -> dict[str, str]:
    """Put a document of each client at disposal."""
    async with open_world(folder, web=False) as laws:
        return {client: await laws.deposit(client) for client in CLIENTS}


def in_a_child(folder: Path) -> dict[str, str]:
    """Prepare in a child: this process stays without threads, so that it may fork."""
    hearing, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hearing)
        os.write(telling, json.dumps(asyncio.run(prepare_documents(folder))).encode())
        os._exit(0)
    os.close(telling)
    said = b""
    while chunk := os.read(hearing, 65536):
        said += chunk
    os.close(hearing)
    os.waitpid(child, 0)
    return dict(json.loads(said))


def main(folder: Path, rounds: int, seed: int) -> dict[str, object]:
    """Play all rounds and check once more at the end."""
    told, chance = Told(), Random(seed)
    demo_world()  # Read once, before anyone is forked.
    documents = in_a_child(folder)
    for number in range(rounds):
        # Each check of the log is as long as the log: over many rounds not every one may make it.
        with_log = number < ALL_VERIFIED or number % VERIFIED_EVERY == 0
        play_round(folder, documents, told, chance, seed + number, with_log=with_log)
        if told.faults:
            break
    child, pipe = spawn(folder, documents, told, -1)
    hear(pipe, told, b"", lines=1000, seconds=300)
    os.waitpid(child, 0)
    os.close(pipe)
    counts = Counter(released=len(told.released), given=len(told.given), withdrawn=len(told.withdrawn))
    return {"faults": told.faults[:10], "checked": told.checked, **counts}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
