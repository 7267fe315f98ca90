"""The human edge put together: pages, doors and rooms over an open gateway."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from adapters.sql.log_search import SqlSearchStore
from gateway.composition import Gateway
from gateway.disclosure.log_search import LogSearch
from gateway.web.doors import Doors
from gateway.web.page import Pages
from gateway.web.portal.routes import portal_routers
from gateway.web.portal.visit import Room
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
        settings.base_url,
    )  # fmt: skip
    return Site(pages, (shell_router(pages, doors), *portal_routers(room)))
