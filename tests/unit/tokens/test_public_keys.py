"""What a partner may register as its keys, and what joserfc alone would have let through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from adapters.tokens.keys import ASSERTION_ALGORITHMS, TokenKeys, check_public_keys, parse_public_keys
from gateway.errors import BodyInvalid, SettingsError

EC = dict(ECKey.generate_key("P-256").as_dict(private=False)) | {"kid": "a"}
RSA = dict(RSAKey.generate_key(2048).as_dict(private=False)) | {"kid": "b"}
OKP = dict(OKPKey.generate_key("Ed25519").as_dict(private=False)) | {"kid": "c"}


def _set(*rows: Any) -> str:
    return json.dumps({"keys": list(rows)})


def test_the_three_kinds_of_public_keys_are_taken() -> None:
    keys = parse_public_keys(_set(EC, RSA, OKP | {"use": "sig", "key_ops": ["verify"], "alg": "EdDSA"}))
    assert [key.kid for key in keys] == ["a", "b", "c"]
    taken = {key.kid: {one for one in ASSERTION_ALGORITHMS if key.takes(one)} for key in keys}
    assert taken == {"a": {"ES256"}, "b": {"PS256", "RS384"}, "c": {"EdDSA"}}
    assert not any(key.takes("HS256") or key.takes("none") for key in keys)


def test_what_is_stored_is_checked_once_more_and_stays_the_same() -> None:
    stored = check_public_keys(_set(EC, RSA))
    assert check_public_keys(stored) == stored


def _short_rsa(bits: int, exponent: int = 65537) -> dict[str, Any]:
    raw = rsa.generate_private_key(exponent, bits).public_key()
    return dict(RSAKey(raw, raw).as_dict(private=False)) | {"kid": "x"}


@pytest.mark.parametrize(
    "row",
    [
        dict(OctKey.generate_key(256).as_dict(private=True)) | {"kid": "x"},
        dict(ECKey.generate_key("P-256").as_dict(private=True)) | {"kid": "x"},
        dict(OKPKey.generate_key("Ed25519").as_dict(private=True)) | {"kid": "x"},
        dict(ECKey.generate_key("P-521").as_dict(private=False)) | {"kid": "x"},
        dict(ECKey.generate_key("secp256k1").as_dict(private=False)) | {"kid": "x"},
        dict(OKPKey.generate_key("X25519").as_dict(private=False)) | {"kid": "x"},
        dict(OKPKey.generate_key("Ed448").as_dict(private=False)) | {"kid": "x"},
        _short_rsa(1024),
        _short_rsa(2048, 3),
        EC | {"use": "enc"},
        EC | {"key_ops": ["sign"]},
        EC | {"key_ops": []},
        EC | {"alg": "PS256"},
        EC | {"alg": "none"},
        EC | {"alg": 5},
        EC | {"kid": ""},
        EC | {"kid": 7},
        EC | {"kid": "ä"},
        {name: value for name, value in EC.items() if name != "kid"},
        EC | {"x": EC["y"]},
        EC | {"x": "AA"},
        EC | {"x": 5},
        {name: value for name, value in EC.items() if name != "y"},
        EC | {"crv": "P-384"},
        EC | {"kty": "RSA"},
        EC | {"kty": "AKP"},
        EC | {"kty": ["EC"]},
        EC | {"x5u": "https://other.example"},
        EC | {"x5c": ["MII"]},
        "key",
        None,
        5,
        RSA | {"n": ""},
        RSA | {"e": "AA"},
        OKP | {"x": "AA"},
        EC | {"k": "AA"},
    ],
)
def test_a_key_that_must_not_be_registered_is_refused_with_its_place(row: Any) -> None:
    with pytest.raises(BodyInvalid) as caught:
        parse_public_keys(_set(RSA, row))
    assert "$.keys[1]" in [path for path, _ in caught.value.faults]


def test_a_private_key_that_was_sent_is_not_repeated() -> None:
    row = ECKey.generate_key("P-256").as_dict(private=True)
    with pytest.raises(BodyInvalid) as caught:
        parse_public_keys(_set(dict(row) | {"kid": "x"}))
    assert str(row["d"]) not in str(caught.value) + str(caught.value.faults)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"keys":{}}',
        _set(),
        _set(*[EC] * 11),
        _set(EC, EC),
        _set(EC, EC | {"kid": "b"}),
        _set(EC, RSA | {"kid": "a"}),
        '{"keys":[],"keys":[]}',
        "\ud800",
    ],
)
def test_a_set_that_is_none_or_names_a_key_twice_is_refused(text: str) -> None:
    with pytest.raises(BodyInvalid):
        parse_public_keys(text)


def test_our_own_keys_are_private_p256_keys_and_print_nothing() -> None:
    row = {name: str(value) for name, value in ECKey.generate_key("P-256").as_dict(private=True).items()}
    keys = TokenKeys("k", {"k": row})
    assert row["d"] not in repr(keys) + json.dumps(keys.jwks())
    assert keys.find("other") is None
    for current, rows in (("other", {"k": row}), ("k", {}), ("k", {"k": {n: v for n, v in row.items() if n != "d"}})):
        with pytest.raises(SettingsError):
            TokenKeys(current, rows)
