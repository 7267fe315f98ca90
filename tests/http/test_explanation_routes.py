"""A release explained to its parties over the wire, and to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway.consent.model import Actor
from tests.laws.gateway_world import Laws, open_world


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    async with open_world(tmp_path) as made:
        yield made


async def ask(laws: Laws, place: str, service: str, role: str, purpose: str, language: str = "en") -> httpx.Response:
    """Ask for the explanation of the entry at *place* (`year/index`)."""
    token = await laws.token(laws.acting(service, role, purpose))
    year, index = place.split("/")[-2:]
    return await laws.web.get(
        f"/audit/log/{year}/explanation/{index}",
        params={"language": language},
        headers={"authorization": f"Bearer {token}"},
    )


async def test_a_release_is_explained_to_its_recipient_and_its_custodian(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    place = (await laws.read(document)).headers["saattaen-entry"]
    for service, role, purpose in (
        ("kuntakokeilu", "omavalmentaja", "employment-support"), ("sote-keskus", "laakari", "care"),
    ):  # fmt: skip
        answer = await ask(laws, place, service, role, purpose)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        told = answer.json()
        assert told["given"] is True
        assert told["basis"] == "Basis: the client's permission."
        assert await laws.client("suvi") not in answer.text
    swedish = await ask(laws, place, "kuntakokeilu", "omavalmentaja", "employment-support", "sv")
    assert swedish.json()["outcome"] == "Uppgifterna lämnades ut."


async def test_a_refusal_anothers_release_and_what_is_not_there_look_the_same(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    place = (await laws.read(document)).headers["saattaen-entry"]
    year = place.split("/")[-2]
    await laws.gateway.recording.prohibit(await laws.client("suvi"), recipient="kuntakokeilu", by=Actor())
    assert (await laws.read(document)).status_code == 404
    refused = laws.size() - 1
    kela = ("kela", "kuntoutusasiantuntija", "rehabilitation-decision")
    own = ("kuntakokeilu", "omavalmentaja", "employment-support")
    answers = [
        await ask(laws, place, *kela), await ask(laws, f"{year}/{refused}", *own),
        await ask(laws, f"{year}/999999", *own),
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["title"] for answer in answers}) == 1


@pytest.mark.parametrize("address", ["2026/explanation/x", "20x6/explanation/1", "2026/explanation/1?language=de"])
async def test_an_address_that_makes_no_sense_is_refused(laws: Laws, address: str) -> None:
    headers = {"authorization": f"Bearer {await laws.token()}"}
    assert (await laws.web.get(f"/audit/log/{address}", headers=headers)).status_code in (400, 404)


async def test_without_a_token_nothing_is_explained(laws: Laws) -> None:
    assert (await laws.web.get("/audit/log/2026/explanation/1")).status_code == 401
