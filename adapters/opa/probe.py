"""A question whose answer is known: is the engine there, does it judge by the pinned policies, and can it refuse?"""

from __future__ import annotations

from gateway.disclosure.decision import Deny
from gateway.disclosure.ports import PolicyEngine
from gateway.errors import EngineUnavailable


async def verify_engine(engine: PolicyEngine) -> None:
    """Raise EngineUnavailable unless *engine* refuses a request of which nothing is known, as it must."""
    match await engine.decide({}):
        case Deny(reasons=("request-invalid",)):
            return
        case _:
            raise EngineUnavailable("the policy engine does not refuse what it must refuse")
