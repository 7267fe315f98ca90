"""How long a gateway under test waits for a custodian's server, in the words of the file that names the servers."""

from __future__ import annotations

import pytest

from adapters.custodian.fhir_server.simulated_faults import Fault

SHORT, LONG = 5_000, 30_000
SILENT = frozenset({Fault.SLOW, Fault.TRICKLES})
"""What only ends because the gateway does not wait any longer."""


def waiting(milliseconds: int = LONG, limits: str = "{}") -> str:
    """Return lines for `write_custodians`: patient by default, or a busy machine would be the fault."""
    waits = f"{{connect: {milliseconds}, read: {milliseconds}, whole: {milliseconds}}}"
    return f"    milliseconds: {waits}\n    limits: {limits}"


def waits_in(request: pytest.FixtureRequest) -> int:
    """Return how long is waited in a test: not as long where its parameter *fault* is that nothing comes."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    return SHORT if parameters.get("fault") in SILENT else LONG
