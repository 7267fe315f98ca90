"""Receipts, signed imports and the file drop: what leaves the room can be checked by whoever gets it."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from adapters.notices.file_drop import FileDrop
from adapters.tokens.import_seal import PartnerSeal
from adapters.tokens.receipt_signer import JwsReceiptSigner, ReceiptInvalid, verify_receipt
from gateway.consent.model import Actor, Capture, CaptureMethod, ClientId, Evidence
from gateway.consent.outbox import Outgoing
from gateway.consent.proofs import rows_content
from gateway.directory.identity_code import NATIONAL_AUTHORITY
from gateway.errors import ConsentRefused
from tests.unit.consent.consent_room import SHOWN, START, Room, row, worker


async def test_a_receipt_is_verified_offline_and_covers_its_readers_rows_alone(room: Room) -> None:
    client = await room.client()
    consent = await room.give(client, row(), row(recipient="kela", purpose="rehabilitation-decision"))
    signer = room.office.signer
    assert isinstance(signer, JwsReceiptSigner)
    keys = orjson.dumps(signer.jwks())
    (whole,) = await room.recording.receipts(consent.id)
    (own,) = await room.recording.receipts(consent.id, "kela")
    content, part = verify_receipt(whole.jws, keys), verify_receipt(own.jws, keys)
    assert len(content["grants"]) == 2  # type: ignore[arg-type]
    assert "kuntakokeilu" not in json.dumps(part)
    assert content["status"] == "given"
    # What lifts secrecy and the GDPR's basis stand apart: this is a permission, never GDPR 7.
    basis = content["grants"][0]["basis"]  # type: ignore[index]
    assert (basis["told_as"], basis["gdpr6"]) == ("permission", "6(1)(e)")


async def test_a_receipt_with_any_part_changed_or_another_key_does_not_verify(room: Room) -> None:
    client = await room.client()
    consent = await room.give(client, row())
    (receipt,) = await room.recording.receipts(consent.id)
    signer = room.office.signer
    assert isinstance(signer, JwsReceiptSigner)
    keys = orjson.dumps(signer.jwks())
    header, payload, signature = receipt.jws.split(".")
    other = JwsReceiptSigner("r1", {"r1": ECKey.generate_key("P-256").as_dict(private=True)})  # type: ignore[dict-item]
    changed = "A" if payload[40] != "A" else "B"
    bad = [
        (f"{header}.{payload[:40]}{changed}{payload[41:]}.{signature}", keys),
        (f"{header}.{payload}.{signature[:-8]}AAAAAAAA", keys),
        (f"eyJhbGciOiJub25lIn0.{payload}.", keys),
        (receipt.jws, orjson.dumps(other.jwks())),
        (receipt.jws, b'{"keys": []}'),
        ("no receipt", keys),
    ]
    for text, key_set in bad:
        with pytest.raises(ReceiptInvalid):
            verify_receipt(text, key_set)


async def test_a_signed_import_speaks_of_this_client_these_rows_and_words_once(room: Room) -> None:
    client, by = await room.client(), Actor("sote-keskus", "sote-keskus-system")
    claims = {
        "by": "sote-keskus", "client": {"authority": NATIONAL_AUTHORITY, "value": "140395-9022"},
        "grants": rows_content([row()]), "text_sha256": SHOWN.sha256,
        "at": "2026-11-22T08:59:00+02:00", "nonce": "n" * 16,
    }  # fmt: skip

    async def give(**changed: object) -> str:
        evidence = Evidence((("signed", orjson.dumps(claims | changed).decode()),))
        capture = Capture(CaptureMethod.PARTNER_IMPORT, evidence=evidence)
        try:
            await room.recording.give(client, [row()], capture, SHOWN, by=by)
        except ConsentRefused as refused:
            return refused.reason
        return "given"

    for changed in (
        {"by": "sosiaalityo"},
        {"client": {"authority": NATIONAL_AUTHORITY, "value": "211170-903L"}},
        {"client": {"authority": NATIONAL_AUTHORITY, "value": "140395-9023"}},
        {"client": "140395-9022"},
        {"grants": rows_content([row(once=True)])},
        {"text_sha256": "1" * 64},
        {"at": "2026-11-20T08:59:00+02:00"},
        {"at": "2026-11-22T10:00:00+02:00"},
        {"nonce": "short"},
    ):
        assert await give(**changed) == "evidence-missing"
    assert await give() == "given"
    assert await give() == "evidence-missing"


class Partner:
    """A registered partner system."""

    suspended = False

    def __init__(self, key: ECKey) -> None:
        public = {**key.as_dict(private=False), "kid": "k1"}
        self.jwks = json.dumps({"keys": [{name: public[name] for name in ("kty", "crv", "x", "y", "kid")}]})


def test_only_a_key_of_a_system_that_acts_for_the_service_opens_an_import() -> None:
    key = ECKey.generate_key("P-256")
    partner = Partner(key)
    seal = PartnerSeal({"s-1": partner}.get, {"s-1": ["sote-keskus"]}.__getitem__)

    def sign(issuer: str = "s-1", typ: str = "saattaen-import+jws", by: ECKey = key) -> str:
        header = {"alg": "ES256", "kid": "k1", "typ": typ}
        return jws.serialize_compact(header, orjson.dumps({"iss": issuer, "nonce": "n"}), by, algorithms=["ES256"])

    assert seal.open(sign(), "sote-keskus") == {"iss": "s-1", "nonce": "n"}
    assert seal.open(sign(), "sosiaalityo") is None
    assert seal.open(sign(issuer="s-2"), "sote-keskus") is None
    assert seal.open(sign(typ="at+jwt"), "sote-keskus") is None
    assert seal.open(sign(by=ECKey.generate_key("P-256")), "sote-keskus") is None
    assert seal.open("a.b.c", "sote-keskus") is None
    partner.suspended = True
    assert seal.open(sign(), "sote-keskus") is None


async def test_the_file_drop_leaves_one_whole_file_for_its_reader(tmp_path: Path) -> None:
    drop = FileDrop(tmp_path, lambda party, client: f"{party}-knows-{client}")
    message = Outgoing("m1", "consent.given", "kela", ClientId("c1"), None, {"grants": []}, START)
    await drop.deliver(message, {})
    await drop.deliver(message, {})
    (file,) = (tmp_path / "services" / "kela").iterdir()
    dropped = orjson.loads(file.read_bytes())
    # Our own id of the client goes to no service: two of them could put what they know together by it.
    assert (dropped["kind"], dropped["client"]) == ("consent.given", "kela-knows-c1")
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(OSError, match="file name"):
        await drop.deliver(Outgoing("m1", "k", "../kela", ClientId("c1"), None, {}, START), {})


async def test_a_capture_cannot_name_another_service_than_the_one_that_acts(room: Room) -> None:
    client = await room.client()
    capture = Capture(CaptureMethod.VERBAL, "sote-keskus", "w-9", evidence=Evidence((("note", "kyllä"),)))
    with pytest.raises(ConsentRefused, match="may not record"):
        await room.recording.give(client, [row()], capture, SHOWN, by=worker("kuntakokeilu"))
