"""What the tests of the portal do again and again: a request comes, a form is filled in as a browser without scripts
would."""

from __future__ import annotations

import re
from html import unescape

import httpx

from gateway.consent.model import Actor, AskedRow, Capture, CaptureMethod, Consent, Evidence, GrantRow, Shown
from tests.laws.gateway_world import Laws
from tests.web.people import People, Visitor

PLAN = "work-ability-plan"
_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')


def reading(people: People) -> Laws:
    """Return the same gateway behind its machine edge, where partner systems read."""
    return people.laws.changed(lambda gateway: gateway)


async def request_of(
    people: People, client: str, recipient: str = "kuntakokeilu", custodian: str = "sote-keskus",
    purpose: str = "employment-support",
) -> str:  # fmt: skip
    """Let a recipient ask, and return the request's id."""
    whom = await people.client_id(client)
    by = Actor(service=recipient, system=f"{recipient}-system", worker="w-1")
    await people.laws.gateway.recording.request(whom, AskedRow(custodian, recipient, PLAN, purpose), by)
    return (await people.laws.gateway.recording.for_client(whom)).requests[0].id


def hidden(answer: httpx.Response) -> dict[str, str | list[str]]:
    """Return the hidden fields of the last form of a page, save the session's token, which the visitor sends itself."""
    form = answer.text.rpartition("<form")[2] if answer.text.count("<form") else ""
    found: dict[str, str | list[str]] = {}
    for name, value in _HIDDEN.findall(form):
        if name != "csrf":
            before = found.get(name)
            rows = [*before, unescape(value)] if isinstance(before, list) else [before, unescape(value)]
            found[name] = unescape(value) if before is None else [row for row in rows if row is not None]
    return found


async def confirm(visitor: Visitor, path: str, checked: httpx.Response, **more: str | list[str]) -> httpx.Response:
    """Send the screen on which a choice is checked."""
    assert checked.status_code == 200, checked.text
    return await visitor.post(path, hidden(checked) | {"answer": "yes"} | more)


async def recorded_by_worker(people: People, client: str, row: GrantRow) -> Consent:
    """Let the recipient's own worker record a consent, which waits for the client's confirmation."""
    gateway = people.laws.gateway
    wording = gateway.wordings.current()
    evidence = Evidence((("identity_check", "passport"),))
    given = await gateway.recording.give(
        await people.client_id(client), (row,), Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=evidence),
        Shown(wording.id, wording.version, "fi", "plain", "0" * 64),
        by=Actor(service=row.recipient, system=f"{row.recipient}-system", worker="w-1", worker_name="Olli"),
    )  # fmt: skip
    return given.consent
