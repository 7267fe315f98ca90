"""Entries, commitments, sealing: what opens, and everything that does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import (
    Draft,
    IndexRow,
    Opening,
    Randomness,
    body_bytes,
    commit,
    entry_bytes,
    new_opening,
    pack_openings,
    parse_entry,
    seal,
    section_bytes,
    unpack_openings,
    unseal,
    verify_opening,
)
from audit.errors import EntryInvalid, OpeningInvalid
from audit.keys import DataKey, index_token

KEY = DataKey("k1", b"k" * 32)
OPENINGS = tuple(Opening(name, bytes([at]) * 32, b'{"x":%d}' % at) for at, name in enumerate(("a", "b", "s")))
COMMITMENTS = {one.section: commit(one) for one in OPENINGS}
ENTRY = entry_bytes("12y", COMMITMENTS)


def test_an_entry_is_these_very_bytes() -> None:
    assert ENTRY.startswith(b'{"c":{"a":"')
    assert ENTRY.endswith(b'"},"r":"12y","v":1}')
    assert parse_entry(ENTRY).commitments == COMMITMENTS
    assert len(ENTRY) < 256


@given(st.integers(0, len(ENTRY) * 8 - 1))
def test_an_entry_with_any_bit_flipped_is_no_entry_or_another_one(bit: int) -> None:
    flipped = bytearray(ENTRY)
    flipped[bit // 8] ^= 1 << bit % 8
    try:
        parse_entry(bytes(flipped))
    except EntryInvalid:
        return
    assert bytes(flipped) != ENTRY


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        ENTRY + b" ",
        ENTRY.replace(b'"v":1', b'"v":2'),
        ENTRY.replace(b'"v":1', b'"v":1.0'),
        ENTRY.replace(b'"r":"12y"', b'"r":12'),
        ENTRY.replace(b'"r"', b'"r":"13y","r"'),
        ENTRY.replace(b'"a":"', b'"a":"A'),
        ENTRY.replace(b'","b":', b'=","b":'),
        # Bits that are left over must be zero, or one commitment could be written in four ways.
        ENTRY.replace(COMMITMENTS["a"].encode(), COMMITMENTS["a"].encode()[:-1] + b"B"),
    ],
)
def test_what_is_not_canonical_is_no_entry(data: bytes) -> None:
    with pytest.raises(EntryInvalid):
        parse_entry(data)


def test_a_sealed_section_opens_in_its_own_place_only() -> None:
    opening = new_opening("s", b'{"client":"1"}', noise := Randomness(2))
    commitment = commit(opening)
    sealed = seal(opening, commitment, KEY, "log/2026", "e1", noise)
    assert unseal(sealed, commitment, KEY, "log/2026", "e1") == opening
    for wrong in (
        lambda: unseal(sealed, commitment, KEY, "log/2027", "e1"),
        lambda: unseal(sealed, commitment, KEY, "log/2026", "e2"),
        lambda: unseal(sealed._replace(section="b"), commitment, KEY, "log/2026", "e1"),
        lambda: unseal(sealed, COMMITMENTS["s"], KEY, "log/2026", "e1"),
        lambda: unseal(sealed, commitment, DataKey("k2", b"x" * 32), "log/2026", "e1"),
        lambda: unseal(sealed._replace(ciphertext=b""), commitment, KEY, "log/2026", "e1"),
    ):
        with pytest.raises(OpeningInvalid):
            wrong()


def test_an_opening_is_checked_against_the_entry() -> None:
    for one in OPENINGS:
        verify_opening(one, ENTRY)
        for wrong in (
            one._replace(plaintext=one.plaintext + b" "),
            one._replace(salt=bytes(31) + b"\xff"),
            one._replace(salt=b""),
        ):
            with pytest.raises(OpeningInvalid):
                verify_opening(wrong, ENTRY)
    with pytest.raises(OpeningInvalid):
        verify_opening(OPENINGS[0]._replace(section="b"), ENTRY)


def test_openings_travel_in_a_receipt_and_are_checked_on_arrival() -> None:
    extra = pack_openings(ENTRY, OPENINGS[1:])
    assert unpack_openings(extra) == (ENTRY, OPENINGS[1:])
    for wrong in (b"", b"{}", b"[]", extra.replace(b'{\\"x\\":1}', b'{\\"x\\":7}'), b'{"entry":1,"open":[]}'):
        with pytest.raises((OpeningInvalid, EntryInvalid)):
            unpack_openings(wrong)


def test_a_body_bears_what_the_index_says_and_nothing_that_contradicts_it() -> None:
    draft = Draft("e1", IndexRow("disclosure", "permit"), {"purpose": "TREAT"})
    assert body_bytes(draft, 5) == b'{"event_id":"e1","k":"disclosure","o":"permit","purpose":"TREAT","t":5}'
    with pytest.raises(EntryInvalid):
        body_bytes(replace(draft, body={"k": "other"}), 5)
    with pytest.raises(EntryInvalid):
        section_bytes({"x": object()})
    with pytest.raises(EntryInvalid):
        entry_bytes('12y"', COMMITMENTS)


def test_randomness_is_never_handed_out_twice() -> None:
    noise = Randomness(1)
    noise.take(44)
    with pytest.raises(EntryInvalid):
        noise.take(1)


def test_an_index_token_depends_on_the_key_of_the_year() -> None:
    assert index_token(KEY, "c1") == index_token(DataKey("other", b"k" * 32), "c1")
    assert len({index_token(KEY, "c1"), index_token(KEY, "c2"), index_token(DataKey("k", b"z" * 32), "c1")}) == 3
    assert "kkkk" not in repr(KEY)
