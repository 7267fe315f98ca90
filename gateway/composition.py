"""The gateway put together: each adapter built once, handed to the rooms as plain arguments."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, QueuePool

from adapters.clocks import SystemClock
from adapters.custodian.deposit import DepositCustodian
from adapters.custodian.fhir_server.connection import ServerConnection
from adapters.custodian.fhir_server.holdings import FhirHoldings
from adapters.custodian.fhir_server.load import load_custodians
from adapters.fhir.acceptance import Acceptance
from adapters.fhir.disclosing import Disclosing
from adapters.fhir.r4_forms import prepare_forms
from adapters.keyring import KeyRing, LiveKeys
from adapters.notices.file_drop import FileDrop
from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.probe import verify_engine
from adapters.opa.server import ServerEngine
from adapters.opa.shipped import read_bundle
from adapters.safe.keeper import SafeKeeper
from adapters.safe.volume import SafeVolume
from adapters.signer.client import RemoteSigner
from adapters.sql import schema
from adapters.sql.carry_over import open_records
from adapters.sql.client_register import SqlClientRegister
from adapters.sql.concern_registry import SqlConcernRegistry
from adapters.sql.consent_registry import SqlConsentRegistry
from adapters.sql.cursor_store import SqlCursorStore
from adapters.sql.document_store import SqlDocumentStore
from adapters.sql.engine import Database, open_database
from adapters.sql.fact_reader import SqlFactReader
from adapters.sql.faults import told
from adapters.sql.identities import SqlIdentities
from adapters.sql.inspecting import open_for_inspection
from adapters.sql.kept_answers import SqlKeptAnswers
from adapters.sql.key_store import Keyring as WrappingRing
from adapters.sql.key_store import KeyStore
from adapters.sql.log_search import SqlSearchStore
from adapters.sql.log_store import SqlLogReader, SqlLogStore
from adapters.sql.notice_registry import SqlNoticeRegistry
from adapters.sql.origin_store import SqlOrigins
from adapters.sql.outbox import SqlOutbox
from adapters.sql.partner_register import PartnerRegister, marked_partners
from adapters.sql.partner_replay import replay_partner
from adapters.sql.proof_registry import SqlProofRegistry
from adapters.sql.releaser import SqlReleaser
from adapters.sql.sealing import Sealing
from adapters.sql.standing_registry import SqlStandingRegistry
from adapters.sql.token_store import TokenStore
from adapters.sql.turn import Turn, turn_on
from adapters.sql.world_store import SqlWorldStore
from adapters.suomifi.mandates import SimulatedMandates
from adapters.tokens.access_token import AccessTokens, AccessTokenVerifier
from adapters.tokens.authorization_server import PartnerAuthorizationServer
from adapters.tokens.import_seal import PartnerSeal
from adapters.tokens.keys import TokenKeys, check_public_keys
from adapters.tokens.receipt_signer import JwsReceiptSigner
from audit.checkpoint import Verifier
from audit.errors import SignatureInvalid
from audit.log import Log
from gateway.consent.acting import Office, Stores
from gateway.consent.clients import Clients
from gateway.consent.model import Actor, ClientId
from gateway.consent.notice_texts import load_notice_texts
from gateway.consent.person import Person
from gateway.consent.posting import Post
from gateway.consent.recording import Recording
from gateway.consent.repeating import KeptAnswers
from gateway.consent.wording import Wordings
from gateway.consent.wording_files import load_wordings
from gateway.directory.business_id import organisation_oid
from gateway.directory.identity_code import Identifier
from gateway.directory.model import Directory
from gateway.disclosure.concerns import Concerns
from gateway.disclosure.deposit import Deposits
from gateway.disclosure.event_id import new_event_id
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.ports import Clock, PolicyEngine
from gateway.disclosure.publication import Publication
from gateway.disclosure.release import Parts
from gateway.disclosure.restoring import Replayed, Restoration, missing
from gateway.disclosure.scopes import parse_scopes
from gateway.disclosure.standing import Standing
from gateway.disclosure.world import WorldChange
from gateway.disclosure.year_change import YearChange
from gateway.errors import SettingsError
from gateway.http.token_routes import TOKEN_PATH
from gateway.installation import head_signers, verifiers_of
from gateway.notice_channels import notice_channels
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
    safe: SafeKeeper[Connection] | None
    years: YearChange
    office: Office
    live: LiveKeys
    searching: LogSearch
    """Looks into the log, for clients and officers: each look is an entry."""
    concerns: Concerns
    kept_answers: KeptAnswers
    """What partners were answered, for those who ask once more by their Idempotency-Key."""
    turn: Turn
    """Which process of all on this database does what is to be done once."""
    more_checks: Mapping[str, Callable[[], Awaitable[bool]]] = field(default_factory=dict)
    """What readiness rests on besides database, engine and log, by name: a witness, a channel."""

    async def judges_as_recorded(self) -> bool:
        """Return whether this process's directory and policies are those last recorded, by whichever process."""
        return await self.database.reading(self.judges_as_recorded_in)

    def judges_as_recorded_in(self, connection: Connection) -> bool:
        """Return the same, as a snapshot has it."""
        return SqlWorldStore().current(connection) == (self.directory.digest, self.engine.revision)

    async def last_entry_at(self) -> int | None:
        """Return the instant of the log's last entry, in microseconds; None where there is no log."""
        heads = await self.database.reading(lambda connection: SqlLogReader(connection).heads())
        return max((head.last_time for head in heads), default=None)

    def connections_in_use(self) -> int:
        """Return how many connections of the writing pool are in use."""
        pool = self.database.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    def renew_keys(self) -> bool:
        """Use the keys on disk from now on where a file has changed; return whether any had. Raises SettingsError, and
        the keys of before stay in use."""
        ring = self.live.renewed()
        if ring is None:
            return False
        self.access_tokens.trust(TokenKeys(ring.tokens.current, ring.tokens.private))
        self.receipt_keys.renew(ring.receipts.current, ring.receipts.private)
        self.keys.renew(WrappingRing(ring.keks.secrets, ring.keks.current, ring.owner_key))
        self.register.renew(ring.lookup_keys)
        if self.settings.signer is None:
            self.log.sign_with(*head_signers(self.settings, ring))
        return True

    def replay_kept(self) -> tuple[str, Replayed] | None:
        """Lead out of a restore: begin a new log with every kept event that the database lacks; return its origin and
        what was done. None where the database has lost nothing. Raises AuditError where a kept event is missing."""
        if self.safe is None:
            raise SettingsError("There is no second volume (SAATTAEN_SAFE), so nothing was kept outside the database.")
        kept = self.safe.kept()
        with self.log_store.read() as reader:
            heads = reader.heads()
            found = reader.find_events([one.event_id for one in kept.events])
        if self.safe.is_led_on():
            return None
        lost, lacking = kept.anchor.after_restore(heads).lost, missing(kept.events, found)
        opening = Restoration(self.years, self.office, lost, lacking, replay_partner)
        origin = self.log.reopen(opening, kept.anchor.origins)
        self.safe.accept()
        return origin, opening.result

    def check_partner_keys(self) -> None:
        """Raise SettingsError where a demo's partner system could get a token here, and this is no demo."""
        if not self.settings.demo and (marked := marked_partners(self.database)):
            raise SettingsError(
                f"These partner systems have a demo's keys, which anyone may hold: {', '.join(marked)}. Register "
                "keys of their own, or run `saattaen partner suspend ID`."
            )

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
    keyring = KeyRing.load(settings.keys, demo=settings.demo)
    async with AsyncExitStack() as closing:
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
        gateway = _assemble(
            settings, directory, clock, database, keyring, keys, engine, mandates or SimulatedMandates()
        )
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
            change = WorldChange(SqlWorldStore(), directory.digest, engine.revision, _ids(clock))
            await gateway.log.submit(change, urgent=True)
        yield gateway


def _check_log_key(log: Log[Connection]) -> None:
    """Raise SettingsError unless the open log's head is signed by our key: another one would begin a second history."""
    try:
        log.check_key()
    except SignatureInvalid:
        raise SettingsError(
            "The key of the log is not the one that signed what is in the database. Put the folder of keys back that "
            "belongs to this database; nothing was written."
        ) from None


async def _engine(settings: Settings, closing: AsyncExitStack) -> PolicyEngine:
    if settings.engine == "embedded":
        return EmbeddedEngine()
    if settings.opa_url is None:
        raise ValueError("read_settings has checked that the OPA server's address is there")
    return await closing.enter_async_context(ServerEngine(settings.opa_url, read_bundle().revision))


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


def _ids(clock: Clock) -> Callable[[], str]:
    return lambda: new_event_id(clock.now())


def _assemble(
    settings: Settings, directory: Directory, clock: Clock, database: Database, keyring: KeyRing, keys: KeyStore,
    engine: PolicyEngine, mandates: SimulatedMandates,
) -> Gateway:  # fmt: skip
    ids = _ids(clock)
    wordings = load_wordings()
    log_store = SqlLogStore(database)
    years, live = YearChange(open_records, clock, ids), LiveKeys(settings.keys, keyring, demo=settings.demo)
    remote = None if settings.signer is None else RemoteSigner(settings.signer)
    signers, former = head_signers(settings, keyring, remote)

    def verifiers(origin: str) -> list[Verifier]:
        return verifiers_of(*head_signers(settings, live.ring, remote), origin)

    safe = _safe(settings, live, log_store, keys, verifiers)
    log: Log[Connection] = Log(
        log_store, keys, signers, clock, settings.log_name, years, patience=settings.patience, told=told, keeper=safe
    )
    log.sign_with(signers, former)

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
    register = SqlClientRegister(keyring.lookup_keys, sealing)
    outbox = SqlOutbox(sealing)
    receipt_keys = JwsReceiptSigner(keyring.receipts.current, keyring.receipts.private)
    office = Office(
        stores=Stores(
            SqlConsentRegistry(sealing), SqlStandingRegistry(), SqlProofRegistry(sealing), register, outbox,
            SqlNoticeRegistry(),
        ),
        directory=directory, wordings=wordings, signer=receipt_keys,
        seal=PartnerSeal(partners.find, partners.services_of), new_event_id=ids,
        code_key=keyring.code_key, etag_key=keyring.etag_key, pairwise=_pairwise(keyring), issuer=settings.base_url,
    )  # fmt: skip
    channel = FileDrop(settings.outbox, _pairwise(keyring))
    post = Post(notice_channels(settings), load_notice_texts(settings.base_url))
    recording = Recording(office, log, read, mandates, channel, clock.now, post, whole=settings.demo)
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
        searching=LogSearch(SqlSearchStore(database), keys, log, log, ids),
        concerns=Concerns(SqlConcernRegistry(sealing), log_store, keys, directory, recording.run, read),
        kept_answers=SqlKeptAnswers(database, keyring.session_key),
        turn=turn_on(database), safe=safe, years=years, office=office, live=live,
    )  # fmt: skip


def _safe(
    settings: Settings, live: LiveKeys, store: SqlLogStore, keys: KeyStore, verifiers: Callable[[str], list[Verifier]]
) -> SafeKeeper[Connection] | None:
    folder = settings.safe_folder
    return None if folder is None else SafeKeeper(SafeVolume(folder, live.ring.safe_key), store, keys, verifiers)


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
