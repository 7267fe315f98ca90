"""The human edge put together: pages, doors and rooms over an open gateway."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from adapters.sql.log_search import SqlSearchStore
from gateway.composition import Gateway
from gateway.consent.model import ClientId
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.looking import Looker, tell_look
from gateway.disclosure.own_proof import OwnProofs
from gateway.disclosure.phrases import load_phrases
from gateway.disclosure.wholeness import WholenessCheck
from gateway.insight import insights_of
from gateway.web.doors import Doors
from gateway.web.page import Pages
from gateway.web.review.ports import Review
from gateway.web.review.room import review_routers
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
    return Site(pages, (shell_router(pages, doors), *review_routers(_review(gateway, pages, doors))))


def _review(gateway: Gateway, pages: Pages, doors: Doors) -> Review:
    insights, log = insights_of(gateway), gateway.log

    async def tell(looker: Looker, client: ClientId, view: str) -> None:
        await tell_look(log, gateway.parts.new_event_id(), looker, client, view, {})

    search = LogSearch(
        SqlSearchStore(gateway.database), gateway.keys, log, log, gateway.parts.new_event_id
    )  # fmt: skip
    return Review(
        pages=pages, doors=doors, base_url=gateway.settings.base_url, clock=gateway.clock, pictures=gateway.recording,
        who_can_see=insights.who_can_see, previews=insights.previews, own_documents=insights.own,
        explaining=insights.explaining, log=search, log_name=gateway.settings.log_name, concerns=gateway.concerns,
        proofs=OwnProofs(search, log.verifiers), check=WholenessCheck(gateway.log_store, log.verifiers),
        phrases=load_phrases(), mandates=gateway.mandates, tell_look=tell,
    )  # fmt: skip
