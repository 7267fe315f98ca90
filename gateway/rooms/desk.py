"""The professional's desk over an open gateway: its stores and use cases handed to its pages."""

from __future__ import annotations

from fastapi import APIRouter

from adapters.sql.caseload import SqlCaseload
from adapters.sql.client_register import SqlClientRegister
from adapters.sql.desk_records import SqlDeskRecords
from adapters.sql.engine import Database
from adapters.sql.log_search import SqlSearchStore
from adapters.sql.sealing import Sealing
from adapters.tokens.references import ServiceReferences
from gateway.consent.client_register import ClientStanding
from gateway.consent.mandate_reference import naming
from gateway.consent.model import ClientId
from gateway.consent.person import Person
from gateway.directory.identity_code import Identifier
from gateway.disclosure.desk_entries import DeskEntries
from gateway.disclosure.insights import Insights
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.observed import disclosing
from gateway.disclosure.observing import Observer
from gateway.disclosure.phrases import load_phrases
from gateway.disclosure.waiting import waiting
from gateway.open_gateway import Gateway
from gateway.web.desk.client_routes import Views
from gateway.web.desk.desk import Desk
from gateway.web.desk.mandates import DeskMandates, Kept, Register
from gateway.web.desk.room import desk_routers
from gateway.web.desk.whom import Finder
from gateway.web.doors import Doors
from gateway.web.page import Pages


def desk_room(
    gateway: Gateway,
    pages: Pages,
    doors: Doors,
    insights: Insights,
    observer: Observer | None = None,
    mandates: DeskMandates | None = None,
) -> tuple[APIRouter, ...]:
    """Return the routers of the desk; without *mandates* nobody can decide there in a client's place."""
    database, now, new_event_id = gateway.database, gateway.clock.now, gateway.parts.new_event_id
    register = gateway.register
    records = SqlDeskRecords(database, Sealing(gateway.keys), register.lookups, now)
    caseload = SqlCaseload(database)
    references = ServiceReferences(gateway.keyring.pairwise_key)
    finder = Finder(records, caseload, _Known(database, register), gateway.directory, references, register.decoy(), now)
    desk = Desk(
        pages=pages, doors=doors, base_url=gateway.settings.base_url, directory=gateway.directory,
        recording=gateway.recording, wordings=gateway.wordings, enrols=gateway.clients, records=records,
        caseload=caseload, finder=finder, check_standing=gateway.standing.check, clock=gateway.clock,
        demo=gateway.settings.demo, mandates=mandates,
    )  # fmt: skip
    views = Views(
        may_see=insights.desks, read_released=insights.read_document,
        disclose=disclosing(waiting(gateway.parts), observer),
        lookup=register.lookup, phrases=load_phrases(),
        entries=DeskEntries(gateway.log, new_event_id, register.decoy()),
    )  # fmt: skip
    search = LogSearch(SqlSearchStore(database), gateway.keys, gateway.log, gateway.log, new_event_id)
    return desk_routers(desk, views, search, gateway.acceptance, gateway.deposits)


def desk_mandates(gateway: Gateway, register: Register, kept: Kept) -> DeskMandates:
    """Return what asks *register* after who sits at a desk, joined to the mandates that acts are verified by."""
    known = _Known(gateway.database, gateway.register)
    asked = DeskMandates(
        register, kept, known.client_of, gateway.register.decoy(), gateway.clock.now, naming(gateway.pairwise)
    )  # fmt: skip
    gateway.mandates.lead_on_to(asked)
    return asked


class _Known:
    """Reads who clients are, each in one snapshot."""

    def __init__(self, database: Database, register: SqlClientRegister) -> None:
        self._database, self._register = database, register

    async def client_of(self, identifier: Identifier) -> ClientId | None:
        return await self._database.reading(lambda connection: self._register.find(connection, identifier))

    async def known(self, client: ClientId) -> tuple[Person, ClientStanding] | None:
        def look(connection: object) -> tuple[Person, ClientStanding] | None:
            person, standing = self._register.person(connection, client), self._register.standing(connection, client)
            return None if person is None or standing is None else (person, standing)

        return await self._database.reading(look)
