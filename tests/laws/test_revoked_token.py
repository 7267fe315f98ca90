"""A token that its partner takes back opens nothing from the entry of that on, also for a request on its way."""

from __future__ import annotations

import base64
from dataclasses import replace

import orjson

from tests.laws.gateway_world import Laws
from tests.laws.seams import interrupted


async def test_a_token_that_is_revoked_between_judgement_and_release_releases_nothing(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    token = await laws.token()
    claims = orjson.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    partners, log = laws.gateway.partners, laws.gateway.log

    async def revoke() -> None:
        revoking = partners.revoking("kuntakokeilu-system", claims["jti"], claims["exp"] * 1_000_000)
        await log.submit(revoking, urgent=True)

    parts, engine = interrupted(laws.gateway.parts, revoke)
    other = laws.changed(lambda one: replace(one, parts=parts))
    answer = await other.web.get(f"/fhir/CarePlan/{document}", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 404
    assert engine.judgements == 2
    assert [one.kind for one in laws.entries()[-2:]] == ["partner.changed", "decision"]
    assert (laws.entries()[-1].b or {})["reasons"] == ["suspended"]
    assert laws.verify() == []
