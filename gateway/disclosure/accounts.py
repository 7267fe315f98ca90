"""What a client sees of the log: every access and refusal and every step of a consent, in sentences.

Who (the service, never the worker), what, why, on which basis, when, and whether it was given; from codes alone. The
entries come opened and newest first from `log_search`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.directory.instants import HELSINKI, from_micros
from gateway.directory.model import Directory
from gateway.disclosure.opened import Opened, Section
from gateway.disclosure.phrases import Eye, Phrases
from gateway.disclosure.section_fields import Malformed, flag, optional_text, rows, text, texts

TOLD = (
    "decision", "disclosure", "search", "deposit", "custodian.read", "consent.requested", "consent.given",
    "consent.confirmed", "consent.refused", "consent.deferred", "consent.changed", "consent.withdrawn",
    "consent.expired", "consent.spent", "mandate.ended", "prohibition.given", "prohibition.lifted",
    "relation.recorded", "relation.ended", "relation.contested", "client.suspended", "client.marked",
    "client.notices", "concern.raised", "concern.answered", "audit.read", "mandate.read", "probe", "desk.lookup",
    "desk.report", "erasure",
)  # fmt: skip
"""The kinds of entry that a client is told of."""

CONTEXT = ("consent.given", "consent.changed", "relation.recorded", "log.start")
"""The kinds of entry that others refer to: what a consent covered, on which section a relation rests."""

_FOR_YOU = frozenset({
    "consent.changed", "consent.confirmed", "consent.withdrawn", "consent.deferred", "prohibition.lifted",
    "relation.contested",
})  # fmt: skip
"""The kinds of entry that say of a representative what they say of the client."""

REHEARSED = (
    "decision", "disclosure", "consent.given", "consent.changed", "consent.withdrawn", "consent.refused"
)  # fmt: skip
"""The kinds of entry that a rehearsal's `see` lists."""


@dataclass(frozen=True, slots=True)
class Account:
    """One entry as its client is told of it. `given` is None where nothing was asked for."""

    origin: str
    index: int
    kind: str
    when: str
    title: str
    sentence: str
    why: str | None = None
    basis: str | None = None
    given: bool | None = None
    outcome: str | None = None
    who: str | None = None
    what: str | None = None

    def lines(self) -> list[str]:
        """Return the whole account, a line each."""
        told = (self.when, self.sentence, self.why, self.outcome, self.basis)
        return [line for line in told if line]


@dataclass(frozen=True, slots=True)
class Context:
    """What entries refer to, by id: the newest rows of consents, all grants, the sections of law of relations."""

    consents: Mapping[str, Sequence[Section]]
    grants: Mapping[str, Section]
    relations: Mapping[str, str]


def context_of(entries: Iterable[Opened]) -> Context:
    """Gather the context from a client's entries, newest first; others than those of CONTEXT are passed over."""
    consents: dict[str, Sequence[Section]] = {}
    grants: dict[str, Section] = {}
    sections: dict[str, str] = {}
    for entry in entries:
        body = entry.b
        if entry.kind not in CONTEXT or body is None:
            continue
        if entry.kind in ("consent.given", "consent.changed"):
            consents.setdefault(text(body, "consent"), rows(body, "grants"))
            grants |= {text(one, "id"): one for one in rows(body, "grants")}
            continue
        carried = body.get("carried")
        row = carried if isinstance(carried, dict) else body
        for one in rows(row, "relations") if entry.kind == "log.start" else (body,):
            if (section := optional_text(one, "section")) is not None:
                sections.setdefault(text(one, "relation"), section)
        if entry.kind == "log.start":
            grants |= {text(one, "id"): one for one in rows(row, "grants")}
            for one in rows(row, "grants"):
                same = [other for other in rows(row, "grants") if other.get("consent") == one.get("consent")]
                consents.setdefault(text(one, "consent"), same)
    return Context(consents, grants, sections)


def rehearsal_rows(entries: Iterable[Opened]) -> list[dict[str, str | None]]:
    """Return what a rehearsal's `see` compares, `{kind, by, outcome, basis}`, in the order of the entries given."""
    found: list[dict[str, str | None]] = []
    for entry in entries:
        if entry.kind not in REHEARSED or entry.b is None:
            continue
        released = rows(entry.b, "documents")
        is_request = entry.kind in ("decision", "disclosure")
        found.append({
            "kind": entry.kind,
            "by": optional_text(entry.b, "recipient" if is_request else "by"),
            "outcome": entry.outcome,
            "basis": optional_text(released[0], "basis") if released else None,
        })  # fmt: skip
    return found


class Accounts:
    """Tells a client's entries in one language (one of the four registers). To others than the client, purposes have
    the names that staff know."""

    def __init__(self, directory: Directory, phrases: Phrases, language: str, *, to_client: bool = True) -> None:
        self._directory, self._phrases, self._language = directory, phrases, language
        self._to_client = to_client

    def tell(self, entries: Sequence[Opened], context: Context | None = None) -> list[Account]:
        """Tell the entries, in their order; those that are no business of the client's are left out."""
        context = context or context_of(entries)
        return [self._tell(entry, context) for entry in entries if entry.kind in TOLD]

    def tell_one(self, entry: Opened, context: Context) -> Account:
        """Tell one entry of any kind; one that a client is not told of, by its name."""
        return self._tell(entry, context)

    def when(self, t: int) -> str:
        """Return an instant in Helsinki's time."""
        at = from_micros(t).astimezone(HELSINKI)
        return self._word("when").format(
            day=at.day, month=at.month, name=f"{at:%B}", year=at.year, hour=at.hour, minute=f"{at.minute:02}"
        )

    # Entries.

    def _tell(self, entry: Opened, context: Context) -> Account:
        when, title = self.when(entry.t), self._phrases.kind(entry.kind, self._language)
        body = entry.b
        if body is None:
            return Account(entry.origin, entry.index, entry.kind, when, title, self._word("erased"))
        try:
            return self._of(entry, body, when, title, context)
        except Malformed:
            # An entry of a form that this program does not know is told by its name alone.
            return Account(entry.origin, entry.index, entry.kind, when, title, f"{title}.")

    def _of(self, entry: Opened, body: Section, when: str, title: str, context: Context) -> Account:
        documents = rows(body, "documents")
        who, what = self._service(_who(entry, body)), self._categories(body, documents)
        granted = self._rows(_grant_rows(entry, body, context))
        case = _case(entry, body)
        if case not in self._phrases.groups["accounts"]:
            raise Malformed("kind")
        sentence = self._phrases.text("accounts", case, self._language).format(who=who, what=what, rows=granted)
        given: bool | None = None
        why = basis = outcome = None
        if entry.kind in ("disclosure", "decision", "search"):
            given = entry.outcome == "permit" and bool(documents)
            why = self._line("why", self._purpose(optional_text(body, "purpose")))
            if given:
                outcome, basis = self._word("given"), self._bases(entry, body, documents, context)
            elif entry.outcome != "permit":
                outcome = self._word("not-given").format(text=self._reasons(body))
        return Account(
            entry.origin, entry.index, entry.kind, when, title, sentence, why, basis, given, outcome, who, what
        )

    def _reasons(self, body: Section) -> str:
        reasons = texts(body, "reasons") if "reasons" in body else ()
        known = self._phrases.groups[f"reasons.{Eye.CLIENT}"]
        told = [self._phrases.explain(one, Eye.CLIENT, self._language) for one in reasons if one in known]
        return " ".join(told) or self._word("reason-unknown")

    def _bases(self, entry: Opened, body: Section, documents: Sequence[Section], context: Context) -> str:
        reliance = (entry.s or {}).get("reliance")
        told: dict[str, None] = {}
        for row in documents:
            rests = reliance.get(text(row, "id")) if isinstance(reliance, dict) else None
            relation = rests.get("relation") if isinstance(rests, dict) else None
            section = context.relations.get(str(relation)) or self._section_of_flow(entry, body, row)
            told[self._phrases.basis(text(row, "basis"), self._language, section)] = None
        return self._line("basis", "; ".join(told)) or ""

    def _section_of_flow(self, entry: Opened, body: Section, row: Section) -> str | None:
        custodian = self._directory.service(text(row, "custodian"))
        recipient = self._directory.service(text(body, "recipient"))
        if custodian is None or recipient is None:
            return None
        flow = self._directory.flow(text(row, "category"), custodian.kind, recipient.kind, from_micros(entry.t))
        return None if flow is None else flow.section

    # Names.

    def _word(self, code: str) -> str:
        return self._phrases.text("words", code, self._language)

    def _line(self, code: str, said: str | None) -> str | None:
        return None if said is None else self._word(code).format(text=said)

    def _purpose(self, code: str | None) -> str | None:
        if code is None:
            return None
        name = self._directory.name("purpose", code) if self._to_client else self._directory.task(code)
        return code if name is None else name.text(self._language)

    def _service(self, code: str | None) -> str:
        service = None if code is None else self._directory.service(code)
        register = None if code is None else self._directory.registers.get(code)
        named = service or register
        return self._word("someone") if named is None else named.name.text(self._language)

    def _category(self, code: str | None) -> str:
        category = None if code is None else self._directory.category(code)
        return self._word("something") if category is None else category.name.text(self._language)

    def _categories(self, body: Section, documents: Sequence[Section]) -> str:
        codes = [optional_text(row, "category") for row in documents]
        whole = optional_text(body, "category")
        return ", ".join(dict.fromkeys(self._category(code or whole) for code in codes or [None]))

    def _rows(self, granted: Sequence[tuple[str | None, str | None]]) -> str:
        if not granted:
            return self._word("something")
        told = []
        for recipient, category in dict.fromkeys(granted):
            who = self._word("anyone") if recipient is None else self._service(recipient)
            what = self._word("anything") if category is None else self._category(category)
            told.append(who if category == _WHO_ALONE else f"{who}, {what}")
        return "; ".join(told)


_WHO_ALONE = ""
"""Stands for the category in a row that names recipients and nothing else."""


def _who(entry: Opened, body: Section) -> str | None:
    match entry.kind:
        case (
            "decision" | "disclosure" | "search" | "custodian.read" | "consent.requested" | "probe"
            | "desk.lookup" | "desk.report"
        ):  # fmt: skip
            return optional_text(body, "recipient")
        case "deposit" | "relation.ended" | "relation.contested":
            return optional_text(body, "custodian")
        case "relation.recorded":
            return optional_text(body, "recorded_by")
        case "consent.given":
            capture = body.get("capture")
            return optional_text(capture, "service") if isinstance(capture, dict) else None
        case _:
            return optional_text(body, "by")


def _case(entry: Opened, body: Section) -> str:
    """Return the key of the sentence that tells this entry."""
    by, kind = body.get("by"), entry.kind
    match kind:
        case "search" if entry.outcome != "permit":
            return "search.refused"
        case "search" if not rows(body, "documents"):
            return "search.empty"
        case "consent.requested" if body.get("request") is None:
            return "consent.requested.dropped"
        case "consent.given" if (giver := body.get("giver")) and isinstance(giver, dict) and giver["kind"] != "client":
            return "consent.given.for-you"
        case "consent.given" | "consent.confirmed" if by not in (None, "client"):
            return f"{kind}.by-service"
        case "consent.withdrawn" if by not in (None, "client"):
            return "consent.withdrawn.told" + (".for-you" if body.get("representative") is not None else "")
        case _ if kind in _FOR_YOU and body.get("representative") is not None:
            return f"{kind}.for-you"
        case "consent.refused" | "prohibition.given" | "client.notices" if not flag(body, "in_person"):
            return f"{kind}.for-you"
        case "mandate.read" if entry.outcome in ("deny", "error"):
            return "mandate.read.nothing"
        case "audit.read" | "mandate.read" if body.get("view") == "who-can-see":
            return f"{kind}.who-can-see"
        case "desk.lookup" if body.get("asks") == "mandate":
            return "desk.lookup.mandate"
        case "prohibition.given" if body.get("pause_until") is not None:
            return "prohibition.given.pause"
        case "client.suspended" if not flag(body, "suspended"):
            return "client.suspended.resumed"
        case "client.marked" if not flag(body, "non_disclosure"):
            return "client.marked.removed"
        case _:
            return kind


def _grant_rows(entry: Opened, body: Section, context: Context) -> list[tuple[str | None, str | None]]:
    """Return (recipient, category) of what a step of a consent is about; None means any."""
    match entry.kind:
        case "consent.given" | "consent.changed":
            named: Sequence[Section] = rows(body, "grants")
        case "consent.confirmed" | "consent.expired":
            named = [context.grants[id] for id in texts(body, "grants") if id in context.grants]
        case "consent.spent":
            spent = context.grants.get(text(body, "grant"))
            named = [] if spent is None else [spent]
        case "consent.withdrawn":
            named = context.consents.get(text(body, "consent"), ())
        case "consent.refused":
            named = rows(body, "rows")
        case "consent.requested" | "consent.deferred" | "prohibition.given" | "prohibition.lifted":
            named = [body]
        case "relation.recorded" | "relation.ended" | "relation.contested":
            return [(recipient, _WHO_ALONE) for recipient in texts(body, "recipients")]
        case _:
            return []
    return [(optional_text(row, "recipient"), optional_text(row, "category")) for row in named]
