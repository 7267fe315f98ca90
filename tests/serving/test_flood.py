"""A partner that floods: it is told to come again, in time; another's reads and a withdrawal come through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from gateway.demo.population import identifier_of
from gateway.http.acting import CONSENTS
from gateway.http.openapi import PREFIX
from tests.parts.ports import free_ports
from tests.parts.postgres import ON_BOTH
from tests.parts.wire import Answered, Wire
from tests.serving.installation import CUSTODIAN, Installation, demo_world, installed, serving
from tests.stress.heard import Heard, ask_for_ever

ON_TIME = 1.0
"""Generous: the promise is a tenth of it, on a machine that nobody else keeps busy."""
LONG = 60.0
FLOODS = 3
"""So many are made where this machine was busy with something else in the first ones: one is to be borne in time."""


@pytest.mark.parametrize("kind", ON_BOTH)
def test_a_flood_is_turned_away_and_neither_reads_nor_a_withdrawal_of_others_are(kind: str, tmp_path: Path) -> None:
    faults: list[str] = []
    with installed(kind, tmp_path, free_ports()) as at, serving(at, SAATTAEN_PLACES="2") as gateway:
        gateway.wait_until("Serving")
        for _ in range(FLOODS):
            flood, victim, withdrawn = asyncio.run(flooded(at))
            # However busy the machine is, everyone is answered, and answered so.
            assert flood.shed
            assert not flood.others
            assert not victim.others
            faults = [*not_in_time(flood, victim, withdrawn)]
            if not faults:
                break
        assert gateway.stop() == 0
    assert not faults


def not_in_time(flood: Heard, victim: Heard, withdrawn: Answered) -> Iterator[str]:
    """Tell what a flood kept from somebody."""
    median = sorted(flood.shed)[len(flood.shed) // 2]
    if median >= ON_TIME:
        yield f"the flood was turned away in {median:.2f} s"
    if not flood.seconds:
        yield "the flood was shut out"
    if not victim.seconds or len(victim.shed) > len(victim.seconds):
        yield f"of another's reads {len(victim.shed)} were turned away and {len(victim.seconds)} were not"
    if withdrawn.status != 200:
        yield f"the withdrawal was answered {withdrawn.status}: {withdrawn.body!r}"


async def flooded(at: Installation) -> tuple[Heard, Heard, Answered]:
    """Let one partner flood for four seconds at least, another read now and then, and a client withdraw meanwhile."""
    path = f"/fhir/CarePlan/{at.document}"
    token = [await asyncio.to_thread(at.token)]
    theirs = [await asyncio.to_thread(at.token, service=CUSTODIAN, role="laakari", purpose="care")]
    telling = await asyncio.to_thread(at.token, scope=CONSENTS)
    flood, victim, withdrawn = Heard(), Heard(), asyncio.get_running_loop().create_future()
    until = time.monotonic() + LONG

    def is_over() -> bool:
        """Whether enough was heard to tell anything by; a machine that is busy with something else takes longer."""
        enough = len(flood.shed) >= 50 and flood.seconds and len(victim.seconds) >= 5
        return bool(enough) or time.monotonic() > until

    async def withdraw() -> None:
        await asyncio.sleep(2)
        while not flood.shed and not is_over():
            await asyncio.sleep(0.1)
        wire = Wire("127.0.0.1", at.settings.port)
        body = {"client": identifier_of(demo_world().clients["suvi"])}
        where, sent = f"{PREFIX}/consents/{at.consent}/withdraw", {"content_type": "application/json"}
        withdrawn.set_result(
            await wire.ask("POST", where, orjson.dumps(body), authorization=f"Bearer {telling}", **sent)
        )
        await wire.close()

    where = ("127.0.0.1", at.settings.port, path)
    asking = [asyncio.create_task(ask_for_ever(*where, theirs, flood, lambda: 0.0)) for _ in range(150)]
    asking.append(asyncio.create_task(ask_for_ever(*where, token, victim, lambda: 0.1)))
    withdrawing = asyncio.create_task(withdraw())
    await asyncio.sleep(4)
    while not is_over():
        await asyncio.sleep(0.1)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await asyncio.wait_for(withdrawing, 120)
    return flood, victim, withdrawn.result()
