"""The policy engine in this process: the shipped WebAssembly, without a server."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from adapters.opa.batches import batches, encode
from adapters.opa.decision import parse_decision, parse_decisions
from adapters.opa.shipped import SHIPPED, read_bundle
from adapters.opa.wasm import MAX_PAGES, Instance, PolicyTrap, Program
from gateway.disclosure.decision import Decision
from gateway.errors import EngineUnavailable

FUEL = 500_000_000
"""What one decision may cost: many times the dearest one on 200 grants, and well under a second."""

_DECISION = "saattaen/disclosure/decision"
_DECISIONS = "saattaen/disclosure/decisions"


class EmbeddedEngine:
    """A `PolicyEngine` on the compiled policies in *folder*.

    It answers in well under a millisecond and holds the event loop meanwhile; between batches it lets others run.
    Raises EngineUnavailable at construction when the module is not the one that the manifest pins.
    """

    def __init__(self, folder: Path = SHIPPED, *, fuel: int = FUEL, max_pages: int = MAX_PAGES) -> None:
        bundle = read_bundle(folder)
        self._revision = bundle.revision
        self._data = orjson.dumps({"saattaen": {"release": {"revision": bundle.revision}}})
        self._fuel, self._max_pages = fuel, max_pages
        self._lock = threading.Lock()
        self._instance: Instance | None = None
        try:
            self._program = _compiled(bundle.module)
        except PolicyTrap as error:
            raise EngineUnavailable("the compiled policies do not load") from error

    @property
    def revision(self) -> str:
        """The digest of the policies' sources that the module was made of."""
        return self._revision

    async def decide(self, facts: Mapping[str, object]) -> Decision:
        """Judge one request's facts. Raises EngineUnavailable."""
        return self.judge(encode(facts))

    async def decide_many(self, facts: Sequence[Mapping[str, object]]) -> list[Decision]:
        """Judge several, in order. Raises EngineUnavailable when one of them cannot be judged."""
        if len(facts) == 1:
            # A batch of one would cost a third more.
            return [await self.decide(facts[0])]
        decisions: list[Decision] = []
        for batch in batches(facts):
            question = b'{"batch":[' + b",".join(batch) + b"]}"
            answer = self._evaluate(_DECISIONS, question, self._fuel * len(batch))
            decisions += parse_decisions(answer, len(batch), self._revision)
            await asyncio.sleep(0)
        return decisions

    def judge(self, facts: bytes) -> Decision:
        """Judge *facts*, JSON in which the caller vouches that no key is there twice. Raises EngineUnavailable."""
        return parse_decision(self._evaluate(_DECISION, facts, self._fuel), self._revision)

    def _evaluate(self, entrypoint: str, question: bytes, fuel: int) -> object:
        with self._lock:
            # An instance that was left in the middle of an evaluation is never asked again.
            instance, self._instance = self._instance, None
            try:
                if instance is None:
                    instance = Instance(self._program, self._data, max_pages=self._max_pages)
                answer = orjson.loads(instance.evaluate(entrypoint, question, fuel=fuel))
            except (PolicyTrap, ValueError) as error:
                raise EngineUnavailable("the embedded policy engine stopped") from error
            self._instance = instance
        match answer:
            case [{"result": result}]:
                return result
            case _:
                raise EngineUnavailable("the policy is undefined")


@functools.lru_cache(maxsize=2)
def _compiled(module: bytes) -> Program:
    """Return *module* compiled, which takes half a second: once a process, however many engines run it."""
    return Program(module)
