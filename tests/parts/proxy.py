"""A proxy of ours between the gateway and a server: it forwards, and on demand refuses, delays, falls silent, alters an
answer, or cuts a connection at its COMMIT.

Each connection is served by two threads of its own. What is done to a connection is decided when bytes pass, so that a
fault begins and ends while the gateway runs.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_CHUNK = 65536


@dataclass(eq=False)
class _Link:
    """One connection: both sides, and the first bytes that its client sent, which say who it is."""

    client: socket.socket
    server: socket.socket
    greeting: bytes = b""
    is_cut_at_answer: bool = False

    def cut(self) -> None:
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()


class Proxy:
    """Listens at *address* and forwards to *target*; each is a path of a UNIX socket or a (host, port)."""

    def __init__(self, address: Path | tuple[str, int], target: Path | tuple[str, int]) -> None:
        self._target = target
        self._listening = _socket(address)
        self._listening.bind(_plain(address))
        self._listening.listen(64)

        self._links: set[_Link] = set()
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._is_refusing = False
        self._delay = 0.0
        self._alter: Callable[[bytes], bytes] = lambda answer: answer
        self._at_commit: str | None = None
        self.commits = 0
        """How many COMMITs of the gateway's writing connections have passed or been cut."""
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The port, where it listens on one."""
        return int(self._listening.getsockname()[1])

    def close(self) -> None:
        """Cut everything and stop listening."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._flowing.set()
        self.cut()

    def cut(self) -> None:
        """Cut every connection."""
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            link.cut()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Be down: cut every connection, and each new one."""
        self._is_refusing = True
        self.cut()
        try:
            yield
        finally:
            self._is_refusing = False

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Hold back every byte in both directions, as a machine does that stands still."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Let each answer of the server wait."""
        self._delay = seconds
        try:
            yield
        finally:
            self._delay = 0.0

    @contextmanager
    def altering(self, alter: Callable[[bytes], bytes]) -> Iterator[None]:
        """Pass each piece of an answer through *alter*, which keeps its length."""
        self._alter = alter
        try:
            yield
        finally:
            self._alter = lambda answer: answer

    @contextmanager
    def cutting_commits(self, when: str) -> Iterator[None]:
        """Cut a writing connection at its COMMIT: `before` it reaches the server, `after` the server did it (its answer
        is swallowed), or `and-go`: after it, and refuse every connection from then on.
        """
        self._at_commit = when
        try:
            yield
        finally:
            self._at_commit = None
            self._is_refusing = False

    # Moving bytes.

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self._is_refusing:
                client.close()
                continue
            server = _socket(self._target)
            try:
                server.connect(_plain(self._target))
            except OSError:
                client.close()
                server.close()
                continue
            link = _Link(client, server)
            with self._lock:
                self._links.add(link)
            threading.Thread(target=self._pump, args=(link, self._ask), daemon=True).start()
            threading.Thread(target=self._pump, args=(link, self._answer), daemon=True).start()

    def _pump(self, link: _Link, move: Callable[[_Link], bool]) -> None:
        with contextlib.suppress(OSError):
            while move(link):
                pass
        with self._lock:
            self._links.discard(link)
        link.cut()

    def _ask(self, link: _Link) -> bool:
        chunk = link.client.recv(_CHUNK)
        self._flowing.wait()
        if not link.greeting:
            link.greeting = chunk
        if self._at_commit is not None and b"saattaen-writing" in link.greeting and b"COMMIT\0" in chunk:
            self.commits += 1
            if self._at_commit == "before":
                return False
            link.is_cut_at_answer = True
        link.server.sendall(chunk)
        return bool(chunk)

    def _answer(self, link: _Link) -> bool:
        chunk = link.server.recv(_CHUNK)
        self._flowing.wait()
        if self._delay:
            time.sleep(self._delay)
        if link.is_cut_at_answer:
            if self._at_commit == "and-go":
                self._is_refusing = True
                self.cut()
            return False
        link.client.sendall(self._alter(chunk))
        return bool(chunk)


def _socket(address: Path | tuple[str, int]) -> socket.socket:
    return socket.socket(socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET)


def _plain(address: Path | tuple[str, int]) -> str | tuple[str, int]:
    return str(address) if isinstance(address, Path) else address


@dataclass
class Proxies:
    """Makes proxies and closes them."""

    folder: Path
    made: list[Proxy] = field(default_factory=list)

    def before_unix(self, target: Path) -> tuple[Proxy, Path]:
        """Return a proxy before a UNIX socket, and the folder in which a socket of the same name leads to it."""
        folder = self.folder / f"p{len(self.made)}"
        folder.mkdir()
        self.made.append(Proxy(folder / target.name, target))
        return self.made[-1], folder

    def before_port(self, host: str, port: int) -> Proxy:
        """Return a proxy before a port; it listens on one of its own."""
        self.made.append(Proxy(("127.0.0.1", 0), (host, port)))
        return self.made[-1]

    def close(self) -> None:
        """Close them all."""
        for one in self.made:
            one.close()
