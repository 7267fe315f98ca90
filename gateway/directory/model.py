"""The directory's values: dated rows and the look-ups that judge and page ask of them. load.py makes them from YAML."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Protocol, TypeVar

from gateway.directory.layout import Layout, Projection
from gateway.directory.names import LANGUAGES as LANGUAGES
from gateway.directory.names import Contact as Contact
from gateway.directory.names import LocalizedName as LocalizedName
from gateway.directory.period import ALWAYS, Period

SELF_SERVICE = "self-service"
"""The client's own page: a method of capture that belongs to the client, not to a service."""
CAPTURE_METHODS = frozenset({SELF_SERVICE, "own-phone", "with-professional", "verbal", "paper-scan", "partner-import"})
RELATION_KINDS = frozenset({"joint-service", "processor", "disclosure-permit", "statutory"})
BASES = RELATION_KINDS | {"consent", "consent-once", "own-data"}
PERSONS = frozenset({"client", "representative"})
"""Who looks at what is the client's own. The policy tells them by these kinds, so that no service may be of one."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """A controller or producer: who is answerable for the services under it."""

    code: str
    name: LocalizedName
    business_id: str
    kind: str
    period: Period = ALWAYS
    contact: Contact | None = None
    officer: Contact | None = None
    """The organisation's data protection officer."""


@dataclass(frozen=True, slots=True)
class Service:
    """A named service: what a client names as recipient, and what holds documents as custodian."""

    code: str
    organisation: str
    kind: str
    name: LocalizedName
    period: Period
    succeeded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """In which kinds of service a role works and for which purposes it may ask."""

    code: str
    kinds: frozenset[str]
    purposes: frozenset[str]
    period: Period = ALWAYS


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose of use, with the HL7 v3-ActReason code that it is shown as in FHIR; two purposes may share one."""

    code: str
    act_reason: str


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """A sensitivity that a client ticks on its own, with the HL7 code of its security label."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of document and its sections, in order. *sensitive* tells which sections are sensitive by nature."""

    code: str
    resource: str
    sections: tuple[str, ...]
    name: LocalizedName
    sensitive: Mapping[str, frozenset[str]]
    single_use: bool = False
    period: Period = ALWAYS


@dataclass(frozen=True, slots=True)
class Flow:
    """Which bases may carry a category from kinds of custodian to kinds of recipient; the first that holds is used.

    *carries* names, by basis, the sensitivities that a basis other than consent carries without the client's tick.
    """

    category: str
    custodians: frozenset[str]
    recipients: frozenset[str]
    bases: tuple[str, ...]
    carries: Mapping[str, frozenset[str]]
    section: str | None = None
    period: Period = ALWAYS


@dataclass(frozen=True, slots=True)
class Law:
    """What a basis rests on in law, and the words that page and receipt use for it (`told_as`)."""

    basis: str
    secrecy_basis: str
    gdpr_basis: str
    gdpr9_basis: str
    told_as: str
    period: Period = ALWAYS


@dataclass(frozen=True, slots=True)
class Register:
    """A register outside us that may record relations of certain kinds (Kanta: disclosure permits)."""

    code: str
    name: LocalizedName
    records: frozenset[str]
    period: Period = ALWAYS


class _Dated(Protocol):
    @property
    def period(self) -> Period: ...


_Row = TypeVar("_Row", bound=_Dated)


def _standing(rows: Iterable[_Row], at: datetime | None) -> _Row | None:
    """Return the row that stands at *at*; without *at*, the one that has no end."""
    for row in rows:
        if row.period.until is None if at is None else row.period.contains(at):
            return row
    return None


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _grouped(pairs: Iterable[tuple[_Key, _Value]]) -> dict[_Key, tuple[_Value, ...]]:
    groups: dict[_Key, tuple[_Value, ...]] = {}
    for key, value in pairs:
        groups[key] = (*groups.get(key, ()), value)
    return groups


@dataclass(frozen=True)
class Directory:
    """Everything that exists, as one immutable value. Build it with `load.load_directory`, which has checked it whole.

    A look-up that takes *at* answers with the row that stands at that instant; without *at* with the row that has no
    end. An unknown code gives None or an empty answer, never an error: the judge refuses on it.
    """

    digest: str
    """SHA-256 (hex) of the canonical content: the directory's revision, named in the log."""
    organisations: Mapping[str, Organisation]
    services: Mapping[str, Service]
    roles: Mapping[str, tuple[Role, ...]]
    purposes: Mapping[str, Purpose]
    sensitivities: Mapping[str, Sensitivity]
    categories: Mapping[str, Category]
    capture_rules: Mapping[str, frozenset[str]]
    """Methods of capture by kind of service; the row `default` serves the kinds not named."""
    laws: Mapping[str, tuple[Law, ...]]
    flows: tuple[Flow, ...]
    registers: Mapping[str, Register]
    layouts: Mapping[str, Layout]
    projections: tuple[Projection, ...]
    names: Mapping[str, Mapping[str, LocalizedName]]
    """Names of codes that have none in their row: group (`purpose`, `role`, `section`, ...) -> code -> name."""
    _flows: dict[tuple[str, str, str], tuple[Flow, ...]] = field(init=False, repr=False, compare=False)
    _projections: dict[tuple[str, str], tuple[Projection, ...]] = field(init=False, repr=False, compare=False)
    _predecessors: dict[str, tuple[Service, ...]] = field(init=False, repr=False, compare=False)
    _of_type: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _changes: tuple[datetime, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        flows = _grouped(((f.category, c, r), f) for f in self.flows for c in f.custodians for r in f.recipients)
        projections = _grouped(((p.category, kind), p) for p in self.projections for kind in p.to)
        predecessors = _grouped((heir.code, row) for row in self.services.values() for heir in self._heirs(row))
        object.__setattr__(self, "_flows", flows)
        object.__setattr__(self, "_projections", projections)
        object.__setattr__(self, "_predecessors", predecessors)
        object.__setattr__(self, "_of_type", _grouped((row.resource, code) for code, row in self.categories.items()))
        object.__setattr__(self, "_changes", tuple(sorted(set(self._boundaries()))))

    def next_change(self, at: datetime) -> datetime | None:
        """Return the first instant after *at* at which some row begins or ends, None when all stays as it is at *at*.

        What was judged by the directory at *at* is judged the same way until then.
        """
        place = bisect_right(self._changes, at)
        return self._changes[place] if place < len(self._changes) else None

    def _boundaries(self) -> Iterator[datetime]:
        dated: tuple[Iterable[_Dated], ...] = (
            self.organisations.values(), self.services.values(), self.categories.values(), self.flows,
            self.projections, self.registers.values(), *self.roles.values(), *self.laws.values(),
        )  # fmt: skip
        for row in chain.from_iterable(dated):
            yield from (at for at in (row.period.start, row.period.until) if at is not None)

    def organisation(self, code: str) -> Organisation | None:
        """Return the organisation, ended or not."""
        return self.organisations.get(code)

    def service(self, code: str) -> Service | None:
        """Return the service, in force or not."""
        return self.services.get(code)

    def organisation_of(self, service: str) -> Organisation | None:
        """Return the organisation that answers for the service."""
        row = self.services.get(service)
        return None if row is None else self.organisations.get(row.organisation)

    def in_force(self, service: str, at: datetime) -> bool:
        """Return whether the service and its organisation stand at *at*; the end of either is exclusive."""
        row, organisation = self.services.get(service), self.organisation_of(service)
        if row is None or organisation is None:
            return False
        return row.period.contains(at) and organisation.period.contains(at)

    def role(self, code: str, at: datetime | None = None) -> Role | None:
        """Return what the role may do."""
        return _standing(self.roles.get(code, ()), at)

    def category(self, code: str, at: datetime | None = None) -> Category | None:
        """Return the category; without *at*, ended or not, so that old documents can still be told of."""
        row = self.categories.get(code)
        return row if row is not None and (at is None or row.period.contains(at)) else None

    def categories_of(self, resource: str) -> tuple[str, ...]:
        """Return the codes of the categories whose documents are of a FHIR type, ended or not."""
        return self._of_type.get(resource, ())

    def law(self, basis: str, at: datetime | None = None) -> Law | None:
        """Return what the basis rests on."""
        return _standing(self.laws.get(basis, ()), at)

    def flow(self, category: str, custodian_kind: str, recipient_kind: str, at: datetime | None = None) -> Flow | None:
        """Return how the category may go from one kind of service to another; None is a flow unknown."""
        return _standing(self._flows.get((category, custodian_kind, recipient_kind), ()), at)

    def projection(self, category: str, recipient_kind: str, at: datetime | None = None) -> Projection | None:
        """Return the one field list of the category for that kind of recipient."""
        return _standing(self._projections.get((category, recipient_kind), ()), at)

    def layout(self, category: str) -> Layout | None:
        """Return where the sections of the category lie."""
        return self.layouts.get(category)

    def nature(self, category: str, section: str) -> frozenset[str]:
        """Return the sensitivities that the section has by nature, before any deposit adds to them."""
        row = self.categories.get(category)
        return frozenset() if row is None else row.sensitive.get(section, frozenset())

    def captures(self, kind: str) -> frozenset[str]:
        """Return the methods by which a kind of service may capture, beside the client's own page."""
        return self.capture_rules.get(kind, self.capture_rules["default"])

    def capture_methods(self, service: str) -> frozenset[str]:
        """Return the service's methods, the client's own page always among them; an unknown service has none.

        That `verbal` and `partner-import` are the custodian's alone is judged by the consent's rules, not here.
        """
        row = self.services.get(service)
        return frozenset() if row is None else self.captures(row.kind) | {SELF_SERVICE}

    def successor(self, service: str) -> Service | None:
        """Return the service that takes over when this one ends."""
        row = self.services.get(service)
        return None if row is None or row.succeeded_by is None else self.services.get(row.succeeded_by)

    def heir(self, service: str, at: datetime) -> Service | None:
        """Return the first service in force at *at* among those that took over from this one, one after the other."""
        row = self.services.get(service)
        heirs = () if row is None else self._heirs(row)
        return next((heir for heir in heirs if self.in_force(heir.code, at)), None)

    def predecessors(self, service: str, at: datetime | None = None) -> tuple[Service, ...]:
        """Return the services that this one has succeeded, near and far; with *at*, only those ended by then."""
        rows = self._predecessors.get(service, ())
        return tuple(row for row in rows if at is None or (row.period.until is not None and row.period.until <= at))

    def may_record(self, register: str, relation_kind: str, at: datetime | None = None) -> bool:
        """Return whether that register outside us may record relations of this kind."""
        row = self.registers.get(register)
        return row is not None and relation_kind in row.records and (at is None or row.period.contains(at))

    def name(self, group: str, code: str) -> LocalizedName | None:
        """Return a code's name in a group: purpose, task, role, section, sensitivity, kind, capture, basis, told_as."""
        return self.names.get(group, {}).get(code)

    def task(self, code: str) -> LocalizedName | None:
        """Return a purpose's name for staff and whoever else is not the client; the client's where it has none.

        The client's easy Finnish says *you* to the client: in its place others read plain Finnish.
        """
        own, row = self.name("task", code), self.name("purpose", code)
        return own if own is not None or row is None else replace(row, easy=None)

    def _heirs(self, service: Service) -> Iterable[Service]:
        # The loader has refused rings; the set keeps a hand-made directory from looping.
        seen, code = {service.code}, service.succeeded_by
        while code is not None and code not in seen and (heir := self.services.get(code)) is not None:
            yield heir
            seen.add(code)
            code = heir.succeeded_by
