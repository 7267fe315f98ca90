"""Codes, nonces, second looks and receipts in the main database. See `gateway.consent.registry.ProofRegistry`."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Row, insert, select, update
from sqlmodel import SQLModel

from adapters.sql.instants import instant_or_none
from adapters.sql.sealing import Sealing
from adapters.sql.tables.proofs import ConfirmationCodeRow, NonceRow, PaperCheckRow, ReceiptRow
from gateway.consent.model import ClientId, ConsentId
from gateway.consent.proofs import CodeRow, PaperCheck
from gateway.consent.receipt import is_for
from gateway.consent.view import ReceiptView
from gateway.directory.instants import from_micros, to_micros
from gateway.errors import StoreUnavailable

_ROWS = SQLModel.metadata.tables
_CODES = _ROWS[ConfirmationCodeRow.__tablename__]
_NONCES = _ROWS[NonceRow.__tablename__]
_CHECKS = _ROWS[PaperCheckRow.__tablename__]
_RECEIPTS = _ROWS[ReceiptRow.__tablename__]
_SEALED_BEFORE_AS = "receipt"
"""What receipts of earlier versions are sealed as; what they are is told by their own content alone."""


class SqlProofRegistry:
    """Proofs, on SQLite and PostgreSQL alike. Receipts are sealed under the client's data key, for their reader alone:
    one whose row was pointed at another reader, consent or step is nobody's."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def add_code(self, connection: object, row: CodeRow) -> None:
        """Store a code's keyed hash."""
        _of(connection).execute(
            insert(_CODES).values(
                handle=row.handle, client=row.client, consent=row.consent, offer=row.offer, code=row.code,
                expires=to_micros(row.expires), attempts=0, used_at=None,
            )
        )  # fmt: skip

    def code(self, connection: object, handle: str) -> CodeRow | None:
        """Return what is known of a code."""
        row = _of(connection).execute(select(_CODES).where(_CODES.c.handle == handle)).one_or_none()
        if row is None:
            return None
        consent = None if row.consent is None else ConsentId(row.consent)
        expires, used = from_micros(row.expires), instant_or_none(row.used_at)
        return CodeRow(
            row.handle, ClientId(row.client), consent, row.offer, row.code, expires, row.attempts, used, row.used
        )

    def count_attempt(self, connection: object, handle: str) -> None:
        """Count one more wrong attempt."""
        more = update(_CODES).where(_CODES.c.handle == handle).values(attempts=_CODES.c.attempts + 1)
        _of(connection).execute(more)

    def use_code(self, connection: object, handle: str, at: datetime, used: bytes) -> None:
        """Note that the code was used."""
        mine = update(_CODES).where(_CODES.c.handle == handle)
        _of(connection).execute(mine.values(used_at=to_micros(at), used=used))

    def use_nonce(self, connection: object, issuer: str, nonce: str, at: datetime) -> bool:
        """Note a nonce; False where it was there already. The head lock keeps two from racing."""
        link, row = _of(connection), _NONCES.c
        if link.execute(select(row.at).where(row.issuer == issuer, row.nonce == nonce)).one_or_none() is not None:
            return False
        link.execute(insert(_NONCES).values(issuer=issuer, nonce=nonce, at=to_micros(at)))
        return True

    def add_check(self, connection: object, row: PaperCheck) -> None:
        """Store a second person's check."""
        values = {
            "reference": row.reference, "client": row.client, "scan": row.scan, "offer": row.offer,
            "person": row.person,
            "at": to_micros(row.at), "seal": row.seal,
        }  # fmt: skip
        _of(connection).execute(insert(_CHECKS).values(**values))

    def check(self, connection: object, reference: str) -> PaperCheck | None:
        """Return a check by its reference."""
        row = _of(connection).execute(select(_CHECKS).where(_CHECKS.c.reference == reference)).one_or_none()
        if row is None:
            return None
        at, seal = from_micros(row.at), row.seal or b""
        return PaperCheck(row.reference, ClientId(row.client), row.scan, row.offer, row.person, at, seal)

    def add_receipt(
        self, connection: object, client: ClientId, party: str | None, receipt: ReceiptView, version: int
    ) -> None:
        """Store a receipt, sealed."""
        sealed_as = _sealed_as(receipt.id, party, receipt.kind, receipt.consent)
        _of(connection).execute(
            insert(_RECEIPTS).values(
                id=receipt.id, client=client, consent=receipt.consent, version=version, party=party, kind=receipt.kind,
                jws=self._sealing.seal(client, sealed_as, receipt.jws.encode()), at=to_micros(receipt.at),
            )
        )  # fmt: skip

    def receipts(self, connection: object, consent: ConsentId, party: str | None) -> tuple[ReceiptView, ...]:
        """Return the receipts, oldest first; those whose key was destroyed are gone."""
        row = _RECEIPTS.c
        whose = row.party.is_(None) if party is None else row.party == party
        query = select(_RECEIPTS).where(row.consent == consent, whose)
        found = (self._opened(one) for one in _of(connection).execute(query.order_by(row.at, row.version, row.id)))
        return tuple(one for one in found if one is not None)

    def receipt_of(self, connection: object, receipt: str, client: ClientId) -> ReceiptView | None:
        """Return one of the client's own; None too where its key was destroyed."""
        row = _RECEIPTS.c
        query = select(_RECEIPTS).where(row.id == receipt, row.client == client, row.party.is_(None))
        found = _of(connection).execute(query).one_or_none()
        return None if found is None else self._opened(found)

    def _opened(self, one: Row[tuple[object, ...]]) -> ReceiptView | None:
        try:
            jws = self._sealing.open(one.client, _sealed_as(one.id, one.party, one.kind, one.consent), one.jws)
        except StoreUnavailable:
            return self._opened_before(one)
        return None if jws is None else _view(one, jws)

    def _opened_before(self, one: Row[tuple[object, ...]]) -> ReceiptView | None:
        try:
            jws = self._sealing.open(one.client, _SEALED_BEFORE_AS, one.jws)
        except StoreUnavailable:
            return None
        found = None if jws is None else _view(one, jws)
        # What was sealed without its reader names them itself, and was signed so.
        return found if found is not None and is_for(found, one.party) else None


def _sealed_as(receipt: str, party: str | None, kind: str, consent: str) -> str:
    """Return what a receipt is sealed as. No code holds a space."""
    return f"receipt {receipt} {party or ''} {kind} {consent}"


def _view(one: Row[tuple[object, ...]], jws: bytes) -> ReceiptView:
    return ReceiptView(one.id, ConsentId(one.consent), one.kind, from_micros(one.at), jws.decode())


def _of(connection: object) -> Connection:
    return cast(Connection, connection)
