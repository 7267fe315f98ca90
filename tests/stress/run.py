"""One run on one store: the installation, the gateways, the readers; and at the end what the log says of it all."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import aiohttp
import orjson

from adapters.fhir.samples import make_sample
from audit.verify import verify_rows
from gateway.composition import opened
from gateway.demo.partner import worker
from gateway.demo.population import load_systems, populate
from gateway.demo.world import World, load_world
from gateway.directory.identity_code import Identifier
from gateway.disclosure.opened import Opener
from gateway.disclosure.order_law import check_order
from gateway.disclosure.request import Requester
from gateway.installation import prepare
from gateway.open_gateway import Gateway
from tests.parts.ports import free_ports
from tests.stress.gateways import serving, settings_in
from tests.stress.harness import Record, Stress
from tests.stress.lanes import CATEGORY, CUSTODIAN, PURPOSE, RECIPIENT, Grounds, Lane, code_of
from tests.stress.wire import Wire

GATEWAYS = 4
LANES = 40
SUSPENDED_READS = 200


@dataclass
class Outcome:
    """What a run found; empty *faults* mean that all held."""

    record: Record
    faults: list[str]
    figures: dict[str, float | int]


async def stress(
    folder: Path, databases: tuple[str, str] | None, *, reads: int, withdrawals: int, seed: int
) -> Outcome:
    """Run and check: that nothing late was released, that the log verifies, and that it says what the harness saw."""
    first = free_ports(GATEWAYS)
    ports = [first + number for number in range(GATEWAYS)]
    settings = settings_in(folder, databases, ports[0])
    world = load_world()
    prepare(settings, datetime.now(UTC))
    systems = load_systems(folder / "partners", world)
    async with opened(settings, world.directory) as gateway:
        await populate(gateway, world, systems)
        lanes = [await _lane(gateway, world, number) for number in range(LANES)]
        with serving(settings, ports):
            timeout = aiohttp.ClientTimeout(total=60)
            async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as web:
                reader = systems[f"{RECIPIENT}-system"], worker(world.directory, RECIPIENT, "omavalmentaja", PURPOSE)
                recorder = systems[f"{CUSTODIAN}-system"], worker(world.directory, CUSTODIAN, "laakari", "care")
                wire = Wire(web, ports, reader, recorder, Random(seed))
                run = Stress(lanes, wire, Grounds(gateway, wire), reads, withdrawals)
                began = time.monotonic()
                record = await run.run(seed)
                seconds = time.monotonic() - began
                await _suspend(gateway, wire, lanes[0], record)
        began = time.monotonic()
        faults = await asyncio.to_thread(_find_faults, gateway, world, record)
    record.seconds.sort()
    figures = {
        "reads": record.reads, "released": record.answers[200], "late": record.late_reads, "busy": record.answers[503],
        **{f"{kind}s": count for kind, count in sorted(record.endings.items())}, "seconds": round(seconds, 1),
        "reads/s": round(record.reads / seconds), "end p50 ms": _milliseconds(record.seconds, 0.5),
        "end p99 ms": _milliseconds(record.seconds, 0.99), "end max ms": _milliseconds(record.seconds, 1.0),
        "verify s": round(time.monotonic() - began, 1),
    }  # fmt: skip
    return Outcome(record, faults, figures)


async def _lane(gateway: Gateway, world: World, number: int) -> Lane:
    code = code_of(number)
    identifier = Identifier.personal(code)
    now = gateway.clock.now()
    sample = make_sample(CATEGORY, world.directory, identifier, now - timedelta(days=1), custodian=CUSTODIAN)
    accepted = await gateway.acceptance.accept("CarePlan", orjson.dumps(sample))
    by = Requester(
        f"{CUSTODIAN}-system", world.directory.services[CUSTODIAN].organisation, CUSTODIAN, "laakari", "care",
        "substantial", "worker-1", "Olli", "token-1", frozenset({"saattaen/deposits"}),
    )  # fmt: skip
    stored = await gateway.deposits.create(accepted, by)
    client = await gateway.desk.find(identifier)
    if client is None:
        raise RuntimeError("a deposit makes its client known")
    return Lane(code, client, f"/fhir/CarePlan/{stored.id}")


async def _suspend(gateway: Gateway, wire: Wire, lane: Lane, record: Record) -> None:
    """Suspend the reading system while it reads; it gets nothing by a read that began after that."""
    lane.kind = "withdrawal"
    grounds = Grounds(gateway, wire)
    await grounds.give(lane)
    is_suspended = False

    async def read() -> None:
        began_late = is_suspended
        answer = await wire.read(lane.path)
        record.answers[answer.status] += 1
        if answer.status == 200 and answer.entry is not None:
            record.entries.add(answer.entry)
            if began_late:
                record.late.append(f"suspended partner: {answer.entry}")
        record.late_reads += began_late

    before = record.answers[200]
    reading = asyncio.gather(*(read() for _ in range(SUSPENDED_READS // 2)))
    while record.answers[200] == before and not reading.done():
        await asyncio.sleep(0.005)
    item = gateway.partners.suspending(f"{RECIPIENT}-system", by="stress")
    await gateway.log.submit(item, urgent=True)
    is_suspended = True
    await asyncio.gather(*(read() for _ in range(SUSPENDED_READS // 2)))
    await reading
    record.endings["suspension"] += 1
    if record.answers[200] == before:
        record.odd.append("nothing was read before the suspension")


def _find_faults(gateway: Gateway, world: World, record: Record) -> list[str]:
    faults = [f"released after its ground had ended: {one}" for one in record.late[:5]]
    faults += record.odd[:5]
    with gateway.log_store.read() as reader:
        verifiers = [gateway.log.verifier(head.origin) for head in reader.heads()]
        faults += [str(one) for one in verify_rows(reader, verifiers, gateway.keys).findings][:5]
        faults += [str(one) for one in check_order(Opener(gateway.keys).read_all(reader), world.directory).faults][:5]
        in_log: set[str] = set()
        withdrawn: set[str] = set()
        for entry in Opener(gateway.keys).read_all(reader):
            subject = entry.s or {}
            if entry.kind == "consent.withdrawn":
                withdrawn.add(str(subject["consent"]))
            elif entry.kind == "disclosure":
                in_log.add(f"{entry.origin}/{entry.index}")
                reliance: dict[str, dict[str, list[list[str]]]] = subject["reliance"]  # type: ignore[assignment]
                relied = {grant[1] for one in reliance.values() for grant in one["grants"]}
                if relied & withdrawn:
                    faults.append(f"entry {entry.index} discloses on a consent that was withdrawn before it")
    # The harness's own record and the log are one.
    if in_log != record.entries:
        faults.append(f"{len(in_log - record.entries)} disclosures were got by nobody, "
                      f"{len(record.entries - in_log)} are not in the log")  # fmt: skip
    if missing := set(record.withdrawn) - withdrawn:
        faults.append(f"{len(missing)} withdrawals that were answered are not in the log")
    return faults


def _milliseconds(seconds: list[float], part: float) -> int:
    return round(1000 * seconds[min(len(seconds) - 1, int(part * len(seconds)))])
