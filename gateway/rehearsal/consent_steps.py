"""Steps by which consents, prohibitions and relations are recorded: by services over HTTP, by the client through the
use cases that the client's own pages will call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import httpx
import orjson

from gateway.consent.model import (
    Actor,
    Capture,
    CaptureMethod,
    ConsentId,
    Giver,
    GiverKind,
    GrantRow,
    RefusedRow,
    Shown,
)
from gateway.consent.wording import render
from gateway.demo.population import system_of
from gateway.errors import ConsentRefused
from gateway.http.acting import CONSENTS, RELATIONS
from gateway.http.openapi import PREFIX
from gateway.rehearsal import evidence
from gateway.rehearsal.case import (
    AskedGrant,
    Change,
    Confirm,
    GiveConsent,
    Prohibit,
    Refuse,
    Relate,
    Representative,
    Unprohibit,
    Withdraw,
)
from gateway.rehearsal.document_steps import told
from gateway.rehearsal.stage import Stage, Unexpected

T = TypeVar("T")


async def give(stage: Stage, step: GiveConsent) -> None:
    """Record a consent, on the client's own page or by the capturing service."""
    recording = _by_service(stage, step) if step.by is not None else _on_own_page(stage, step)
    consent = await _recorded(recording, step.refused)
    if consent is not None:
        stage.consents[step.name], stage.owners[step.name] = consent, step.client


async def refuse(stage: Stage, step: Refuse) -> None:
    """Record the client's refusal."""
    row = RefusedRow(step.recipient, step.category)
    await _recorded(stage.gateway.recording.refuse(stage.clients[step.client], [row]), step.refused)


async def prohibit(stage: Stage, step: Prohibit) -> None:
    """Record the client's prohibition."""
    act = stage.gateway.recording.prohibit(stage.clients[step.client], recipient=step.recipient, category=step.category)
    if (prohibition := await _recorded(act, step.refused)) is not None:
        stage.prohibitions[step.name] = prohibition.id, step.client


async def unprohibit(stage: Stage, step: Unprohibit) -> None:
    """Lift the client's prohibition."""
    prohibition, client = stage.prohibitions[step.name]
    await _recorded(stage.gateway.recording.lift_prohibition(prohibition, client=stage.clients[client]), None)


async def confirm(stage: Stage, step: Confirm) -> None:
    """Confirm by the client's own code where one still serves, else on the own page; or by a service."""
    await _recorded(_confirm(stage, step), step.refused)


async def change(stage: Stage, step: Change) -> None:
    """Give a new version on the client's own page."""
    client = stage.owners[step.consent]
    rows = rows_of(stage, step.grants)
    act = stage.gateway.recording.change(
        stage.consents[step.consent], rows, _words(stage, client, None, rows), client=stage.clients[client]
    )
    await _recorded(act, step.refused)


async def withdraw(stage: Stage, step: Withdraw) -> None:
    """Withdraw on the client's own page, or as a service was told."""
    consent, client = stage.consents[step.consent], stage.owners[step.consent]
    recording, whose = stage.gateway.recording, stage.clients[client]
    act: Awaitable[object]
    if step.told is None:
        act = recording.withdraw(consent, client=whose)
    elif await recording.consent_view(consent, step.told) is None:
        # A service that is no party of the consent cannot see it by API; what it is told counts all the same.
        act = recording.withdraw(consent, told=step.told, client=whose, by=_worker(step.told))
    else:
        body = {"client": stage.identifier(client)}
        act = _answer(stage.act(step.told, CONSENTS, f"{PREFIX}/consents/{consent}/withdraw", body))
    await _recorded(act, step.refused)


async def relate(stage: Stage, step: Relate) -> None:
    """Record a relation by API."""
    body: dict[str, object] = {
        "client": stage.identifier(step.client), "kind": step.kind, "custodian": step.parties[0],
        "recipients": list(step.parties[1:]),
    }  # fmt: skip
    optional = {"valid_from": _text(step.valid_from), "until": _text(step.until), "section": step.section}
    body |= {key: value for key, value in optional.items() if value is not None}
    await _recorded(_answer(stage.act(step.by, RELATIONS, f"{PREFIX}/relations", body)), step.refused)


def rows_of(stage: Stage, grants: Sequence[AskedGrant]) -> list[GrantRow]:
    """Return rows as the client's own page hands them over; without a beginning they begin now."""
    return [
        GrantRow(
            one.custodian, one.recipient, one.category, one.purpose, one.valid_from or stage.clock.now(), one.until,
            frozenset(one.sensitivities), one.once, None, one.dated_from, one.dated_until,
        )
        for one in grants
    ]  # fmt: skip


def grant_bodies(rows: Sequence[GrantRow]) -> list[dict[str, object]]:
    """Return rows as a service sends them."""
    return [
        {
            "custodian": row.custodian, "recipient": row.recipient, "category": row.category, "purpose": row.purpose,
            "valid_from": _text(row.valid_from), "until": _text(row.until), "sensitivities": sorted(row.sensitivities),
            "once": row.once, "dated_from": _text(row.dated_from), "dated_until": _text(row.dated_until),
        }
        for row in rows
    ]  # fmt: skip


async def _on_own_page(stage: Stage, step: GiveConsent) -> ConsentId:
    rows = rows_of(stage, step.grants)
    given = await stage.gateway.recording.give(
        stage.clients[step.client], rows, Capture(CaptureMethod(step.capture)),
        _words(stage, step.client, step.language, rows), giver=_giver(stage, step.client, step.giver),
    )  # fmt: skip
    return given.consent.id


async def _by_service(stage: Stage, step: GiveConsent) -> ConsentId:
    service = step.by or ""
    rows = rows_of(stage, step.grants)
    client = stage.identifier(step.client)
    grants, shown = grant_bodies(rows), _words(stage, step.client, step.language, rows)
    words = {
        "wording": shown.wording, "version": shown.version, "language": shown.language, "register": shown.register,
        "sha256": shown.sha256,
    }  # fmt: skip
    offer: dict[str, object] = {"client": client, "grants": grants, "shown": words}
    proof = await evidence.supply(stage, step, service, offer, rows, shown) if step.evidence else {}
    giver = _giver(stage, step.client, step.giver)
    body = offer | {"capture": {"method": step.capture, "evidence": proof}}
    if not giver.is_client:
        body["giver"] = {
            "kind": str(giver.kind),
            "register_reference": giver.register_reference,
            "until": _text(giver.until),
        }
    answer = await _answer(stage.act(service, CONSENTS, f"{PREFIX}/consents", body))
    match answer:
        case {"consent": {"id": str(id_)}, "confirmation": {"handle": str(handle)}}:
            stage.handles[step.name] = handle
            return ConsentId(id_)
        case {"consent": {"id": str(id_)}}:
            return ConsentId(id_)
        case _:
            raise Unexpected("the answer to a giving names no consent")


async def _confirm(stage: Stage, step: Confirm) -> None:
    consent, recording = stage.consents[step.consent], stage.gateway.recording
    client = stage.clients[stage.owners[step.consent]]
    if step.by is None:
        handle = stage.handles.pop(step.consent, None)
        code = await evidence.code_for(stage, client, handle) if handle is not None else None
        if code is None:
            await recording.confirm_by_client(consent, client)
        else:
            await _answer(stage.web.post(f"{PREFIX}/confirmations/{handle}", json={"code": code}))
    elif await recording.consent_view(consent, step.by) is None:
        # Who is no party is told by API that there is no such consent; the rule itself is asked here.
        await recording.confirm_by_service(consent, _worker(step.by))
    else:
        await _answer(stage.act(step.by, CONSENTS, f"{PREFIX}/consents/{consent}/confirm", None))


def _words(stage: Stage, client: str, language: str | None, rows: Sequence[GrantRow]) -> Shown:
    """Return what the client was shown: the words of now in the client's own language and register."""
    person, wording = stage.world.clients[client], stage.gateway.wordings.current()
    spoken = language or person.language
    register = person.register if spoken == person.language else "plain"
    try:
        return render(wording, spoken, register, rows, at=stage.clock.now(), directory=stage.world.directory).shown()
    except KeyError:
        # Rows of unknown codes have no words; the giving is refused for the codes before its words are looked at.
        return Shown(wording.id, wording.version, spoken, register, "0" * 64)


def _giver(stage: Stage, client: str, representative: Representative | None) -> Giver:
    if representative is None:
        return Giver()
    kind, reference = GiverKind(representative.kind), f"{representative.kind}-of-{client}"
    if representative.registered:
        stage.gateway.mandates.add(stage.clients[client], kind, reference, representative.until)
    return Giver(kind, reference, representative.until)


def _worker(service: str) -> Actor:
    return Actor(service, system_of(service), f"{service}.1", "Esimerkki")


async def _recorded(act: Awaitable[T], refused: str | None) -> T | None:
    """Return what an act left, None where it was refused as expected."""
    try:
        result = await act
    except ConsentRefused as refusal:
        if refusal.reason != refused:
            expected = "that it is recorded" if refused is None else f"{refused}"
            raise Unexpected(f"expected {expected}, came a refusal: {refusal.reason} ({refusal.detail})") from None
        return None
    if refused is not None:
        raise Unexpected(f"expected a refusal {refused}, but it was recorded")
    return result


async def _answer(answering: Awaitable[httpx.Response]) -> Mapping[str, object]:
    """Return the body of a good answer. Raises ConsentRefused with the reason of any other."""
    answer = await answering
    if answer.is_success:
        return orjson.loads(answer.content) if answer.content else {}
    try:
        said = orjson.loads(answer.content)
        reason = said.get("reason") or said.get("code")
    except (orjson.JSONDecodeError, AttributeError):
        reason = None
    raise ConsentRefused(str(reason), told(answer))


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
