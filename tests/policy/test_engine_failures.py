"""An engine that is silent, slow, confused, undefined or of another revision gives nobody anything."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from adapters.breaker import Breaker
from adapters.opa.call import Call
from adapters.opa.decision import MAX_GRANTS, TooManyGrants, parse_decision
from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.probe import verify_engine
from adapters.opa.server import ServerEngine
from adapters.opa.shipped import SHIPPED
from adapters.opa.together import NoAnswer, Together
from adapters.opa.wasm import Instance, PolicyTrap, Program
from gateway.disclosure.decision import Decision, Deny, Permit
from gateway.errors import EngineUnavailable, SettingsError
from tests.simulators.steered_loop import on_steered_time, pass_time

PERMIT: dict[str, Any] = {
    "allow": True,
    "reasons": [],
    "basis": "consent",
    "grants": [{"id": "g1", "consent": "c1", "version": 1, "spend": False}],
    "relation": None,
    "sections": ["goals"],
    "projection": {"id": "p1", "version": 1},
    "obligations": [],
    "good_until": 5,
    "policy": "r",
}
DENY: dict[str, Any] = {"allow": False, "reasons": ["no-consent"], "policy": "r"}


def test_a_permit_and_a_refusal_are_read_as_they_stand() -> None:
    permit = parse_decision(PERMIT, "r")
    assert isinstance(permit, Permit)
    assert permit.projection == ("p1", 1)
    assert parse_decision(DENY, "r") == Deny(("no-consent",), "r")


@pytest.mark.parametrize("answer", [PERMIT, DENY], ids=["permit", "refusal"])
def test_any_field_missing_added_or_of_another_type_is_no_decision(answer: dict[str, Any]) -> None:
    for key in answer:
        broken = [{name: value for name, value in answer.items() if name != key}]
        wrong: list[Any] = [None, 1, True, False, "", "x", [], [None], {}, 1.5]
        # Other values that are of the agreed type, and so no mistake.
        others: dict[str, list[Any]] = {
            "relation": [None, "x"],
            "good_until": [None, 1],
            "basis": ["x"],
            "grants": [[]],
            "obligations": [[]],
        }
        fine = [answer[key], *others.get(key, [])]
        broken += [
            {**answer, key: value}
            for value in wrong
            if not any(value == one and type(value) is type(one) for one in fine)
        ]
        for one in broken:
            with pytest.raises(EngineUnavailable):
                parse_decision(one, "r")
    with pytest.raises(EngineUnavailable):
        parse_decision({**answer, "more": 1}, "r")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        None,
        [],
        {**DENY, "reasons": ["no-consent", "expired"]},
        {**DENY, "reasons": ["none-of-ours"]},
        {**PERMIT, "obligations": ["shred"]},
        {**PERMIT, "sections": ["goals", "goals"]},
        {**PERMIT, "reasons": ["no-consent"]},
        {**PERMIT, "policy": "another"},
        {**DENY, "policy": "another"},
        {**PERMIT, "grants": [{"id": "g1", "consent": "c1", "version": True, "spend": False}]},
        {**PERMIT, "grants": [{"id": "g1", "consent": "c1", "version": 1, "spend": 0}]},
    ],
)
def test_an_answer_beyond_the_agreement_is_no_decision(answer: object) -> None:
    with pytest.raises(EngineUnavailable):
        parse_decision(answer, "r")


async def test_too_many_grants_are_not_judged() -> None:
    facts: dict[str, object] = {"grants": [{}] * (MAX_GRANTS + 1)}
    engine = EmbeddedEngine()
    with pytest.raises(TooManyGrants):
        await engine.decide(facts)
    with pytest.raises(TooManyGrants):
        await engine.decide_many([{}, facts])


async def test_what_json_cannot_say_is_not_judged() -> None:
    with pytest.raises(EngineUnavailable):
        await EmbeddedEngine().decide({"v": object()})


async def test_an_engine_out_of_fuel_or_memory_stops_and_begins_afresh() -> None:
    engine = EmbeddedEngine()
    await verify_engine(engine)
    engine._fuel, enough = 1000, engine._fuel
    with pytest.raises(EngineUnavailable):
        await engine.decide({})
    engine._fuel = enough
    await verify_engine(engine)

    small = EmbeddedEngine(max_pages=8)
    await verify_engine(small)
    with pytest.raises(EngineUnavailable):
        await small.decide({"x": "y" * 1_000_000})
    await verify_engine(small)


def test_a_module_that_is_not_the_pinned_one_is_not_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(SHIPPED, folder)
    EmbeddedEngine(folder)
    module = folder / "policy.wasm"
    module.write_bytes(module.read_bytes() + b"\0")
    with pytest.raises(EngineUnavailable, match="not those of their manifest"):
        EmbeddedEngine(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(EngineUnavailable, match="missing or broken"):
        EmbeddedEngine(folder)


def test_what_is_no_policy_module_does_not_start() -> None:
    with pytest.raises(PolicyTrap):
        Program(b"no module")
    with pytest.raises(PolicyTrap):
        Instance(Program(b"\0asm\1\0\0\0"), b"{}")


def test_a_prepared_call_takes_integers_as_many_as_promised_and_raises_what_stops_it() -> None:
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    module = wasmtime.Module(
        engine,
        """(module
          (func (export "minus") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
          (func (export "stop") (param i32) (result i32) unreachable)
          (func (export "long") (param i64) (result i32) (i32.const 0)))""",
    )
    exports = wasmtime.Instance(store, module, []).exports(store)
    functions = {name: exports[name] for name in ("minus", "stop", "long")}
    minus, stop, long = (one for one in functions.values() if isinstance(one, wasmtime.Func))
    call = Call(store, minus, 2)
    assert [call(7, 2), call(2, 7), call(2**31 - 1, 0)] == [5, -5, 2**31 - 1]
    with pytest.raises(ValueError, match="shorter"):
        call(7)
    with pytest.raises(wasmtime.Trap):
        Call(store, stop, 1)(0)
    for function, count in ((minus, 1), (long, 1)):
        with pytest.raises(TypeError):
            Call(store, function, count)


def test_the_shipped_module_asks_its_host_for_no_built_in_and_data_must_be_json() -> None:
    program = Program((SHIPPED / "policy.wasm").read_bytes())
    Instance(program, b"{}")  # raises when the list of built-ins is not empty
    with pytest.raises(PolicyTrap):
        Instance(program, b"{")


def test_without_its_revision_the_policy_is_undefined_and_no_other_rule_can_be_asked() -> None:
    instance = Instance(Program((SHIPPED / "policy.wasm").read_bytes()), b"{}")
    assert instance.evaluate("saattaen/disclosure/decision", b"{}", fuel=10**9) == b"[]"
    with pytest.raises(PolicyTrap):
        instance.evaluate("saattaen/disclosure/nothing", b"{}", fuel=10**9)


def test_a_breaker_leaves_a_failing_server_alone_and_tries_once_a_pause() -> None:
    now = 0.0
    breaker = Breaker(lambda: now, failures=2, pause=10)
    breaker.failed()
    assert breaker.may_try()
    breaker.failed()
    assert not breaker.may_try()
    now = 10.0
    assert [breaker.may_try(), breaker.may_try()] == [True, False]
    breaker.succeeded()
    assert [breaker.may_try(), breaker.may_try()] == [True, True]


@pytest.mark.parametrize(
    "address", ["localhost", "ftp://x", "http://", "http://a/b", "http://u:p@h", "http://h:x", "http://h?q"]
)
def test_an_address_of_another_form_stops_the_start(address: str) -> None:
    with pytest.raises(SettingsError):
        ServerEngine(address, "r")


@asynccontextmanager
async def answering(reply: Callable[[], tuple[int, bytes]] | None) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that gives *reply* to every request, or keeps silent; and the first lines of what it was asked."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split(b"\r\n")[0].decode())
        if reply is None:
            await asyncio.Event().wait()
        else:
            status, body = reply()
            writer.write(
                b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
                % (status, len(body), body)
            )
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", asked
    finally:
        server.close()


async def test_a_server_is_asked_at_the_one_path_and_its_answer_taken() -> None:
    async with (
        answering(lambda: (200, json.dumps({"result": PERMIT}).encode())) as (address, asked),
        ServerEngine(address, "r", timeout=5) as engine,
    ):
        assert isinstance(await engine.decide({}), Permit)
    assert asked == ["POST /v1/data/saattaen/disclosure/decision HTTP/1.1"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"{}"),
        (200, b'{"result": {}}'),
        (200, b'{"result": null}'),
        (200, b"no json"),
        (200, b"[]"),
        (200, json.dumps({"result": {**PERMIT, "policy": "another"}}).encode()),
        (500, b"{}"),
        (503, b'{"result": {}}'),
        (404, b"{}"),
        (401, b"{}"),
    ],
)
async def test_a_server_that_is_confused_gives_nobody_anything_and_is_asked_once(status: int, body: bytes) -> None:
    async with answering(lambda: (status, body)) as (address, asked), ServerEngine(address, "r", timeout=5) as engine:
        with pytest.raises(EngineUnavailable):
            await engine.decide({})
    assert len(asked) == 1


@on_steered_time
async def test_a_silent_server_is_not_waited_for() -> None:
    async with answering(None) as (address, asked), ServerEngine(address, "r", timeout=30.0) as engine:
        waiting = asyncio.create_task(engine.decide({}))
        async with asyncio.timeout(20):
            while not asked:
                await asyncio.sleep(0.001)
        assert not waiting.done()
        pass_time(32.0)
        with pytest.raises(EngineUnavailable):
            await waiting


async def test_a_server_that_is_gone_is_left_alone_after_a_while() -> None:
    async with answering(lambda: (500, b"{}")) as (address, asked):
        async with ServerEngine(address, "r", timeout=5, breaker=Breaker(lambda: 0.0, failures=2)) as engine:
            for _ in range(5):
                with pytest.raises(EngineUnavailable):
                    await engine.decide({})
        assert len(asked) == 2


async def test_an_engine_that_is_not_open_is_not_asked() -> None:
    engine = ServerEngine("http://127.0.0.1:9", "r")
    with pytest.raises(EngineUnavailable):
        await engine.decide({})


async def test_a_batch_must_have_an_answer_to_each() -> None:
    async with (
        answering(lambda: (200, json.dumps({"result": [DENY]}).encode())) as (address, _),
        ServerEngine(address, "r", timeout=5) as engine,
    ):
        assert await engine.decide_many([{}]) == [Deny(("no-consent",), "r")]
        with pytest.raises(EngineUnavailable):
            await engine.decide_many([{}, {}])
        assert await engine.decide_many([]) == []


class _Reading:
    """A policy server's answers by what it is asked; it remembers how many questions came with each call."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.at_once = self.most_at_once = 0

    async def judge(self, facts: Sequence[Mapping[str, object]]) -> list[Decision]:
        self.calls.append([str(one["name"]) for one in facts])
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if any(one["name"] == "gone" for one in facts):
            raise NoAnswer("gone")
        if any(one["name"] == "bad" for one in facts):
            raise EngineUnavailable("no decision")
        return [Deny(("no-consent",), str(one["name"])) for one in facts]


async def _ask_at_once(reading: _Reading, *asked: Sequence[str]) -> list[list[str] | str]:
    together = Together(reading.judge)
    answers = await asyncio.gather(
        *(together.decide([{"name": name} for name in names]) for names in asked), return_exceptions=True
    )
    return [str(one) if isinstance(one, BaseException) else [decision.policy for decision in one] for one in answers]


async def test_requests_that_ask_at_once_are_asked_for_together_and_each_gets_its_own() -> None:
    reading = _Reading()
    asked = [[f"{number}-{one}" for one in range(1 + number % 3)] for number in range(60)]
    assert await _ask_at_once(reading, *asked) == asked
    assert len(reading.calls) <= 4
    assert max(map(len, reading.calls)) <= 50
    assert reading.most_at_once <= 2


async def test_a_question_that_cannot_be_judged_spoils_no_other_requests() -> None:
    reading = _Reading()
    assert await _ask_at_once(reading, ["a"], ["b", "bad"], ["c"]) == [["a"], "no decision", ["c"]]
    assert reading.calls == [["a", "b", "bad", "c"], ["a"], ["b", "bad"], ["c"]]


async def test_a_server_that_is_gone_is_asked_once_for_all() -> None:
    reading = _Reading()
    assert await _ask_at_once(reading, ["a"], ["gone"], ["c"]) == ["gone"] * 3
    assert len(reading.calls) == 1


async def test_whoever_does_not_wait_any_more_is_not_asked_for() -> None:
    reading = _Reading()
    together = Together(reading.judge, calls=1)
    first, left, last = (asyncio.create_task(together.decide([{"name": name}])) for name in ("a", "b", "c"))
    await asyncio.sleep(0)
    left.cancel()
    assert [(await one)[0].policy for one in (first, last)] == ["a", "c"]
    assert ["b"] not in reading.calls
    assert sum(map(len, reading.calls)) == 2
