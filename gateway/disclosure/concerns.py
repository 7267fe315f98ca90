"""The use cases of concerns: a client raises one about an entry of their own log, officers answer.

Raising and answering are entries of the log, and so is each look of an officer at the list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol, TypeVar

from audit.entry import Draft, IndexRow
from audit.keys import DataKeys
from audit.store import LogReader
from gateway.consent.acting import TO_CLIENT, Act, to_officer
from gateway.consent.lifecycle import new_id
from gateway.consent.model import Actor, ClientId
from gateway.consent.ports import Reader
from gateway.directory.instants import from_micros, to_micros
from gateway.directory.model import Directory
from gateway.disclosure.accounts import TOLD
from gateway.disclosure.concern import (
    ANSWERED_WITHIN,
    MAX_WORDS,
    Answer,
    Case,
    Concern,
    ConcernRegistry,
    organisations_of,
    parties_of,
)
from gateway.disclosure.log_query import Officer
from gateway.disclosure.opened import Opened, Opener
from gateway.errors import ConsentRefused

R = TypeVar("R")

MAX_CASES = 500
"""How many cases an officer's list shows at most; the open ones come first."""

_CLIENT = Actor()
_GATEWAY = Actor(system="gateway")


class Runner(Protocol):
    """Runs an act as one item of the log: `Submitting.run`."""

    async def __call__(self, by: Actor, do: Callable[[Act], R], /) -> R:
        """Return what it left, once that is durable. Raises ConsentRefused, StoreUnavailable, TooBusy."""
        ...


class Snapshots(Protocol):
    """Opens snapshots of the log."""

    def read(self) -> AbstractContextManager[LogReader]:
        """Begin a snapshot."""
        ...


class Concerns:
    """Takes concerns to the officers of the organisations, and answers back."""

    def __init__(
        self, registry: ConcernRegistry, log: Snapshots, keys: DataKeys, directory: Directory, run: Runner, read: Reader
    ) -> None:
        self._registry, self._log, self._keys, self._directory = registry, log, keys, directory
        self._run, self._read = run, read

    # The client's side.

    async def raise_concern(
        self, client: ClientId, origin: str, index: int, *, said: str = "", by: Actor = _CLIENT
    ) -> Concern:
        """Say of an entry of the client's own log that they do not recognise it; return the concern.

        A second time returns the first and adds nothing. Raises ConsentRefused("not-found") for another's entry and
        for one that does not exist alike, "request-invalid" for one that names no service, or for too long a text.
        """
        said = said.strip()
        if len(said) > MAX_WORDS:
            raise ConsentRefused("request-invalid", f"a text has at most {MAX_WORDS} characters")
        entry = await asyncio.to_thread(self._own_entry, client, origin, index)
        organisations = () if entry is None else organisations_of(entry, self._directory)
        if entry is None:
            raise ConsentRefused("not-found", "there is no such entry")
        if not organisations:
            raise ConsentRefused("request-invalid", "no service had a part in this entry")
        return await self._run(by, lambda act: self._raise(act, client, entry, said, organisations))

    async def of_client(self, client: ClientId) -> tuple[Concern, ...]:
        """Return the client's concerns with every answer, newest first."""
        return await self._read(lambda connection: self._registry.of_client(connection, client))

    # The officer's side.

    async def cases_of(self, officer: Officer) -> tuple[Concern, ...]:
        """Return the cases of the officer's own organisation, open ones first, after the entry of this look stands."""
        organisation = _organisation(officer)
        found = await self._read(lambda connection: self._registry.of_organisation(connection, organisation, MAX_CASES))
        body = {"query": {"concerns": True}, "found": len(found), "by": "officer", "organisation": organisation}
        await self._run(_actor(officer), lambda act: act.drafts.append(_draft(act, officer, None, "audit.read", body)))
        return found

    async def answer(self, concern: str, officer: Officer, answer: Answer, text: str) -> Concern:
        """Answer for the officer's organisation and tell the client; return the concern with that case alone.

        Raises ConsentRefused("not-found") where the organisation has no such case, "already-answered" where it has
        answered, "request-invalid" for an empty or too long text.
        """
        text = text.strip()
        if not text or len(text) > MAX_WORDS:
            raise ConsentRefused("request-invalid", f"an answer has 1 to {MAX_WORDS} characters")
        organisation = _organisation(officer)
        known = await self._read(lambda connection: self._registry.concern(connection, concern))
        # The answer's entry names the organisation's own part in the entry asked about, and no other's.
        parties = await asyncio.to_thread(self._parties, known, organisation)
        return await self._run(
            _actor(officer), lambda act: self._answer(act, concern, organisation, officer, answer, text, parties)
        )

    async def remind_late(self, limit: int = 200) -> int:
        """Tell officers, once each, of cases whose promised day has passed without an answer; return how many."""
        return await self._run(_GATEWAY, lambda act: self._remind_late(act, limit))

    # Acts.

    def _raise(self, act: Act, client: ClientId, entry: Opened, said: str, organisations: tuple[str, ...]) -> Concern:
        known = self._registry.about(act.connection, client, entry.event_id)
        if known is not None:
            return known
        concern = Concern(
            new_id(), client, entry.origin, entry.index, entry.event_id, entry.kind, from_micros(entry.t), act.at,
            act.at + ANSWERED_WITHIN, said, tuple(Case(code) for code in organisations),
        )  # fmt: skip
        self._registry.add(act.connection, concern)
        body = _entry_body(concern) | {"organisations": list(organisations), "due": to_micros(concern.due_at)}
        recipients, custodians = parties_of(entry, self._directory)
        act.drafts.append(act.teller.concern("concern.raised", client, body, recipients, custodians))
        for organisation in organisations:
            told = {"concern": concern.id, "at": to_micros(act.at)}
            act.tell("concern.new", to_officer(organisation), client, None, told)
        return concern

    def _answer(
        self, act: Act, concern_id: str, organisation: str, officer: Officer, answer: Answer, text: str,
        parties: tuple[list[str], list[str]],
    ) -> Concern:  # fmt: skip
        concern = self._registry.concern(act.connection, concern_id)
        mine = [case for case in concern.cases if case.organisation == organisation] if concern is not None else []
        if concern is None or not mine:
            raise ConsentRefused("not-found", "there is no such case")
        if mine[0].answer is not None:
            raise ConsentRefused("already-answered", "this case has its answer")
        case = Case(organisation, answer, text, act.at)
        self._registry.answer(act.connection, concern, case)
        recipients, custodians = parties
        body = _entry_body(concern) | {
            "answer": str(answer), "by": "officer", "organisation": organisation, "recipients": recipients,
            "custodians": custodians, "categories": [],
        }  # fmt: skip
        draft = _draft(act, officer, concern.client, "concern.answered", body)
        between = replace(draft.index, recipient=" ".join(recipients) or None, custodian=" ".join(custodians) or None)
        act.drafts.append(replace(draft, index=between))
        told = {"concern": concern.id, "at": to_micros(act.at)}
        act.tell("concern.answered", TO_CLIENT, concern.client, None, told)
        return replace(concern, cases=(case,))

    def _remind_late(self, act: Act, limit: int) -> int:
        found = self._registry.late(act.connection, act.at, limit)
        for concern, client, organisation in found:
            told = {"concern": concern, "at": to_micros(act.at)}
            act.tell("concern.late", to_officer(organisation), client, None, told)
            self._registry.mark_late(act.connection, concern, organisation, act.at)
        return len(found)

    def _parties(self, concern: Concern | None, organisation: str) -> tuple[list[str], list[str]]:
        entry = None if concern is None else self._own_entry(concern.client, concern.origin, concern.index)
        return ([], []) if entry is None else parties_of(entry, self._directory, organisation)

    def _own_entry(self, client: ClientId, origin: str, index: int) -> Opened | None:
        opener = Opener(self._keys)
        with self._log.read() as reader:
            head = next((one for one in reader.heads() if one.origin == origin), None)
            if head is None or not 0 <= index < head.size:
                return None
            found = opener.read(reader, head, index, index + 1)
        return next((one for one in found if one.client == client and one.kind in TOLD), None)


def _entry_body(concern: Concern) -> dict[str, object]:
    about = {"origin": concern.origin, "index": concern.index, "kind": concern.kind, "event": concern.event_id}
    return {"concern": concern.id, "about": about}


def _organisation(officer: Officer) -> str:
    if officer.organisation is None:
        raise ConsentRefused("not-found", "an officer answers for an organisation")
    return officer.organisation


def _actor(officer: Officer) -> Actor:
    return Actor(system="officer", worker=officer.id, worker_name=officer.name, role="officer")


def _draft(act: Act, officer: Officer, client: ClientId | None, kind: str, body: dict[str, object]) -> Draft:
    # The person stands in the actor's section alone, as in every look of an officer.
    actor = {"person": officer.id, "name": officer.name, "organisation": officer.organisation, "role": "officer"}
    return Draft(
        act.office.new_event_id(), IndexRow(kind, "na"), body, {} if client is None else {"client": client}, actor,
        subject_owner=client, actor_owner=f"officer/{officer.id}",
    )  # fmt: skip
