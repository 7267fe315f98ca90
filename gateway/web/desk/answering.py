"""What a client answered at the desk, handed to the use cases: yes by the chosen method, no, or later."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import orjson

from gateway.consent.answering import COOL_DOWN
from gateway.consent.desk_records import AnswerKind, DeskAnswer
from gateway.consent.model import Capture, CaptureMethod, ClientId, Consent, Evidence
from gateway.consent.person import Person
from gateway.consent.recording import Given
from gateway.consent.wording import Rendered, render
from gateway.directory.instants import from_micros
from gateway.web.desk.desk import Desk, Entered
from gateway.web.desk.draft import SUPPORTED, Draft
from gateway.web.desk.whom import Whom


def words_of(desk: Desk, draft: Draft) -> Rendered:
    """Return the very words that the client sees of a draft with its period."""
    at = from_micros(draft.valid_from or 0)
    return render(
        desk.wordings.current(), draft.language, draft.register, draft.grant_rows(), at=at, directory=desk.directory
    )


def rows_of(desk: Desk, draft: Draft) -> str:
    """Return what names the words and ticks of a draft as they are now: others are not what somebody compared."""
    return sha256(orjson.dumps([words_of(desk, draft).sha256, draft.ticks, draft.until])).hexdigest()


async def client_of(desk: Desk, entered: Entered, draft: Draft, whom: Whom) -> ClientId:
    """Return the client who answers; a person whom we meet for the first time is enrolled now, and not before."""
    if whom.client is not None and whom.is_own:
        return whom.client
    # One known elsewhere is found by the identifier alone: enrolling looks whether their own record holds it.
    person = Person((whom.identifier,), draft.name, draft.language, draft.register)
    return await desk.enrols.enrol(person, entered.actor)


async def offer(desk: Desk, entered: Entered, draft: Draft, whom: Whom) -> Draft:
    """Send a code for these words to the client's own phone; return the draft with its handle."""
    client = await client_of(desk, entered, draft, whom)
    handle = await desk.recording.offer(
        client, draft.grant_rows(), words_of(desk, draft).shown(), entered.actor, giver=draft.giver,
        bearer=await _bearer(desk, draft),
    )  # fmt: skip
    return replace(draft, handle=handle)


async def has_confirmed(desk: Desk, draft: Draft, whom: Whom) -> bool:
    """Return whether the client wrote the code on their own phone, where it was sent: the worker never learns it."""
    return whom.client is not None and await desk.recording.has_confirmed(whom.client, draft.handle)


async def compare(desk: Desk, entered: Entered, draft: Draft, whom: Whom) -> Draft:
    """Record that this worker compared the scan with the rows; return the draft with the reference of that."""
    client = await client_of(desk, entered, draft, whom)
    shown = words_of(desk, draft).shown()
    reference = await desk.recording.check_paper(
        client, draft.grant_rows(), shown, draft.scan, entered.actor, giver=draft.giver
    )
    return replace(draft, check=reference, checked_by=entered.session.signed_in.name)


async def give(desk: Desk, entered: Entered, draft: Draft, whom: Whom) -> Given:
    """Record the yes. Raises ConsentRefused as `Recording.give` does."""
    capture = Capture(CaptureMethod(draft.method), service=entered.service, evidence=evidence_of(draft))
    client = await client_of(desk, entered, draft, whom)
    shown = words_of(desk, draft).shown()
    return await desk.recording.give(
        client, draft.grant_rows(), capture, shown, giver=draft.giver, by=entered.actor, form=draft.id,
        bearer=await _bearer(desk, draft),
    )  # fmt: skip


async def earlier(desk: Desk, draft: Draft, whom: Whom) -> Consent | None:
    """Return the consent that this draft has given already, though it did not hear of it; else None."""
    return None if whom.client is None else await desk.recording.given_by(whom.client, draft.id)


async def refuse(desk: Desk, entered: Entered, draft: Draft, whom: Whom) -> None:
    """Record the no."""
    client = await client_of(desk, entered, draft, whom)
    await desk.recording.refuse(client, draft.refused_rows(), giver=draft.giver, by=entered.actor)
    await _remember(desk, entered, draft, AnswerKind.REFUSED)


async def put_off(desk: Desk, entered: Entered, draft: Draft, whom: Whom) -> None:
    """Record that the client decides later, or that nobody can be sure that the client understood."""
    client = await client_of(desk, entered, draft, whom)
    each_once = {(row.recipient, row.category): row for row in draft.rows}
    await desk.recording.put_off(client, tuple(each_once.values()), giver=draft.giver, by=entered.actor)
    await _remember(desk, entered, draft, AnswerKind.LATER)


def evidence_of(draft: Draft) -> Evidence:
    """Return what the method leaves behind, and that somebody helped the client to understand where one did."""
    helped = (("supported", "yes"),) if draft.decides == SUPPORTED else ()
    return Evidence((*_of_method(draft), *helped))


def _of_method(draft: Draft) -> tuple[tuple[str, str], ...]:
    match CaptureMethod(draft.method):
        case CaptureMethod.OWN_PHONE:
            return (("handle", draft.handle),)
        case CaptureMethod.VERBAL:
            return (("note", draft.note),)
        case CaptureMethod.PAPER_SCAN:
            return (("scan_sha256", draft.scan), ("check", draft.check))
        case _:
            return (("identity_check", draft.identity_check),)


def is_proven(draft: Draft) -> bool:
    """Return whether the method's evidence is there, as far as the desk can tell; the use case judges it."""
    return draft.said_yes and all(value for _, value in evidence_of(draft).items)


async def _bearer(desk: Desk, draft: Draft) -> ClientId | None:
    """Return whose own channel a code goes to in the client's place: nobody's where we do not know who decides."""
    if draft.giver.is_client or desk.mandates is None:
        return None
    return await desk.mandates.bearer(draft.mandate)


async def _remember(desk: Desk, entered: Entered, draft: Draft, kind: AnswerKind) -> None:
    now = desk.clock.now()
    rows = draft.refused_rows()
    await desk.records.note(
        entered.service,
        [DeskAnswer(draft.ref, kind, row.recipient, row.category, now, now + COOL_DOWN) for row in rows],
    )
    await desk.records.drop_draft(entered.service, draft.id)
