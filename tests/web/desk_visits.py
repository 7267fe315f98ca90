"""A worker at the desk, as tests drive one: pages opened and forms sent, in words."""

from __future__ import annotations

import re

import httpx

from tests.web.people import People, Visitor


def place_of(answer: httpx.Response) -> str:
    """Return where a form that was done leads."""
    assert answer.status_code == 303, (answer.status_code, answer.text)
    return answer.headers["location"]


async def find(desk: Visitor, code: str, purpose: str, reason: str = "came to a meeting today") -> str:
    """Look somebody up; return the address of their page."""
    return place_of(await desk.post("/desk/find", {"code": code, "purpose": purpose, "reason": reason}))


async def found(people: People, desk: Visitor, client: str, purpose: str) -> str:
    """Look one of the demo world's people up; return the address of their page."""
    return await find(desk, people.laws.code(client), purpose)


async def prepare(
    desk: Visitor, page: str, situation: str, rows: list[str], method: str, ticks: dict[str, list[str]] | None = None,
    decides: str = "client", **more: str,
) -> str:  # fmt: skip
    """Go through screens 1 to 4; return the address of the draft. The client decides, alone or *supported*."""
    begun = place_of(await desk.post(f"{page}/consent", {"situation": situation, "decides": decides}))
    return await fill_in(desk, begun.removesuffix("/rows"), rows, method, ticks, **more)


async def represent(desk: Visitor, page: str, situation: str, code: str, capacity: str) -> httpx.Response:
    """Begin with somebody in the client's place, whose identity code the worker writes; return what the desk says."""
    said = {"situation": situation, "decides": "representative"}
    return await desk.post(place_of(await desk.post(f"{page}/consent", said)), {"capacity": capacity, "code": code})


async def fill_in(
    desk: Visitor, draft: str, rows: list[str], method: str, ticks: dict[str, list[str]] | None = None, **more: str
) -> str:
    """Go through screens 2 to 4; return the address of the draft."""
    assert place_of(await desk.post(f"{draft}/rows", {"row": rows})) == f"{draft}/details"
    detail: dict[str, str | list[str]] = {"period": "6"} | dict(ticks or {})
    assert place_of(await desk.post(f"{draft}/details", detail)) == f"{draft}/method"
    chosen = {"method": method, "language": "fi", "identity_check": "document"} | more
    assert place_of(await desk.post(f"{draft}/method", chosen)) == f"{draft}/show"
    return draft


async def compare(desk: Visitor, draft: str) -> httpx.Response:
    """Say, as a second person, that the paper is the same as the page's rows."""
    page = await desk.get(f"{draft}/compare")
    fields = dict(re.findall(r'name="(same|rows)" value="([0-9a-f]{64})"', page.text))
    assert set(fields) == {"same", "rows"}, page.text
    return await desk.post(f"{draft}/compare", fields)


async def answer(desk: Visitor, draft: str, said: str) -> httpx.Response:
    """Let the client answer on the turned screen, to the words that stand there."""
    screen = await desk.get(f"{draft}/show")
    shown = re.search(r'name="shown" value="([0-9a-f]{64})"', screen.text)
    assert shown is not None, screen.text
    return await desk.post(f"{draft}/answer", {"shown": shown[1], "answer": said})
