"""What each method of capture leaves behind, as an honest service supplies it; and codes on the client's own phone."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256

import orjson

from adapters.tokens.compact import sign_compact
from adapters.tokens.import_seal import TYPE as IMPORT_TYPE
from gateway.consent.model import ClientId, GrantRow, Shown
from gateway.consent.proofs import rows_content
from gateway.demo.partner import any_worker
from gateway.demo.phone import read_messages
from gateway.demo.population import system_of
from gateway.directory.instants import to_micros
from gateway.http.acting import CONSENTS
from gateway.http.openapi import PREFIX
from gateway.rehearsal.case import GiveConsent
from gateway.rehearsal.stage import Stage


async def supply(
    stage: Stage, step: GiveConsent, service: str, offer: Mapping[str, object], rows: Sequence[GrantRow], shown: Shown
) -> dict[str, str]:
    """Return the evidence of the step's method; *offer* are client, rows and words as they are sent."""
    match step.capture:
        case "with-professional":
            return {"identity_check": "passport seen"}
        case "verbal":
            return {"note": "said it in the appointment, in these words"}
        case "paper-scan":
            return await _paper(stage, service, offer)
        case "own-phone":
            return await _own_phone(stage, step, service, offer)
        case "partner-import":
            return {"signed": _signed(stage, step, rows, shown)}
        case _:
            return {"session": "none"}


async def code_for(stage: Stage, client: ClientId, handle: str) -> str | None:
    """Return the code that was sent to the client for a handle, None where none serves any more."""
    await stage.gateway.recording.deliver_outbox()
    for message in read_messages(stage.gateway.settings.outbox, client):
        match message:
            case {"body": {"handle": str(its), "code": str(code), "until": int(until)}} if its == handle:
                return code if to_micros(stage.clock.now()) < until else None
    return None


async def _paper(stage: Stage, service: str, offer: Mapping[str, object]) -> dict[str, str]:
    scan = sha256(b"a scanned paper").hexdigest()
    second = any_worker(stage.world.directory, service, person="2")
    answer = await stage.act(service, CONSENTS, f"{PREFIX}/paper-checks", {**offer, "scan_sha256": scan}, acting=second)
    # Where the check is refused the giving is sent all the same: what it is refused for is the case's to say.
    return {"scan_sha256": scan, "check": str(orjson.loads(answer.content).get("check", "none"))}


async def _own_phone(stage: Stage, step: GiveConsent, service: str, offer: Mapping[str, object]) -> dict[str, str]:
    answer = await stage.act(service, CONSENTS, f"{PREFIX}/offers", offer)
    handle = str(orjson.loads(answer.content).get("handle", "none"))
    return {"handle": handle, "code": await code_for(stage, stage.clients[step.client], handle) or "none"}


def _signed(stage: Stage, step: GiveConsent, rows: Sequence[GrantRow], shown: Shown) -> str:
    identifier, system = stage.identifier(step.client), stage.simulated[system_of(rows[0].custodian)]
    claims: dict[str, object] = {
        "iss": system.id, "grants": rows_content(rows), "text_sha256": shown.sha256,
        "at": stage.clock.now().isoformat(), "nonce": secrets.token_hex(16),
        "client": {"authority": identifier["system"], "value": identifier["value"]},
    }  # fmt: skip
    return sign_compact({"typ": IMPORT_TYPE, "kid": str(system.key.kid)}, claims, system.key, "ES256")
