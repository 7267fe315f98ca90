"""What `saattaen doctor` asks of what lies elsewhere: databases, the policy engine, custodians' own servers."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.custodian.fhir_server.connection import ServerConnection
from adapters.custodian.fhir_server.load import load_custodians
from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.probe import verify_engine
from adapters.sql.libpq import unverified, unverified_host
from gateway.cli.finding import Finding, look, well, wrong
from gateway.directory.load import load_directory
from gateway.errors import CustodianUnavailable
from gateway.policy_server import policy_server
from gateway.settings import Settings


def links(settings: Settings) -> Iterator[Finding]:
    """Whether what goes to a database on another machine could be read or answered by somebody on the way."""
    for url, what in ((settings.database, "main database"), (settings.key_database, "database of data keys")):
        host = unverified_host(url)
        if host is not None:
            yield look("links", unverified(what, host), "Where a network of its own leads there, leave it so.")


async def engine(settings: Settings) -> list[Finding]:
    """Whether the policy engine judges by the pinned policies; raises EngineUnavailable."""
    if settings.engine == "opa":
        async with policy_server(settings) as server:
            await verify_engine(server)
            return [well("engine", f"The OPA server judges by revision {server.revision[:12]}.")]
    embedded = EmbeddedEngine()
    await verify_engine(embedded)
    return [well("engine", f"The embedded engine judges by revision {embedded.revision[:12]}.")]


async def custodians(settings: Settings) -> list[Finding]:
    """Whether custodians' own servers answer us; raises SettingsError for faults of the file that names them."""
    if settings.custodians is None:
        return []
    named = load_custodians(settings.custodians, load_directory(settings.directory), demo=settings.demo)
    found: list[Finding] = []
    for name, server in named.servers.items():
        try:
            async with ServerConnection(server) as connection:
                await connection.capability()
            found.append(well("custodians", f"The server {name} answers."))
        except CustodianUnavailable as error:
            says = f"The server {name} cannot be used: {error.detail}. Nothing that lies there is released."
            found.append(wrong("custodians", says, "Ask whoever runs it; no restart is needed once it answers."))
    return found
