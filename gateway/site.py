"""The human edge put together: pages, doors and rooms over an open gateway."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from gateway.composition import Gateway
from gateway.desk_room import desk_room
from gateway.insight import insights_of
from gateway.web.doors import Doors
from gateway.web.page import Pages
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
    return Site(pages, (shell_router(pages, doors), *desk_room(gateway, pages, doors, insights_of(gateway))))
