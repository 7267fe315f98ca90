"""The human edge put together: pages, doors and rooms over an open gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter

from adapters.sql.log_search import SqlSearchStore
from gateway.composition import Gateway
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.looking import Looker, LookerKind, tell_look
from gateway.web.doors import Doors
from gateway.web.page import Pages
from gateway.web.portal.routes import portal_routers
from gateway.web.portal.visit import Room, Visit
from gateway.web.session import Sessions
from gateway.web.shell.routes import shell_router


@dataclass(frozen=True, slots=True)
class Site:
    """What the application serves to people: the routers of the rooms, and how their problems are told."""

    pages: Pages
    routers: tuple[APIRouter, ...]


def make_site(gateway: Gateway, sessions: Sessions) -> Site:
    """Return the human edge of *gateway*, whose people *sessions* knows."""
    settings = gateway.settings
    pages = Pages(gateway.directory, demo=settings.demo)
    doors = Doors(sessions, secure=settings.base_url.startswith("https:"))
    search = SqlSearchStore(gateway.database)
    log = LogSearch(search, gateway.keys, gateway.log, gateway.log, gateway.parts.new_event_id)
    room = Room(
        pages, doors, gateway.recording, gateway.mandates, gateway.wordings, gateway.directory, gateway.clock, log,
        gateway.concerns, _looks(gateway), settings.base_url,
    )  # fmt: skip
    return Site(pages, (shell_router(pages, doors), *portal_routers(room)))


def _looks(gateway: Gateway) -> Callable[[Visit, str], Awaitable[None]]:
    """Return what writes the entry of a representative's look."""

    async def looked(visit: Visit, view: str) -> None:
        person = visit.session.signed_in
        looker = Looker(LookerKind.REPRESENTATIVE, person.subject, person.name, request_id=visit.by.request_id)
        await tell_look(gateway.log, gateway.parts.new_event_id(), looker, visit.client, view, {})

    return looked
