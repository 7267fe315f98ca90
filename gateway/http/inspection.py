"""A start for inspection: the log as it is published, health and descriptions are shown; everything else is refused.

Data is refused too: no entry, no bytes. Whatever slips through fails at the store, which cannot be written either.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import ReadOnly
from gateway.http.problems import answer

_SHOWN: Final = re.compile(
    r"/(?:health|audit|\.well-known|fhir/\.well-known|reference)/.*"
    r"|/reference|/openapi\.json|/fhir/metadata|/oauth/jwks\.json"
)


class InspectionLayer:
    """Wraps the app of a gateway that was started read-only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Show what can be shown without writing."""
        if scope["type"] == "http" and not (scope["method"] in ("GET", "HEAD") and _SHOWN.fullmatch(scope["path"])):
            await answer(ReadOnly(), scope["path"], scope["saattaen.request_id"])(scope, receive, send)
            return
        await self._app(scope, receive, send)
