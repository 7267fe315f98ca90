"""The order law: each release rests on a yes, or a relation, that stood at its place in the log.

A state machine over all entries in order. The log's order is the order of the world, so a consent withdrawn in entry 7
opens nothing from entry 8 on, whatever any process believed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gateway.directory.model import Directory
from gateway.disclosure.opened import Opened, Section
from gateway.disclosure.order_carried import CarriedOver
from gateway.disclosure.order_events import APPLIED, SAID_BY, SILENT
from gateway.disclosure.order_partners import Registration
from gateway.disclosure.order_records import Records
from gateway.disclosure.order_release import check_registration, check_release, release_of, spends
from gateway.disclosure.order_standing import Difference, StandingRows, differing_standing
from gateway.disclosure.section_fields import Malformed, optional_text, rows, text


@dataclass(frozen=True, slots=True)
class Fault:
    """An entry that may not stand where it stands. Its words name no one."""

    origin: str
    index: int
    what: str

    def __str__(self) -> str:
        return f"{self.origin}: entry {self.index}: {self.what}"


@dataclass(slots=True)
class Findings:
    """What the check says: faults, and which laws it could not check and why."""

    faults: list[Fault] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    entries: int = 0
    releases: int = 0
    partners: Mapping[str, Registration] = field(default_factory=dict)
    """What was said last of each partner system."""
    client_records: Mapping[str, int] = field(default_factory=dict)
    """How often each client's own sealed record was changed, as was said last."""
    partners_known: bool = True
    """Whether every entry about partner systems was heard."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found, which is not to say that everything could be checked."""
        return not self.faults


def check_order(entries: Iterable[Opened], directory: Directory | None = None) -> Findings:
    """Check entries of all logs, given in order, oldest log first.

    With *directory*, flows and sensitivities by nature are checked too, for releases that were judged by that very one.
    """
    law = OrderLaw(directory)
    for entry in entries:
        law.take(entry)
    return law.end()


def _is_release(entry: Opened) -> bool:
    return entry.kind == "disclosure" or (entry.kind == "search" and entry.outcome == "permit")


def _follows_a_restore(entry: Opened) -> bool:
    return entry.kind == "log.start" and entry.b is not None and "restored" in entry.b


def _is_repetition(body: Section) -> bool:
    # Said once more after a restore: the release that spent the grant is lost with its log.
    return isinstance(body.get("replayed"), Mapping)


class OrderLaw:
    """The check as it goes: it is shown entries of all logs in order, oldest log first."""

    def __init__(self, directory: Directory | None) -> None:
        self._directory = directory
        self._records = Records(directory)
        self._found = Findings()
        self._skipped: Counter[str] = Counter()
        self._last: Opened | None = None
        self._ended: dict[str, str | None] = {}
        """Logs that have ended, and the log that each says follows it."""
        self._carried: CarriedOver | None = None
        self._to_spend: tuple[Opened, set[str]] | None = None
        """The last release, and its grants whose consent.spent is still to come."""

    def take(self, entry: Opened) -> None:
        """Check the next entry, and remember what it changes."""
        self._found.entries += 1
        try:
            self._check_place(entry)
            self._check_spending(entry)
            self._apply(entry)
        except Malformed as error:
            self._fault(entry, f"field {error} of this {entry.kind} is missing or of another type")
        self._last = entry

    def end(self) -> Findings:
        """Return what was found, once every entry was shown."""
        self._spending_over()
        if self._carried is not None:
            self._carry_over_done()
        if self._records.unjudged:
            self._skipped["who may capture, lift and record: the directory of that day is not at hand"] += 1
        self._found.unchecked = [
            what if count == 1 else f"{what} ({count} entries)" for what, count in sorted(self._skipped.items())
        ]
        self._found.partners, self._found.partners_known = self._records.partners, self._records.partners_known
        self._found.client_records = self._records.client_records
        return self._found

    @property
    def has_heard_all(self) -> bool:
        """Whether everything of what stands about clients could be read in the logs that are here."""
        return self._records.all_heard

    def differing(self, rows: StandingRows) -> Iterator[Difference]:
        """Yield the rows of an installation that say otherwise than the log does; shown after the end, and once."""
        yield from differing_standing(self._records, rows, 0 if self._last is None else self._last.t)

    def _fault(self, entry: Opened, what: str) -> None:
        self._found.faults.append(Fault(entry.origin, entry.index, what))

    # Where an entry stands.

    def _check_place(self, entry: Opened) -> None:
        last = self._last
        if last is not None and entry.t < last.t:
            self._fault(entry, "its time is before that of the entry before it")
        if entry.origin in self._ended:
            self._fault(entry, "it stands after the log's end")
        if last is None or last.origin != entry.origin:
            self._check_beginning(entry, last)
        elif entry.index != last.index + 1:
            self._miss(f"{entry.origin}: entries before entry {entry.index} are not here")
        if entry.kind != "log.start" and self._carried is not None:
            self._carry_over_done()

    def _check_beginning(self, entry: Opened, last: Opened | None) -> None:
        if entry.index != 0:
            self._miss(f"{entry.origin}: it is not here from its beginning")
        elif entry.kind != "log.start":
            self._fault(entry, "a log begins with log.start")
        if last is not None and last.origin not in self._ended and _follows_a_restore(entry):
            self._ended[last.origin] = entry.origin
            self._skipped[
                f"{last.origin}: it ended by a restore after entry {last.index}, as {entry.origin} says; "
                "what was signed after it is lost"
            ] += 1
        if last is not None and last.origin not in self._ended:
            self._fault(entry, f"log {last.origin} has no end before this one begins")

    def _miss(self, what: str, *, carried: bool = False) -> None:
        self._skipped[f"what was recorded earlier: {what}"] += 1
        self._records.complete = self._records.partners_known = self._records.whole = False
        self._records.open_known = carried

    # What an entry says.

    def _apply(self, entry: Opened) -> None:
        if entry.kind == "log.start":
            self._start(entry)
        elif entry.kind == "log.end":
            self._ended[entry.origin] = None if entry.b is None else optional_text(entry.b, "next")
        elif _is_release(entry):
            self._release(entry)
        elif entry.kind == "custodian.read":
            self._own_read(entry)
        elif entry.kind == "decision" and entry.outcome == "permit":
            self._fault(entry, "a permitted request is a disclosure, and names what it rests on")
        elif entry.kind in APPLIED:
            if entry.b is None or (entry.s is None and not entry.kind.startswith("partner.")):
                self._closed(entry)
                return
            if entry.a is None and entry.kind in SAID_BY:
                self._skipped[f"{entry.origin}: {entry.kind}: who acted: section a: {entry.closed.get('a')}"] += 1
            for what in APPLIED[entry.kind](self._records, entry, entry.b):
                self._fault(entry, what)
        elif entry.kind not in SILENT | {"search", "consent.spent"}:
            self._skipped[f"entries of the kind {entry.kind}, which this program does not know"] += 1

    def _closed(self, entry: Opened) -> None:
        why = entry.closed.get("b") or entry.closed.get("s") or "it cannot be read"
        self._skipped[f"{entry.origin}: {entry.kind}: {why}"] += 1
        if _is_release(entry):
            # A release may have spent a grant.
            self._records.releases_known = self._records.all_heard = False
        elif entry.kind.startswith("partner."):
            self._records.complete = self._records.partners_known = False
        else:
            self._records.complete = self._records.open_known = self._records.all_heard = False

    def _release(self, entry: Opened) -> None:
        self._found.releases += 1
        if entry.b is None or entry.s is None:
            self._closed(entry)
            return
        if entry.outcome != "permit":
            self._fault(entry, "a disclosure that was not permitted")
        release = release_of(entry, entry.s, entry.b, self._directory)
        if release.directory is None:
            self._skipped["flows and sensitivities by nature: the directory of that day is not at hand"] += 1
        if entry.a is None:
            self._skipped[f"{entry.origin}: suspension of the partner system: section a: {entry.closed.get('a')}"] += 1
        for what in check_release(release, entry.s, entry.b, self._records):
            self._fault(entry, what)
        spent = spends(entry.s)
        for id in spent:
            if id in self._records.grants:
                self._records.grants[id].spent = True
        if spent:
            self._to_spend = (entry, set(spent))

    def _own_read(self, entry: Opened) -> None:
        if entry.b is None or entry.s is None:
            self._closed(entry)
            return
        if entry.a is not None:
            for what in check_registration(text(entry.a, "system"), text(entry.b, "recipient"), self._records):
                self._fault(entry, what)
        for row in rows(entry.b, "documents"):
            known = self._records.documents.get(text(row, "id"))
            if known is None and self._records.complete:
                self._fault(entry, "a document that was not deposited before")
            if known is not None and (known.client, known.custodian) != (entry.client, text(entry.b, "recipient")):
                self._fault(entry, "a custodian reads what is not its own deposit")

    # A single-use grant is released once: its consent.spent stands with the release, in the same transaction.

    def _check_spending(self, entry: Opened) -> None:
        if entry.kind != "consent.spent":
            self._spending_over()
            return
        if entry.b is None:
            self._to_spend = None  # Which of them it was cannot be told any more.
            self._closed(entry)
            return
        grant, by_event = text(entry.b, "grant"), text(entry.b, "by_event")
        if self._to_spend is None or self._to_spend[0].event_id != by_event or grant not in self._to_spend[1]:
            if not _is_repetition(entry.b):
                self._fault(entry, "a grant is called spent without its release before it")
            if grant in self._records.grants:
                self._records.grants[grant].spent = True
            return
        self._to_spend[1].discard(grant)

    def _spending_over(self) -> None:
        if self._to_spend is not None and self._to_spend[1]:
            self._fault(self._to_spend[0], "a single-use grant was released without its consent.spent")
        self._to_spend = None

    # A new log carries over what is open.

    def _start(self, entry: Opened) -> None:
        last = self._last
        if last is not None and last.origin == entry.origin and last.kind != "log.start":
            self._fault(entry, "log.start stands after the log's beginning")
            return
        if entry.index == 0:
            if entry.b is None:
                self._closed(entry)
                return
            if _follows_a_restore(entry):
                self._records.restored.add(entry.origin)
            previous = optional_text(entry.b, "previous")
            here = previous is None or previous in self._ended
            if last is not None and previous != last.origin:
                self._fault(entry, "it does not follow the log before it")
            if self._ended.get(previous or "") not in (None, entry.origin):
                self._fault(entry, "the log before it says that another follows")
            if not here:
                what = f"{entry.origin}: log {previous} is not here; what it carried over is believed, and deposits, "
                self._miss(what + "refusals, markings and suspensions of before are not known", carried=True)
            self._carried = CarriedOver(self._records, believed=not here)
            return
        if entry.b is None or entry.s is None:
            self._closed(entry)
            return
        if self._carried is None:
            self._carried = CarriedOver(self._records, believed=not self._records.open_known)
        for what in self._carried.take(entry, entry.b):
            self._fault(entry, what)

    def _carry_over_done(self) -> None:
        if self._carried is not None and self._last is not None:
            for what in self._carried.missing():
                self._fault(self._last, what)
        self._carried = None
