"""Links to other machines: where somebody could answer in the place of OPA or PostgreSQL, it is told or refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.sql.libpq import unverified_host
from gateway.errors import EngineUnavailable, SettingsError
from gateway.policy_server import policy_server
from gateway.settings import Settings, read_settings


def settings(folder: Path, **more: object) -> Settings:
    """Settings that are whole, with OPA as the engine, and *more*."""
    given: dict[str, object] = {
        "database": f"sqlite:///{folder}/a.db", "key_database": f"sqlite:///{folder}/b.db", "keys": folder / "keys",
        "base_url": "https://gw.example", "directory": folder / "d.yaml", "outbox": folder / "outbox", "safe": "none",
        "engine": "opa",
    }  # fmt: skip
    return read_settings(**(given | more))


@pytest.mark.parametrize(
    "address", ["http://opa.example.fi:8181", "http://10.2.0.3:8181", "http://127.0.0.1.example.fi"]
)
def test_a_policy_server_elsewhere_is_not_asked_in_clear_unless_that_is_said(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError, match=r"SAATTAEN_OPA_URL.*must be https"):
        settings(tmp_path, opa_url=address)
    assert settings(tmp_path, opa_url=address, opa_plain=True).opa_url == address


@pytest.mark.parametrize("address", ["https://opa.example.fi", "http://127.0.0.1:8181", "http://localhost:8181"])
def test_a_policy_server_by_https_or_on_this_machine_needs_nothing_said(tmp_path: Path, address: str) -> None:
    assert settings(tmp_path, opa_url=address).opa_url == address


async def test_the_policy_servers_token_is_read_from_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a-token\n")
    file.chmod(0o644)
    named = settings(tmp_path, opa_url="https://opa.example.fi", opa_token_file=file)
    with pytest.raises(SettingsError, match=r"SAATTAEN_OPA_TOKEN_FILE.*open to other users"):
        policy_server(named)
    file.chmod(0o600)
    async with answering() as (address, heads):
        here = settings(tmp_path, opa_url=address, opa_token_file=file)
        async with policy_server(here) as engine:
            with pytest.raises(EngineUnavailable):
                await engine.decide({})
    assert any("authorization: bearer a-token" in head.lower() for head in heads)


@asynccontextmanager
async def answering() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers every request with nothing; and the heads of what it was asked."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(
            b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    finally:
        server.close()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("sqlite:////var/lib/a.db", None),
        ("postgresql+psycopg://a@/b", None),
        ("postgresql+psycopg://a@/b?host=/run/postgresql", None),
        ("postgresql+psycopg://a@localhost/b", None),
        ("postgresql+psycopg://a@127.0.0.1:5433/b", None),
        ("postgresql+psycopg://a@db.example.fi/b?sslmode=verify-full", None),
        ("postgresql+psycopg://a@db.example.fi/b", "db.example.fi"),
        ("postgresql+psycopg://a@db.example.fi/b?sslmode=require", "db.example.fi"),
        ("postgresql+psycopg://a@db.example.fi/b?sslmode=verify-ca", "db.example.fi"),
        ("postgresql+psycopg://a@/b?host=localhost,db2.example.fi", "db2.example.fi"),
        ("postgresql+psycopg://a@localhost/b?hostaddr=10.2.0.4", "10.2.0.4"),
    ],
)
def test_a_database_elsewhere_whose_certificate_is_not_checked_is_found(url: str, host: str | None) -> None:
    assert unverified_host(url) == host
