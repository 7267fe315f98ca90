"""How a client's will may be recorded: which service may use which method, what each method leaves as evidence, and
which grants need the client's own confirmation afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.consent.model import Capture, CaptureMethod, GrantRow
from gateway.directory.instants import parse_instant
from gateway.directory.model import Directory

SPOKEN_FOR = timedelta(hours=24)
"""How long a spoken consent lasts from the moment it was spoken."""

EVIDENCE_KEYS: Mapping[CaptureMethod, tuple[str, ...]] = {
    CaptureMethod.SELF_SERVICE: ("session",),
    CaptureMethod.OWN_PHONE: ("handle",),
    CaptureMethod.WITH_PROFESSIONAL: ("identity_check",),
    CaptureMethod.VERBAL: ("note",),
    CaptureMethod.PAPER_SCAN: ("scan_sha256", "check"),
    CaptureMethod.PARTNER_IMPORT: ("signed",),
}
"""What each method must leave behind.

`session`: reference of the sign-in on the client's own page. `handle`: of the offer that the client confirmed on their
own device by its code; with `code` where the client gave the code to who records. `identity_check`: how the
professional knew the client. `note`: the words used; with `spoken_at` where they were spoken before they were recorded.
`scan_sha256`: hash of the scan; `check`: the reference that the second person got who compared it with the rows.
`signed`: the custodian's compact JWS.
"""

WORKER_METHODS = frozenset({CaptureMethod.WITH_PROFESSIONAL, CaptureMethod.VERBAL, CaptureMethod.PAPER_SCAN})
"""Methods in which a worker answers for what was recorded; without one there is no evidence."""

OWN_METHODS = frozenset({CaptureMethod.SELF_SERVICE, CaptureMethod.OWN_PHONE})
"""Methods in which who decides does it themselves, signed in or by a code from their own channel."""

CUSTODIAN_METHODS = frozenset({CaptureMethod.VERBAL, CaptureMethod.PARTNER_IMPORT})
"""Methods that are the custodian's alone: it must have heard the words or signed for them."""

SECRET_KEYS = frozenset({"code"})
"""Evidence that is checked and not kept."""

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Verified:
    """What the store and the keys said of the evidence, looked up before the rules are asked.

    `code`: the one-time code of this very offer was right, given here or on the client's own device. `second_person`:
    who checked the paper; None where the reference is unknown, used or of another scan. `signature`: the import is
    signed by the custodian over these very rows, text and client, and its nonce is new.
    """

    code: bool = False
    second_person: str | None = None
    signature: bool = False


def is_allowed(capture: Capture, rows: tuple[GrantRow, ...], directory: Directory) -> bool:
    """Return whether that service may record these rows by that method.

    The client's own page is the client's; each other method belongs to a service whose kind the directory names for it.
    """
    if capture.method is CaptureMethod.SELF_SERVICE:
        return capture.service is None
    service = directory.service(capture.service) if capture.service is not None else None
    if service is None or str(capture.method) not in directory.captures(service.kind):
        return False
    if capture.method in CUSTODIAN_METHODS:
        return all(row.custodian == service.code for row in rows)
    return True


def has_evidence(capture: Capture, verified: Verified, at: datetime) -> bool:
    """Return whether the method left what it must leave behind, each piece of the right shape and verified."""
    if not all(capture.evidence.get(key) for key in EVIDENCE_KEYS[capture.method]):
        return False
    if capture.method in WORKER_METHODS and not capture.worker:
        return False
    match capture.method:
        case CaptureMethod.OWN_PHONE:
            return verified.code
        case CaptureMethod.VERBAL:
            spoken = spoken_at(capture, at)
            return spoken is not None and spoken <= at
        case CaptureMethod.PAPER_SCAN:
            scan = capture.evidence.get("scan_sha256") or ""
            second = verified.second_person
            return _SHA256.fullmatch(scan) is not None and second is not None and second != capture.worker
        case CaptureMethod.PARTNER_IMPORT:
            return verified.signature
        case CaptureMethod.SELF_SERVICE | CaptureMethod.WITH_PROFESSIONAL:
            return True


def spoken_at(capture: Capture, at: datetime) -> datetime | None:
    """Return when a spoken consent was spoken: at *at* unless its evidence says otherwise; None where it says
    nonsense."""
    told = capture.evidence.get("spoken_at")
    if told is None:
        return at
    try:
        return parse_instant(told)
    except ValueError:
        return None


def end_of_spoken(capture: Capture, at: datetime) -> datetime | None:
    """Return when a spoken consent ends whatever its rows say; None for every other method."""
    if capture.method is not CaptureMethod.VERBAL:
        return None
    return (spoken_at(capture, at) or at) + SPOKEN_FOR


def is_confirmed(capture: Capture, row: GrantRow, directory: Directory) -> bool:
    """Return whether the row needs no confirmation by the client: nobody grants to themselves.

    What the recipient's own organisation captured does, unless the grant's own custodian captured it.
    """
    if capture.method in OWN_METHODS or capture.service == row.custodian:
        return True
    ours, theirs = directory.organisation_of(capture.service or ""), directory.organisation_of(row.recipient)
    return ours is not None and theirs is not None and ours.code != theirs.code
