"""An installation that is open: what the edges and the commands call."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, QueuePool

from adapters.fhir.acceptance import Acceptance
from adapters.keyring.live import LiveKeys
from adapters.keyring.ring import KeyRing
from adapters.notices.file_drop import FileDrop
from adapters.safe.keeper import SafeKeeper
from adapters.sql.client_register import SqlClientRegister
from adapters.sql.cursor_store import SqlCursorStore
from adapters.sql.engine import Database
from adapters.sql.key_store import Keyring as WrappingRing
from adapters.sql.key_store import KeyStore
from adapters.sql.log_store import SqlLogReader, SqlLogStore
from adapters.sql.outbox import SqlOutbox
from adapters.sql.partner_register import PartnerRegister, marked_partners
from adapters.sql.partner_replay import replay_partner
from adapters.sql.roll import Roll
from adapters.sql.turn import Turn
from adapters.sql.world_store import SqlWorldStore
from adapters.suomifi.mandates import SimulatedMandates
from adapters.tokens.access_token import AccessTokens, AccessTokenVerifier
from adapters.tokens.authorization_server import PartnerAuthorizationServer
from adapters.tokens.keys import TokenKeys
from adapters.tokens.receipt_signer import JwsReceiptSigner
from audit.log import Log
from gateway.consent.acting import Office
from gateway.consent.clients import Clients
from gateway.consent.model import Actor, ClientId
from gateway.consent.person import Person
from gateway.consent.recording import Recording
from gateway.consent.repeating import KeptAnswers
from gateway.consent.wording import Wordings
from gateway.directory.identity_code import Identifier
from gateway.directory.model import Directory
from gateway.disclosure.concerns import Concerns
from gateway.disclosure.deposit import Deposits
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.ports import Clock, PolicyEngine
from gateway.disclosure.publication import Publication
from gateway.disclosure.release import Parts
from gateway.disclosure.restoring import Replayed, Restoration, missing
from gateway.disclosure.standing import Standing
from gateway.disclosure.year_change import YearChange
from gateway.errors import SettingsError
from gateway.installation import head_signers
from gateway.settings import Settings


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
    roll: Roll
    """Where each of them says which ring of keys it uses."""
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

    def sign_roll(self) -> None:
        """Let whoever rotates a key see that this process uses the ring it has now, and nothing of one before.

        Blocks for a moment. Raises StoreUnavailable or OSError, and is to be tried again then.
        """
        try:
            self.roll.sign(self.live.ring.name)
        except OSError:
            # What is looked at may lie where nothing can be written; whoever only looks uses no key for others.
            if not self.settings.read_only:
                raise

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
        return pairwise_of(self.keyring)(recipient, client)

    def etag(self, recipient: str, body: bytes) -> str:
        """Return the ETag of projected bytes for one recipient: it tells nothing to another."""
        digest = hmac.digest(self.keyring.etag_key, recipient.encode() + b"\0" + body, "sha256")
        return f'"{digest[:16].hex()}"'


@dataclass(frozen=True, slots=True)
class ClientDesk:
    """Leads from an identifier to a client, enrolling a person who is not known yet."""

    recording: Recording
    clients: Clients

    async def find(self, identifier: Identifier) -> ClientId | None:
        """Return the client, None where nobody is known by it."""
        return await self.recording.client_of(identifier)

    async def find_or_add(self, identifier: Identifier) -> ClientId:
        """Return the client; a person not known yet becomes one. Raises StoreUnavailable where an identifier leads to
        a client whose own record does not hold it."""
        known = await self.recording.holder_of(identifier)
        return known or await self.clients.enrol(Person(identifiers=(identifier,)), Actor(system="gateway"))


def pairwise_of(keyring: KeyRing) -> Callable[[str, str], str]:
    """Return what makes the reference by which one recipient knows one client."""

    def pairwise(recipient: str, client: str) -> str:
        return hmac.digest(keyring.pairwise_key, f"{recipient}\n{client}".encode(), "sha256")[:16].hex()

    return pairwise
