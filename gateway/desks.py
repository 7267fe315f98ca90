"""Each organisation's own desk, registered as a partner system that acts for its services and never gets a token.

So a worker who signs in with us reads by the same judgement, the same suspension and the same log as a partner's.
"""

from __future__ import annotations

from adapters.tokens.unheld import unheld_jwks
from audit.log import Dropped
from gateway.disclosure.desk_requester import desk_system
from gateway.errors import SettingsError
from gateway.open_gateway import Gateway


async def register_desks(gateway: Gateway, by: str) -> tuple[str, ...]:
    """Register the desk of every organisation that has services, and bring the services of those there up to date.

    Return what was written; a second time nothing is. Raises SettingsError where a desk cannot be registered.
    """
    there = {partner.id: partner for partner in gateway.partners.list()}
    written: list[str] = []
    for organisation in gateway.directory.organisations:
        services = sorted(code for code, row in gateway.directory.services.items() if row.organisation == organisation)
        desk = desk_system(organisation)
        known = there.get(desk)
        if not services or (known is not None and list(known.services) == services):
            continue
        if known is None:
            item = gateway.partners.adding(
                desk, organisation=organisation, services=services, scope="system/*.rs", jwks=unheld_jwks("desk"), by=by
            )
        else:
            item = gateway.partners.changing(desk, services=services, by=by)
        if isinstance(await gateway.log.submit(item), Dropped):
            raise SettingsError(f"The desk {desk} cannot be registered.")
        written.append(desk)
    return tuple(written)
