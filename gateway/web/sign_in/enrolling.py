"""From an identified client to ours: who is not known yet becomes one, and a non-disclosure flag marks them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gateway.consent.client_register import ClientStanding
from gateway.consent.clients import Clients
from gateway.consent.model import Actor, ClientId
from gateway.consent.person import Person
from gateway.directory.identity_code import Identifier
from gateway.errors import RequestInvalid
from gateway.identification import Identified, NotIdentified

_GATEWAY = Actor(system="gateway")


class Enrolling:
    """Called with what a provider told of a client."""

    def __init__(
        self, clients: Clients, standing: Callable[[ClientId], Awaitable[ClientStanding | None]]
    ) -> None:  # fmt: skip
        self._clients, self._standing = clients, standing

    async def __call__(self, identified: Identified) -> ClientId:
        """Return the client. Raises NotIdentified where the identity code names nobody for certain.

        A flag that the provider does not tell any more is not taken away here: that is the register's to say.
        """
        if identified.identity_code is None:
            raise NotIdentified("claims-unfit")
        person = Person((Identifier.personal(identified.identity_code),), identified.name)
        try:
            client = await self._clients.enrol(person, _GATEWAY)
        except RequestInvalid:
            # A temporary code, which names somebody only together with its issuer.
            raise NotIdentified("claims-unfit") from None
        standing = await self._standing(client)
        if identified.non_disclosure and (standing is None or not standing.non_disclosure):
            await self._clients.mark(client, non_disclosure=True, by=_GATEWAY)
        return client
