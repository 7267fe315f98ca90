"""Where a request comes from, as far as pacing goes: the address that it counts for. Nothing keeps or logs it."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from starlette.types import Scope

_NETWORK_BITS = 64
"""Whoever has one IPv6 address has all of such a network, and would else be somebody else with each request."""


def whence(scope: Scope) -> str:
    """Return the address that a request counts for; empty where there is none. An IPv6 address stands for its network.

    Behind a proxy that the settings name it is the address that the proxy tells (`serving.server`).
    """
    client = scope.get("client")
    return _counted(client[0]) if client else ""


@lru_cache(maxsize=4096)
def _counted(told: str) -> str:
    try:
        address = ip_address(told)
    except ValueError:
        return told[:64]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> _NETWORK_BITS << _NETWORK_BITS))
