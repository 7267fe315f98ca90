"""The human edge put together: pages, doors and rooms over an open gateway."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from fastapi import APIRouter

from gateway.disclosure.observing import Observer
from gateway.insight import insights_of
from gateway.open_gateway import Gateway
from gateway.rooms.desk import desk_room
from gateway.rooms.oversight import oversight_room
from gateway.rooms.portal import portal_room
from gateway.rooms.review import review_room
from gateway.rooms.sign_in import way_in
from gateway.web.desk.mandates import DeskMandates
from gateway.web.doors import Doors
from gateway.web.page import Pages
from gateway.web.session import Sessions
from gateway.web.shell.routes import shell_router
from gateway.web.sign_in.acting_routes import acting_router
from gateway.web.sign_in.pace import Pace
from gateway.web.sign_in.representing import Representing
from gateway.web.sign_in.routes import SignIn, sign_in_router
from gateway.web.standing_mandates import StandingMandates


@dataclass(frozen=True, slots=True)
class Site:
    """What the application serves to people: the routers of the rooms, and how their problems are told."""

    pages: Pages
    routers: tuple[APIRouter, ...]
    doors: Doors


def make_site(
    gateway: Gateway, sessions: Sessions, sign_in: SignIn | None = None, representing: Representing | None = None,
    at_desk: DeskMandates | None = None, observer: Observer | None = None,
) -> Site:  # fmt: skip
    """Return the human edge of *gateway*, whose people *sessions* knows; without *sign_in* nobody can come in anew,
    without *representing* nobody can choose to act for another, and without *at_desk* nobody can at a desk. *observer*
    is told of what the pages have fetched."""
    settings, insights = gateway.settings, insights_of(gateway, observer)
    pages = Pages(gateway.directory, demo=settings.demo)
    doors = Doors(sessions, secure=settings.base_url.startswith("https:"))
    mandates = StandingMandates(gateway.mandates, gateway.clock.now, gateway.recording.is_mandate_over)
    rooms = [
        shell_router(pages, doors), *portal_room(gateway, pages, doors, mandates),
        *review_room(gateway, pages, doors, insights, mandates),
        *desk_room(gateway, pages, doors, insights, observer, at_desk), *oversight_room(gateway, pages, doors),
    ]  # fmt: skip
    if sign_in is not None:
        rooms.append(sign_in_router(pages, doors, sign_in))
    if representing is not None:
        rooms.append(acting_router(pages, doors, representing, settings.base_url))
    return Site(pages, tuple(rooms), doors)


def open_site(
    gateway: Gateway, transport: httpx.AsyncBaseTransport | None = None, pace: Pace | None = None,
    observer: Observer | None = None,
) -> Site | None:  # fmt: skip
    """Return the human edge as the settings have it, None where they name no provider to sign in at.

    *transport* leads to the providers in place of the network. Raises SettingsError for faults of their file.
    """
    way = way_in(gateway, transport, pace)
    if way is None:
        return None
    return make_site(gateway, way.sessions, way.sign_in, way.representing, way.at_desk, observer)
