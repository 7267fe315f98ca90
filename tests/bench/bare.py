"""The yardstick: a bare FastAPI application with one route that returns given bytes, served as the gateway is."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI
from starlette.responses import Response


def bare_app(body: bytes) -> FastAPI:
    """Return the application. It has no middleware, no authentication and nothing to look up."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @app.get("/fhir/CarePlan/{id}")
    async def read(id: str) -> Response:
        return Response(body, media_type="application/fhir+json")

    @app.get("/health/live")
    async def live() -> Response:
        return Response(b'{"status":"live"}', media_type="application/json")

    return app


def main() -> None:
    """Serve the bytes of a file on a port of this machine: arguments file, port."""
    config = uvicorn.Config(
        bare_app(Path(sys.argv[1]).read_bytes()), host="127.0.0.1", port=int(sys.argv[2]), access_log=False,
        log_level="warning", proxy_headers=False, server_header=False, date_header=False,
    )  # fmt: skip
    # The loop is the one that `saattaen serve` runs on.
    uvloop.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
