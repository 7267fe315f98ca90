"""What the pages ask beside the acts of consent, made of an open gateway: see `gateway.disclosure.insights`."""

from __future__ import annotations

from adapters.fhir.reading_view import reading_view
from adapters.sql.fact_reader import SqlFactReader
from adapters.sql.log_search import SqlSearchStore
from gateway.directory.model import Directory
from gateway.disclosure.desk_view import DeskView
from gateway.disclosure.explaining import Explaining
from gateway.disclosure.history import History
from gateway.disclosure.insights import Insights, ReadsReleased
from gateway.disclosure.observed import fetches_observed
from gateway.disclosure.observing import Observer
from gateway.disclosure.own_documents import OwnDocuments
from gateway.disclosure.phrases import load_phrases
from gateway.disclosure.previewing import Previewing
from gateway.disclosure.reading_view import ReadingView
from gateway.disclosure.rebuilding import Rebuilding
from gateway.disclosure.waiting import waiting
from gateway.disclosure.who_can_see import WhoCanSee
from gateway.open_gateway import Gateway


def insights_of(gateway: Gateway, observer: Observer | None = None) -> Insights:
    """Return who can see what, previews, own documents, a desk's view and explanations, over an open gateway.

    *observer* is told of what previews and readings have fetched from custodians outside.
    """
    directory, new_event_id = gateway.directory, gateway.parts.new_event_id
    parts = waiting(gateway.parts) if observer is None else fetches_observed(waiting(gateway.parts), observer)
    reader = SqlFactReader(gateway.database)
    history = History(SqlSearchStore(gateway.database), gateway.keys)
    past = Rebuilding(history, reader, directory)
    return Insights(
        who_can_see=WhoCanSee(reader, past, gateway.engine, directory, gateway.clock, gateway.log, new_event_id),
        previews=Previewing(reader, reading_view, parts),
        own=OwnDocuments(reader, reading_view, parts),
        desks=DeskView(
            reader, gateway.register.decoy(), gateway.engine, directory, gateway.clock, gateway.log, new_event_id
        ),
        explaining=explaining_of(gateway),
        read_document=_released(directory),
    )


def explaining_of(gateway: Gateway) -> Explaining:
    """Return what explains entries."""
    history = History(SqlSearchStore(gateway.database), gateway.keys)
    return Explaining(history, gateway.directory, load_phrases(), gateway.log, gateway.parts.new_event_id)


def _released(directory: Directory) -> ReadsReleased:
    def read(body: bytes, category: str) -> ReadingView:
        return reading_view(body, directory.layouts[category])

    return read
