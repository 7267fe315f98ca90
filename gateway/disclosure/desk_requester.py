"""A worker signed in at an organisation's own desk, as the requester that `disclose` judges like any partner system's.

Each organisation's desk is a partner system of ours, registered for its services, whose key nobody holds: no token is
ever issued to it, and what it may do is judged, suspended and logged as a partner's.
"""

from __future__ import annotations

from gateway.directory.model import Directory
from gateway.disclosure.request import Requester

DESK = "saattaen-desk-"


def desk_system(organisation: str) -> str:
    """Return the id of the partner system that an organisation's desk is registered as."""
    return f"{DESK}{organisation}"


def desk_requester(
    directory: Directory, service: str, *, role: str, purpose: str, assurance: str, worker: str, name: str | None,
    session: str,
) -> Requester:  # fmt: skip
    """Return the requester of a worker's session; *session* stands where a partner's token id does.

    Nothing is judged here: a service, role or purpose that does not fit is refused, with an entry, by the judgement.
    """
    row = directory.service(service)
    organisation = "" if row is None else row.organisation
    return Requester(
        desk_system(organisation), organisation, service, role, purpose, assurance, worker, name, session,
        frozenset({"system/*.rs"}),
    )  # fmt: skip
