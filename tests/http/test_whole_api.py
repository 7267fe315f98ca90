"""The composed application under random input: no 500, no undocumented status, whatever is sent to any operation."""

from __future__ import annotations

import asyncio
import atexit
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from gateway.app import create_app
from tests.laws.gateway_world import open_world

CHECKS: list[Any] = [not_a_server_error, status_code_conformance, content_type_conformance]
SCOPE = "system/*.rs saattaen/consents saattaen/deposits saattaen/relations"
bounded = settings(
    max_examples=8, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def whole_gateway() -> tuple[Any, str]:
    """Open a gateway for the life of this process; return its application and a custodian's token."""
    folder = TemporaryDirectory(prefix="saattaen-whole-")
    stack, runner = AsyncExitStack(), asyncio.Runner()

    async def enter() -> tuple[Any, str]:
        laws = await stack.enter_async_context(open_world(Path(folder.name)))
        return create_app(laws.gateway), await laws.token(laws.acting("sote-keskus", "laakari", "care"), scope=SCOPE)

    def leave() -> None:
        runner.run(stack.aclose())
        runner.close()
        folder.cleanup()

    atexit.register(leave)
    return runner.run(enter())


APP, TOKEN = whole_gateway()
"""One gateway for the whole module: what one example recorded, the next may find."""
schema = schemathesis.openapi.from_asgi("/openapi.json", APP)


@schema.parametrize()
@bounded
def test_every_operation_answers_as_documented(case: schemathesis.Case[Any]) -> None:
    if not case.operation.path.startswith("/oauth/"):
        case.headers["authorization"] = f"Bearer {TOKEN}"
    case.call_and_validate(checks=CHECKS)
