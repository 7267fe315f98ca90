"""A partner that sends an act again after a cut connection records it once, on either store and between processes."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from gateway.app import create_app
from gateway.consent.repeating import HELD, Answered, Begun, Clash, KeptAnswers
from gateway.errors import StoreUnavailable
from gateway.http import examples
from tests.laws.gateway_world import BASE, Laws, open_world

KEY = '"8e03978e-40d5-43e8-bc93-6894a57f9324"'
SCOPE = "saattaen/consents saattaen/relations"


class Forgetful:
    """A store of answers that fails when the first answer is to be kept: the process died after the act."""

    def __init__(self, real: KeptAnswers) -> None:
        self.real, self.failed = real, False

    async def take(self, system: str, key: str, act: bytes, now: datetime) -> Begun | Answered | Clash:
        """Take."""
        return await self.real.take(system, key, act, now)

    async def keep(self, system: str, key: str, answered: Answered) -> None:
        """Fail once, then keep."""
        if not self.failed:
            self.failed = True
            raise StoreUnavailable("the process dies here")
        await self.real.keep(system, key, answered)

    async def let_go(self, system: str, key: str) -> None:
        """Let go."""
        await self.real.let_go(system, key)

    async def forget(self, system: str, key: str) -> None:
        """Forget."""
        await self.real.forget(system, key)


async def post(laws: Laws, path: str, body: dict[str, Any], key: str = KEY) -> httpx.Response:
    """Send an act as a partner."""
    token = await laws.token(scope=SCOPE)
    headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
    transport = httpx.ASGITransport(create_app(laws.gateway))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as web:
        return await web.post(f"/api/v1{path}", json=body, headers=headers)


def client(laws: Laws, name: str = "suvi") -> dict[str, Any]:
    return {"client": {"system": examples.CLIENT["system"], "value": laws.code(name)}}


def consent(laws: Laws) -> dict[str, Any]:
    until = (laws.clock.now() + timedelta(days=90)).isoformat()
    return client(laws) | {
        "grants": [{**examples.GRANT, "valid_from": None, "until": until}], "shown": examples.SHOWN,
        "capture": {"method": "with-professional", "evidence": {"identity_check": "passport"}},
    }  # fmt: skip


def kinds(laws: Laws) -> Counter[str]:
    return Counter(entry.kind for entry in laws.entries())


async def test_consent_sent_again_is_one_consent_with_one_code(laws: Laws) -> None:
    first, second = [await post(laws, "/consents", consent(laws)) for _ in range(2)]
    assert first.status_code == 201, first.text
    assert (second.status_code, second.content) == (201, first.content)
    told = await laws.gateway.recording.messages_to("client", await laws.client("suvi"))
    assert kinds(laws)["consent.given"] == 1 and len(told) == 1
    assert laws.verify() == []


async def test_acts_without_a_consent_sent_again_are_one_entry_each(laws: Laws) -> None:
    refused = {"refused": [{"recipient": "kela", "category": "work-ability-plan"}]}
    asked = {"custodian": "sote-keskus", "category": "work-ability-plan", "purpose": "employment-support"}
    for number, (path, body) in enumerate((
        ("/refusals", refused), ("/prohibitions", {"recipient": "kela"}), ("/consent-requests", asked),
    )):  # fmt: skip
        answers = [await post(laws, path, client(laws) | body, f'"a-key-of-number-{number}"') for _ in range(3)]
        assert {one.status_code for one in answers} <= {201, 202, 204}, answers[0].text
        assert len({one.content for one in answers}) == 1
    seen = kinds(laws)
    assert (seen["consent.refused"], seen["prohibition.given"], seen["consent.requested"]) == (1, 1, 1)
    assert laws.verify() == []


async def test_answer_that_was_lost_with_its_process_is_given_again_and_nothing_done_twice(laws: Laws) -> None:
    dying = laws.changed(lambda gateway: replace(gateway, kept_answers=Forgetful(gateway.kept_answers)))
    acts: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("/consents", consent(laws), "consent.given"),
        ("/refusals", client(laws) | {"refused": [{"recipient": "kela", "category": "work-ability-plan"}]},
         "consent.refused"),
        ("/prohibitions", client(laws) | {"recipient": "kela"}, "prohibition.given"),
    )  # fmt: skip
    for number, (path, body, kind) in enumerate(acts):
        dying = laws.changed(lambda gateway: replace(gateway, kept_answers=Forgetful(gateway.kept_answers)))
        key = f'"a-key-of-number-{number}"'
        assert (await post(dying, path, body, key)).status_code == 503
        assert kinds(laws)[kind] == 1
        waiting = await post(laws, path, body, key)
        assert (waiting.status_code, waiting.json()["code"]) == (409, "act-under-way")
        laws.clock.advance(HELD)
        answers = [await post(laws, path, body, key) for _ in range(2)]
        assert answers[0].status_code in (201, 204) and answers[0].content == answers[1].content
        assert kinds(laws)[kind] == 1
    assert laws.verify() == []


async def test_many_at_once_between_two_processes_do_it_once(place: Path) -> None:
    async with open_world(place) as first, open_world(place) as second:
        body = consent(first)
        sent = await asyncio.gather(*(post(one, "/consents", body) for one in (first, second, first, second)))
        assert {one.status_code for one in sent} <= {201, 409}
        last = await post(second, "/consents", body)
        assert last.status_code == 201
        assert {one.content for one in sent if one.status_code == 201} == {last.content}
        assert kinds(first)["consent.given"] == 1
        assert first.verify() == []
