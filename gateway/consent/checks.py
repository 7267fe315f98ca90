"""What must hold before a giving or a change is recorded, in the one order in which its faults are told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum

from gateway.consent.capture import Verified, end_of_spoken, has_evidence, is_allowed
from gateway.consent.model import Capture, Giver, GiverKind, GrantRow, RefusedRow
from gateway.directory.instants import HELSINKI
from gateway.directory.model import Directory, Flow
from gateway.errors import ConsentRefused

CONSENT_BASES = frozenset({"consent", "consent-once"})
MAX_ROWS = 64
"""More rows than this were not chosen one by one."""
ADULT = 18


class MandateScope(StrEnum):
    """What a mandate lets its bearer do here. Which topic of the register gives which is data of the installation."""

    SEE = "see"
    """Look at what stands, and decide nothing."""
    MANAGE = "manage"
    """Look, and decide for the client."""


@dataclass(frozen=True, slots=True)
class Mandate:
    """A representative's mandate as the register tells it at this act. A guardian's needs the client's `born`."""

    kind: GiverKind
    reference: str
    until: datetime | None
    scope: MandateScope = MandateScope.MANAGE
    topic: str | None = None
    """The register's code of the topic that lets them, where it has topics and told of one."""

    @property
    def covers(self) -> str:
        """Return what a consent keeps of the mandate's scope: its topic where there is one."""
        return self.topic or str(self.scope)


_NOTHING = Verified()


@dataclass(frozen=True, slots=True)
class Known:
    """What was looked up for a giving before the rules are asked: evidence, mandate, and the client's date of birth."""

    verified: Verified = _NOTHING
    mandate: Mandate | None = None
    born: date | None = None


def check_giving(
    rows: tuple[GrantRow, ...], capture: Capture, giver: Giver, known: Known, directory: Directory, at: datetime
) -> None:
    """Raise ConsentRefused with the first fault of a giving, in the order of consent rules 1. Each step looks at all
    rows."""
    # 1. The codes.
    if not 1 <= len(rows) <= MAX_ROWS or not all(_is_well_formed(row, directory, at) for row in rows):
        raise ConsentRefused("request-invalid", "a row names what the directory does not know")
    # 2. The periods.
    if any(last_end(row, capture, at) <= max(row.valid_from, at) for row in rows):
        raise ConsentRefused("period-empty", "a row ends before it begins, or has ended")
    if any(row.until > year_after(at) for row in rows):
        raise ConsentRefused("period-too-long", "a row lasts over 12 months from now")
    # 3. The basis.
    if not all(_is_carried(row, directory, at) for row in rows):
        raise ConsentRefused("basis-not-applicable", "the directory does not let a consent carry a row")
    # 4. The capture.
    if not is_allowed(capture, rows, directory):
        raise ConsentRefused("capture-not-allowed", "that service may not record these rows in that way")
    # 5. Its evidence.
    if not has_evidence(capture, known.verified, at):
        raise ConsentRefused("evidence-missing", "the method's evidence is not there or does not hold")
    # 6. The mandate.
    check_giver(giver, known, at)
    end = mandate_end(giver, known)
    if end is not None and any(row.valid_from >= end for row in rows):
        raise ConsentRefused("mandate-missing", "a row begins when the mandate has ended")


def check_refused(rows: tuple[RefusedRow, ...], directory: Directory) -> None:
    """Raise ConsentRefused("request-invalid") where a refused row names an unknown service or category."""
    if len(rows) > MAX_ROWS or not all(
        directory.service(row.recipient) and directory.category(row.category) for row in rows
    ):
        raise ConsentRefused("request-invalid", "a refused row names a code that the directory does not know")


def check_giver(giver: Giver, known: Known, at: datetime) -> None:
    """Raise ConsentRefused("mandate-missing") where a representative's mandate is not found, has ended at *at*, or is
    one to look alone."""
    if giver.is_client:
        return
    mandate = known.mandate
    found = mandate is not None and mandate.kind is giver.kind and mandate.reference == giver.register_reference
    decides = mandate is not None and mandate.scope is MandateScope.MANAGE
    end = mandate_end(giver, known)
    over = end is not None and end <= at
    # A guardian is one only of a minor whose birth date is known.
    if not found or not decides or over or (giver.kind is GiverKind.GUARDIAN and known.born is None):
        raise ConsentRefused("mandate-missing", "the register knows no such mandate at this instant")


def mandate_end(giver: Giver, known: Known) -> datetime | None:
    """Return when what a representative gives ends at the latest: the mandate's end, and 18 years for a guardian's."""
    ends = [end for end in (giver.until, known.mandate.until if known.mandate else None) if end is not None]
    if giver.kind is GiverKind.GUARDIAN and known.born is not None:
        ends.append(coming_of_age(known.born))
    return min(ends, default=None) if not giver.is_client else None


def verified(giver: Giver, known: Known) -> Giver:
    """Return the giver as a consent keeps it: with the mandate's end and scope, as the register told them at this act.

    Only after `check_giver`.
    """
    scope = known.mandate.covers if known.mandate is not None and not giver.is_client else None
    return replace(giver, until=mandate_end(giver, known), scope=scope)


def coming_of_age(born: date) -> datetime:
    """Return the midnight in Helsinki at which somebody born on that day is 18; born on 29 February, 1 March."""
    try:
        day = born.replace(year=born.year + ADULT)
    except ValueError:
        day = date(born.year + ADULT, 3, 1)
    return datetime(day.year, day.month, day.day, tzinfo=HELSINKI).astimezone(UTC)


def year_after(at: datetime) -> datetime:
    """Return the same local time 12 months on, by Helsinki's calendar: the last end that a grant may have."""
    local = at.astimezone(HELSINKI)
    try:
        return local.replace(year=local.year + 1).astimezone(UTC)
    except ValueError:
        return local.replace(year=local.year + 1, day=28).astimezone(UTC)


def last_end(row: GrantRow, capture: Capture, at: datetime) -> datetime:
    """Return when the row ends: when it says so or, if it was spoken, 24 hours after that, whichever is earlier."""
    spoken = end_of_spoken(capture, at)
    return row.until if spoken is None else min(row.until, spoken)


def flow_of(row: GrantRow, directory: Directory, at: datetime) -> Flow | None:
    """Return the directory's row for this grant, None where it knows none."""
    custodian, recipient = directory.service(row.custodian), directory.service(row.recipient)
    if custodian is None or recipient is None:
        return None
    return directory.flow(row.category, custodian.kind, recipient.kind, at)


def may_be_given(row: GrantRow, directory: Directory, at: datetime) -> bool:
    """Return whether the code lists of *at* let a row be given, whatever its period: its recipient, category and flow
    may have ended since it was."""
    return _is_well_formed(row, directory, at) and _is_carried(row, directory, at)


def _is_carried(row: GrantRow, directory: Directory, at: datetime) -> bool:
    flow = flow_of(row, directory, at)
    return flow is not None and not CONSENT_BASES.isdisjoint(flow.bases)


def _is_well_formed(row: GrantRow, directory: Directory, at: datetime) -> bool:
    recipient = directory.service(row.recipient)
    if directory.service(row.custodian) is None or recipient is None or row.custodian == row.recipient:
        return False
    if recipient.period.until is not None and recipient.period.until <= at:
        return False  # Nobody can be named who is no longer there; the successor is asked for by its own name.
    if directory.category(row.category, at) is None or row.purpose not in directory.purposes:
        return False
    if not row.sensitivities <= directory.sensitivities.keys():
        return False
    dated_from, dated_until = row.dated_from, row.dated_until
    return dated_from is None or dated_until is None or dated_from < dated_until
