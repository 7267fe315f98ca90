"""The wire to a custodian's server: connections are kept, bounded, and given back however an answer ends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from adapters.custodian.fhir_server.wire import Wire

_LONG = 200_000


@asynccontextmanager
async def _server(hold: asyncio.Event) -> AsyncIterator[tuple[str, list[list[str]]]]:
    """A server that answers `/long` at length, `/held` once *hold* is set, and anything else at once.

    The list holds, of each connection, the paths that were asked over it.
    """
    connections: list[list[str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked: list[str] = []
        connections.append(asked)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked.append(head.split(b" ")[1].decode())
                if b"/held" in head:
                    await hold.wait()
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


def _client(connections: int) -> httpx.AsyncClient:
    patience = httpx.Timeout(0.5, pool=0.1)
    return httpx.AsyncClient(transport=Wire(ssl.create_default_context(), connections), timeout=patience)


async def test_a_connection_is_used_again_and_addresses_go_out_as_they_were_made() -> None:
    async with _server(asyncio.Event()) as (address, connections), _client(4) as client:
        for path in ("/a", "/a%2Fb?c=%20", "/long"):
            answer = await client.get(address + path)
            assert answer.headers["location"] == "/a%2Fb"
            assert len(answer.content) in (2, _LONG)
        assert connections == [["/a", "/a%2Fb?c=%20", "/long"]]


async def test_whoever_finds_every_connection_taken_is_told_so_and_the_next_is_served() -> None:
    hold = asyncio.Event()
    async with _server(hold) as (address, _), _client(1) as client:
        first = asyncio.create_task(client.get(address + "/held"))
        await asyncio.sleep(0)
        with pytest.raises(httpx.PoolTimeout):
            await client.get(address + "/a")
        hold.set()
        assert (await first).status_code == 200
        assert (await client.get(address + "/a")).status_code == 200


async def test_an_answer_that_is_not_read_to_its_end_gives_its_place_back() -> None:
    async with _server(asyncio.Event()) as (address, connections), _client(1) as client:
        async with client.stream("GET", address + "/long") as answer:
            assert answer.status_code == 200
        assert (await client.get(address + "/a")).content == b"xx"
        assert len(connections) == 2


async def test_a_server_that_is_silent_or_gone_is_an_error_of_the_wire() -> None:
    async with _server(asyncio.Event()) as (address, _), _client(1) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(address + "/held")
        assert (await client.get(address + "/a")).status_code == 200
    async with _client(1) as client:
        with pytest.raises(httpx.NetworkError):
            await client.get("http://127.0.0.1:9/a")
