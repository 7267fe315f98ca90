"""The data protection officer's room."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter

from adapters.sql.concern_registry import SqlConcernRegistry
from adapters.sql.log_search import SqlSearchStore
from adapters.sql.officer_looks import SqlOfficerLooks
from adapters.sql.report_store import SqlReportStore
from adapters.sql.sealing import Sealing
from adapters.sql.verifications import SqlVerifications
from gateway.consent.lifecycle import new_id
from gateway.disclosure.client_reporting import ClientReports
from gateway.disclosure.entry_proof import EntryProofs
from gateway.disclosure.log_watch import LogWatch
from gateway.disclosure.officer_looks import OfficerLooks
from gateway.disclosure.phrases import load_phrases
from gateway.open_gateway import Gateway
from gateway.web.doors import Doors
from gateway.web.oversight.concern_routes import concern_router
from gateway.web.oversight.entry_routes import entry_router
from gateway.web.oversight.front_routes import front_router
from gateway.web.oversight.gate import Gate
from gateway.web.oversight.officers import Officers
from gateway.web.oversight.report_files import ReportFiles
from gateway.web.oversight.report_routes import report_router
from gateway.web.oversight.search_routes import search_router
from gateway.web.page import Pages


def oversight_room(gateway: Gateway, pages: Pages, doors: Doors) -> tuple[APIRouter, ...]:
    """Return the routers of the data protection officers' room."""
    settings, store, phrases = gateway.settings, SqlSearchStore(gateway.database), load_phrases()

    async def systems() -> Mapping[str, str]:
        found = await asyncio.to_thread(gateway.partners.list)
        return {one.id: one.organisation for one in found}

    now, new_event_id = gateway.clock.now, gateway.parts.new_event_id
    gate = Gate(doors, Officers(gateway.directory, systems), SqlOfficerLooks(gateway.database, now))
    looks = OfficerLooks(store, gateway.keys, gateway.log, new_event_id)
    proofs = EntryProofs(store, gateway.keys, gateway.log.head_verifiers, gateway.directory)
    last = SqlVerifications(gateway.database).last
    anchored = None if gateway.safe is None else gateway.safe.known_size
    watch = LogWatch(store, settings.log_name, gateway.log.head_verifiers, last, anchored)
    kept = SqlReportStore(gateway.database, Sealing(gateway.keys))
    reports = ClientReports(kept, store, gateway.keys, gateway.log, new_event_id, new_id, now)
    files = ReportFiles(pages, phrases, demo=settings.demo)
    concerns = SqlConcernRegistry(Sealing(gateway.keys))

    async def open_concerns(organisation: str) -> int:
        return await gateway.database.reading(lambda link: concerns.open_count(link, organisation))

    return (
        front_router(pages, gate, looks, watch, open_concerns, now),
        concern_router(pages, gate, gateway.concerns, phrases, settings.base_url, now),
        search_router(pages, gate, looks, gateway.recording, phrases, settings.base_url, now),
        report_router(pages, gate, reports, files, gateway.recording, settings.base_url, now),
        entry_router(pages, gate, looks, proofs, phrases, settings.log_name, settings.base_url),
    )
