"""No entry, no bytes: each hop of a disclosure fails twice, before it did its work and after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from inspect import iscoroutinefunction
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from adapters.sql.faults import told
from audit.errors import CommitFailed, CommitUnknown, LogBusy
from gateway.errors import CustodianUnavailable, EngineUnavailable, StoreUnavailable
from gateway.open_gateway import Gateway
from tests.laws.gateway_world import UNKNOWN_ID, Laws


class Failing:
    """A port of which one method fails: before it did anything, or after it did all."""

    def __init__(self, port: Any, method: str, error: Exception, *, after: bool) -> None:
        self._port, self._method, self._error, self._after = port, method, error, after
        self.failed = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return fail(self, found, self._error, after=self._after) if name == self._method else found


def fail(counter: Any, call: Callable[..., Any], error: Exception, *, after: bool) -> Callable[..., Any]:
    """Return *call* as one that always fails."""
    if iscoroutinefunction(call):

        async def failing(*args: Any, **kwargs: Any) -> Any:
            if after:
                await call(*args, **kwargs)
            counter.failed += 1
            raise error

        return failing

    def failing_now(*args: Any, **kwargs: Any) -> Any:
        if after:
            call(*args, **kwargs)
        counter.failed += 1
        raise error

    return failing_now


class Counter:
    """How often it failed."""

    failed = 0


DOWN = OperationalError("SELECT", {}, Exception("disk I/O error"))
HOPS: dict[str, tuple[str, str | None, Exception, int]] = {
    "facts cannot be read": ("facts", "for_document", StoreUnavailable("no facts"), 503),
    "facts fail in a way nobody knows": ("facts", "for_document", RuntimeError("odd"), 500),
    "engine is silent": ("engine", "decide_many", EngineUnavailable("silent"), 503),
    "engine fails in a way nobody knows": ("engine", "decide_many", RuntimeError("odd"), 500),
    "custodian is silent": ("custodian", "fetch", CustodianUnavailable("silent"), 503),
    "custodian fails in a way nobody knows": ("custodian", "fetch", RuntimeError("odd"), 500),
    "content cannot be rendered": ("render", None, CustodianUnavailable("no JSON"), 503),
    "rendering fails in a way nobody knows": ("render", None, KeyError("odd"), 500),
    "epochs cannot be compared": ("releaser", "current", DOWN, 503),
    "the grant cannot be spent": ("releaser", "spend", DOWN, 503),
    "the client cannot be told": ("tell_released", None, DOWN, 503),
    "digest fails": ("digest", None, ValueError("odd"), 500),
    "the log is full": ("log", "submit", told(LogBusy("full")), 503),
    "the commit failed": ("log", "submit", told(CommitFailed("disk")), 503),
    "the commit may have failed": ("log", "submit", told(CommitUnknown("disk")), 503),
}
"""Which part fails, in which method (None where the part is a function), how, and what the asker is answered."""


def _with_failure(gateway: Gateway, name: str, *, after: bool) -> tuple[Gateway, Any]:
    part, method, error, _ = HOPS[name]
    whole = getattr(gateway.parts, part)
    if method is None:
        counter: Any = Counter()
        broken: Any = fail(counter, whole, error, after=after)
    else:
        counter = broken = Failing(whole, method, error, after=after)
    return replace(gateway, parts=replace(gateway.parts, **{part: broken})), counter


async def _granted_once(laws: Laws) -> str:
    """A document that a single-use grant opens: reading it would compare, spend, tell and write."""
    document = await laws.deposit()
    await laws.give("suvi", laws.row(once=True))
    return document


def _left(laws: Laws) -> dict[str, int]:
    """What a release leaves behind: its entry, a spent grant, a message to the client."""
    with laws.gateway.database.read() as connection:
        spent = connection.execute(text("SELECT count(*) FROM consent_grant WHERE spent_by IS NOT NULL")).scalar_one()
        told = connection.execute(text("SELECT count(*) FROM outbox WHERE kind = 'disclosure'")).scalar_one()
    entries = [entry for entry in laws.entries() if entry.kind == "disclosure"]
    return {"spent": spent, "told": told, "entries": len(entries)}


async def test_a_hop_that_fails_lets_no_byte_out(laws: Laws) -> None:
    wrong: dict[str, object] = {}
    for name, (part, _, _, status) in HOPS.items():
        for after in (False, True):
            document = await _granted_once(laws)
            before = _left(laws)
            broken, counter = _with_failure(laws.gateway, name, after=after)
            answer = await laws.changed(lambda _, broken=broken: broken).read(document)  # type: ignore[misc]
            # Whatever stands in the log, stands whole; what failed before its entry left nothing.
            left = {what: count - before[what] for what, count in _left(laws).items()}
            expected = dict.fromkeys(left, 1 if part == "log" and after else 0)
            if not counter.failed or answer.status_code != status or left != expected or _shows_anything(answer):
                wrong[f"{name}, {'after' if after else 'before'}"] = (counter.failed, answer.status_code, left)
    assert wrong == {}
    assert laws.verify() == []


def _shows_anything(answer: httpx.Response) -> bool:
    told = {"etag", "saattaen-proof", "saattaen-entry"} & set(answer.headers)
    return bool(told) or answer.json()["resourceType"] != "OperationOutcome"


@pytest.mark.parametrize("name", ["engine is silent", "custodian is silent"])
async def test_a_silent_neighbour_is_an_entry_of_its_own(laws: Laws, name: str) -> None:
    document = await _granted_once(laws)
    await laws.changed(lambda gateway: _with_failure(gateway, name, after=False)[0]).read(document)
    last = laws.entries()[-1]
    assert (last.kind, last.outcome) == ("decision", "error")
    assert (last.b or {})["reasons"] == [f"{name.split()[0]}-unavailable"]


async def test_what_is_not_possible_now_is_told_to_everyone_alike(laws: Laws) -> None:
    document = await _granted_once(laws)
    for name in ("engine is silent", "facts cannot be read", "the log is full", "the commit failed"):
        broken = laws.changed(lambda gateway, name=name: _with_failure(gateway, name, after=False)[0])  # type: ignore[misc]
        answers = [await _alike(broken.read(one)) for one in (document, UNKNOWN_ID)]
        assert answers[0] == answers[1], name
        assert answers[0][0] == 503
        assert "retry-after" in dict(answers[0][1])


async def test_a_database_that_fails_under_the_facts_is_a_503(laws: Laws) -> None:
    document = await _granted_once(laws)
    await laws.token()
    with laws.gateway.database.write() as connection:
        connection.execute(text("ALTER TABLE relation RENAME TO relation_gone"))
        connection.commit()
    assert (await laws.read(document)).status_code == 503


async def _alike(asked: Awaitable[httpx.Response]) -> tuple[int, list[tuple[str, str]], str]:
    answer = await asked
    request_id = answer.headers["x-request-id"]
    headers = [(name, value) for name, value in answer.headers.items() if name != "x-request-id"]
    return answer.status_code, headers, answer.text.replace(request_id, "")
