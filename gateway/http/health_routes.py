"""Whether the gateway lives, and whether it can serve: for a load balancer. Tells nothing of anyone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from gateway.http.openapi import answers, needs, problems

Check = Callable[[], Awaitable[bool]]
SECONDS = 1.0
"""How long a check may take; one that hangs counts as failed."""


class Bounded:
    """A check that answers in time. One that hangs is not begun again before it has ended: it may hold a thread."""

    def __init__(self, check: Check, seconds: float = SECONDS) -> None:
        self._check, self._seconds = check, seconds
        self._running: asyncio.Task[bool] | None = None

    async def __call__(self) -> bool:
        """Return what the check says, False where it says nothing in time or raises."""
        if self._running is None:
            self._running = asyncio.ensure_future(self._look())
            self._running.add_done_callback(self._ended)
        done, _ = await asyncio.wait((self._running,), timeout=self._seconds)
        return all(task.result() for task in done) if done else False

    async def _look(self) -> bool:
        try:
            return await self._check()
        except Exception:  # Whatever hinders a check, what it looks at cannot be relied on.
            return False

    def _ended(self, task: asyncio.Task[bool]) -> None:
        self._running = None


def health_router(checks: Mapping[str, Check], seconds: float = SECONDS) -> APIRouter:
    """Return the routes; *checks* by name are what readiness rests on, all asked at once."""
    bounded = {name: Bounded(check, seconds) for name, check in checks.items()}
    router = APIRouter(prefix="/health", tags=["Health"])

    @router.get(
        "/live",
        summary="The process answers",
        responses=answers(200, "It does", {"status": "live"}) | problems(token=False),
        openapi_extra=needs(None),
    )
    async def live() -> Response:
        return Response(b'{"status":"live"}', media_type="application/json")

    @router.get(
        "/ready",
        summary="Database, policy engine and log can serve",
        responses=problems(token=False)
        | answers(200, "They can", {"status": "ready", "parts": {"database": True, "engine": True, "log": True}})
        | answers(503, "Not yet", {"status": "not ready", "parts": {"database": True, "engine": False, "log": True}}),
        openapi_extra=needs(None),
    )
    async def ready() -> Response:
        found = await asyncio.gather(*(check() for check in bounded.values()))
        parts = dict(zip(bounded, found, strict=True))
        status = 200 if all(parts.values()) else 503
        body = {"status": "ready" if status == 200 else "not ready", "parts": parts}
        return Response(orjson.dumps(body), status, media_type="application/json")

    return router
