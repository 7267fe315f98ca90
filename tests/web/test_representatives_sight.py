"""What a representative sees of a client on the pages: no more than a disclosure to them would tell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.consent.model import (
    Actor,
    AskedRow,
    Capture,
    CaptureMethod,
    ClientId,
    Evidence,
    Giver,
    GiverKind,
    RefusedRow,
    RelationKind,
    Shown,
)
from gateway.disclosure.release import Refused
from tests.laws.gateway_world import PLAN
from tests.web.people import People, Visitor, words

MIEPA = "Mental health and substance services"
LISTS = ("/portal", "/portal/consents", "/portal/settings", "/portal/relations", "/portal/withdraw-all")
LOOKING = (
    "/portal/matrix", "/portal/matrix?everyone=1", "/portal/matrix?on=2026-11-21", "/portal/timeline", "/portal/log",
    "/portal/documents", "/portal/walk", "/portal/print",
)  # fmt: skip
OF_ONE = (
    f"/portal/matrix/kuntakokeilu/{PLAN}", "/portal/recipients/kuntakokeilu",
    f"/portal/preview?recipient=kuntakokeilu&category={PLAN}",
)  # fmt: skip
BY = Actor(service="sote-keskus", system="sote-keskus-system", worker="w-1")


async def guardian(people: People) -> Visitor:
    """The browser of Suvi, who acts for the young client with a mandate that the register knows."""
    client = await people.client_id("nuori")
    people.laws.gateway.mandates.add(client, GiverKind.GUARDIAN, "register:1")
    return await people.client("suvi", acting_for="nuori")


async def ask(people: People, client: ClientId, recipient: str, purpose: str) -> str:
    recording = people.laws.gateway.recording
    asked = AskedRow("sote-keskus", recipient, PLAN, purpose)
    await recording.request(client, asked, by=Actor(service=recipient, system="s", worker="w"))
    return next(one.id for one in (await recording.for_client(client)).requests if one.recipient == recipient)


async def given_by_guardian(people: People, client: ClientId) -> str:
    laws, wording = people.laws, people.laws.gateway.wordings.current()
    given = await laws.gateway.recording.give(
        client, (laws.row(),), Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "s"),))),
        Shown(wording.id, wording.version, "fi", "plain", "0" * 64),
        giver=Giver(GiverKind.GUARDIAN, register_reference="register:1"), by=Actor(worker="suvi"),
    )  # fmt: skip
    return str(given.consent.id)


async def test_of_a_client_in_hiding_no_page_tells_a_representative_anything(people: People) -> None:
    laws, client = people.laws, await people.client_id("nuori")
    visitor = await guardian(people)
    document, relation = await laws.deposit("nuori"), await laws.relate("nuori")
    consent = await given_by_guardian(people, client)
    request = await ask(people, client, "kela", "rehabilitation-decision")
    told = (document, relation, request, "Koivulan", f"/portal/consents/{consent}")
    before: set[str] = set()
    for path in (*LISTS, *LOOKING, *OF_ONE):
        page = await visitor.get(path)
        before |= {path} if any(one in page.text for one in told) else set()
    assert {"/portal", "/portal/consents", "/portal/relations", "/portal/documents"} <= before
    assert "kuntakokeilu" in (await visitor.get("/portal/log")).text
    await laws.gateway.clients.mark(client, non_disclosure=True, by=Actor(system="gateway"))
    for path in (*LISTS, *LOOKING, *OF_ONE):
        answer = await visitor.get(path)
        assert answer.status_code == 200, path
        assert not [one for one in told if one in answer.text], path
        assert path in OF_ONE or "kuntakokeilu" not in answer.text, path
        assert "By law" not in words(answer) or path == "/portal/relations", path
    assert "Has not looked" in words(await visitor.get(OF_ONE[0]))
    for path in (f"/portal/requests/{request}", f"/portal/requests/{request}/preview", f"/portal/documents/{document}"):
        assert (await visitor.get(path)).status_code == 404, path
    # Whoever gave a permission may withdraw it by what they were left with: its own address.
    assert (await visitor.get(f"/portal/consents/{consent}/withdraw")).status_code == 200
    assert document in (await (await people.client("nuori")).get("/portal/documents")).text


async def test_no_page_names_to_a_representative_a_service_whose_name_tells(people: People) -> None:
    laws, client = people.laws, await people.client_id("nuori")
    own, visitor = await people.client("nuori"), await guardian(people)
    document = await laws.deposit("nuori", custodian="miepa")
    await laws.gateway.recording.record_relation(
        client, RelationKind.JOINT_SERVICE, "sote-keskus", ("kuntakokeilu", "miepa"), by=BY, evidence="decision 7"
    )
    await laws.gateway.recording.prohibit(client, recipient="miepa")
    for path in (*LISTS, *LOOKING):
        assert MIEPA not in words(await visitor.get(path)), path
    assert words(await visitor.get("/portal/prohibitions")).count(MIEPA) == 1  # Among those that may be chosen.
    assert words(await own.get("/portal/prohibitions")).count(MIEPA) == 2
    for path in (
        f"/portal/documents/{document}", "/portal/recipients/miepa", f"/portal/matrix/miepa/{PLAN}",
        "/portal/log?recipient=miepa",
    ):  # fmt: skip
        assert (await visitor.get(path)).status_code == 404, path
        assert (await own.get(path)).status_code == 200, path
    for path in ("/portal", "/portal/relations", "/portal/log"):
        assert MIEPA in words(await own.get(path)), path


@pytest.mark.parametrize("step", ["withdrawn", "refused"])
async def test_no_page_tells_a_representative_that_the_client_said_no(people: People, step: str) -> None:
    laws, client = people.laws, await people.client_id("nuori")
    visitor, recording = await guardian(people), people.laws.gateway.recording
    document = await laws.deposit("nuori")
    if step == "withdrawn":
        await recording.withdraw((await laws.give("nuori")).id)
        assert isinstance(await laws.ask(laws.read_of(document)), Refused)
    else:
        await recording.refuse(client, [RefusedRow("kuntakokeilu", PLAN)])
    for path in ("/portal/matrix", "/portal/print"):
        assert "kuntakokeilu" not in (await visitor.get(path)).text, path
    for path in (f"/portal/matrix/kuntakokeilu/{PLAN}", "/portal/recipients/kuntakokeilu", "/portal/log"):
        said = words(await visitor.get(path))
        assert "withdr" not in said.replace("Withdraw everything", "") and "refused" not in said, path


async def test_a_look_at_a_past_day_shows_a_representative_nothing_that_is_closed_today(people: People) -> None:
    laws, client = people.laws, await people.client_id("nuori")
    document = await laws.deposit("nuori")
    await laws.relate("nuori")
    laws.clock.advance(timedelta(days=2))
    visitor = await guardian(people)
    day = (laws.clock.now() - timedelta(days=1)).date()
    path = f"/portal/matrix/kuntakokeilu/{PLAN}?on={day}"
    assert document in (await visitor.get(path)).text
    await laws.gateway.recording.pause(client)
    assert document not in (await visitor.get(path)).text
