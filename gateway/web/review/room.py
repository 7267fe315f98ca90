"""The room's routers, put together."""

from __future__ import annotations

from fastapi import APIRouter

from gateway.web.review.document_routes import document_router
from gateway.web.review.entry_routes import entry_router
from gateway.web.review.log_routes import log_router
from gateway.web.review.matrix_routes import matrix_router
from gateway.web.review.ports import Review
from gateway.web.review.preview_routes import preview_router
from gateway.web.review.print_routes import print_router
from gateway.web.review.recipient_routes import recipient_router
from gateway.web.review.timeline_routes import timeline_router
from gateway.web.review.walk_routes import walk_router


def review_routers(room: Review) -> tuple[APIRouter, ...]:
    """Return the routers of the pages of looking."""
    return (
        matrix_router(room), recipient_router(room), log_router(room), entry_router(room), timeline_router(room),
        preview_router(room), document_router(room), walk_router(room), print_router(room),
    )  # fmt: skip
