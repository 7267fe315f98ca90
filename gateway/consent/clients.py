"""The use cases of the client register: enrol, mark and suspend, each as one item of the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from audit.log import Committed, Dropped
from gateway.consent.acting import Act, ActItem, ActLog, Office, known_client
from gateway.consent.model import Actor, ClientId
from gateway.consent.notices import tell_opened
from gateway.consent.person import Person
from gateway.errors import ConsentRefused, RequestInvalid, StoreUnavailable

R = TypeVar("R")
_GATEWAY = Actor(system="gateway")


class Clients:
    """Keeps who is known. Partners never learn from it whether somebody is: enrolling a known person finds them."""

    def __init__(self, office: Office, log: ActLog, *, demo: bool = False) -> None:
        self._office = office
        self._log = log
        self._demo = demo

    async def enrol(self, person: Person, by: Actor) -> ClientId:
        """Return the client of these identifiers, new where none of them is known.

        Raises RequestInvalid for no identifier, or for a temporary code without its issuer (save in the demo).
        """
        if not person.identifiers or not all(one.is_complete or self._demo for one in person.identifiers):
            raise RequestInvalid("an identifier with its issuer is needed")
        return await self._do(by, lambda act: _enrol(act, person))

    async def mark(self, client: ClientId, *, non_disclosure: bool, by: Actor) -> None:
        """Set or lift the non-disclosure marking (for personal safety); an entry in any case."""
        await self._do(by, lambda act: _mark(act, client, non_disclosure), urgent=True)

    async def suspend(self, client: ClientId, *, suspended: bool, by: Actor) -> None:
        """Suspend a client, or lift that: while it lasts nothing is disclosed."""
        await self._do(by, lambda act: _suspend(act, client, suspended), urgent=True)

    async def _do(self, by: Actor, do: Callable[[Act], R], *, urgent: bool = False) -> R:
        outcome = await self._log.submit(ActItem(self._office, by, do), urgent=urgent)
        match outcome:
            case Committed(result=result):
                return result
            case Dropped(value=ConsentRefused() as refused):
                raise refused
            case _:
                raise StoreUnavailable("the log dropped an act without a reason")


def _enrol(act: Act, person: Person) -> ClientId:
    clients = act.office.stores.clients
    found = (clients.find(act.connection, identifier) for identifier in person.identifiers)
    known = next((client for client in found if client is not None), None)
    return known or clients.add(act.connection, person, act.at)


def _mark(act: Act, client: ClientId, non_disclosure: bool) -> None:
    known_client(act, client)
    act.office.stores.clients.mark(act.connection, client, non_disclosure)
    act.drafts.append(act.teller.client("client.marked", client, {"non_disclosure": non_disclosure}))


def _suspend(act: Act, client: ClientId, suspended: bool) -> None:
    known_client(act, client)
    act.office.stores.clients.suspend(act.connection, client, suspended)
    act.drafts.append(act.teller.client("client.suspended", client, {"suspended": suspended}))
    if not suspended:
        tell_opened(act, client, lambda consent, row: True)
