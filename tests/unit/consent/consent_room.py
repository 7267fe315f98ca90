"""A consent room on a fresh SQLite database with the real log, and a clock that is steered."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import orjson
from joserfc.jwk import ECKey
from sqlmodel import SQLModel

from adapters.sql import log_tables as log_tables
from adapters.sql.client_register import SqlClientRegister
from adapters.sql.consent_registry import SqlConsentRegistry
from adapters.sql.engine import Database, open_database
from adapters.sql.log_store import SqlLogStore
from adapters.sql.notice_registry import SqlNoticeRegistry
from adapters.sql.outbox import SqlOutbox
from adapters.sql.proof_registry import SqlProofRegistry
from adapters.sql.sealing import Sealing
from adapters.sql.standing_registry import SqlStandingRegistry
from adapters.suomifi.mandates import SimulatedMandates
from adapters.tokens.receipt_signer import JwsReceiptSigner
from audit.checkpoint import Signer
from audit.entry import Draft, IndexRow, unseal
from audit.log import Log
from gateway.consent.acting import Office, Stores
from gateway.consent.clients import Clients
from gateway.consent.model import Actor, Capture, CaptureMethod, ClientId, Consent, Evidence, GrantRow, Shown
from gateway.consent.outbox import Outgoing
from gateway.consent.person import Person
from gateway.consent.recording import Recording
from gateway.consent.wording_files import load_wordings
from gateway.demo.world import load_world
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.instants import parse_instant
from tests.simulators.memory_keys import MemoryKeys

T = TypeVar("T")
START = parse_instant("2026-11-22T09:00:00+02:00")
UNTIL = parse_instant("2027-05-31T00:00:00+03:00")
DIRECTORY = load_world().directory
SHOWN = Shown("consent", 1, "fi", "plain", "0" * 64)
WITH_NOTE = Evidence((("note", "kyllä, saa lähettää"),))


@dataclass
class SteeredClock:
    """A clock that moves when told, one microsecond at each look."""

    at: datetime = START

    def now(self) -> datetime:
        self.at += timedelta(microseconds=1)
        return self.at


class Rolling:
    """A new log begins with one entry; no test here crosses a year."""

    def end(self, tx: object, at: int, new_origin: str) -> list[Draft]:
        return []

    def start(self, tx: object, at: int, old_origin: str | None, old_checkpoint: bytes | None) -> list[Draft]:
        return [Draft(secrets.token_hex(16), IndexRow("log.start", "na"), {})]


@dataclass
class HeldChannel:
    """Keeps what was delivered; *down* makes it fail."""

    delivered: list[tuple[Outgoing, dict[str, str]]] = field(default_factory=list)
    down: bool = False

    async def deliver(self, message: Outgoing, channels: Mapping[str, str]) -> None:
        if self.down:
            raise ConnectionError("down")
        self.delivered.append((message, dict(channels)))


class Seals:
    """Takes any JSON as signed by the service that it names: what a signature means is tested with the real seal."""

    def open(self, signed: str, service: str) -> Mapping[str, object] | None:
        claims = orjson.loads(signed)
        return claims if isinstance(claims, dict) and claims.pop("by", None) == service else None


@dataclass
class Room:
    """All of it together, with the shortest ways to say things."""

    database: Database
    keys: MemoryKeys
    clock: SteeredClock
    office: Office
    log: Log[object]
    recording: Recording
    clients: Clients
    mandates: SimulatedMandates
    channel: HeldChannel

    @classmethod
    def open(cls, folder: Path, url: str | None = None) -> Room:
        database = open_database(url or f"sqlite:///{folder / 'main.db'}")
        keys, clock = MemoryKeys(), SteeredClock()
        with database.write() as connection:
            SQLModel.metadata.create_all(connection)
            connection.commit()
        sealing = Sealing(keys)
        clients = SqlClientRegister([b"l" * 32], sealing)
        stores = Stores(
            SqlConsentRegistry(sealing),
            SqlStandingRegistry(),
            SqlProofRegistry(sealing),
            clients,
            SqlOutbox(sealing),
            SqlNoticeRegistry(),
        )
        key = ECKey.generate_key("P-256")
        office = Office(
            stores=stores, directory=DIRECTORY, wordings=load_wordings(),
            signer=JwsReceiptSigner("r1", {"r1": key.as_dict(private=True)}), seal=Seals(),  # type: ignore[dict-item]
            new_event_id=lambda: secrets.token_hex(16), code_key=b"c" * 32, etag_key=b"e" * 32,
            pairwise=lambda party, client: f"{party}:{client}",
            issuer="https://gw.saattaen.example",
        )  # fmt: skip
        log: Log[object] = Log(
            SqlLogStore(database), keys, [Signer(sha256(b"demo").digest())], clock, "gw.saattaen.example", Rolling()
        )  # type: ignore[arg-type]

        async def read(look: Callable[[object], T], /) -> T:
            with database.read() as connection:
                return look(connection)

        mandates, channel = SimulatedMandates(), HeldChannel()
        recording = Recording(office, log, read, mandates, channel, clock.now)
        return cls(database, keys, clock, office, log, recording, Clients(office, log, demo=True), mandates, channel)

    def close(self) -> None:
        self.log.close()
        self.database.close()

    async def client(self, code: str = "140395-9022") -> ClientId:
        """Enrol a client with a phone of their own."""
        identifier = Identifier.personal(PersonalIdentityCode.parse(code))
        person = Person((identifier,), "Suvi", channels={"sms": "+358"})
        return await self.clients.enrol(person, Actor(system="gateway"))

    async def give(self, client: ClientId, *rows: GrantRow, by: str | None = None, **more: object) -> Consent:
        """Give: on the own page, or with a professional of the service *by*."""
        method = CaptureMethod.SELF_SERVICE if by is None else CaptureMethod.WITH_PROFESSIONAL
        capture = Capture(method, evidence=Evidence((("identity_check", "passport"),)))
        actor = Actor() if by is None else worker(by)
        given = await self.recording.give(client, rows, capture, SHOWN, by=actor, **more)  # type: ignore[arg-type]
        return given.consent

    async def told(self, party: str) -> list[str]:
        """Return the kinds of the messages written to a party, oldest first."""
        return [message.kind for message in await self.recording.messages_to(party)]

    def entries(self) -> list[dict[str, object]]:
        """Return the body of every entry but the log's own, in order."""
        with self.office_log() as reader:
            origin = reader.heads()[0].origin
            bodies = []
            rows = {row.index: row for row in reader.events(origin, 0, 10_000)}
            leaves = {leaf.index: leaf for leaf in reader.leaves(origin, 0, 10_000)}
            for index, sealed in reader.sealed(origin, 0, 10_000):
                if sealed.section == "b":
                    key = self.keys.find(sealed.key_id)
                    assert key is not None
                    commitment = orjson.loads(leaves[index].entry)["c"]["b"]
                    opened = unseal(sealed, commitment, key, origin, rows[index].event_id)
                    bodies.append(orjson.loads(opened.plaintext))
        return bodies[1:]

    def office_log(self):  # type: ignore[no-untyped-def]
        return SqlLogStore(self.database).read()

    def kinds(self) -> list[object]:
        """Return the kinds of the entries, in order."""
        return [entry["k"] for entry in self.entries()]


def row(**changed: object) -> GrantRow:
    """Return the row that most tests give: the plan, from the health centre to the employment service."""
    values: dict[str, object] = {
        "custodian": "sote-keskus", "recipient": "kuntakokeilu", "category": "work-ability-plan",
        "purpose": "employment-support", "valid_from": START, "until": UNTIL,
    }  # fmt: skip
    return GrantRow(**(values | changed))  # type: ignore[arg-type]


def worker(service: str, person: str = "w-1") -> Actor:
    """Return a worker of a service, acting by its own system."""
    return Actor(service, f"{service}-system", person, "Työntekijä", "omavalmentaja", "req-1")


NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
