"""What a client sees of the log: every access and refusal and every step of a consent, in sentences.

Who (the service, never the worker), what, why, on which basis, when, and whether it was given; from codes alone. The
entries come opened and newest first from `log_search`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.directory.instants import HELSINKI, from_micros
from gateway.directory.model import Directory
from gateway.disclosure.account_context import Context, context_of
from gateway.disclosure.account_words import WHO_ALONE, case_of, grant_rows, who_of
from gateway.disclosure.opened import Opened, Section
from gateway.disclosure.phrases import Eye, Phrases
from gateway.disclosure.section_fields import Malformed, optional_text, rows, text, texts

TOLD = (
    "decision", "disclosure", "search", "deposit", "custodian.read", "consent.requested", "consent.given",
    "consent.confirmed", "consent.refused", "consent.deferred", "consent.changed", "consent.withdrawn",
    "consent.expired", "consent.spent", "mandate.ended", "prohibition.given", "prohibition.lifted",
    "relation.recorded", "relation.ended", "relation.contested", "client.suspended", "client.marked",
    "client.notices", "concern.raised", "concern.answered", "audit.read", "mandate.read", "probe", "desk.lookup",
    "desk.report", "erasure",
)  # fmt: skip
"""The kinds of entry that a client is told of."""


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
        who, what = self._service(who_of(entry, body)), self._categories(body, documents)
        granted = self._rows(grant_rows(entry, body, context))
        case = case_of(entry, body)
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
            told.append(who if category == WHO_ALONE else f"{who}, {what}")
        return "; ".join(told)
