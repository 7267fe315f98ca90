"""The desk's routers together."""

from __future__ import annotations

from fastapi import APIRouter

from gateway.disclosure.log_search import LogSearch
from gateway.web.desk.answer_routes import answer_router
from gateway.web.desk.client_routes import Views, client_router
from gateway.web.desk.consent_routes import consent_router
from gateway.web.desk.deposit_routes import Accepts, Stores, deposit_router
from gateway.web.desk.desk import Desk
from gateway.web.desk.drafts import Drafts
from gateway.web.desk.paper_routes import paper_router
from gateway.web.desk.representative_routes import representative_router
from gateway.web.desk.start_routes import start_router
from gateway.web.desk.talk_routes import talk_router
from gateway.web.desk.withdraw_routes import withdraw_router
from gateway.web.desk.worklist_routes import worklist_router


def desk_routers(
    desk: Desk, views: Views, search: LogSearch, acceptance: Accepts, deposits: Stores
) -> tuple[APIRouter, ...]:
    """Return the routers of the room."""
    drafts = Drafts(desk.records)
    return (
        start_router(desk, views.entries), representative_router(desk, drafts, views.entries),
        talk_router(desk, drafts), answer_router(desk, drafts), paper_router(desk, drafts),
        worklist_router(desk, drafts, search, views.phrases), consent_router(desk),
        withdraw_router(desk, views.entries),
        deposit_router(desk, acceptance, deposits), client_router(desk, views),
    )  # fmt: skip
