"""Who acts through the JSON API: what every operation asks before anything else, and how a worker becomes an Actor."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request

from gateway.consent.model import Actor, ClientId
from gateway.consent.person import Person
from gateway.directory.identity_code import Identifier
from gateway.disclosure.ports import Clock
from gateway.disclosure.request import Requester
from gateway.disclosure.scopes import covers
from gateway.errors import NotAvailable
from gateway.http.once import Once
from gateway.http.problems import EdgeError, request_id
from gateway.http.schemas.identifier import ClientIdentifier

CONSENTS, RELATIONS = "saattaen/consents", "saattaen/relations"
"""The scopes of this API."""
RELEASES = "system/*.rs"
"""The scope of whoever looks once more at releases of its own, whatever type they were of."""

_ID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Door:
    """What each operation passes through: the token, its scope, the party's standing, and the client it speaks of.

    `standing` raises where the party may not act now. `find_client` leads from an identifier to our id; `enrol` finds
    who is known and adds who is not, for a consent may be the first we learn of a person. `nobody` is the client that
    no identifier leads to. `once` does an act one time that is sent twice. In a *demo* a temporary identity code counts
    without its issuer.
    """

    authenticate: Callable[[Request], Awaitable[Requester]]
    standing: Callable[[Requester, str], Awaitable[None]]
    find_client: Callable[[Identifier], Awaitable[ClientId | None]]
    enrol: Callable[[Person, Actor], Awaitable[ClientId]]
    clock: Clock
    nobody: ClientId
    once: Once
    demo: bool = False

    def admits(self, scope: str, act: str) -> Callable[[Request], Awaitable[Requester]]:
        """Return the dependency that lets in who holds *scope* and stands; *act* names the operation in the log."""

        async def admit(request: Request) -> Requester:
            requester = await self.authenticate(request)
            if not covers(requester.scope, scope):
                raise EdgeError("insufficient-scope")
            await self.standing(requester, act)
            return requester

        return admit

    async def find(self, identifier: ClientIdentifier) -> ClientId | None:
        """Return the client, None where nobody is known by the identifier."""
        return await self.find_client(self._parse(identifier))

    async def find_or_nobody(self, identifier: ClientIdentifier) -> ClientId:
        """Return the client, or the one that nobody is: an act about them does the same work, and finds nothing."""
        return await self.find(identifier) or self.nobody

    async def find_or_add(self, identifier: ClientIdentifier, by: Actor) -> ClientId:
        """Return the client, added by *by* where nobody is known by the identifier."""
        return await self.enrol(Person((self._parse(identifier),)), by)

    def _parse(self, identifier: ClientIdentifier) -> Identifier:
        return identifier.to_domain(self.clock.now(), demo=self.demo)


def actor(requester: Requester, request: Request) -> Actor:
    """Return the worker behind *requester* as the one who acts."""
    one = requester
    return Actor(one.service, one.system, one.person, one.person_name, one.role, request_id(request))


def need_id(given: str) -> str:
    """Return an id from outside. Raises NotAvailable where it cannot be one of ours: as unknown as any other."""
    if _ID.fullmatch(given) is None:
        raise NotAvailable("Unknown here, or not this party's.")
    return given
