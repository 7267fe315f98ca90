"""What others record about a client, and what a client met elsewhere, takes nothing away from what the client gave."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex

from sqlalchemy import text

from adapters.opa.decision import MAX_GRANTS
from adapters.sql.fact_reader import MAX_DOCUMENTS
from gateway.consent.model import Actor, Capture, CaptureMethod, Evidence, GrantRow, Shown
from gateway.disclosure.release import Refused, Released
from gateway.insight import insights_of
from tests.laws.gateway_world import PLAN, STRANGER, Laws


async def test_another_organisation_shuts_nobody_out_by_recording_what_ends_at_once(laws: Laws) -> None:
    document = await laws.deposit()
    client, kinds = await laws.client("suvi"), _kinds(laws)
    assert len(kinds) > MAX_GRANTS
    recording, told = laws.gateway.recording, laws.gateway.wordings.current()
    seen = Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=Evidence((("identity_check", "seen"),)))
    words, by = Shown(told.id, told.version, "fi", "plain", "0" * 64), Actor("tyopaja", "tyopaja-system", "w-1")
    for batch in (kinds[at : at + 50] for at in range(0, len(kinds), 50)):
        now = laws.clock.now()
        await recording.give(
            client,
            [replace(row, valid_from=now, until=now + timedelta(seconds=1)) for row in batch],
            seen,
            words,
            by=by,
        )
        laws.clock.advance(timedelta(seconds=2))
    refused = await laws.ask(laws.read_of(document))
    assert isinstance(refused, Refused) and refused.reason == "expired"
    for consent in (await recording.for_client(client)).consents:
        await recording.withdraw(consent.id, client=client)
    refused = await laws.ask(laws.read_of(document))
    assert isinstance(refused, Refused) and refused.reason == "withdrawn"
    given = await laws.give()
    released = await laws.ask(laws.read_of(document))
    assert isinstance(released, Released)
    assert [grant.consent for one in released.documents for grant in one.permit.grants] == [given.id]
    # Nor does an answer tell that anything was ever recorded of somebody.
    assert (await laws.search(laws.code("suvi"))).status_code == (await laws.search(STRANGER)).status_code == 200
    cell = (await insights_of(laws.gateway).who_can_see.matrix(client)).cell("kuntakokeilu", PLAN)
    assert cell is not None and cell.permitted


def _kinds(laws: Laws) -> list[GrantRow]:
    """Return rows to the employment service, each unlike the others, for all that may be granted to it."""
    directory, later = laws.world.directory, laws.clock.now() + timedelta(days=9)
    to = directory.services["kuntakokeilu"]
    return [
        laws.row(custodian=code, category=category, purpose=purpose, once=once, dated_from=dated_from)
        for code, service in directory.services.items()
        for category, row in directory.categories.items()
        if code != to.code
        and (flow := directory.flow(category, service.kind, to.kind, laws.clock.now())) is not None
        and not {"consent", "consent-once"}.isdisjoint(flow.bases)
        for purpose in directory.purposes
        for once in ((True,) if row.single_use else (False, True))
        for dated_from in (None, later)
    ]


async def test_what_a_client_met_elsewhere_pushes_nothing_of_ours_out_of_a_search(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    _copy(laws, document, MAX_DOCUMENTS + 1, "'terveystarkastus', dated + 1, 'server'")
    found = await laws.ask(laws.search_of(laws.code("suvi")))
    assert isinstance(found, Released)
    assert [one.document.id for one in found.documents] == [document]


async def test_a_search_is_told_of_the_newest_of_ours_and_of_the_newest_met_elsewhere(laws: Laws) -> None:
    document = await laws.deposit()
    for elsewhere in ("'terveystarkastus', dated + 1, 'server'", "custodian, dated + 2, NULL"):
        _copy(laws, document, MAX_DOCUMENTS, elsewhere)
    asked = laws.search_of(laws.code("suvi"))
    assert asked.identifier is not None
    told = await laws.gateway.parts.facts.for_client("kuntakokeilu-system", "kuntakokeilu", asked.identifier, (PLAN,))
    assert Counter(one.source for one in told.documents) == {None: MAX_DOCUMENTS, "server": MAX_DOCUMENTS}
    assert document not in {one.id for one in told.documents}


def _copy(laws: Laws, document: str, number: int, custodian_dated_source: str) -> None:
    """Write as many rows like that of *document*, under ids of their own."""
    with laws.gateway.database.write() as connection:
        for _ in range(number):
            connection.execute(
                text(
                    "INSERT INTO document (id, version, client, category, resource, labels, sections, updated, "  # noqa: S608
                    "custodian, dated, source) SELECT :new, version, client, category, resource, labels, sections, "
                    f"updated, {custodian_dated_source} FROM document WHERE id = :document"
                ),
                {"new": token_hex(16), "document": document},
            )
        connection.commit()
