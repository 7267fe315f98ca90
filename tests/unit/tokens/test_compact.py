"""The strict reading of compact JWS: RFC 7515's example, signatures at the edges of the group, JSON read two ways."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, import_key

from adapters.tokens.compact import (
    CompactInvalid,
    numeric_date,
    parse_header,
    parse_json_object,
    parse_unverified_claims,
    sign_compact,
    verify_compact,
)
from tests.parts.partner import b64

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "jose" / "rfc7515-a3.json").read_text())
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256's group."""
KEY = ECKey.generate_key("P-256")


def test_the_signature_of_rfc_7515_a3_verifies_and_its_header_lacks_what_we_ask_for() -> None:
    token = str(VECTOR["token"])
    assert (
        verify_compact(token, import_key(VECTOR["jwk"]), "ES256") == VECTOR["claims"] == parse_unverified_claims(token)
    )
    with pytest.raises(CompactInvalid):
        parse_header(token)


@pytest.mark.parametrize(
    "r, s",
    [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (ORDER, ORDER),
        (ORDER, 0),
        (ORDER - 1, ORDER - 1),
        (ORDER + 1, ORDER + 1),
        (1, ORDER),
    ],
)
def test_signatures_at_the_edges_of_the_group_are_refused(r: int, s: int) -> None:
    signing_input = str(VECTOR["token"]).rpartition(".")[0]
    key = import_key(VECTOR["jwk"])
    for signature in (r.to_bytes(32) + s.to_bytes(32), r.to_bytes(33) + s.to_bytes(33), encode_dss_signature(r, s)):
        with pytest.raises(CompactInvalid):
            verify_compact(f"{signing_input}.{b64(signature)}", key, "ES256")


def test_what_is_signed_is_read_back() -> None:
    token = sign_compact({"typ": "at+jwt", "kid": "k"}, {"a": "ä", "n": 1}, KEY, "ES256")
    assert parse_header(token) == ("ES256", "at+jwt", "k")
    assert verify_compact(token, KEY, "ES256") == {"a": "ä", "n": 1}
    with pytest.raises(CompactInvalid):
        verify_compact(token, KEY, "ES384")


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=7))
def test_a_token_with_any_bit_flipped_fails(place: int, bit: int) -> None:
    token = bytearray(sign_compact({"typ": "at+jwt", "kid": "k"}, {"a": 1}, KEY, "ES256").encode())
    token[place % len(token)] ^= 1 << bit
    with pytest.raises(CompactInvalid):
        _verify_whole(token.decode("latin-1"))


def _verify_whole(token: str) -> None:
    parse_header(token)
    verify_compact(token, KEY, "ES256")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"1", b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'{"a":NaN}', b'{"a":-Infinity}',
        b'{"a":"\\udc00"}',
        b"{'a':1}", b'{"a":1}x', b"\xef\xbb\xbf{}", b"\xff", b"[" * 100_000, b'{"a":' + b"1" * 5000 + b"}",
    ],
)  # fmt: skip
def test_json_that_two_readers_may_read_differently_is_refused(data: bytes) -> None:
    with pytest.raises(CompactInvalid):
        parse_json_object(data)


@pytest.mark.parametrize("value", [True, False, "1", None, [], {}, float("nan"), float("inf"), 10**400])
def test_what_is_no_numeric_date_is_none(value: object) -> None:
    assert numeric_date(value) is None
    assert (numeric_date(0), numeric_date(1.5), numeric_date(-1)) == (0, 1.5, -1)
