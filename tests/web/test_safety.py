"""What no room may do, held against every address that the application has: forged forms, wrong readers, others' ids,
what somebody wrote, and reading that changes something."""

from __future__ import annotations

import re
from collections.abc import Sequence

import httpx
import pytest

from gateway.web.page import HEADERS
from tests.web.crawl import pages_of, routes_of
from tests.web.furnished import furnish
from tests.web.people import People, Visitor, words
from tests.web.readers import READERS, visit

GUARDED = ("portal", "desk", "oversight", "acting-for")
OPEN_TO_ALL = frozenset({"/portal/confirm/{handle}"})
"""What is done without a sign-in, by a code that somebody was given."""
READER_OF = {"portal": "client", "acting-for": "client", "desk": "professional", "oversight": "officer"}
LOOKS = frozenset({"subject.read", "mandate.read", "audit.read", "probe"})
"""The kinds of entry that tell of a look alone."""


def filled(template: str, places: Sequence[str]) -> str:
    """Return an address of a template: one that the reader comes to, else one with ids of nothing."""
    pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template))
    known = next((one for one in (place.partition("?")[0] for place in places) if pattern.fullmatch(one)), None)
    return known or re.sub(r"\{[^}]+\}", "0" * 32, template)


def steps_of(template: str, places: Sequence[str]) -> str:
    """Return the address of a form: beside a page with the same ids where the reader comes to one."""
    if "{" not in template:
        return template
    head, _, _ = template.rpartition("}")
    begun = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", head + "}") + r"(?=/|$)")
    found = next((match[0] for place in places if (match := begun.match(place.partition("?")[0]))), None)
    return filled(template, places) if found is None else found + template[len(head) + 1 :]


async def come_to(
    people: People, visitor: Visitor, starts: Sequence[str], *, each: bool = False
) -> dict[str, httpx.Response]:
    """Return every answer that somebody comes to, by its address."""
    return {address: one async for address, one in pages_of(people.app, visitor, starts, each=each)}


async def standing(people: People) -> str:
    """Return all that stands of everyone: permissions, prohibitions, relations, requests, doubts and messages."""
    laws, found = people.laws, []
    for name in laws.world.clients:
        client = await people.client_id(name)
        found.append(await laws.gateway.recording.for_client(client))
        found.append(await laws.gateway.concerns.of_client(client))
    return repr(found)


async def test_no_form_is_taken_without_this_sessions_token_or_from_elsewhere(people: People) -> None:
    await furnish(people)
    app = people.app
    tried = 0
    before = await standing(people)
    size = people.laws.size()
    for room in GUARDED:
        reader, starts = await visit(people, READER_OF[room], "en")
        other, _ = await visit(people, READER_OF[room], "en")
        assert reader.session is not None and other.session is not None
        mine, theirs = {"csrf": reader.session.csrf}, {"csrf": other.session.csrf}
        places = list(await come_to(people, reader, starts))
        size = people.laws.size()
        for template in routes_of(app, room, "POST"):
            if template in OPEN_TO_ALL:
                continue
            path, fields = steps_of(template, places), {"answer": "yes", "what": "all", "says": "in-vain", "told": "1"}
            for data, headers in (
                (fields, {}), (fields | theirs, {}), (fields | {"csrf": ""}, {}),
                (fields | mine, {"sec-fetch-site": "cross-site"}), (fields | mine, {"sec-fetch-site": "same-site"}),
                (fields | mine, {"origin": "https://evil.example"}), (fields | mine, {"origin": "null"}),
            ):  # fmt: skip
                forged = await reader.web.post(path, data=data, headers=headers)
                assert forged.status_code == 403, (path, headers, forged.status_code, words(forged)[:300])
                tried += 1
        assert people.laws.size() == size, room
    assert tried > 200 and await standing(people) == before


async def test_form_of_a_signed_out_reader_leads_to_the_sign_in_and_does_nothing(people: People) -> None:
    stranger = await people.visitor()
    size = people.laws.size()
    for room in GUARDED:
        for template in set(routes_of(people.app, room, "POST")) - OPEN_TO_ALL:
            sent = await stranger.web.post(filled(template, ()), data={"csrf": "x"})
            assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=%2F"), template
    assert people.laws.size() == size


async def test_no_page_opens_without_a_session_and_the_way_back_is_local(people: People) -> None:
    stranger = await people.visitor()
    seen = 0
    for room in GUARDED:
        for template in set(routes_of(people.app, room, "GET")) - OPEN_TO_ALL:
            shut = await stranger.get(filled(template, ()) + "?look=//evil.example")
            assert shut.status_code == 303, template
            assert re.fullmatch(r"/sign-in\?next=%2F[A-Za-z0-9%_.-]*", shut.headers["location"]), template
            assert "evil" not in shut.headers["location"] and shut.headers["cache-control"] == "no-store"
            seen += 1
    assert seen > 60


@pytest.mark.parametrize("who", ["client", "professional", "officer"])
async def test_no_page_of_a_room_opens_to_readers_of_another(people: People, who: str) -> None:
    await furnish(people)
    visitor, _ = await visit(people, who, "en")
    for room in GUARDED:
        if READER_OF[room] == who:
            continue
        reader, starts = await visit(people, READER_OF[room], "en")
        places = list(await come_to(people, reader, starts))
        size = people.laws.size()
        for template in set(routes_of(people.app, room, "GET")) - OPEN_TO_ALL:
            assert (await visitor.get(filled(template, places))).status_code == 404, template
        for template in set(routes_of(people.app, room, "POST")) - OPEN_TO_ALL:
            assert (await visitor.post(steps_of(template, places), {"answer": "yes"})).status_code == 404, template
        assert people.laws.size() == size


async def test_every_answer_to_every_reader_bears_the_headers_of_a_page(people: People) -> None:
    await furnish(people)
    policy = HEADERS["content-security-policy"]
    assert "unsafe" not in policy and "*" not in policy and policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy and "form-action 'self'" in policy
    for who in READERS:
        visitor, starts = await visit(people, who, "en")
        answers = await come_to(people, visitor, [*starts, "/portal/consents/x", "/desk/clients/x", "/oversight/x"])
        for address, one in answers.items():
            if one.status_code == 303:
                assert one.headers["cache-control"] == "no-store", address
                continue
            for name, value in HEADERS.items():
                assert one.headers.get(name) == value, (address, name, one.headers.get(name))
            assert "set-cookie" not in one.headers and "server" not in one.headers, address


async def test_reading_every_page_changes_nothing_and_only_adds_looks(people: People) -> None:
    await furnish(people)
    before, size = await standing(people), people.laws.size()
    for who in READERS:
        visitor, starts = await visit(people, who, "en")
        answers = await come_to(people, visitor, starts, each=True)
        assert {one.status_code for one in answers.values()} <= {200, 303, 404}
    assert await standing(people) == before
    kinds = {entry.kind for entry in people.laws.entries()[size:]}
    assert kinds and kinds <= LOOKS and people.laws.verify() == []
