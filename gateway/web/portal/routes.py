"""The portal put together."""

from __future__ import annotations

from fastapi import APIRouter

from gateway.web.portal.change_routes import change_router
from gateway.web.portal.confirm_routes import confirm_router
from gateway.web.portal.consent_routes import consent_router
from gateway.web.portal.give_routes import give_router
from gateway.web.portal.receipt_routes import receipt_router
from gateway.web.portal.request_routes import request_router
from gateway.web.portal.settings_routes import settings_router
from gateway.web.portal.standing_routes import standing_router
from gateway.web.portal.start_routes import start_router
from gateway.web.portal.visit import Room
from gateway.web.portal.withdraw_routes import withdraw_router


def portal_routers(room: Room) -> tuple[APIRouter, ...]:
    """Return the routes of the pages of deciding."""
    return (
        start_router(room), request_router(room), consent_router(room), change_router(room), withdraw_router(room),
        give_router(room), receipt_router(room), standing_router(room), settings_router(room), confirm_router(room),
    )  # fmt: skip
