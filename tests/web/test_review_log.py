"""The client's own log as pages: told, filtered, proved, doubted; and nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import text

from audit.entry import unpack_openings
from audit.proof import parse_log_proof
from gateway.disclosure.release import Refused, Released
from gateway.disclosure.wholeness import WholenessCheck
from tests.laws.gateway_world import PLAN
from tests.web.people import People, Visitor, words

_PLACE = re.compile(r'href="/portal/log/(\d{4}\.\d+)"')


async def looked_at(people: People) -> str:
    """One document of Suvi's, disclosed to the employment service; return its id."""
    laws = people.laws
    document = await laws.deposit()
    await laws.give()
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    return document


async def newest(visitor: Visitor) -> str:
    """The place of the newest entry on the log's page."""
    found = _PLACE.search((await visitor.get("/portal/log")).text)
    assert found is not None
    return found[1]


async def test_log_tells_looks_and_refused_attempts_by_day(people: People) -> None:
    laws = people.laws
    document = await looked_at(people)
    laws.clock.advance(timedelta(days=1))
    refused = await laws.ask(
        laws.read_of(document, laws.requester("sosiaalityo", "omatyontekija", "care-coordination"))
    )
    assert isinstance(refused, Refused)
    visitor = await people.client("suvi")
    told = words(await visitor.get("/portal/log"))
    assert told.index("23 November 2026") < told.index("22 November 2026")
    assert "received information about you: work-ability plan. The information was given." in told
    assert "Nothing was given." in told


async def test_only_what_was_not_given_can_be_chosen(people: People) -> None:
    laws = people.laws
    document = await looked_at(people)
    await laws.ask(laws.read_of(document, laws.requester("sosiaalityo", "omatyontekija", "care-coordination")))
    visitor = await people.client("suvi")
    told = words(await visitor.get("/portal/log?sort=refused"))
    assert "Nothing was given." in told and "The information was given." not in told
    assert "Nothing like that happened." in words(await visitor.get("/portal/log?recipient=kela"))
    assert "The information was given." in words(
        await visitor.get(f"/portal/log?recipient=kuntakokeilu&category={PLAN}")
    )
    assert "Nothing like that happened." in words(await visitor.get("/portal/log?until=1.1.2026"))


async def test_day_that_is_none_is_told_at_its_field_and_kept(people: People) -> None:
    visitor = await people.client("suvi")
    answer = await visitor.get("/portal/log?since=yesterday")
    assert answer.status_code == 422
    assert 'value="yesterday"' in answer.text and 'href="#since"' in answer.text


async def test_long_log_goes_on_from_page_to_page_without_a_gap(people: People) -> None:
    laws = people.laws
    document = await looked_at(people)
    for _ in range(24):
        laws.clock.advance(timedelta(hours=1))
        await laws.ask(laws.read_of(document))
    visitor = await people.client("suvi")
    seen: list[str] = []
    path = "/portal/log?sort=looks"
    while path:
        page = (await visitor.get(path)).text
        seen += _PLACE.findall(page)
        onward = re.search(r'href="(/portal/log\?[^"]*)" rel="next"', page)
        path = onward[1].replace("&amp;", "&") if onward else ""
    assert len(seen) == len(set(seen)) == 25


@pytest.mark.parametrize("after", ["x", "1", "1.x", "-1.2", "1.2.3"])
async def test_page_that_nobody_told_of_is_no_page(people: People, after: str) -> None:
    visitor = await people.client("suvi")
    assert (await visitor.get(f"/portal/log?after={after}")).status_code == 404


# Whole.


async def test_log_says_until_when_it_is_whole_and_what_is_missing(people: People) -> None:
    await looked_at(people)
    told = words(await (await people.client("suvi")).get("/portal/log"))
    assert "The log is whole and unbroken until 22 November 2026 at 9:00." in told
    assert "Rows checked: 3." in told and "Missing:" in told


async def test_altered_entry_is_told_on_the_page_that_shows_it(people: People) -> None:
    await looked_at(people)
    visitor = await people.client("suvi")
    index = int((await newest(visitor)).partition(".")[2])
    with people.laws.gateway.database.write() as connection:
        for trigger in connection.scalars(text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")).all():
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        connection.execute(
            text("UPDATE audit_leaf SET entry = CAST(replace(entry, '\"', '''') AS BLOB) WHERE idx = :at"),
            {"at": index},
        )
        connection.commit()
    told = words(await visitor.get("/portal/log"))
    assert "The log could not be proved whole" in told and "The log is whole" not in told


async def test_log_that_grew_shorter_than_it_was_seen_is_not_whole(people: People) -> None:
    await looked_at(people)
    gateway = people.laws.gateway
    check = WholenessCheck(gateway.log_store, gateway.log.head_verifiers)
    with gateway.log_store.read() as reader:
        old = reader.heads()[-1]
    await looked_at(people)
    assert (await check.check()).sound
    with gateway.database.write() as connection:
        for trigger in connection.scalars(text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")).all():
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        connection.execute(
            text("UPDATE audit_head SET size = :size, frontier = :frontier, note = :note"),
            {"size": old.size, "frontier": old.frontier, "note": old.note},
        )
        connection.commit()
    found = await check.check()
    assert not found.sound and "entries and had" in found.faults[0]


# One entry.


async def test_entry_page_tells_the_whole_and_its_proof_holds_without_us(people: People) -> None:
    await looked_at(people)
    visitor = await people.client("suvi")
    place = await newest(visitor)
    told = words(await visitor.get(f"/portal/log/{place}"))
    assert "Basis: your permission." in told and "Yes. We checked it just now." in told
    answer = await visitor.get(f"/portal/log/{place}/proof.json")
    assert answer.headers["content-disposition"].startswith("attachment")
    kept = orjson.loads(answer.content)
    proof = parse_log_proof(kept["receipt"].encode())
    entry, opened = unpack_openings(proof.extra or b"")
    proof.verify(entry, people.laws.gateway.log.verifiers(kept["log"]))
    assert entry.decode() == kept["entry"]
    # Who acted is not the client's to see (a worker's name stays with the data protection officer).
    assert {one.section for one in opened} == {"s", "b"} == set(kept["opened_sections"])


@pytest.mark.parametrize("page", ["", "/proof.json", "/question"])
async def test_entry_of_another_client_answers_as_one_that_is_not_there(people: People, page: str) -> None:
    await looked_at(people)
    place = await newest(await people.client("suvi"))
    stranger = await people.client("ari")
    others, nowhere = (
        await stranger.get(f"/portal/log/{place}{page}"),
        await stranger.get(f"/portal/log/2026.9999{page}"),
    )
    assert others.status_code == nowhere.status_code == 404
    assert words(others) == words(nowhere)


async def test_client_asks_about_an_entry_once_and_sees_when_the_answer_comes(people: People) -> None:
    await looked_at(people)
    visitor = await people.client("suvi")
    place = await newest(visitor)
    assert "within 30 days" in words(await visitor.get(f"/portal/log/{place}/question"))
    sent = await visitor.post(f"/portal/log/{place}/question", {"said": "Who was this?"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/portal/log/{place}")
    told = words(await visitor.get(f"/portal/log/{place}"))
    assert "You get an answer by 22 December 2026." in told and "Who was this?" in told
    assert "Not answered yet" in told
    assert "You asked about this" in words(await visitor.get("/portal/log"))
    assert "Waits for an answer" in words(await visitor.get("/portal/concerns"))
    assert (await visitor.get(f"/portal/log/{place}/question")).status_code == 303


async def test_question_of_another_client_or_without_the_token_is_not_taken(people: People) -> None:
    await looked_at(people)
    visitor, stranger = await people.client("suvi"), await people.client("ari")
    place = await newest(visitor)
    path = f"/portal/log/{place}/question"
    assert (await stranger.post(path, {"said": "x"})).status_code == 404
    assert (await visitor.web.post(path, data={"said": "x"})).status_code == 403
    assert (await visitor.web.post(path, data={"said": "x", "csrf": "0" * 22})).status_code == 403
    assert await people.laws.gateway.concerns.of_client(await people.client_id("suvi")) == ()


async def test_too_long_a_question_is_told_and_kept(people: People) -> None:
    await looked_at(people)
    visitor = await people.client("suvi")
    path = f"/portal/log/{await newest(visitor)}/question"
    answer = await visitor.post(path, {"said": "word " * 500})
    assert answer.status_code == 422 and "word word" in answer.text and 'href="#said"' in answer.text


async def test_what_a_client_wrote_is_never_markup(people: People) -> None:
    await looked_at(people)
    visitor = await people.client("suvi")
    place = await newest(visitor)
    await visitor.post(f"/portal/log/{place}/question", {"said": "<img src=x onerror=alert(1)>"})
    page = (await visitor.get(f"/portal/log/{place}")).text
    assert "<img" not in page and "&lt;img src=x" in page
    for path in (
        '/portal/log?since="><script>x</script>', '/portal/log?recipient="><script>x</script>',
        '/portal/matrix?on="><script>x</script>', "/portal/log/<script>",
        '/portal/preview?recipient="><script>&category=x',
    ):  # fmt: skip
        assert "<script" not in (await visitor.get(path)).text, path
