"""What the routes of /fhir call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fastapi import Request

from gateway.directory.identity_code import Identifier
from gateway.directory.model import Directory
from gateway.disclosure.deposit import Accepted, Stored
from gateway.disclosure.release import Refused, Released, ReleasedOwn
from gateway.disclosure.request import DisclosureRequest, Requester

Authenticate = Callable[[Request], Awaitable[Requester]]


class DocumentReader(Protocol):
    """Custodians' documents on their way in: what `adapters.fhir.intake` accepts, ready to be stored."""

    async def accept(self, resource_type: str, body: bytes) -> Accepted:
        """Return the accepted document with our id of its client; raises BodyInvalid with every fault."""
        ...


class Cursors(Protocol):
    """Where a search's next page begins: random ids, held here, bound to who asked."""

    async def save(self, system: str, question: Mapping[str, object]) -> str:
        """Keep a question for a few minutes and return its id."""
        ...

    async def load(self, system: str, cursor: str) -> Mapping[str, object] | None:
        """Return the question, None for an unknown, ended or foreign id."""
        ...


@dataclass(frozen=True, slots=True)
class FhirParts:
    """What the routes call."""

    directory: Directory
    authenticate: Authenticate
    disclose: Callable[[DisclosureRequest], Awaitable[Released | ReleasedOwn | Refused]]
    standing: Callable[[Requester, str], Awaitable[None]]
    create: Callable[[Accepted, Requester], Awaitable[Stored]]
    replace: Callable[[Accepted, Requester, str, int], Awaitable[Stored]]
    documents: DocumentReader
    lookup: Callable[[Identifier], bytes]
    etag: Callable[[str, bytes], str]
    searchset: Callable[[list[tuple[str, bytes]], str, str | None, bool], bytes]
    capability: bytes
    cursors: Cursors
    base: str
    """The public address of /fhir, without a slash at its end."""
