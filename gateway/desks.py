"""Each organisation's desk registered as a partner system, so that it is judged, suspended and logged as one."""

from __future__ import annotations

from adapters.tokens.unheld import unheld_keys
from gateway.composition import Gateway
from gateway.disclosure.desk_requester import desk_system

_SCOPE = "system/*.rs"


async def register_desks(gateway: Gateway) -> int:
    """Register the desks that are missing, and the services that were added since; return how many entries were made.

    A desk that was suspended stays so.
    """
    wanted: dict[str, list[str]] = {}
    for code, service in gateway.directory.services.items():
        wanted.setdefault(service.organisation, []).append(code)
    made = 0
    for organisation, services in wanted.items():
        system = desk_system(organisation)
        if gateway.partners.find(system) is None:
            item = gateway.partners.adding(
                system, organisation=organisation, services=services, scope=_SCOPE, jwks=unheld_keys(), by="gateway"
            )
        elif set(gateway.partners.services_of(system)) != set(services):
            item = gateway.partners.changing(system, services=services, by="gateway")
        else:
            continue
        await gateway.log.submit(item)
        made += 1
    return made
