"""The pages on a port of this machine, in a thread of their own, and Chromium to look at them."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar

import uvicorn
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from adapters.custodian.fhir_server.simulator import simulated_server
from gateway.app import create_app
from gateway.demo.custodian import put_samples, write_custodians
from gateway.demo.provider.installing import IDENTIFICATION, install_providers, providers_served
from gateway.rooms.sign_in import way_in
from gateway.site import make_site
from tests.laws.gateway_world import demo_world, open_world
from tests.parts.custodians import waiting
from tests.web.people import People, Visitor, open_people

T = TypeVar("T")
Opener = Callable[[Path, str, Sequence[socket.socket]], AbstractAsyncContextManager[People]]
"""Opens a gateway with its pages in a folder, at an address; the two sockets beside its own are for providers."""

PATIENCE = 90_000
"""How long a browser is waited for, in milliseconds, on a machine that does much else or stands still for a while."""
expect.set_options(timeout=PATIENCE)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
NARROW = {"width": 320, "height": 640}


class Live:
    """A gateway with pages that browsers can open at `base`."""

    def __init__(self, base: str, people: People, loop: asyncio.AbstractEventLoop) -> None:
        self.base, self.people, self._loop = base, people, loop

    def run(self, act: Coroutine[object, object, T]) -> T:
        """Do something on the gateway's own loop and return what came of it."""
        return asyncio.run_coroutine_threadsafe(act, self._loop).result(120)

    def browser_of(self, browser: Browser, visitor: Visitor, **options: object) -> BrowserContext:
        """Return a browser's context in which the visitor's cookies are."""
        context = browser.new_context(viewport=options.pop("viewport", DESK), **options)  # type: ignore[arg-type]
        cookies = [(cookie.name.removeprefix("__Host-"), cookie.value) for cookie in visitor.web.cookies.jar]
        context.set_default_timeout(PATIENCE)
        context.add_cookies([{"name": name, "value": str(value), "url": self.base} for name, value in cookies])
        return context


def find_chromium() -> str | None:
    """Return where Chromium is, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox"], timeout=2 * PATIENCE
        )
        try:
            yield browser
        finally:
            browser.close()


@asynccontextmanager
async def with_simulated_sessions(
    folder: Path, base: str, beside: Sequence[socket.socket]
) -> AsyncIterator[People]:  # fmt: skip
    """Open a gateway whose visitors are signed in by the test."""
    async with open_people(folder, base) as people:
        yield people


@asynccontextmanager
async def with_providers(
    folder: Path, base: str, beside: Sequence[socket.socket], custodians: Path | None = None
) -> AsyncIterator[People]:
    """Open a gateway at which people sign in through the demo's OpenID providers, which listen *beside* it."""
    named = {"identification": folder / IDENTIFICATION}
    async with open_world(
        folder, lambda one: replace(one, settings=one.settings.model_copy(update=named)), web=False, base_url=base,
        custodians=custodians,
    ) as laws:  # fmt: skip
        providers = install_providers(folder, laws.world, base, laws.clock.now)
        way = way_in(laws.gateway)
        assert way is not None
        app = create_app(
            laws.gateway, site=make_site(laws.gateway, way.sessions, way.sign_in, way.representing, at_desk=way.at_desk)
        )
        async with providers_served(providers, beside):
            yield People(laws, way.sessions, app, providers.mandates)


@asynccontextmanager
async def with_a_custodian(folder: Path, base: str, beside: Sequence[socket.socket]) -> AsyncIterator[People]:
    """Open the same with the demo's custodian beside it, on whose server some of the documents lie."""
    world = demo_world()
    with simulated_server() as server:
        put_samples(server.base, world, world.now)
        file = write_custodians(folder / "custodians.yaml", server.base, waiting())
        async with with_providers(folder, base, beside, file) as people:
            yield people


def _three_in_a_row() -> list[socket.socket]:
    """Return sockets on three ports in a row: the demo's providers answer at the two after the gateway's own."""
    while True:
        sockets = [socket.socket() for _ in range(3)]
        try:
            sockets[0].bind(("127.0.0.1", 0))
            first = sockets[0].getsockname()[1]
            for beside, one in enumerate(sockets[1:], 1):
                one.bind(("127.0.0.1", first + beside))
        except (OSError, OverflowError):
            for one in sockets:
                one.close()
        else:
            return sockets


@contextmanager
def live(folder: Path, opener: Opener = with_simulated_sessions) -> Iterator[Live]:
    """Serve a gateway with pages on an installation in *folder*."""
    listening, *beside = _three_in_a_row()
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    ready, stop = Event(), Event()
    found: list[Live] = []
    failed: list[BaseException] = []

    async def serve() -> None:
        async with opener(folder, base, beside) as people:
            server = uvicorn.Server(uvicorn.Config(people.app, log_level="error", lifespan="off", ws="none"))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            found.append(Live(base, people, asyncio.get_running_loop()))
            ready.set()
            await asyncio.to_thread(stop.wait)
            server.should_exit = True
            await serving

    def begin() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()

    thread = Thread(target=begin, daemon=True)
    thread.start()
    ready.wait(120)
    if failed:
        raise failed[0]
    try:
        yield found[0]
    finally:
        stop.set()
        thread.join(30)
        for one in (listening, *beside):
            one.close()
