"""Whether the gateway lives, and whether it can serve: for a load balancer. Tells nothing of anyone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from gateway.http.openapi import answers, needs, problems

Check = Callable[[], Awaitable[bool]]


def health_router(checks: Mapping[str, Check]) -> APIRouter:
    """Return the routes; *checks* by name are what readiness rests on."""
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
        summary="Policy engine and log can serve",
        responses=problems(token=False)
        | answers(200, "They can", {"status": "ready", "parts": {"engine": True, "log": True}})
        | answers(503, "Not yet", {"status": "not ready", "parts": {"engine": False, "log": True}}),
        openapi_extra=needs(None),
    )
    async def ready() -> Response:
        parts = {name: await check() for name, check in checks.items()}
        status = 200 if all(parts.values()) else 503
        body = {"status": "ready" if status == 200 else "not ready", "parts": parts}
        return Response(orjson.dumps(body), status, media_type="application/json")

    return router
