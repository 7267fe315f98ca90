"""One entry: why is asked first, its proof is checked here and by anyone, and another organisation's is not there."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from audit.checkpoint import parse_vkey
from audit.entry import unpack_openings
from audit.proof import parse_log_proof
from gateway.cli import app
from tests.web.people import People, Visitor, words
from tests.web.test_oversight_search import read_plan


async def place_of(people: People, kind: str = "disclosure") -> str:
    """Return the address of the newest entry of a kind."""
    entry = [one for one in people.laws.entries() if one.kind == kind][-1]
    return f"/oversight/entries/{entry.origin.rpartition('/')[2]}/{entry.index}"


async def opened(officer: Visitor, path: str) -> str:
    """Say why; return the address of the entry with its reference."""
    answer = await officer.post(f"{path}/why", {"reason": "a random check"})
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_an_entry_tells_who_what_why_facts_and_proof(people: People) -> None:
    document = await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    page = words(await officer.get(await opened(officer, await place_of(people))))
    assert "received: work-ability plan" in page and "Olli (worker-1)" in page
    assert people.laws.gateway.engine.revision in page and people.laws.world.directory.digest in page
    assert document in page and "Place in the log gw.saattaen.example/audit/2026" in page


async def test_why_is_asked_before_anything_is_shown(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    path = await place_of(people)
    before = people.laws.size()
    for suffix in ("", "/proof"):
        page = words(await officer.get(path + suffix))
        assert "Why you look" in page and "Olli" not in page
    assert (await officer.post(f"{path}/why", {"reason": ""})).status_code == 422
    assert people.laws.size() == before


async def test_another_organisations_entry_is_like_one_that_is_not_there(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("kela")
    theirs = await opened(officer, await place_of(people))
    missing = await opened(officer, "/oversight/entries/2026/9999999")
    elsewhere = await opened(officer, "/oversight/entries/1999/1")
    answers = [await officer.get(one) for one in (theirs, missing, elsewhere)]
    answers += [await officer.get(one.replace("?", "/proof?")) for one in (theirs, missing)]
    answers += [await officer.post(one.replace("?", "/verify?")) for one in (theirs, missing)]
    assert {one.status_code for one in answers} == {404}
    assert len({words(one) for one in answers[:5]}) == 1


async def test_every_entry_by_its_number_is_the_organisations_own_or_not_there(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("kela")
    for entry in people.laws.entries():
        path = f"/oversight/entries/{entry.origin.rpartition('/')[2]}/{entry.index}"
        answer = await officer.get(await opened(officer, path))
        named = str(entry.b)
        assert answer.status_code == (200 if "'kela'" in named or "'kela-etuudet'" in named else 404), entry


@pytest.mark.parametrize("path", ["2026/-1", "2026/01", "20x6/1", "2026/1e3", "2026/99999999999999999999"])
async def test_an_odd_place_is_not_there(people: People, path: str) -> None:
    officer = await people.officer("kela")
    assert (await officer.get(f"/oversight/entries/{path}")).status_code == 404


async def test_the_button_checks_every_step_and_tells_each(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    address = await opened(officer, await place_of(people))
    page = words(await officer.post(address.replace("?", "/verify?")))
    assert "Every step that could be checked holds" in page
    assert page.count(" Holds ") == 6
    assert "What it rests on stood before it Result Holds For the operator, in English heard 3 entries" in page


async def test_an_altered_section_is_found_by_the_button(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    path = await place_of(people)
    index = int(path.rpartition("/")[2])
    address = await opened(officer, path)
    with people.laws.gateway.database.write() as connection:
        connection.execute(text("DROP TRIGGER IF EXISTS audit_index_update"))
        connection.execute(text("UPDATE audit_index SET outcome = 'deny' WHERE idx = :idx"), {"idx": index})
        connection.commit()
    page = words(await officer.post(address.replace("?", "/verify?")))
    assert "Something is to be looked into" in page
    said = "The search index says the same as the entry Result To be looked into For the operator, in English o"
    assert said in page
    assert "did wrong" in page


async def test_the_proof_is_checked_by_anyone_with_the_logs_key(people: People, tmp_path: Path) -> None:
    await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    address = await opened(officer, await place_of(people))
    answer = await officer.get(address.replace("?", "/proof?"))
    file = orjson.loads(answer.content)
    vkeys = await people.laws.gateway.publication.vkeys()
    proof = parse_log_proof(file["receipt"].encode())
    entry, openings = unpack_openings(proof.extra or b"")
    checkpoint = proof.verify(entry, [parse_vkey(line) for line in vkeys.decode().split()])
    assert checkpoint.size == file["inclusion"]["size"] and entry.decode() == file["entry"]
    assert {one.section for one in openings} == {"a", "b", "s"} == set(file["openings"])

    (tmp_path / "proof.json").write_bytes(answer.content)
    (tmp_path / "log.vkey").write_bytes(vkeys)
    checked = CliRunner().invoke(
        app, ["log", "check", str(tmp_path / "proof.json"), "--vkey", str(tmp_path / "log.vkey")]
    )
    assert checked.exit_code == 0 and "is in the signed tree" in checked.output
    file["receipt"] = file["receipt"].replace("index ", "index 1", 1)
    (tmp_path / "proof.json").write_bytes(orjson.dumps(file))
    wrong = CliRunner().invoke(
        app, ["log", "check", str(tmp_path / "proof.json"), "--vkey", str(tmp_path / "log.vkey")]
    )
    assert wrong.exit_code == 1 and "WRONG" in wrong.output


async def test_each_look_at_an_entry_is_an_entry_about_its_client(people: People) -> None:
    laws = people.laws
    await read_plan(laws)
    officer = await people.officer("tyollisyysalue")
    path = await place_of(people)
    address = await opened(officer, path)
    before = laws.size()
    await officer.get(address)
    look = laws.entries()[before]
    assert look.kind == "audit.read" and look.client == await people.client_id("suvi")
    assert look.b and look.b["entry"] == ["gw.saattaen.example/audit/2026", int(path.rpartition("/")[2])]
    assert look.a and look.a["reason"] == "a random check"


async def test_checking_needs_a_form_of_ours(people: People) -> None:
    await read_plan(people.laws)
    officer = await people.officer("tyollisyysalue")
    path = await place_of(people)
    address = await opened(officer, path)
    for url in (address.replace("?", "/verify?"), f"{path}/why"):
        assert (await officer.web.post(url, data={"reason": "x"})).status_code == 403
