"""What `saattaen doctor` asks of the ways to people: pages that they sign in at, channels that tell them."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.suomifi.account import load_register
from adapters.tokens.login.providers import load_providers
from gateway.cli.finding import Finding, look, well
from gateway.directory.load import load_directory
from gateway.identification import Kind
from gateway.notice_channels import NO_PAGES, notice_channels, untold
from gateway.settings import Settings


def pages(settings: Settings) -> Iterator[Finding]:
    """Whether people can sign in; raises SettingsError for faults of the file that names the providers."""
    if settings.identification is None:
        if settings.demo:
            yield well("pages", "A demo brings providers of its own.")
        else:
            yield look("pages", NO_PAGES, "See deploy/identification.yaml. Leave it so where machines alone come.")
        return
    rows = load_providers(settings.identification, load_directory(settings.directory), demo=settings.demo).values()
    register = load_register(settings.identification)
    for kind, who in ((Kind.CLIENT, "clients"), (Kind.STAFF, "staff")):
        if all(row.kind is not kind for row in rows):
            yield look("pages", f"No provider is there at which {who} sign in.", "Add one to SAATTAEN_IDENTIFICATION.")
    acting = "nobody can act for another" if register is None else "the register of mandates is named"
    yield well("pages", f"People sign in at {len(rows)} providers; {acting}.")


def channels(settings: Settings) -> Iterator[Finding]:
    """Whether a channel leads to clients; raises SettingsError for a secret that cannot be read."""
    lacks = untold(settings)
    if lacks is None:
        notice_channels(settings)
        yield well("channels", "A channel leads to clients.")
    else:
        yield look("channels", lacks, "")
