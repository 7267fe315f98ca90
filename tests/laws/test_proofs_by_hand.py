"""What proves a giving cannot be written by hand: a code, its use, a second look at a paper, whom a message goes to."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from sqlalchemy import select, update

from adapters.sql.sealing import Sealing
from adapters.sql.tables.proofs import ReceiptRow
from gateway.consent.model import Actor, Capture, CaptureMethod, Consent, Evidence, Shown
from gateway.directory.instants import to_micros
from gateway.disclosure.release import Refused
from gateway.errors import ConsentRefused
from tests.laws.by_hand import edit
from tests.laws.gateway_world import Laws

WORKER = Actor(service="kuntakokeilu", system="kuntakokeilu-system", worker="w-9")
"""Who would receive what they record."""


def shown(laws: Laws) -> Shown:
    """The words in force."""
    wording = laws.gateway.wordings.current()
    return Shown(wording.id, wording.version, "fi", "plain", "0" * 64)


async def recorded(laws: Laws, client: str) -> Consent:
    """A consent that the recipient's own worker recorded: it waits for the client's confirmation."""
    capture = Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=Evidence((("identity_check", "card"),)))
    whom = await laws.client(client)
    return (await laws.gateway.recording.give(whom, (laws.row(),), capture, shown(laws), by=WORKER)).consent


async def code_of(laws: Laws, consent: Consent) -> tuple[str, str]:
    """The handle and the code that came to the client's own phone."""
    await laws.gateway.recording.deliver_outbox()
    sent = (laws.folder / "outbox" / "clients" / consent.client).glob("*.json")
    bodies = [orjson.loads(file.read_bytes())["body"] for file in sent]
    return next((body["handle"], body["code"]) for body in bodies if body.get("consent") == consent.id)


async def is_refused(laws: Laws, document: str) -> bool:
    """Whether the recipient may not read."""
    return isinstance(await laws.ask(laws.read_of(document)), Refused)


async def test_an_offer_that_was_called_confirmed_by_hand_is_not(laws: Laws) -> None:
    recording, suvi, document = laws.gateway.recording, await laws.client("suvi"), await laws.deposit()
    handle = await recording.offer(suvi, (laws.row(),), shown(laws), WORKER)
    now = to_micros(laws.clock.now())
    edit(
        laws.gateway.database,
        "UPDATE confirmation_code SET used_at = :at WHERE handle = :handle",
        at=now,
        handle=handle,
    )
    assert not await recording.has_confirmed(suvi, handle)
    capture = Capture(CaptureMethod.OWN_PHONE, evidence=Evidence((("handle", handle),)))
    with pytest.raises(ConsentRefused, match="does not hold"):
        await recording.give(suvi, (laws.row(),), capture, shown(laws), by=WORKER)
    assert await is_refused(laws, document)


async def test_a_use_that_was_copied_from_another_offer_or_dated_anew_does_not_count(laws: Laws) -> None:
    recording, suvi, maija = laws.gateway.recording, await laws.client("suvi"), await laws.client("maija")
    theirs = await recording.offer(suvi, (laws.row(),), shown(laws), WORKER)
    friends = await recording.offer(maija, (laws.row(),), shown(laws), WORKER)
    await laws.gateway.recording.deliver_outbox()
    sent = (laws.folder / "outbox" / "clients" / maija).glob("*.json")
    code = next(body["code"] for file in sent if (body := orjson.loads(file.read_bytes())["body"])["handle"] == friends)
    await recording.confirm_by_code(friends, code)
    assert await recording.has_confirmed(maija, friends)
    copied = (
        "UPDATE confirmation_code SET used_at = (SELECT used_at FROM confirmation_code WHERE handle = :from_), "
        "used = (SELECT used FROM confirmation_code WHERE handle = :from_) WHERE handle = :handle"
    )
    edit(laws.gateway.database, copied, from_=friends, handle=theirs)
    assert not await recording.has_confirmed(suvi, theirs)
    edit(laws.gateway.database, "UPDATE confirmation_code SET used_at = used_at + 1 WHERE handle = :one", one=friends)
    assert not await recording.has_confirmed(maija, friends)


@pytest.mark.parametrize(
    "change", ["consent = :victim", "consent = :victim, client = :client", "expires = expires + 1"]
)
async def test_a_code_that_was_pointed_elsewhere_by_hand_confirms_nothing(laws: Laws, change: str) -> None:
    document = await laws.deposit()
    victim, friend = await recorded(laws, "suvi"), await recorded(laws, "maija")
    handle, code = await code_of(laws, friend)
    values = {"victim": victim.id, "client": victim.client}
    named = {name: value for name, value in values.items() if f":{name}" in change}
    statement = f"UPDATE confirmation_code SET {change} WHERE handle = :handle"  # noqa: S608
    edit(laws.gateway.database, statement, handle=handle, **named)
    with pytest.raises(ConsentRefused, match="confirms nothing"):
        await laws.gateway.recording.confirm_by_code(handle, code)
    assert await is_refused(laws, document)
    # The client's own code, whose row nobody touched, confirms as before.
    assert await laws.gateway.recording.confirm_by_code(*await code_of(laws, victim)) == victim.id
    assert not await is_refused(laws, document)


async def test_a_look_at_a_paper_that_was_noted_by_hand_does_not_count(laws: Laws) -> None:
    recording, suvi, scan = laws.gateway.recording, await laws.client("suvi"), "ab" * 32
    row = laws.row()
    by = replace(WORKER, service="sote-keskus", system="sote-keskus-system", worker="w-1")
    own = await recording.check_paper(suvi, [row], shown(laws), scan, by)
    edit(laws.gateway.database, "UPDATE paper_check SET person = 'another' WHERE reference = :one", one=own)
    capture = Capture(CaptureMethod.PAPER_SCAN, evidence=Evidence((("scan_sha256", scan), ("check", own))))
    with pytest.raises(ConsentRefused, match="does not hold"):
        await recording.give(suvi, [row], capture, shown(laws), by=by)
    other = await recording.check_paper(suvi, [row], shown(laws), scan, replace(by, worker="w-2"))
    capture = Capture(CaptureMethod.PAPER_SCAN, evidence=Evidence((("scan_sha256", scan), ("check", other))))
    assert (await recording.give(suvi, [row], capture, shown(laws), by=by)).consent.client == suvi


@pytest.mark.parametrize("sealed_before", [False, True])
async def test_a_receipt_that_was_pointed_at_another_reader_by_hand_is_nobodys(laws: Laws, sealed_before: bool) -> None:
    recording, database = laws.gateway.recording, laws.gateway.database
    consent = await laws.give("suvi", laws.row(), laws.row(recipient="tyopaja"))
    if sealed_before:
        seal_as_before(laws, consent)
    own, parts = await recording.receipts(consent.id), await recording.receipts(consent.id, "tyopaja")
    assert (len(own), len(parts)) == (1, 1)
    edit(database, "UPDATE receipt SET party = 'tyopaja' WHERE id = :id", id=own[0].id)
    assert await recording.receipts(consent.id, "tyopaja") == parts
    assert await recording.receipts(consent.id) == ()
    edit(database, "UPDATE receipt SET party = NULL WHERE id = :id", id=own[0].id)
    assert await recording.receipts(consent.id) == own
    for change in ("kind = 'consent.withdrawn'", "consent = 'another'"):
        edit(database, f"UPDATE receipt SET {change} WHERE id = :id", id=own[0].id)  # noqa: S608
        assert not {one.id for of in (consent.id, "another") for one in await recording.receipts(of)}  # type: ignore[arg-type]


def seal_as_before(laws: Laws, consent: Consent) -> None:
    """Seal the receipts of a consent as earlier versions did, without their reader."""
    sealing = Sealing(laws.gateway.keys)
    with laws.gateway.database.write() as connection:
        found = select(ReceiptRow.id, ReceiptRow.party, ReceiptRow.kind, ReceiptRow.jws)  # type: ignore[call-overload]
        for id, party, kind, sealed in connection.execute(found.where(ReceiptRow.consent == consent.id)).all():
            jws = sealing.open(consent.client, f"receipt {id} {party or ''} {kind} {consent.id}", sealed)
            assert jws is not None
            mine = update(ReceiptRow).where(ReceiptRow.id == id)  # type: ignore[arg-type]
            connection.execute(mine.values(jws=sealing.seal(consent.client, "receipt", jws)))
        connection.commit()


async def test_a_message_that_was_pointed_at_another_reader_by_hand_reaches_nobody(laws: Laws) -> None:
    recording, suvi = laws.gateway.recording, await laws.client("suvi")
    consent = await recorded(laws, "suvi")
    move = "UPDATE outbox SET party = 'kuntakokeilu' WHERE consent = :consent AND party = 'client'"
    edit(laws.gateway.database, move, consent=consent.id)
    await recording.deliver_outbox()
    outbox = laws.folder / "outbox"
    assert not any(b'"code"' in file.read_bytes() for file in outbox.rglob("*.json"))
    assert all("code" not in one.body for one in await recording.messages_to("kuntakokeilu"))
    # It is not tried for ever, and the client's page says that it never left.
    moved = [one for one in (await recording.for_client(suvi)).messages if one.consent == consent.id]
    assert [(one.fault, one.given_up) for one in moved] == [("broken", True)]
