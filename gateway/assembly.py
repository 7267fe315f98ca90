"""The gateway put together: each adapter built once, handed to the rooms as plain arguments."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from math import ceil
from typing import TypeVar

from sqlalchemy import Connection

from adapters.custodian.deposit import DepositCustodian
from adapters.fhir.acceptance import Acceptance
from adapters.fhir.disclosing import Disclosing
from adapters.keyring.live import LiveKeys
from adapters.notices.file_drop import FileDrop
from adapters.safe.keeper import SafeKeeper
from adapters.safe.volume import SafeVolume
from adapters.signer.client import RemoteSigner
from adapters.sql.carry_over import open_records
from adapters.sql.client_register import SqlClientRegister
from adapters.sql.concern_registry import SqlConcernRegistry
from adapters.sql.consent_registry import SqlConsentRegistry
from adapters.sql.cursor_store import SqlCursorStore
from adapters.sql.document_store import SqlDocumentStore
from adapters.sql.engine import Database
from adapters.sql.fact_reader import SqlFactReader
from adapters.sql.faults import told
from adapters.sql.kept_answers import SqlKeptAnswers
from adapters.sql.key_store import KeyStore
from adapters.sql.log_search import SqlSearchStore
from adapters.sql.log_store import SqlLogStore
from adapters.sql.notice_registry import SqlNoticeRegistry
from adapters.sql.outbox import SqlOutbox
from adapters.sql.partner_register import PartnerRegister
from adapters.sql.proof_registry import SqlProofRegistry
from adapters.sql.releaser import SqlReleaser
from adapters.sql.roll import roll_of
from adapters.sql.sealing import Sealing
from adapters.sql.standing_registry import SqlStandingRegistry
from adapters.sql.token_store import TokenStore
from adapters.sql.turn import turn_on
from adapters.suomifi.mandates import SimulatedMandates
from adapters.tokens.access_token import AccessTokens, AccessTokenVerifier
from adapters.tokens.allowance import Pace
from adapters.tokens.authorization_server import PartnerAuthorizationServer
from adapters.tokens.import_seal import PartnerSeal
from adapters.tokens.keys import TokenKeys, check_public_keys
from adapters.tokens.receipt_signer import JwsReceiptSigner
from audit.checkpoint import Verifier
from audit.log import Log
from gateway.consent.acting import Office, Stores
from gateway.consent.clients import Clients
from gateway.consent.notice_texts import load_notice_texts
from gateway.consent.posting import Post
from gateway.consent.recording import Recording
from gateway.consent.wording_files import load_wordings
from gateway.directory.business_id import organisation_oid
from gateway.directory.model import Directory
from gateway.disclosure.concerns import Concerns
from gateway.disclosure.deposit import Deposits
from gateway.disclosure.event_id import new_event_id
from gateway.disclosure.history import History
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.logged_partners import LoggedPartners, LogsWord
from gateway.disclosure.ports import Clock, PolicyEngine
from gateway.disclosure.publication import Publication
from gateway.disclosure.release import Parts
from gateway.disclosure.scopes import parse_scopes
from gateway.disclosure.standing import Standing
from gateway.disclosure.year_change import YearChange
from gateway.http.token_routes import TOKEN_PATH
from gateway.installation import head_signers, verifiers_of
from gateway.notice_channels import notice_channels
from gateway.open_gateway import ClientDesk, Gateway, pairwise_of
from gateway.settings import Settings

T = TypeVar("T")

_log = logging.getLogger("saattaen.partners")

_SECONDS_AT_ONCE = 10
"""A partner that asked for no token for so long may ask for those of all that time at once: workers begin together."""


def assemble(
    settings: Settings, directory: Directory, clock: Clock, database: Database, live: LiveKeys, keys: KeyStore,
    engine: PolicyEngine, mandates: SimulatedMandates,
) -> Gateway:  # fmt: skip
    """Return the gateway over what is open: nothing is checked or written, and the caller closes what was made."""
    ids, keyring = event_ids(clock), live.ring
    wordings = load_wordings()
    log_store = SqlLogStore(database)
    years = YearChange(open_records, clock, ids)
    remote = None if settings.signer is None else RemoteSigner(settings.signer)
    signers, former = head_signers(settings, keyring, remote)

    def verifiers(origin: str) -> list[Verifier]:
        return verifiers_of(*head_signers(settings, live.ring, remote), origin)

    safe = _safe(settings, live, log_store, keys, verifiers)
    log: Log[Connection] = Log(
        log_store, keys, signers, clock, settings.log_name, years, patience=settings.patience, told=told, keeper=safe,
        keeping=settings.safe_patience,
    )  # fmt: skip
    log.sign_with(signers, former)

    async def read(query: Callable[[object], T]) -> T:
        return await database.reading(query)

    # Partner systems and their tokens.
    partners = PartnerRegister(database, check_keys=check_public_keys, check_scope=parse_scopes, new_event_id=ids)
    known_partners = LoggedPartners(
        partners, LogsWord(History(SqlSearchStore(database), keys)), clock.now, _tell_doubted
    )
    token_store = TokenStore(database)
    access_tokens = AccessTokens(
        issuer=settings.base_url, audience=f"{settings.base_url}/fhir",
        keys=TokenKeys(keyring.tokens.current, keyring.tokens.private), clock=clock,
    )  # fmt: skip
    token_server = PartnerAuthorizationServer(
        issuer=settings.base_url, token_endpoint=settings.base_url + TOKEN_PATH, partners=known_partners,
        replay=token_store,
        tokens=access_tokens, clock=clock,
        pace=Pace(ceil(settings.tokens_per_second * _SECONDS_AT_ONCE), settings.tokens_per_second),
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
        seal=PartnerSeal(known_partners.find, partners.services_of), new_event_id=ids,
        code_key=keyring.code_key, etag_key=keyring.etag_key, pairwise=pairwise_of(keyring), issuer=settings.base_url,
    )  # fmt: skip
    channel = FileDrop(settings.outbox, pairwise_of(keyring))
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
        render=Disclosing(directory, pairwise_of(keyring), demo=settings.demo), directory=directory, clock=clock,
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
        turn=turn_on(database), roll=roll_of(database), safe=safe, years=years, office=office, live=live,
    )  # fmt: skip


def _safe(
    settings: Settings, live: LiveKeys, store: SqlLogStore, keys: KeyStore, verifiers: Callable[[str], list[Verifier]]
) -> SafeKeeper[Connection] | None:
    folder = settings.safe_folder
    return None if folder is None else SafeKeeper(SafeVolume(folder, live.ring.safe_key), store, keys, verifiers)


def _tell_doubted(partner: str, what: str) -> None:
    _log.error("the partner system %s gets no token: %s", partner, what)


def event_ids(clock: Clock) -> Callable[[], str]:
    """Return what names the events of an installation: each of them by the instant that it was named at."""
    return lambda: new_event_id(clock.now())
