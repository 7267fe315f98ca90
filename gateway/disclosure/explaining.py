"""One entry explained, from its codes and facts, to client, worker or officer, in four registers.

The client is told who, what, why, on which basis, when, whether it was given, and what to do. A worker is told the same
of its own service's releases, and of a refusal no more than it may learn. The officer is told all facts beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from gateway.directory.instants import from_micros
from gateway.directory.model import Directory
from gateway.disclosure.account_context import CONTEXT, Context, context_of
from gateway.disclosure.accounts import TOLD, Account, Accounts
from gateway.disclosure.history import History, Place
from gateway.disclosure.log_finding import may_see
from gateway.disclosure.log_query import Officer
from gateway.disclosure.looking import THE_CLIENT, Looker, LookerKind, tell_look
from gateway.disclosure.opened import Opened, Section
from gateway.disclosure.phrases import EASY, REMEDIES, Eye, Phrases, told_to_worker
from gateway.disclosure.ports import LogWriter
from gateway.disclosure.section_fields import Malformed, optional_text, rows, text, texts


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of an entry, for the officer: its name and its value as the log has them."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One entry in sentences. `given` is None where nothing was asked for; `facts` are the officer's alone.

    `reasons` are codes: of a worker's the ones that may be told, so that a page that shows them tells no more.
    """

    origin: str
    index: int
    event_id: str
    kind: str
    when: str
    who: str | None
    what: str | None
    sentence: str
    why: str | None
    basis: str | None
    given: bool | None
    outcome: str | None
    reasons: tuple[str, ...]
    next: str | None
    facts: tuple[Fact, ...] = ()

    def lines(self) -> list[str]:
        """Return the whole explanation, a line each."""
        told = (self.when, self.sentence, self.why, self.outcome, self.basis, self.next)
        return [line for line in told if line] + [f"{fact.name}: {fact.value}" for fact in self.facts]


class Explaining:
    """Explains entries to whoever may see them; a look by a person is an entry that stands before it is shown."""

    def __init__(
        self, history: History, directory: Directory, phrases: Phrases, log: LogWriter, new_event_id: Callable[[], str]
    ) -> None:
        self._history, self._directory, self._phrases = history, directory, phrases
        self._log, self._new_event_id = log, new_event_id

    async def place_of(self, event_id: str) -> Place | None:
        """Return where an event stands: its log and index."""
        return await asyncio.to_thread(self._history.place_of, event_id)

    async def to_client(
        self, origin: str, index: int, client: str, language: str, looker: Looker = THE_CLIENT
    ) -> Explanation | None:
        """Return the explanation of an entry of the client's own; None for another's and for one that is not there."""
        entry = await self._entry(origin, index)
        if entry is None or entry.client != client or entry.kind not in TOLD:
            return None
        context = context_of((await self._context(client))[::-1])
        await tell_look(self._log, self._new_event_id(), looker, client, "explanation", {"of": [origin, index]})
        return explain_entry(entry, context, Eye.CLIENT, self._directory, self._phrases, language)

    async def to_officer(
        self, origin: str, index: int, officer: Officer, language: str, *, as_told_to: Eye = Eye.OFFICER
    ) -> Explanation | None:
        """Return the explanation of an entry that the officer may see, with its facts; else None.

        *as_told_to* shows the officer what other eyes are told of it.
        """
        entry = await self._entry(origin, index)
        if entry is None or not may_see(entry, officer.scope):
            return None
        context = context_of([] if entry.client is None else (await self._context(entry.client))[::-1])
        looker = Looker(LookerKind.OFFICER, officer.id, officer.name, officer.organisation)
        body = {"of": [origin, index]}
        await tell_look(self._log, self._new_event_id(), looker, entry.client, "explanation", body)
        return explain_entry(entry, context, as_told_to, self._directory, self._phrases, language)

    async def to_service(self, origin: str, index: int, service: str, language: str) -> Explanation | None:
        """Return the explanation of a release to a service, or of its documents alone; else None.

        To whom nothing was released nothing is explained: see `publication` on openings. No entry: the party had it.
        """
        entry = await self._entry(origin, index)
        if entry is None or not _is_release_of(entry, service):
            return None
        return explain_entry(
            entry, Context({}, {}, {}), Eye.PROFESSIONAL, self._directory, self._phrases, language
        )  # fmt: skip

    async def _entry(self, origin: str, index: int) -> Opened | None:
        return await asyncio.to_thread(self._history.entry, (origin, index))

    async def _context(self, client: str) -> list[Opened]:
        return await asyncio.to_thread(self._history.of_client, client, CONTEXT)


def explain_entry(
    entry: Opened, context: Context, eye: Eye, directory: Directory, phrases: Phrases, language: str
) -> Explanation:
    """Return an entry in sentences for those eyes; pure.

    The caller has checked that they may see the entry. Of a refusal a worker is told what `told_to_worker` lets.
    """
    accounts = Accounts(directory, phrases, language, to_client=eye is Eye.CLIENT)
    account = accounts.tell_one(entry, context)
    codes, bases = _reasons(entry), _bases(entry)
    facts: tuple[Fact, ...] = ()
    if eye is Eye.CLIENT:
        told = account
    else:
        told = _to_others(entry, account, eye, directory, phrases, language)
        codes = tuple(dict.fromkeys(map(told_to_worker, codes))) if eye is Eye.PROFESSIONAL else codes
        facts = _facts(entry) if eye is Eye.OFFICER else ()
    return Explanation(
        entry.origin, entry.index, entry.event_id, entry.kind, told.when, told.who, told.what, told.sentence, told.why,
        told.basis, told.given, told.outcome, codes, _next(codes, bases, told.given, eye, phrases, language), facts,
    )  # fmt: skip


def _to_others(
    entry: Opened, account: Account, eye: Eye, directory: Directory, phrases: Phrases, language: str
) -> Account:
    """Return the account in the third person: what was told to the client, told of the client."""
    case = entry.kind
    if entry.kind in ("decision", "search", "disclosure"):
        nothing = account.given is False and entry.outcome == "permit"
        case = "disclosure" if account.given else "search.empty" if nothing else "refused"
    title = phrases.kind_told(entry.kind, language, (entry.b or {}).get("asks"))
    sentence = f"{title}."
    if case in phrases.groups[f"explanations.{eye}"]:
        sentence = phrases.text(f"explanations.{eye}", case, language).format(who=account.who, what=account.what)
    outcome, basis = account.outcome, None
    if account.given is False and entry.outcome != "permit":
        reasons = dict.fromkeys(
            phrases.explain(code, eye, language) for code in _reasons(entry) if code in phrases.groups["reasons.client"]
        )
        said = " ".join(reasons) or phrases.text("words", "reason-unknown", language)
        outcome = phrases.text("words", "refused-to-others", language).format(text=said)
    elif account.given:
        outcome = phrases.text("words", "given", "fi" if language == EASY else language)
        told = dict.fromkeys(phrases.basis_told(code, language, section) for code, section in _cited(entry, directory))
        basis = phrases.text("words", "basis", language).format(text="; ".join(told))
    return Account(
        entry.origin, entry.index, entry.kind, account.when, title, sentence, account.why, basis, account.given,
        outcome, account.who, account.what,
    )  # fmt: skip


def _next(
    codes: tuple[str, ...], bases: tuple[str, ...], given: bool | None, eye: Eye, phrases: Phrases, language: str
) -> str | None:
    if given is None:
        return None
    if eye is Eye.PROFESSIONAL:
        return phrases.open_to("open" if given else next(iter(codes), "not-open"), language)[1]
    known = [code for code in (bases if given else codes) if code in REMEDIES]
    return " ".join(dict.fromkeys(phrases.remedy(code, eye, language) for code in known)) or None


def _reasons(entry: Opened) -> tuple[str, ...]:
    body = entry.b or {}
    try:
        return texts(body, "reasons") if "reasons" in body else ()
    except Malformed:
        return ()


def _bases(entry: Opened) -> tuple[str, ...]:
    body = entry.b or {}
    try:
        found = [optional_text(row, "basis") for row in rows(body, "documents")]
    except Malformed:
        return ()
    return tuple(dict.fromkeys(basis for basis in found if basis is not None))


def _cited(entry: Opened, directory: Directory) -> list[tuple[str, str | None]]:
    """Return each basis with the section of law that the directory's flow cites for it."""
    body, found = entry.b or {}, []
    for row in rows(body, "documents"):
        custodian, recipient = directory.service(text(row, "custodian")), directory.service(text(body, "recipient"))
        basis, flow = text(row, "basis"), None
        if custodian is not None and recipient is not None:
            flow = directory.flow(text(row, "category"), custodian.kind, recipient.kind, from_micros(entry.t))
        cites = flow is not None and basis in ("statutory", "joint-service")
        found.append((basis, flow.section if flow is not None and cites else None))
    return found


def _is_release_of(entry: Opened, service: str) -> bool:
    body = entry.b or {}
    if entry.kind not in ("disclosure", "search", "custodian.read") or entry.outcome != "permit":
        return False
    documents = rows(body, "documents")
    return bool(documents) and (
        body.get("recipient") == service or {row.get("custodian") for row in documents} == {service}
    )


def _facts(entry: Opened) -> tuple[Fact, ...]:
    """Return every field of the entry's sections, as the log has them: `section.field`, lists and objects as JSON."""
    found: list[Fact] = [Fact("origin", entry.origin), Fact("index", str(entry.index))]
    sections: Mapping[str, Section | None] = {"subject": entry.s, "actor": entry.a, "body": entry.b}
    for name, section in sections.items():
        if section is None:
            found.append(Fact(name, entry.closed.get(name[0], "")))
            continue
        for key in sorted(section):
            value = section[key]
            if value is not None:
                found.append(Fact(f"{name}.{key}", value if isinstance(value, str) else _json(value)))
    return tuple(found)


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
