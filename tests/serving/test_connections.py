"""Slow senders, slow readers and too many of either are cut off; others notice nothing. On real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.http.turning_away import turn_away
from gateway.serving.connection import ConnectionBounds, bounded
from tests.parts.wire import Wire

PATIENCE, LONG = 60, 600.0


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, after a long while (/slow), with more than a socket's buffers take (/large); /busy never."""
    request = Request(scope, receive)
    if scope["path"] == "/busy":
        scope["saattaen.request_id"] = "made-here-1"
        await turn_away(scope, send)
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(LONG)
    body = bytes(64 * 1024 * 1024) if scope["path"] == "/large" else await request.body() or b"well"
    await Response(body)(scope, receive, send)


@asynccontextmanager
async def server(bounds: ConnectionBounds) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    """Serve `echo` on a port."""
    config = uvicorn.Config(
        echo, port=0, http=bounded(bounds), log_level="critical", lifespan="off", timeout_graceful_shutdown=1
    )
    one = uvicorn.Server(config)
    task = asyncio.create_task(one.serve())
    while not one.started:
        await asyncio.sleep(0.01)
    yield one.servers[0].sockets[0].getsockname()[1], one
    one.should_exit = True
    await task


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.02)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What came until the server ended the connection."""
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), PATIENCE)
    return b""


async def is_served(port: int) -> bool:
    wire = Wire("127.0.0.1", port)
    answers = [await wire.ask("POST", "/", b"body"), await wire.ask("GET", "/")]
    await wire.close()
    return [answer.body for answer in answers] == [b"body", b"well"]


async def is_served_again(port: int) -> None:
    """Return once somebody was quick enough for the bounds and was served, however slow this machine is."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                assert await is_served(port)
                return


async def test_a_header_that_is_not_whole_in_time_ends_the_connection() -> None:
    # Long enough for one whole header to come in time, though the machine stands still between two of its pieces.
    async with server(ConnectionBounds(header=3.0)) as (port, _):
        for sent in (b"", b"GET / HTTP/1.1\r\nhost: x\r\nx-any: ", b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /sec"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            said = await ended(reader)
            assert said.count(b"200 OK") == sent.count(b"\r\n\r\n")
            writer.close()
        await is_served_again(port)


async def test_a_sender_of_a_byte_now_and_then_is_cut_off_too() -> None:
    async with server(ConnectionBounds(header=0.5)) as (port, one):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        began = asyncio.get_running_loop().time()
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof() and asyncio.get_running_loop().time() < began + PATIENCE:
                writer.write(b"G" if asyncio.get_running_loop().time() == began else b"E")
                await writer.drain()
                await asyncio.sleep(0.05)
        await until(lambda: not one.server_state.connections)


async def test_a_header_without_end_is_refused_before_it_fills_memory() -> None:
    async with server(ConnectionBounds(header_bytes=4096)) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nx-any: " + b"a" * 8192)
        assert (await ended(reader)).startswith(b"HTTP/1.1 431 ")
        assert await is_served(port)


async def test_a_reader_who_does_not_read_is_cut_off() -> None:
    async with server(ConnectionBounds(write=0.3)) as (port, one):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        await until(lambda: len(one.server_state.connections) == 1)
        await until(lambda: not one.server_state.connections)
        await is_served_again(port)
        writer.close()


async def test_more_requests_sent_ahead_than_anyone_needs_end_the_connection() -> None:
    async with server(ConnectionBounds(ahead=4)) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n" * 20)
        assert b"200 OK" not in await ended(reader)
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 4)
        for _ in range(4):
            assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"well"), PATIENCE)
        writer.close()


async def test_who_was_turned_away_is_read_again_in_turn_and_nobody_else_waits_for_it() -> None:
    async with server(ConnectionBounds(paced=2, turn=LONG)) as (port, _):
        patient, hasty = (Wire("127.0.0.1", port) for _ in range(2))
        # Two are turned away within their turn, and may ask again; from the third on each waits for the next turn.
        assert [(await patient.ask("GET", "/busy")).status for _ in range(2)] == [503, 503]
        assert (await hasty.ask("GET", "/busy")).status == 503
        again = asyncio.create_task(hasty.ask("GET", "/"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /busy HTTP/1.1\r\nhost: x\r\n\r\n" * 3)
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(3):
            assert await is_served(port)
        assert (await patient.ask("GET", "/")).status == 200
        assert not again.done()
        # What was sent ahead is not looked at either.
        sent_ahead = asyncio.create_task(reader.readuntil(b"HTTP/1.1 503"))
        await asyncio.sleep(0.1)
        assert not sent_ahead.done()
        for task in (again, sent_ahead):
            task.cancel()
        writer.close()
        await hasty.close()
        assert await is_served(port)
        await patient.close()


async def test_a_connection_whose_turn_comes_goes_on_where_it_was() -> None:
    async with server(ConnectionBounds(paced=1, turn=0.05)) as (port, _):
        wires = [Wire("127.0.0.1", port) for _ in range(5)]
        for _ in range(2):
            answers = await asyncio.wait_for(asyncio.gather(*(wire.ask("GET", "/busy") for wire in wires)), PATIENCE)
            assert [answer.status for answer in answers] == [503] * 5
        answers = await asyncio.wait_for(asyncio.gather(*(wire.ask("GET", "/") for wire in wires)), PATIENCE)
        assert [answer.body for answer in answers] == [b"well"] * 5
        for wire in wires:
            await wire.close()


async def test_too_many_connections_are_told_to_come_later_and_still_more_are_cut_off() -> None:
    async with server(ConnectionBounds(connections=2)) as (port, one):
        wires = [Wire("127.0.0.1", port) for _ in range(4)]
        answers = [await wire.ask("GET", "/") for wire in wires[:2]]
        refused = await wires[2].ask("GET", "/")
        assert [answer.status for answer in answers] == [200, 200]
        assert (refused.status, refused.headers["retry-after"]) == (503, "2")
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await until(lambda: len(one.server_state.connections) == 4)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert await ended(reader) == b""
        for _, other in kept:
            other.close()
        assert (await wires[0].ask("GET", "/")).status == 200
        for wire in wires:
            await wire.close()
