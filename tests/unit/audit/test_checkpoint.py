"""Checkpoints: what is signed, and everything that is not believed."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, Signer, parse_note, parse_vkey, verify_note
from audit.errors import SignatureInvalid
from tests.simulators.checkpoints import sign_checkpoint

ORIGIN = "gw.saattaen.example/audit/2026"
SIGNER = Signer(sha256(b"demo").digest())
OTHER = Signer(sha256(b"other").digest())
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(range(32)))
NOTE = sign_checkpoint(CHECKPOINT, [SIGNER])
VERIFIER = SIGNER.verifier(ORIGIN)


def test_a_signed_checkpoint_is_read_back() -> None:
    assert verify_note(NOTE, [VERIFIER], ORIGIN) == CHECKPOINT


def test_a_verifier_key_is_read_back_and_its_id_is_checked() -> None:
    assert parse_vkey(VERIFIER.vkey() + "\n") == VERIFIER
    # The example of the signed-note specification.
    assert parse_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").name == "example.com/foo"
    for wrong in ("", "a+b", VERIFIER.vkey().replace("+6c5fc855+", "+6c5fc856+"), "a b+00000000+AA==", "x+y+!"):
        with pytest.raises(SignatureInvalid):
            parse_vkey(wrong)


def test_a_second_signature_line_serves_who_knows_only_that_key() -> None:
    note = sign_checkpoint(CHECKPOINT, [SIGNER, OTHER])
    assert len(parse_note(note).signatures) == 2
    for signer in (SIGNER, OTHER):
        assert verify_note(note, [signer.verifier(ORIGIN)]) == CHECKPOINT


def test_an_unknown_key_alone_is_not_enough() -> None:
    with pytest.raises(SignatureInvalid, match="no known key"):
        verify_note(NOTE, [OTHER.verifier(ORIGIN)])
    with pytest.raises(SignatureInvalid, match="no known key"):
        verify_note(NOTE, [SIGNER.verifier(ORIGIN + "7")])


def test_a_wrong_signature_under_a_known_key_spoils_the_note() -> None:
    first, second = NOTE.decode().split("\n\n")
    forged = sign_checkpoint(Checkpoint(ORIGIN, 8, CHECKPOINT.root), [SIGNER]).decode().split("\n\n")[1]
    with pytest.raises(SignatureInvalid, match="is wrong"):
        verify_note(f"{first}\n\n{second}{forged}".encode(), [VERIFIER])


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(SignatureInvalid, match="is about"):
        verify_note(NOTE, [VERIFIER], "gw.saattaen.example/audit/2027")


@given(st.integers(0, len(NOTE) * 8 - 1))
def test_a_note_with_any_bit_flipped_is_refused(bit: int) -> None:
    flipped = bytearray(NOTE)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SignatureInvalid):
        verify_note(bytes(flipped), [VERIFIER])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n\n",
        b"a\n1\nAA==\n",
        NOTE.replace(b"\n7\n", b"\n07\n"),
        NOTE.replace(b"\n7\n", b"\n-7\n"),
        NOTE.replace(b"\n\n", b"\nextension\n\n"),
        NOTE.removesuffix(b"\n"),
        NOTE + b"no dash\n",
        NOTE.replace(b"\n7\n", b"\n7\r\n"),
        b"\xff" + NOTE,
        bytes(1 << 21),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        parse_note(text)
