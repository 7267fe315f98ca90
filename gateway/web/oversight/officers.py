"""From a session to an officer with the scope of their organisation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateway.directory.model import Directory
from gateway.disclosure.log_query import Officer
from gateway.disclosure.officer_scope import scope_of
from gateway.http.problems import EdgeError
from gateway.web.session import Session


@dataclass(frozen=True, slots=True)
class Officers:
    """Makes officers. `systems` returns the registered partner systems with their organisations."""

    directory: Directory
    systems: Callable[[], Awaitable[Mapping[str, str]]]

    async def of(self, session: Session) -> Officer:
        """Return the officer who is signed in. One of no organisation that we know is not served: there is no such
        page."""
        signed_in = session.signed_in
        organisation = signed_in.organisation
        if organisation is None or self.directory.organisation(organisation) is None:
            raise EdgeError("no-such-address")
        scope = scope_of(organisation, self.directory, await self.systems())
        return Officer(signed_in.subject, signed_in.name, organisation, scope)
