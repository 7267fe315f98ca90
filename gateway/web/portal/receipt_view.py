"""A receipt as a person reads it: what it says, out of the signed content, in their language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.consent.receipt import content_of
from gateway.consent.view import ReceiptView
from gateway.directory.instants import parse_instant
from gateway.web.numbers import number_of


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One row of a receipt. `told_as` is the word of the law row: a permission to disclose is never called GDPR's
    consent."""

    custodian: str
    recipient: str
    category: str
    purpose: str
    until: datetime
    sensitivities: tuple[str, ...]
    single_use: bool
    told_as: str | None


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """What a receipt says. `step` is the event's kind."""

    id: str
    number: str
    consent: str
    consent_number: str
    step: str
    at: datetime
    given_at: datetime
    withdrawn_at: datetime | None
    rows: tuple[ReceiptRow, ...]
    by: str
    """Who gave it: `client`, or a representative's kind."""
    sha256: str
    withdrawn_by: str | None = None
    """By whose word it was withdrawn; None where the receipt is older than its saying so."""

    @property
    def is_over(self) -> bool:
        """Whether it tells of an end: there is nothing left to withdraw."""
        return self.withdrawn_at is not None or self.step in ("consent.expired", "consent.ended")


def read_receipt(receipt: ReceiptView) -> ReceiptPage:
    """Return what a receipt of our own store says. Its signature is for those who have it from elsewhere to check.

    Raises ValueError for what is no receipt of ours.
    """
    try:
        content = content_of(receipt)
        capacity, withdrawn, notice = _object(content["capacity"]), content["withdrawn"], _object(content["notice"])
        return ReceiptPage(
            receipt.id, number_of(receipt.id), receipt.consent, number_of(receipt.consent), receipt.kind, receipt.at,
            parse_instant(_text(content["given_at"])),
            None if withdrawn is None else parse_instant(_text(_object(withdrawn)["at"])),
            tuple(_row(_object(row)) for row in _list(content["grants"])), _text(capacity["kind"]),
            _text(notice["rendered_sha256"]), _taken_back_by(withdrawn),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as fault:
        raise ValueError("this is no receipt of ours") from fault


def _taken_back_by(withdrawn: object) -> str | None:
    return _text(withdrawn["by"]) if isinstance(withdrawn, dict) and "by" in withdrawn else None


def _row(row: Mapping[str, object]) -> ReceiptRow:
    basis = row["basis"]
    return ReceiptRow(
        _text(_object(row["source_holder"])["service"]), _text(_object(row["recipient"])["service"]),
        _text(row["category"]), _text(row["purpose"]), parse_instant(_text(row["valid_to"])),
        tuple(_text(one) for one in _list(row["sensitivities"])), row["single_use"] is True,
        None if basis is None else _text(_object(basis)["told_as"]),
    )  # fmt: skip


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError("an object is expected")
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise TypeError("a list is expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value
