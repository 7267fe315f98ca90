"""The shell of the pages: front page, choices, problems told as pages, headers."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from gateway.directory.names import LANGUAGES
from gateway.errors import StoreUnavailable
from gateway.web.addresses import way_back
from gateway.web.doors import Doors
from gateway.web.page import Pages
from gateway.web.session import Session
from gateway.web.shell.routes import QUICK_EXIT, shell_router
from tests.web.people import People, words


@pytest.mark.parametrize("language", LANGUAGES)
async def test_front_page_opens_in_every_register(people: People, language: str) -> None:
    visitor = await people.visitor(language=language)
    answer = await visitor.get("/")
    assert answer.status_code == 200
    assert f'lang="{"fi" if language == "fi-x-selko" else language}"' in answer.text
    assert "/sign-in" in answer.text


async def test_first_visit_asks_for_the_language_and_a_choice_is_kept(people: People) -> None:
    visitor = await people.visitor()
    visitor.web.cookies.clear()
    first = await visitor.web.get("/", headers={"accept-language": "sv-FI,sv;q=0.9,en;q=0.5"})
    assert 'lang="sv"' in first.text and "/choose/language/fi-x-selko" in first.text
    chosen = await visitor.get("/choose/language/fi-x-selko?back=/help")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/help")
    assert "easy" in (await visitor.get("/help")).text.split("<body>")[0]


@pytest.mark.parametrize(
    "given",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "/portal//evil", "/portal/%2e%2e", "javascript:1",
        "/portal?next=//evil", "/elsewhere", "", None,
    ],
)  # fmt: skip
def test_way_back_leads_to_a_page_of_ours_alone(given: str | None) -> None:
    assert way_back(given) == "/"


async def test_page_that_is_not_there_is_told_as_a_page_in_the_readers_language(people: People) -> None:
    visitor = await people.visitor(language="en")
    answer = await visitor.get("/portal/nothing")
    assert answer.status_code == 404 and "There is no such page" in words(answer)
    assert answer.headers["content-type"].startswith("text/html")
    api = await visitor.get("/api/v1/nothing")
    assert api.headers["content-type"] == "application/problem+json"


async def test_pages_have_a_strict_policy_and_are_not_kept(people: People) -> None:
    visitor = await people.visitor()
    for path in ("/", "/help", "/portal/nothing"):
        headers = (await visitor.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"


async def test_identity_code_in_an_address_of_a_page_is_refused_as_a_page(people: People) -> None:
    visitor = await people.visitor(language="en")
    answer = await visitor.get("/portal/" + people.laws.world.clients["suvi"].code.reveal())
    assert answer.status_code == 400 and "personal identity code" in words(answer)


async def test_static_files_are_kept_and_others_are_not_served(people: People) -> None:
    visitor = await people.visitor()
    page = (await visitor.get("/")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in (await visitor.get(address)).headers["cache-control"]
    assert (await visitor.get("/static/000000000000/app.css")).status_code == 404
    assert (await visitor.get(address.replace("app.css", "../page.py"))).status_code == 404


@dataclass(frozen=True)
class _Silent:
    """Sessions in a store that does not answer."""

    async def find(self, cookie: str) -> Session | None:
        raise StoreUnavailable("the store is silent")


async def test_leaving_quickly_asks_nothing_of_a_store_that_does_not_answer(people: People) -> None:
    doors = Doors(_Silent(), secure=False)  # type: ignore[arg-type]
    app = FastAPI()
    app.include_router(shell_router(Pages(people.laws.gateway.directory, demo=True), doors))
    kept = {doors.cookie: "x" * 43}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", cookies=kept) as site:
        answer = await site.get("/leave")
    assert answer.status_code == 303 and answer.headers["location"] == QUICK_EXIT
    assert f'{doors.cookie}="";' in answer.headers["set-cookie"]


async def test_leaving_quickly_ends_the_session(people: People) -> None:
    visitor = await people.client("suvi")
    answer = await visitor.get("/leave")
    assert answer.status_code == 303 and "saattaen" not in answer.headers["location"]
    assert (await visitor.get("/")).status_code == 200
