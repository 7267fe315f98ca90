"""For whom a proxy asks is believed of the proxies that the settings name, and of nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway.errors import SettingsError
from gateway.http.whence import whence
from gateway.serving.connection import ConnectionBounds
from gateway.serving.server import configured
from gateway.settings import Settings, read_settings


def settings(folder: Path, proxies: str) -> Settings:
    """Settings that are whole, with these proxies."""
    return read_settings(
        database=f"sqlite:///{folder}/a.db", key_database=f"sqlite:///{folder}/b.db", keys=folder / "keys",
        base_url="https://gw.example", directory=folder / "d.yaml", outbox=folder / "outbox", safe="none",
        trusted_proxies=proxies,
    )  # fmt: skip


async def counted(proxies: tuple[str, ...], asker: str, *forwarded: str) -> str:
    """Return the address that a request counts for as uvicorn hands it on."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(whence(scope))

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError("nothing is answered here")

    config = configured(app, ConnectionBounds(), proxies)
    config.load()
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    scope = {"type": "http", "client": (asker, 5), "headers": headers, "scheme": "http"}
    await config.loaded_app(scope, receive, send)  # type: ignore[arg-type]
    return seen[0]


async def test_a_header_is_believed_of_nobody_where_no_proxy_is_named(tmp_path: Path) -> None:
    none = settings(tmp_path, "").proxies
    assert none == ()
    for asker in ("127.0.0.1", "::1", "203.0.113.9"):
        assert await counted(none, asker, "198.51.100.1") == ("::" if asker == "::1" else asker)


async def test_a_header_is_believed_of_the_named_proxies_and_not_of_whoever_comes_past_them(tmp_path: Path) -> None:
    proxies = settings(tmp_path, "127.0.0.1, 10.2.0.0/16,2001:db8:9::/48").proxies
    for proxy in ("127.0.0.1", "10.2.3.4", "::ffff:10.2.3.4", "2001:db8:9::7"):
        assert await counted(proxies, proxy, "198.51.100.1") == "198.51.100.1"
        assert await counted(proxies, proxy, "2001:db8:1:2:3::4") == "2001:db8:1:2::"
        assert await counted(proxies, proxy, "198.51.100.1:4711") == "198.51.100.1"
    for other in ("10.3.0.1", "203.0.113.9", "::ffff:10.3.0.1"):
        assert await counted(proxies, other, "198.51.100.1") == other.removeprefix("::ffff:")
    # Without the header it is the proxy's own request.
    assert await counted(proxies, "10.2.3.4") == "10.2.3.4"


async def test_what_a_visitor_wrote_into_the_header_is_never_looked_at(tmp_path: Path) -> None:
    proxies = settings(tmp_path, "127.0.0.1,10.2.0.0/16").proxies
    visitor = "203.0.113.9"
    for written in ("198.51.100.1", "127.0.0.1", "10.2.0.1, 198.51.100.1", "unknown", "198.51.100.1, 127.0.0.1", ","):
        # Each proxy appends whom it sees: first the outer one, then the one on this host.
        assert await counted(proxies, "127.0.0.1", f"{written}, {visitor}") == visitor
        assert await counted(proxies, "127.0.0.1", f"{written}, {visitor}, 10.2.0.7") == visitor
        assert await counted(proxies, "127.0.0.1", written, visitor) == visitor


@pytest.mark.parametrize("wrong", ["*", "proxy.example", "0.0.0.0/0", "::/0", "10.2.0.1/16", "127.0.0.1;10.2.0.1"])
def test_a_start_is_refused_where_it_is_not_told_which_proxies(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SettingsError, match="SAATTAEN_TRUSTED_PROXIES"):
        settings(tmp_path, wrong)
