"""The client's pages of looking."""

from __future__ import annotations

from fastapi import APIRouter

from adapters.sql.fact_reader import SqlFactReader
from adapters.sql.log_search import SqlSearchStore
from gateway.consent.model import ClientId
from gateway.disclosure.insights import Insights
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.looking import Looker, tell_look
from gateway.disclosure.own_proof import OwnProofs
from gateway.disclosure.phrases import load_phrases
from gateway.disclosure.sight import Sights
from gateway.disclosure.wholeness import WholenessCheck
from gateway.open_gateway import Gateway
from gateway.web.doors import Doors
from gateway.web.page import Pages
from gateway.web.review.ports import Review
from gateway.web.review.room import review_routers
from gateway.web.standing_mandates import StandingMandates


def review_room(
    gateway: Gateway, pages: Pages, doors: Doors, insights: Insights, mandates: StandingMandates
) -> tuple[APIRouter, ...]:
    """Return the routers of the room."""
    log = gateway.log
    search = LogSearch(SqlSearchStore(gateway.database), gateway.keys, log, log, gateway.parts.new_event_id)

    async def tell(looker: Looker, client: ClientId, view: str) -> None:
        await tell_look(log, gateway.parts.new_event_id(), looker, client, view, {})

    review = Review(
        pages=pages, doors=doors, base_url=gateway.settings.base_url, clock=gateway.clock, pictures=gateway.recording,
        who_can_see=insights.who_can_see, previews=insights.previews, own_documents=insights.own,
        explaining=insights.explaining, log=search, log_name=gateway.settings.log_name, concerns=gateway.concerns,
        proofs=OwnProofs(search, log.verifiers), check=WholenessCheck(gateway.log_store, log.head_verifiers),
        sights=Sights(SqlFactReader(gateway.database), gateway.directory), phrases=load_phrases(), mandates=mandates,
        tell_look=tell, walked=gateway.recording.walked_through,
    )  # fmt: skip
    return tuple(review_routers(review))
