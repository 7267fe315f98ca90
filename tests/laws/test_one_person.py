"""However a person's identity code is written, it is that person: no twin is protected in their place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from tests.laws.gateway_world import Laws, open_world, removed

ORDINARY = "131052-308T"
NATIONAL = "urn:oid:1.2.246.21"


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """An open gateway with the demo world in it."""
    async with open_world(tmp_path) as made:
        yield made
    removed(tmp_path)


async def _forbid(laws: Laws, **client: str) -> int:
    token = await laws.token(laws.acting("sosiaalityo", "omatyontekija", "care-coordination"), "saattaen/consents")
    answer = await laws.web.post(
        "/api/v1/prohibitions", json={"client": client, "recipient": "kuntakokeilu"},
        headers={"authorization": f"Bearer {token}"},
    )  # fmt: skip
    return answer.status_code


async def test_a_prohibition_protects_whoever_it_names_in_whatever_case_the_authority_is_written(laws: Laws) -> None:
    document = await laws.deposit("suvi")
    await laws.give("suvi")
    assert (await laws.read(document)).status_code == 200
    assert await _forbid(laws, system="urn:OID:1.2.246.21", value=laws.code("suvi")) == 201
    assert (await laws.read(document)).status_code == 404


@pytest.mark.parametrize("system", ["urn:oid:1.2.246.21.", "urn:oid:1.2.246.021", "https://example.org/codes"])
async def test_an_identity_code_of_another_authority_is_refused(laws: Laws, system: str) -> None:
    before = laws.size()
    assert await _forbid(laws, system=system, value=laws.code("suvi")) == 400
    assert laws.size() == before


async def test_who_issued_an_ordinary_code_makes_no_other_person_of_it(laws: Laws) -> None:
    assert await _forbid(laws, system=NATIONAL, value=ORDINARY, issuer="dvv") == 201
    person = Identifier.personal(PersonalIdentityCode.parse(ORDINARY))
    client = await laws.gateway.desk.find(person)
    assert client is not None
    assert len((await laws.gateway.recording.for_client(client)).prohibitions) == 1
    sample = laws.sample("suvi", custodian="sote-keskus").replace(laws.code("suvi").encode(), ORDINARY.encode())
    subject = {"system": NATIONAL, "value": ORDINARY, "assigner": {"identifier": {"value": "dvv"}}}
    accepted = await laws.gateway.acceptance.accept(
        "CarePlan", orjson.dumps(orjson.loads(sample) | {"subject": {"identifier": subject}})
    )
    assert accepted.client == client
