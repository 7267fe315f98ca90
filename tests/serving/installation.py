"""An installation with the demo world in it, on either database, and `saattaen serve` on it in processes of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

import httpx
import orjson

from adapters.fhir.samples import make_sample
from adapters.tokens.simulator import SimulatedPartner
from gateway.composition import opened
from gateway.consent.model import Capture, CaptureMethod, Evidence, GrantRow
from gateway.consent.wording import render
from gateway.demo.partner import PartnerSystem, worker
from gateway.demo.play import demo_settings
from gateway.demo.population import load_systems, populate, system_of
from gateway.demo.world import World, load_world
from gateway.directory.identity_code import Identifier
from gateway.disclosure.request import Requester
from gateway.installation import prepare
from gateway.open_gateway import Gateway
from gateway.settings import Settings
from tests.parts.postgres import own_database

T = TypeVar("T")
CATEGORY, CUSTODIAN, RECIPIENT, PURPOSE = "work-ability-plan", "sote-keskus", "kuntakokeilu", "employment-support"
START_SECONDS = 180
"""How long processes may take to start or to end on a machine that does much else, or stands still for a while."""


@cache
def demo_world() -> World:
    """The demo world, read once."""
    return load_world()


@dataclass
class Installation:
    """A folder, the settings on it, the partner systems' keys, one document that is open and the consent to it."""

    settings: Settings
    systems: Mapping[str, SimulatedPartner]
    document: str = ""
    consent: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The gateway's address."""
        return self.settings.base_url

    def do(self, act: Callable[[Gateway], Awaitable[T]]) -> T:
        """Open the installation in this process, beside whoever serves it, and do one thing."""

        async def run() -> T:
            async with opened(self.settings, demo_world().directory, joins=True) as gateway:
                return await act(gateway)

        return asyncio.run(run())

    def token(self, scope: str = "system/*.rs", service: str = RECIPIENT, role: str = "omavalmentaja",
              purpose: str = PURPOSE, person: str = "1") -> str:  # fmt: skip
        """An access token of the gateway that serves."""

        async def get() -> str:
            async with httpx.AsyncClient(base_url=self.base, timeout=60, trust_env=False) as web:
                system = PartnerSystem(self.systems[system_of(service)], web, self.base, lambda: datetime.now(UTC))
                acting = worker(demo_world().directory, service, role, purpose, person=person)
                return await system.token(acting, scope)

        return asyncio.run(get())


@contextmanager
def installed(kind: str, folder: Path, port: int) -> Iterator[Installation]:
    """Make an installation on a fresh database of *kind*, with a document of Suvi's that is open to one service."""
    if kind == "sqlite":
        yield _fill(demo_settings(folder, port=port), folder)
    else:
        with own_database() as main, own_database() as keys:
            changed = {"database": main, "key_database": keys}
            yield _fill(demo_settings(folder, port=port).model_copy(update=changed), folder)


def _fill(settings: Settings, folder: Path) -> Installation:
    prepare(settings, datetime.now(UTC))
    world = demo_world()
    made = Installation(settings, load_systems(folder / "partners", world))

    async def fill() -> None:
        async with opened(settings, world.directory) as gateway:
            await populate(gateway, world, made.systems)
            now = gateway.clock.now()
            suvi = Identifier.personal(world.clients["suvi"].code)
            sample = make_sample(CATEGORY, world.directory, suvi, now - timedelta(days=1), custodian=CUSTODIAN)
            accepted = await gateway.acceptance.accept("CarePlan", orjson.dumps(sample))
            by = Requester(
                system_of(CUSTODIAN), world.directory.services[CUSTODIAN].organisation, CUSTODIAN, "laakari", "care",
                "substantial", "worker-1", "Olli", "token-1", frozenset(),
            )  # fmt: skip
            made.document = (await gateway.deposits.create(accepted, by)).id
            client = await gateway.recording.client_of(suvi)
            assert client is not None
            row = GrantRow(CUSTODIAN, RECIPIENT, CATEGORY, PURPOSE, now, now + timedelta(days=90))
            wording = gateway.wordings.current("consent")
            shown = render(wording, "fi", "plain", [row], at=now, directory=world.directory).shown()
            capture = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "test"),)))
            made.consent = (await gateway.recording.give(client, [row], capture, shown)).consent.id

    asyncio.run(fill())
    made.environment = {
        "SAATTAEN_DATABASE": settings.database, "SAATTAEN_KEY_DATABASE": settings.key_database,
        "SAATTAEN_KEYS": str(settings.keys), "SAATTAEN_BASE_URL": settings.base_url,
        "SAATTAEN_DIRECTORY": str(settings.directory), "SAATTAEN_OUTBOX": str(settings.outbox),
        "SAATTAEN_PORT": str(settings.port), "SAATTAEN_DEMO": "true",
    }  # fmt: skip
    return made


class Process:
    """`saattaen serve` in a process; *said* is what it wrote so far."""

    def __init__(self, popen: subprocess.Popen[bytes], output: Path) -> None:
        self.popen, self._output = popen, output

    @property
    def said(self) -> str:
        """Its words on standard output and standard error."""
        return self._output.read_text()

    def wait_until(self, word: str, seconds: float = START_SECONDS) -> None:
        """Wait until it has said *word*."""
        wait_for(lambda: word in self.said or self.popen.poll() is not None, seconds)
        assert word in self.said, self.said

    def stop(self, number: int = signal.SIGTERM, seconds: float = START_SECONDS) -> int:
        """Send a signal and return the exit status."""
        self.popen.send_signal(number)
        return self.popen.wait(seconds)

    def workers(self) -> set[int]:
        """The process ids of its children."""
        children = Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children").read_text()
        return {int(one) for one in children.split()}


@contextmanager
def serving(at: Installation, *options: str, **environment: str) -> Iterator[Process]:
    """Run `saattaen serve` with *options* until the block ends; more of the environment by name."""
    output = at.settings.keys.parent / f"serve-{time.monotonic_ns()}.txt"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAATTAEN_")}
    with output.open("wb") as file:
        popen = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "serve", *options], env=kept | at.environment | environment,
            stdout=file, stderr=file, cwd=Path(__file__).parents[2],
        )  # fmt: skip
    process = Process(popen, output)
    try:
        yield process
    finally:
        if popen.poll() is None:
            popen.terminate()
            try:
                popen.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                popen.kill()
                popen.wait()


def wait_for(true: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Wait until something is so; an assertion fails where it is not in time."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come to be in time"
        time.sleep(0.05)
