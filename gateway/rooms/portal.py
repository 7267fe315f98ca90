"""The client's pages of deciding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter

from adapters.sql.fact_reader import SqlFactReader
from adapters.sql.log_search import SqlSearchStore
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.looking import tell_look
from gateway.disclosure.sight import Sights
from gateway.open_gateway import Gateway
from gateway.web.doors import Doors
from gateway.web.page import Pages
from gateway.web.portal.routes import portal_routers
from gateway.web.portal.visit import Room, Visit
from gateway.web.standing_mandates import StandingMandates


def portal_room(gateway: Gateway, pages: Pages, doors: Doors, mandates: StandingMandates) -> tuple[APIRouter, ...]:
    """Return the routers of the room."""
    search = SqlSearchStore(gateway.database)
    log = LogSearch(search, gateway.keys, gateway.log, gateway.log, gateway.parts.new_event_id)
    return tuple(
        portal_routers(
            Room(
                pages, doors, gateway.recording, mandates, gateway.wordings, gateway.directory, gateway.clock,
                log, gateway.concerns, _looks(gateway), Sights(SqlFactReader(gateway.database), gateway.directory),
                gateway.settings.base_url,
            )
        )
    )  # fmt: skip


def _looks(gateway: Gateway) -> Callable[[Visit, str], Awaitable[None]]:
    """Return what writes the entry of a representative's look."""

    async def looked(visit: Visit, view: str) -> None:
        await tell_look(gateway.log, gateway.parts.new_event_id(), visit.looker, visit.client, view, {})

    return looked
