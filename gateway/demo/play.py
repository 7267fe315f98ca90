"""`make demo`: sets up the demo world, serves it over HTTP, plays the main job, and stays up."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import httpx
import orjson

from gateway.composition import opened
from gateway.demo.custodian import Kind, custodian_server, lies_outside, put_samples, write_custodians
from gateway.demo.documents import SAMPLES, Sample, deposit_samples, sample_named
from gateway.demo.folder import held
from gateway.demo.lives import live
from gateway.demo.local_opa import local_opa
from gateway.demo.partner import PartnerSystem
from gateway.demo.population import load_systems, populate
from gateway.demo.provider.installing import IDENTIFICATION, install_providers, providers_served
from gateway.demo.stage import Stage
from gateway.demo.store import name_store, store_of
from gateway.demo.story import CLIENT, Story
from gateway.demo.telling import Teller
from gateway.demo.walks import tell_walks
from gateway.demo.world import WORLD, World, load_world
from gateway.errors import SettingsError
from gateway.installation import prepare
from gateway.open_gateway import Gateway
from gateway.serving import listen, served
from gateway.settings import Settings, read_settings
from gateway.site import open_site

PORT = 8440
FOLDER = Path("var/demo")
KEPT = "demo.json"
"""Where the demo keeps its address and our ids of its documents, for `gateway.demo.token` and the next start."""
_PATIENT = "    milliseconds: {connect: 20000, read: 20000, whole: 30000}"
"""A server that has just been started, on the machine that plays everyone else too, is slow at first."""


def demo_settings(
    folder: Path, *, port: int = PORT, engine: Literal["embedded", "opa"] = "embedded", opa_url: str | None = None,
    custodians: Path | None = None, identification: Path | None = None,
) -> Settings:  # fmt: skip
    """Return the settings of the demo in *folder*: everything beside each other, marked as a demo."""
    return read_settings(
        database=store_of(folder),
        key_database=f"sqlite:///{folder / 'keys.db'}",
        keys=folder / "keys",
        outbox=folder / "outbox",
        directory=WORLD,
        base_url=f"http://127.0.0.1:{port}",
        host="127.0.0.1",
        port=port,
        engine=engine,
        opa_url=opa_url,
        custodians=custodians,
        identification=identification,
        demo=True,
    )


def demo(
    once: bool = False, reset: bool = False, port: int = PORT, engine: Literal["embedded", "opa"] = "embedded",
    folder: Path = FOLDER, custodian: Kind | None = None, database: str | None = None,
) -> int:  # fmt: skip
    """Play the demo and return the exit status: 0 only if every step went as told.

    With *once* it ends then, else the gateway stays up until it is interrupted. *reset* starts with an empty folder.
    With *custodian* some documents are not deposited but lie on a FHIR server of their custodian's. *database* is the
    URL of an empty database to begin on; without it, a file in the folder.
    Raises SettingsError with a sentence that says what to do.
    """
    teller, place = Teller(), folder.absolute()
    ports = ExitStack()
    try:
        # The two after the gateway's own are the providers'.
        listening, *beside = (
            ports.enter_context(listen("127.0.0.1", one, f"choose others: make demo PORT={port + 10}"))
            for one in range(port, port + 3)
        )
        with held(place, reset=reset) as is_new, _opa(engine) as opa_url:
            _check_custodian(place, custodian)
            name_store(place, database, is_new=is_new)
            with _custodian(custodian, place, teller) as outside:
                settings = demo_settings(
                    place, port=port, engine=engine, opa_url=opa_url, custodians=outside.file if outside else None,
                    identification=place / IDENTIFICATION,
                )  # fmt: skip
                run = _run(settings, teller, (listening, *beside), once=once, is_new=is_new, outside=outside)
                return asyncio.run(run)
    except KeyboardInterrupt:
        return 130 if teller.failed or once else 0
    finally:
        ports.close()


def _opa(engine: str) -> AbstractContextManager[str | None]:
    address = os.environ.get("SAATTAEN_OPA_URL")
    return local_opa() if engine == "opa" and not address else nullcontext(address)


@dataclass(frozen=True, slots=True)
class _Outside:
    """A custodian's FHIR server that is up: which kind, where, and the file that tells the gateway of it."""

    kind: Kind
    base: str
    file: Path


@contextmanager
def _custodian(kind: Kind | None, folder: Path, teller: Teller) -> Iterator[_Outside | None]:
    if kind is None:
        yield None
        return
    teller.say("A custodian's FHIR server is started: " + ("HAPI's, which takes a while." if kind == "hapi" else kind))
    with custodian_server(kind) as base:
        yield _Outside(kind, base, write_custodians(folder / "custodians.yaml", base, _PATIENT))


def _check_custodian(folder: Path, custodian: Kind | None) -> None:
    """Raise SettingsError for data of a demo in which the documents lay elsewhere."""
    before = _kept(folder).get("custodian") if (folder / KEPT).exists() else custodian
    if before != custodian:
        how = f"with CUSTODIAN={before}" if before else "without CUSTODIAN"
        raise SettingsError(f"The data in {_short(folder)} is of a demo {how}; start afresh with RESET=1.")


async def _run(
    settings: Settings, teller: Teller, listening: Sequence[socket.socket], *, once: bool, is_new: bool,
    outside: _Outside | None,
) -> int:  # fmt: skip
    world, folder = load_world(), settings.keys.parent
    teller.head("Saattaen, a demo: everyone and everything in it is invented.")
    if not is_new:
        teller.say(f"The data in {_short(folder)} is kept from the last start; RESET=1 starts afresh.")
    prepare(settings, datetime.now(UTC))
    providers = install_providers(folder, world, settings.base_url, lambda: datetime.now(UTC))
    async with (
        providers_served(providers, listening[1:]),
        opened(settings, world.directory) as gateway,
        served(gateway, listening[0], site=open_site(gateway)) as serving,
    ):
        async with httpx.AsyncClient(base_url=settings.base_url, timeout=60, trust_env=False) as web:
            stage = await _set_up(gateway, world, web, teller, folder, outside)
            await Story(stage).play()
            teller.say()
            if teller.failed:
                teller.head(f"{teller.failed} of the steps did not go as told.")
            else:
                teller.head("Every step went as told.")
            if once:
                return 1 if teller.failed else 0
            await live(stage)
        _tell_where_next(stage, folder)
        tell_walks(stage)
        await serving.ended()
    return 1 if teller.failed else 0


async def _set_up(
    gateway: Gateway, world: World, web: httpx.AsyncClient, teller: Teller, folder: Path, outside: _Outside | None
) -> Stage:
    simulated = load_systems(folder / "partners", world)
    clients = await populate(gateway, world, simulated)
    base_url = gateway.settings.base_url
    systems = {id_: PartnerSystem(one, web, base_url, gateway.clock.now) for id_, one in simulated.items()}
    there = _kept_documents(folder)
    is_outside: Callable[[Sample], bool] = lies_outside if outside else lambda sample: False
    documents = await deposit_samples(world, systems, there, gateway.clock.now(), is_outside)
    _keep(folder, {"base_url": base_url, "documents": documents, "custodian": outside.kind if outside else None})
    teller.say(
        f"{len(clients)} people, {len(systems)} partner systems and {len(documents)} documents are there"
        f" ({len(documents) - len(there)} of them deposited now, through the API)."
    )
    if outside is not None:
        await asyncio.to_thread(put_samples, outside.base, world, gateway.clock.now())
        names = ", ".join(sample.name for sample in SAMPLES if is_outside(sample))
        teller.say(f"Not deposited, but put on the FHIR server of their custodians ({outside.kind}): {names}.")
    return Stage(gateway, world, web, systems, clients, documents, teller)


def _kept(folder: Path) -> Mapping[str, object]:
    try:
        content = orjson.loads((folder / KEPT).read_bytes())
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise SettingsError(f"The demo's file {KEPT} cannot be read; start afresh with RESET=1.")
    return content


def _kept_documents(folder: Path) -> Mapping[str, str]:
    if not (folder / KEPT).exists():
        return {}
    documents = _kept(folder).get("documents")
    if not isinstance(documents, dict):
        raise SettingsError(f"The demo's file {KEPT} cannot be read; start afresh with RESET=1.")
    return {str(name): str(id_) for name, id_ in documents.items()}


def _keep(folder: Path, content: Mapping[str, object]) -> None:
    part = folder / f".{KEPT}.part"
    part.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    part.replace(folder / KEPT)


def _tell_where_next(stage: Stage, folder: Path) -> None:
    say, base = stage.teller.say, stage.gateway.settings.base_url
    command = f"{_short(Path(sys.executable))} -m gateway.demo.token"
    command += "" if folder == FOLDER.absolute() else f" --folder {_short(folder)}"
    say()
    stage.teller.head(f"The gateway is up at {base} until you press Ctrl-C.")
    say("Suvi's feedback is still open to kuntakokeilu, her plan is not any more. Ask for both yourself:")
    for name in ("suvi-feedback", "suvi-plan"):
        if name in stage.documents:
            say(f'  curl -i -H "Authorization: Bearer $({command})" {base}{stage.address(sample_named(name))}')
    say("Where to look next:")
    saattaen, on = _short(Path(sys.executable).with_name("saattaen")), "--demo"
    on += "" if folder == FOLDER.absolute() else f" --folder {_short(folder)}"
    code = stage.world.clients[CLIENT].code.reveal()  # Invented, like everyone here.
    for what, place in (
        ("what Suvi sees of all this", f"echo {code} | {saattaen} log of-client --language en {on}"),
        ("what the officer sees", f"{saattaen} log search {on}"),
        ("the proof, checked offline", f"{saattaen} verify {on}"),
        ("messages to clients, services", str(_short(folder / "outbox"))),
        ("the API's reference", f"{base}/reference"),
        ("what the FHIR side can do", f"{base}/fhir/metadata"),
    ):
        say(f"  {what:30} {place}")


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
