"""A deposit on its way in: validated off the event loop, its client found or added."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from adapters.fhir.intake import parse_document
from gateway.directory.identity_code import Identifier
from gateway.directory.model import Directory
from gateway.disclosure.deposit import Accepted


class Acceptance:
    """Accepts documents. *find_or_add* gives our id of the person that an identifier names."""

    def __init__(self, directory: Directory, find_or_add: Callable[[Identifier], Awaitable[str]]) -> None:
        self._directory, self._find_or_add = directory, find_or_add

    async def accept(self, resource_type: str, body: bytes) -> Accepted:
        """Return the accepted document; raises BodyInvalid with every fault and its place."""
        document = await asyncio.to_thread(parse_document, resource_type, body, self._directory)
        return Accepted(
            client=await self._find_or_add(document.identifier),
            category=document.category,
            resource=document.resource,
            dated=document.dated,
            labels=document.labels,
            sections=document.sections,
            referrer=document.referrer,
            body=document.body,
            digest=hashlib.sha256(document.body).hexdigest(),
        )
