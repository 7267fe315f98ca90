"""Relations by API: recorded by the custodian, shown to each party as far as it is concerned."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.http import examples
from tests.http.test_consent_routes import call
from tests.simulators.consent_api import ConsentApi, consent_api

FACT: dict[str, Any] = {
    "client": examples.CLIENT,
    "kind": "joint-service",
    "custodian": "sosiaalityo",
    "recipients": ["kuntakokeilu", "kela"],
    "section": "381/2023 3 §",
    "evidence": "TYP-2026-17",
}
ABOUT = {"client": examples.CLIENT}


@pytest.fixture
def api() -> ConsentApi:
    return consent_api()


async def test_the_custodian_records_finds_and_ends_a_relation(api: ConsentApi) -> None:
    made = await call(api, "sosiaalityo", "/relations", FACT)
    assert made.status_code == 201
    assert made.json()["recipients"] == ["kuntakokeilu", "kela"]
    found = (await call(api, "sosiaalityo", "/relations/search", ABOUT)).json()["relations"]
    assert found == [made.json()]
    for _ in range(2):
        ended = await call(api, "sosiaalityo", f"/relations/{made.json()['id']}/end")
        assert (ended.status_code, ended.json()["ended_at"]) == (200, "2026-11-22T07:00:00Z")


async def test_a_recipient_sees_itself_alone_and_no_evidence(api: ConsentApi) -> None:
    await call(api, "sosiaalityo", "/relations", FACT)
    seen = (await call(api, "kela", "/relations/search", ABOUT)).json()["relations"][0]
    assert (seen["recipients"], seen["evidence"]) == (["kela"], None)
    stranger = await call(api, "elakelaitos", "/relations/search", ABOUT)
    assert stranger.json() == {"relations": []}
    nobody = await call(api, "kela", "/relations/search", {"client": {"system": "urn:x", "value": "1"}})
    assert nobody.content == stranger.content


async def test_a_recipient_records_none_and_ends_none_not_even_by_naming_a_register(api: ConsentApi) -> None:
    wrong = await call(api, "kuntakokeilu", "/relations", FACT)
    assert (wrong.status_code, wrong.json()["reason"]) == (409, "relation-not-allowed")
    named = await call(api, "kuntakokeilu", "/relations", FACT | {"register": "kanta"})
    assert (named.status_code, named.json()["errors"][0]["path"]) == (400, "register")
    made = await call(api, "sosiaalityo", "/relations", FACT)
    foreign = await call(api, "kela", f"/relations/{made.json()['id']}/end")
    unknown = await call(api, "kela", f"/relations/{'0' * 32}/end")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content


async def test_the_scope_of_consents_does_not_open_relations(api: ConsentApi) -> None:
    answer = await call(api, "sosiaalityo+saattaen/consents", "/relations", FACT)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope")


CODE = "020975-9042"
"""An artificial code of somebody whom the relation is not about."""


@pytest.mark.parametrize("place", ["section", "evidence"])
async def test_nobodys_identity_code_gets_into_an_entry_by_a_free_text(api: ConsentApi, place: str) -> None:
    for written in (CODE, f"381/2023 3 §, joint case with {CODE}", CODE.replace("-", "\u2011"), f"{CODE}: TYP"):
        refused = await call(api, "sosiaalityo", "/relations", FACT | {place: written})
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, place)
        assert "9042" not in refused.text and "no personal identity code" in refused.text
    assert (await call(api, "sosiaalityo", "/relations/search", ABOUT)).json()["relations"] == []


async def test_code_of_the_directory_is_no_identity_code_either(api: ConsentApi) -> None:
    for changed in ({"custodian": CODE}, {"recipients": ["kela", CODE]}):
        refused = await call(api, "sosiaalityo", "/relations", FACT | changed)
        assert refused.status_code == 400 and CODE not in refused.text
    client = FACT | {"client": examples.CLIENT | {"value": CODE}}
    assert (await call(api, "sosiaalityo", "/relations", client)).status_code == 201
