"""The pages on a port of this machine, in a thread of their own, and Chromium to look at them."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar

import uvicorn
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.web.people import People, Visitor, open_people

T = TypeVar("T")

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
        context.add_cookies([{"name": name, "value": str(value), "url": self.base} for name, value in cookies])
        return context


def find_chromium() -> str | None:
    """Return where Chromium is, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def live(folder: Path) -> Iterator[Live]:
    """Serve a gateway with pages on an installation in *folder*."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    ready, stop = Event(), Event()
    found: list[Live] = []
    failed: list[BaseException] = []

    async def serve() -> None:
        async with open_people(folder, base) as people:
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
