"""The wire to a custodian's server: connections are kept, bounded, and given back however an answer ends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from adapters.custodian.fhir_server.wire import NoPlace, Waits, Wire, WireError, WireTransport
from tests.simulators.steered_loop import on_steered_time, pass_time

_LONG = 200_000
CONNECT, READ = 10.0, 60.0


@asynccontextmanager
async def _server(hold: asyncio.Event) -> AsyncIterator[tuple[str, list[list[str]]]]:
    """A server that answers `/long` at length, `/endless` without end, `/held` once *hold* is set, the rest at once.

    The list holds, of each connection, the paths that were asked over it.
    """
    connections: list[list[str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked: list[str] = []
        connections.append(asked)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked.append(head.split(b" ")[1].decode())
                if b"Content-Length" in head:
                    await reader.read(100)
                if b"/held" in head:
                    await hold.wait()
                if b"/endless" in head:
                    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    while True:
                        writer.write(b"400\r\n%b\r\n" % (b"x" * 1024))
                        await writer.drain()
                body = b"x" * (_LONG if b"/long" in head else 2)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nLocation: /a%%2Fb\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", connections
    finally:
        server.close()


@asynccontextmanager
async def _wire(connections: int, most: int = _LONG) -> AsyncIterator[Wire]:
    wire = Wire(ssl.create_default_context(), connections, most, Waits(connect=CONNECT, read=READ))
    try:
        yield wire
    finally:
        await wire.aclose()


async def _asked(connections: list[list[str]], paths: list[str]) -> None:
    """Return once the server was asked for these, on one connection."""
    async with asyncio.timeout(READ):
        while connections != [paths]:
            await asyncio.sleep(0.001)


async def test_a_connection_is_used_again_and_addresses_go_out_as_they_were_made() -> None:
    async with _server(asyncio.Event()) as (address, connections), _wire(4) as wire:
        for path in ("/a", "/a%2Fb?c=%20", "/long"):
            answer = await wire.ask("GET", address + path, {}, None)
            assert answer.headers["location"] == "/a%2Fb"
            assert len(answer.content) in (2, _LONG)
        assert connections == [["/a", "/a%2Fb?c=%20", "/long"]]


@on_steered_time
async def test_whoever_finds_every_connection_taken_is_told_so_and_the_next_is_served() -> None:
    hold = asyncio.Event()
    async with _server(hold) as (address, connections), _wire(1) as wire:
        first = asyncio.create_task(wire.ask("GET", address + "/held", {}, None))
        await _asked(connections, ["/held"])
        second = asyncio.create_task(wire.ask("GET", address + "/a", {}, None))
        await asyncio.sleep(0)
        pass_time(CONNECT + 2)
        with pytest.raises(NoPlace):
            await second
        hold.set()
        assert (await first).status == 200
        assert (await wire.ask("GET", address + "/a", {}, None)).status == 200


@pytest.mark.parametrize("path", ["/long", "/endless"])
async def test_an_answer_that_is_not_read_to_its_end_gives_its_place_back(path: str) -> None:
    async with _server(asyncio.Event()) as (address, connections), _wire(1, most=1000) as wire:
        with pytest.raises(WireError, match="more comes"):
            await wire.ask("GET", address + path, {}, None)
        assert (await wire.ask("GET", address + "/a", {}, None)).content == b"xx"
        assert len(connections) == 2


@on_steered_time
async def test_a_server_that_is_silent_or_gone_is_an_error_of_the_wire() -> None:
    async with _server(asyncio.Event()) as (address, connections), _wire(1) as wire:
        waiting = asyncio.create_task(wire.ask("GET", address + "/held", {}, None))
        await _asked(connections, ["/held"])
        pass_time(READ + 2)
        with pytest.raises(WireError, match="silent"):
            await waiting
        assert (await wire.ask("GET", address + "/a", {}, None)).status == 200
    async with _wire(1) as wire:
        with pytest.raises(WireError, match="reached"):
            await wire.ask("GET", "http://127.0.0.1:9/a", {}, None)


async def test_authlib_speaks_through_httpx_over_the_same_wire() -> None:
    async with _server(asyncio.Event()) as (address, connections), _wire(1) as wire:
        client = httpx.AsyncClient(transport=WireTransport(wire))
        assert (await client.post(address + "/token", data={"a": "b"})).content == b"xx"
        assert (await wire.ask("GET", address + "/a", {}, None)).status == 200
        assert connections == [["/token", "/a"]]
