"""Our own store as a custodian: documents deposited with us, AES-256-GCM under a data key per client."""

from __future__ import annotations

import hashlib
from typing import Protocol

from gateway.disclosure.decision import Permit
from gateway.errors import CustodianUnavailable


class VersionReader(Protocol):
    """Reads one version's accepted bytes; None where there is none or it does not open."""

    async def fetch_version(self, client: str, document: str, version: int) -> tuple[bytes, bytes] | None:
        """Return the bytes and the SHA-256 that was kept of them."""
        ...


class DepositCustodian:
    """Hands over what was deposited, against a Permit."""

    def __init__(self, store: VersionReader) -> None:
        self._store = store

    async def fetch(self, permit: Permit, client: str, document: str, version: int) -> bytes:
        """Return the accepted bytes of that very version; raises CustodianUnavailable when they are not whole."""
        if not permit.sections:
            raise CustodianUnavailable("A permit that names no section opens nothing.")
        return _whole(await self._store.fetch_version(client, document, version))

    async def fetch_own(self, client: str, document: str, version: int) -> bytes:
        """Return the bytes to the custodian that deposited them; the caller has checked that it is that one."""
        return _whole(await self._store.fetch_version(client, document, version))


def _whole(found: tuple[bytes, bytes] | None) -> bytes:
    if found is None or hashlib.sha256(found[0]).digest() != found[1]:
        raise CustodianUnavailable("The deposited document cannot be opened.")
    return found[0]
