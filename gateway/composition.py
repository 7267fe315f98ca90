"""An installation opened: its databases, engine and keys, each closed on the way out, and the gateway over them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from adapters.clocks import SystemClock
from adapters.custodian.fhir_server.connection import ServerConnection
from adapters.custodian.fhir_server.holdings import FhirHoldings
from adapters.custodian.fhir_server.load import load_custodians
from adapters.fhir.r4_forms import prepare_forms
from adapters.keyring.live import LiveKeys
from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.probe import verify_engine
from adapters.sql import schema
from adapters.sql.engine import Database, open_database
from adapters.sql.identities import SqlIdentities
from adapters.sql.inspecting import open_for_inspection
from adapters.sql.key_store import Keyring as WrappingRing
from adapters.sql.key_store import KeyStore
from adapters.sql.origin_store import SqlOrigins
from adapters.sql.world_store import SqlWorldStore
from adapters.suomifi.mandates import SimulatedMandates
from audit.errors import KeyRetired, SignatureInvalid
from audit.log import Log
from gateway.assembly import assemble, event_ids
from gateway.directory.model import Directory
from gateway.disclosure.ports import Clock, PolicyEngine
from gateway.disclosure.world import WorldChange
from gateway.errors import SettingsError
from gateway.installation import check_there
from gateway.open_gateway import Gateway
from gateway.policy_server import policy_server
from gateway.settings import Settings


@asynccontextmanager
async def opened(
    settings: Settings,
    directory: Directory,
    *,
    clock: Clock | None = None,
    mandates: SimulatedMandates | None = None,
    engine: PolicyEngine | None = None,
    open_store: Callable[[str, float], Database] = open_database,
    joins: bool = False,
    guarded: bool = True,
) -> AsyncIterator[Gateway]:
    """Open a migrated installation and record what it judges by; everything is closed on the way out.

    An *engine* that is given is the caller's, and is not closed here; else the settings name one. *open_store* opens
    the two databases by their URLs. A process that *joins* others records nothing: it must judge as they do. Nor does
    one that the settings make read-only. One that is not *guarded* is for the way out after a restore alone: nothing
    is checked against the second volume, nothing written.

    Raises SettingsError, DatabaseUnfit or EngineUnavailable with a sentence when the installation is not fit to serve,
    RolledBack when its database is older than the anchor on the second volume.
    """
    clock = clock or SystemClock()
    live = LiveKeys(settings.keys, demo=settings.demo)
    keyring = live.ring
    async with AsyncExitStack() as closing:
        check_there(settings)
        open_one = open_for_inspection if settings.read_only else open_store
        database = open_one(settings.database, settings.patience)
        closing.callback(database.close)
        closing.push_async_callback(database.direct.close)
        schema.check(database)
        key_database = open_one(settings.key_database, settings.patience)
        closing.callback(key_database.close)
        closing.push_async_callback(key_database.direct.close)
        wrapping = WrappingRing(keyring.keks.secrets, keyring.keks.current, keyring.owner_key)
        keys = KeyStore(key_database, wrapping, clock.now)
        engine = engine or await _engine(settings, closing)
        await verify_engine(engine)
        gateway = assemble(settings, directory, clock, database, live, keys, engine, mandates or SimulatedMandates())
        closing.callback(gateway.roll.close)
        gateway.sign_roll()
        if gateway.renew_keys():
            # Rotated after the ring was read and before that could be seen: from here on it is waited for.
            gateway.sign_roll()
        if settings.custodians is not None:
            gateway = await _with_custodians(gateway, settings.custodians, closing)
        closing.callback(gateway.log.close)
        closing.callback(gateway.turn.close)
        if not guarded:
            yield gateway
            return
        _check_log_key(gateway.log)
        if gateway.safe is not None:
            gateway.safe.check()
        if joins and not await gateway.judges_as_recorded():
            raise SettingsError("The directory or the policies changed since this gateway was started: restart it.")
        if not joins and not settings.read_only:
            change = WorldChange(SqlWorldStore(), directory.digest, engine.revision, event_ids(clock))
            await gateway.log.submit(change, urgent=True)
        yield gateway


def _check_log_key(log: Log[Connection]) -> None:
    """Raise SettingsError unless the open log's head is signed by our key: another one would begin a second history."""
    try:
        log.check_key()
    except KeyRetired as error:
        raise SettingsError(
            f"Nothing is signed or served: {error}. Where a copy of the database from before the retirement was put "
            "back: run `saattaen safe replay`, or without a second volume put the folder of keys of that day back, and "
            "retire the key again. Where none was, somebody signs with a key that was taken: look for a newer copy."
        ) from None
    except SignatureInvalid:
        raise SettingsError(
            "The key of the log is not the one that signed what is in the database. Put the folder of keys back that "
            "belongs to this database; nothing was written."
        ) from None


async def _engine(settings: Settings, closing: AsyncExitStack) -> PolicyEngine:
    if settings.engine == "embedded":
        return EmbeddedEngine()
    return await closing.enter_async_context(policy_server(settings))


async def _with_custodians(gateway: Gateway, file: Path, closing: AsyncExitStack) -> Gateway:
    """Return the gateway with a connection to each server that the file names. Raises SettingsError for its faults."""
    directory = gateway.directory
    custodians = load_custodians(file, directory, demo=gateway.settings.demo)
    connections = {
        name: await closing.enter_async_context(ServerConnection(server)) for name, server in custodians.servers.items()
    }

    # What comes from there is checked while others wait: nothing is left to be made at the first of it.
    prepare_forms()
    identities = SqlIdentities(gateway.database, gateway.register, gateway.keys)
    origins = SqlOrigins(gateway.database)
    holdings = FhirHoldings(custodians, connections, directory, origins, identities.in_use)
    return replace(gateway, parts=replace(gateway.parts, holdings=holdings))
