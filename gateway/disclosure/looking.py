"""Who looks at what stands about a client, and the entry that each look leaves: no entry, nothing shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from audit.entry import Draft, IndexRow
from audit.writing import Writing
from gateway.disclosure.ports import LogWriter


class LookerKind(StrEnum):
    """In whose name somebody looks."""

    CLIENT = "client"
    REPRESENTATIVE = "representative"
    OFFICER = "officer"


_KINDS = {
    LookerKind.CLIENT: "subject.read", LookerKind.REPRESENTATIVE: "mandate.read", LookerKind.OFFICER: "audit.read",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks. The client alone needs no `id`; of others it is their own, and goes to the actor's section.

    `services` are those of an officer's organisation: an officer sees what concerns these alone. None is everything,
    for the operator's own officer.
    """

    kind: LookerKind = LookerKind.CLIENT
    id: str | None = None
    name: str | None = None
    organisation: str | None = None
    services: frozenset[str] | None = None
    request_id: str | None = None
    ticks: frozenset[str] = frozenset()
    """The sensitivities that a representative's mandate covers; none unless the client ticked them."""

    @property
    def is_client(self) -> bool:
        """Return whether the client looks in person."""
        return self.kind is LookerKind.CLIENT


THE_CLIENT = Looker()
"""The client in person, signed in on their own page."""


def look_draft(
    event_id: str,
    looker: Looker,
    client: str | None,
    view: str,
    body: Mapping[str, object],
    index: IndexRow | None = None,
    met: Mapping[str, object] | None = None,
) -> Draft:
    """Return the entry of a look; *view* says at what (`who-can-see`, `preview`, `documents`, `document`).

    *met* tells of documents that came from a custodian outside, by id; it goes to section s, as it does of a release.
    """
    kind, by = _KINDS[looker.kind], str(looker.kind)
    told: dict[str, object] = {"view": view, "by": by, **body}
    if looker.request_id is not None:
        told["request_id"] = looker.request_id
    actor: dict[str, object] = {"client": client} if looker.is_client else {
        "person": looker.id, "name": looker.name, "organisation": looker.organisation, "role": by,
    }  # fmt: skip
    subject: dict[str, object] = {} if client is None else {"client": client}
    if met:
        subject["met"] = met
    owner = client if looker.is_client else f"{by}/{looker.id or ''}"
    at = IndexRow("", "na") if index is None else index
    return Draft(event_id, replace(at, kind=kind), told, subject, actor, client, owner)


async def tell_look(
    log: LogWriter, event_id: str, looker: Looker, client: str | None, view: str, body: Mapping[str, object]
) -> None:
    """Write the entry of a look, and return once it is durable: only then may anything be shown.

    Raises TooBusy and StoreUnavailable.
    """
    await log.submit(Look(look_draft(event_id, looker, client, view, body)))


@dataclass(frozen=True, slots=True)
class Look:
    """The write of the entry that says who looked."""

    draft: Draft

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Return the entry."""
        return None, [self.draft]
