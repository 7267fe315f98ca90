"""Prohibitions: "never to X", "never category Y". They beat every consent; only the client lifts their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gateway.consent.checks import Known, check_giver
from gateway.consent.lifecycle import new_id
from gateway.consent.model import ClientId, Giver, Prohibition
from gateway.directory.model import Directory
from gateway.errors import ConsentRefused


def prohibit(
    client: ClientId,
    recipient: str | None,
    category: str | None,
    giver: Giver,
    known: Known,
    directory: Directory,
    at: datetime,
) -> Prohibition:
    """Return a prohibition from *at* on. Raises ConsentRefused: request-invalid, mandate-missing."""
    if recipient is not None and directory.service(recipient) is None:
        raise ConsentRefused("request-invalid", "the directory knows no such recipient")
    if category is not None and directory.category(category) is None:
        raise ConsentRefused("request-invalid", "the directory knows no such category")
    check_giver(giver, known, at)
    return Prohibition(new_id(), client, recipient, category, giver.is_client, at)


def lift(
    prohibition: Prohibition, giver: Giver, told_at: str | None, known: Known, directory: Directory, at: datetime
) -> Prohibition:
    """Return the prohibition lifted at *at*; one lifted before is returned as it was.

    *told_at* is the service that says so, None on the client's own page. Raises ConsentRefused("lift-not-allowed")
    where a representative or a service would lift what the client said in person, or a service what keeps its own
    organisation out: nobody opens a door to themselves.
    """
    if prohibition.by_client and (told_at is not None or not giver.is_client):
        raise ConsentRefused("lift-not-allowed", "the client lifts it on their own page")
    if told_at is not None and _keeps_out(prohibition, told_at, directory):
        raise ConsentRefused("lift-not-allowed", "a service does not lift what keeps its own organisation out")
    check_giver(giver, known, at)
    return prohibition if prohibition.lifted_at is not None else replace(prohibition, lifted_at=at)


def _keeps_out(prohibition: Prohibition, service: str, directory: Directory) -> bool:
    if prohibition.recipient is None:
        return True
    return directory.organisation_of(prohibition.recipient) == directory.organisation_of(service)
