"""Whom a page of the desk is about, and how its reference leads there.

An own client of the service is reached by the service's own reference, anybody who was looked up by the random
reference of that look-up. Either is unknown to another service; neither tells whether we know the person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from gateway.consent.client_register import ClientStanding
from gateway.consent.desk_records import Case, Caseload, DeskRecords
from gateway.consent.model import ClientId
from gateway.consent.person import Person
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.model import Directory
from gateway.errors import StoreUnavailable

LATELY: Final = timedelta(days=365)
"""How long a client stays on a service's list after the last that happened between them."""
LISTED: Final = 50
"""How many clients a list shows at most; others are looked up."""


class Register(Protocol):
    """What the desk asks of the register of clients."""

    async def client_of(self, identifier: Identifier) -> ClientId | None:
        """Return whom an identifier in use leads to."""
        ...

    async def known(self, client: ClientId) -> tuple[Person, ClientStanding] | None:
        """Return who a client is; None where their key was destroyed."""
        ...


@dataclass(frozen=True, slots=True)
class Whom:
    """Somebody at the desk. *name* and what else we know are empty unless the person is the service's own client."""

    ref: str
    service: str
    identifier: Identifier = field(repr=False)
    client: ClientId | None = field(repr=False)
    is_own: bool
    name: str = field(default="", repr=False)
    language: str = "fi"
    register: str = "plain"
    non_disclosure: bool = False

    @property
    def code(self) -> str:
        """The identity code as a page may show it, its end hidden."""
        value = self.identifier.value
        return value.masked if isinstance(value, PersonalIdentityCode) else ""

    @property
    def called(self) -> str:
        """What the pages call the person: the name of an own client, else the code that the worker gave."""
        return self.name or self.code


class References(Protocol):
    """The references by which services reach clients; one service's is nothing to another."""

    def of(self, service: str, client: ClientId) -> str:
        """Return the service's reference to a client."""
        ...

    def client(self, service: str, reference: str) -> ClientId | None:
        """Return whom it leads to, None where it is not the service's."""
        ...


class Finder:
    """Leads from references to people, and back."""

    def __init__(
        self, records: DeskRecords, caseload: Caseload, register: Register, directory: Directory,
        references: References, nobody: ClientId, now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        """*nobody* is the client that no identifier leads to: a person unknown is looked for as one known is."""
        self._records, self._caseload, self._register = records, caseload, register
        self._directory, self._references, self._nobody, self._now = directory, references, nobody, now

    async def own(self, service: str) -> tuple[tuple[Whom, Case], ...]:
        """Return the service's own clients of late, LISTED at most, the one whose matters changed last at the head."""
        found = []
        for case in await self._caseload.of_services(self._heard(service), self._now() - LATELY, LISTED):
            whom = await self._own(service, case.client)
            if whom is not None:
                found.append((whom, case))
        return tuple(found)

    async def meet(self, service: str, identifier: Identifier) -> Whom:
        """Return the page of somebody by an identifier: the own client's where it is one, else that of a contact."""
        contact = await self._records.contact(service, identifier)
        return await self._of_contact(service, contact.ref, identifier)

    async def of(self, service: str, ref: str) -> Whom | None:
        """Return whom a reference leads to; None for an unknown one, and for another service's."""
        contact = await self._records.contact_of(service, ref)
        if contact is not None:
            return await self._of_contact(service, ref, contact.identifier)
        client = self._references.client(service, ref)
        return None if client is None else await self.own_client(service, client)

    async def own_client(self, service: str, client: ClientId) -> Whom | None:
        """Return a client by our id where it is the service's own, None for anybody else."""
        return await self._own(service, client) if await self._caseload.is_of(self._heard(service), client) else None

    def _heard(self, service: str) -> frozenset[str]:
        """Return whose clients a service finds as its own: also those who named a service that it has succeeded."""
        return frozenset({service, *(row.code for row in self._directory.predecessors(service, self._now()))})

    async def _of_contact(self, service: str, ref: str, identifier: Identifier) -> Whom:
        client = await self._register.client_of(identifier)
        is_own = await self._caseload.is_of(self._heard(service), client or self._nobody)
        if is_own and client is not None:
            own = await self._own(service, client, met_by=identifier)
            if own is not None:
                return own
        return Whom(ref, service, identifier, client, is_own=False)

    async def _own(self, service: str, client: ClientId, met_by: Identifier | None = None) -> Whom | None:
        known = await self._register.known(client)
        if known is None or not known[0].identifiers:
            return None
        person, standing = known
        if met_by is not None and met_by.canonical() not in {one.canonical() for one in person.identifiers}:
            raise StoreUnavailable("an identifier leads to a client whose own record does not hold it")
        return Whom(
            self._references.of(service, client), service, person.identifiers[0], client, is_own=True, name=person.name,
            language=person.language, register=person.register, non_disclosure=standing.non_disclosure,
        )  # fmt: skip
