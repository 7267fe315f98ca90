"""The gateway put together: each adapter built once, handed to the rooms as plain arguments."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from adapters.clocks import SystemClock
from adapters.custodian.deposit import DepositCustodian
from adapters.custodian.fhir_server.connection import ServerConnection
from adapters.custodian.fhir_server.holdings import FhirHoldings
from adapters.custodian.fhir_server.load import load_custodians
from adapters.fhir.acceptance import Acceptance
from adapters.fhir.disclosing import Disclosing
from adapters.keyring import KeyRing
from adapters.notices.file_drop import FileDrop
from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.probe import verify_engine
from adapters.opa.server import ServerEngine
from adapters.opa.shipped import read_bundle
from adapters.sql import schema
from adapters.sql.carry_over import open_records
from adapters.sql.client_register import SqlClientRegister
from adapters.sql.consent_registry import SqlConsentRegistry
from adapters.sql.cursor_store import SqlCursorStore
from adapters.sql.document_store import SqlDocumentStore
from adapters.sql.engine import Database, open_database
from adapters.sql.fact_reader import SqlFactReader, SqlReleaser
from adapters.sql.key_store import Keyring as WrappingRing
from adapters.sql.key_store import KeyStore
from adapters.sql.log_store import SqlLogStore
from adapters.sql.origin_store import SqlOrigins
from adapters.sql.outbox import SqlOutbox
from adapters.sql.partner_register import PartnerRegister
from adapters.sql.proof_registry import SqlProofRegistry
from adapters.sql.sealing import Sealing
from adapters.sql.standing_registry import SqlStandingRegistry
from adapters.sql.token_store import TokenStore
from adapters.sql.world_store import SqlWorldStore
from adapters.suomifi.mandates import SimulatedMandates
from adapters.tokens.access_token import AccessTokens, AccessTokenVerifier
from adapters.tokens.authorization_server import PartnerAuthorizationServer
from adapters.tokens.import_seal import PartnerSeal
from adapters.tokens.keys import TokenKeys, check_public_keys
from adapters.tokens.receipt_signer import JwsReceiptSigner
from audit.checkpoint import Signer
from audit.log import Log
from gateway.consent.acting import Office, Stores
from gateway.consent.clients import Clients
from gateway.consent.model import Actor, ClientId
from gateway.consent.person import Person
from gateway.consent.recording import Recording
from gateway.consent.wording import Wordings
from gateway.consent.wording_files import load_wordings
from gateway.directory.business_id import organisation_oid
from gateway.directory.identity_code import Identifier
from gateway.directory.model import Directory
from gateway.disclosure.deposit import Deposits
from gateway.disclosure.event_id import new_event_id
from gateway.disclosure.ports import Clock, PolicyEngine
from gateway.disclosure.publication import Publication
from gateway.disclosure.release import Parts
from gateway.disclosure.scopes import parse_scopes
from gateway.disclosure.standing import Standing
from gateway.disclosure.world import WorldChange
from gateway.disclosure.year_change import YearChange
from gateway.http.token_routes import TOKEN_PATH
from gateway.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gateway:
    """An installation that is open: what the edges and the commands call."""

    settings: Settings
    directory: Directory
    wordings: Wordings
    clock: Clock
    database: Database
    keyring: KeyRing
    keys: KeyStore
    log: Log[Connection]
    log_store: SqlLogStore
    engine: PolicyEngine
    partners: PartnerRegister
    register: SqlClientRegister
    clients: Clients
    desk: ClientDesk
    recording: Recording
    publication: Publication[Connection]
    standing: Standing
    deposits: Deposits
    acceptance: Acceptance
    parts: Parts
    cursors: SqlCursorStore
    token_server: PartnerAuthorizationServer
    token_verifier: AccessTokenVerifier
    access_tokens: AccessTokens
    receipt_keys: JwsReceiptSigner
    mandates: SimulatedMandates
    channel: FileDrop
    outbox: SqlOutbox

    def make_log_keys(self) -> None:
        """Make every client's key for the log of this year, and in December of the next, where they are missing."""
        with self.database.read() as connection:
            self.register.make_log_keys(connection, self.clock.now())

    def pairwise(self, recipient: str, client: str) -> str:
        """Return the reference by which one recipient knows a client; another recipient's tells it nothing."""
        return _pairwise(self.keyring)(recipient, client)

    def etag(self, recipient: str, body: bytes) -> str:
        """Return the ETag of projected bytes for one recipient: it tells nothing to another."""
        digest = hmac.digest(self.keyring.etag_key, recipient.encode() + b"\0" + body, "sha256")
        return f'"{digest[:16].hex()}"'


@asynccontextmanager
async def opened(
    settings: Settings,
    directory: Directory,
    *,
    clock: Clock | None = None,
    mandates: SimulatedMandates | None = None,
    engine: PolicyEngine | None = None,
) -> AsyncIterator[Gateway]:
    """Open a migrated installation and record what it judges by; everything is closed on the way out.

    An *engine* that is given is the caller's, and is not closed here; else the settings name one.

    Raises SettingsError, DatabaseUnfit or EngineUnavailable with a sentence when the installation is not fit to serve.
    """
    clock = clock or SystemClock()
    keyring = KeyRing.load(settings.keys, demo=settings.demo)
    async with AsyncExitStack() as closing:
        database = open_database(settings.database)
        closing.callback(database.close)
        schema.check(database)
        key_database = open_database(settings.key_database)
        closing.callback(key_database.close)
        wrapping = WrappingRing(keyring.keks.secrets, keyring.keks.current, keyring.owner_key)
        keys = KeyStore(key_database, wrapping, clock.now)
        engine = engine or await _engine(settings, closing)
        await verify_engine(engine)
        gateway = _assemble(
            settings, directory, clock, database, keyring, keys, engine, mandates or SimulatedMandates()
        )
        if settings.custodians is not None:
            gateway = await _with_custodians(gateway, settings.custodians, closing)
        closing.callback(gateway.log.close)
        change = WorldChange(SqlWorldStore(), directory.digest, engine.revision, _ids(clock))
        await gateway.log.submit(change, urgent=True)
        yield gateway


async def _engine(settings: Settings, closing: AsyncExitStack) -> PolicyEngine:
    if settings.engine == "embedded":
        return EmbeddedEngine()
    if settings.opa_url is None:
        raise ValueError("read_settings has checked that the OPA server's address is there")
    return await closing.enter_async_context(ServerEngine(settings.opa_url, read_bundle().revision))


async def _with_custodians(gateway: Gateway, file: Path, closing: AsyncExitStack) -> Gateway:
    """Return the gateway with a connection to each server that the file names. Raises SettingsError for its faults."""
    directory, register = gateway.directory, gateway.register
    custodians = load_custodians(file, directory, demo=gateway.settings.demo)
    connections = {
        name: await closing.enter_async_context(ServerConnection(server)) for name, server in custodians.servers.items()
    }

    async def identify(client: str) -> tuple[Identifier, ...]:
        return await gateway.database.reading(lambda link: register.identifiers_in_use(link, ClientId(client)))

    holdings = FhirHoldings(custodians, connections, directory, SqlOrigins(gateway.database), identify)
    return replace(gateway, parts=replace(gateway.parts, holdings=holdings))


def _ids(clock: Clock) -> Callable[[], str]:
    return lambda: new_event_id(clock.now())


def _assemble(
    settings: Settings, directory: Directory, clock: Clock, database: Database, keyring: KeyRing, keys: KeyStore,
    engine: PolicyEngine, mandates: SimulatedMandates,
) -> Gateway:  # fmt: skip
    ids = _ids(clock)
    wordings = load_wordings()
    log_store = SqlLogStore(database)
    log: Log[Connection] = Log(
        log_store, keys, [Signer(keyring.log_seed)], clock, settings.log_name, YearChange(open_records, clock, ids)
    )

    async def read(query: Callable[[object], T]) -> T:
        return await database.reading(query)

    # Partner systems and their tokens.
    partners = PartnerRegister(database, check_keys=check_public_keys, check_scope=parse_scopes, new_event_id=ids)
    token_store = TokenStore(database)
    access_tokens = AccessTokens(
        issuer=settings.base_url, audience=f"{settings.base_url}/fhir",
        keys=TokenKeys(keyring.tokens.current, keyring.tokens.private), clock=clock,
    )  # fmt: skip
    token_server = PartnerAuthorizationServer(
        issuer=settings.base_url, token_endpoint=settings.base_url + TOKEN_PATH, partners=partners, replay=token_store,
        tokens=access_tokens, clock=clock,
    )  # fmt: skip
    organisations = {
        f"urn:oid:{organisation_oid(row.business_id)}": code for code, row in directory.organisations.items()
    }

    # Clients and their consents.
    sealing = Sealing(keys)
    register = SqlClientRegister(keyring.lookup_key, sealing)
    outbox = SqlOutbox(sealing)
    receipt_keys = JwsReceiptSigner(keyring.receipts.current, keyring.receipts.private)
    office = Office(
        stores=Stores(
            SqlConsentRegistry(sealing), SqlStandingRegistry(), SqlProofRegistry(sealing), register, outbox
        ),
        directory=directory, wordings=wordings, signer=receipt_keys,
        seal=PartnerSeal(partners.find, partners.services_of), new_event_id=ids,
        code_key=keyring.code_key, etag_key=keyring.etag_key, pairwise=_pairwise(keyring), issuer=settings.base_url,
    )  # fmt: skip
    channel = FileDrop(settings.outbox, _pairwise(keyring))
    recording = Recording(office, log, read, mandates, channel, clock.now)
    clients = Clients(office, log, demo=settings.demo)

    # Documents and their disclosure.
    facts = SqlFactReader(database)
    documents = SqlDocumentStore(database, keys)
    custodian = DepositCustodian(documents)

    desk = ClientDesk(recording, clients)
    parts = Parts(
        facts=facts, engine=engine, custodian=custodian, fetch_own=custodian.fetch_own, log=log,
        releaser=SqlReleaser(), tell_released=recording.tell_released,
        render=Disclosing(directory, _pairwise(keyring), demo=settings.demo), directory=directory, clock=clock,
        new_event_id=ids, digest=lambda body: hashlib.sha256(body).hexdigest(),
        join=lambda rendered: b"\n".join(one.body for one in rendered),
    )  # fmt: skip
    return Gateway(
        settings=settings, directory=directory, wordings=wordings, clock=clock, database=database, keyring=keyring,
        keys=keys, log=log, log_store=log_store, engine=engine, partners=partners, register=register, clients=clients,
        desk=desk, recording=recording, publication=Publication(log_store, log, keys, settings.log_name),
        standing=Standing(facts, directory, clock, log, ids),
        deposits=Deposits(documents, log, recording.tell_single_use, ids),
        acceptance=Acceptance(directory, desk.find_or_add), parts=parts,
        cursors=SqlCursorStore(database, clock.now), token_server=token_server,
        token_verifier=AccessTokenVerifier(access_tokens, token_store, organisations.get),
        access_tokens=access_tokens, receipt_keys=receipt_keys, mandates=mandates, channel=channel, outbox=outbox,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClientDesk:
    """Leads from an identifier to a client, enrolling a person who is not known yet."""

    recording: Recording
    clients: Clients

    async def find(self, identifier: Identifier) -> ClientId | None:
        """Return the client, None where nobody is known by it."""
        return await self.recording.client_of(identifier)

    async def find_or_add(self, identifier: Identifier) -> ClientId:
        """Return the client; a person not known yet becomes one."""
        known = await self.find(identifier)
        return known or await self.clients.enrol(Person(identifiers=(identifier,)), Actor(system="gateway"))


def _pairwise(keyring: KeyRing) -> Callable[[str, str], str]:
    def pairwise(recipient: str, client: str) -> str:
        return hmac.digest(keyring.pairwise_key, f"{recipient}\n{client}".encode(), "sha256")[:16].hex()

    return pairwise
