"""A receipt as a person reads it: what it says, out of the signed content, in their language."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

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
    sha256: str


def read_receipt(receipt: ReceiptView) -> ReceiptPage:
    """Return what a receipt of our own store says. Its signature is for those who have it from elsewhere to check.

    Raises ValueError for what is no receipt of ours.
    """
    try:
        payload = receipt.jws.split(".")[1]
        content = _object(orjson.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
        event, withdrawn, notice = _object(content["event"]), content["withdrawn"], _object(content["notice"])
        return ReceiptPage(
            receipt.id, number_of(receipt.id), receipt.consent, number_of(receipt.consent), receipt.kind, receipt.at,
            parse_instant(_text(content["given_at"])),
            None if withdrawn is None else parse_instant(_text(_object(withdrawn)["at"])),
            tuple(_row(_object(row)) for row in _list(content["grants"])), _text(event["by"]),
            _text(notice["rendered_sha256"]),
        )  # fmt: skip
    except (KeyError, IndexError, TypeError, ValueError) as fault:
        raise ValueError("this is no receipt of ours") from fault


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
