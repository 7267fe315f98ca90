"""ID tokens and logout tokens as attackers and careless providers bend them: each is refused for what it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from adapters.tokens.compact import sign_compact
from adapters.tokens.login.checked_token import (
    LOGOUT_EVENT,
    KeyUnknown,
    check_id_token,
    check_logout_token,
    parse_keys,
)
from adapters.tokens.login.claims import read_claims
from adapters.tokens.login.providers import ProviderRow
from gateway.demo.world import load_world
from gateway.identification import Kind, NotIdentified

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
KEY = ECKey.generate_key("P-256", {"kid": "p1"})
KEYS = KeySet([ECKey.import_key({**KEY.as_dict(private=False)})])
ROW = ProviderRow(
    name="suomifi", kind=Kind.CLIENT, names=MappingProxyType({}), issuer="https://id.example", client_id="saattaen",
    key=KEY, scope="openid",
    claims=MappingProxyType({"identity_code": "code", "name": "name", "non_disclosure": "hidden"}),
    assurance=MappingProxyType({"loa1": "low", "loa2": "substantial"}), least="substantial", algorithms=("ES256",),
    organisation=None, audience="issuer", answers_with_issuer=True, max_age=1920,
)  # fmt: skip
CLAIMS: Mapping[str, object] = {
    "iss": "https://id.example", "aud": "saattaen", "sub": "s-1", "sid": "x-1", "nonce": "n-1", "iat": AT,
    "exp": AT + 300, "auth_time": AT, "acr": "loa2", "code": "140395-9022", "name": "Suvi Esimerkki",
}  # fmt: skip
LOGOUT: Mapping[str, object] = {
    "iss": "https://id.example", "aud": "saattaen", "sub": "s-1", "sid": "x-1", "iat": AT, "exp": AT + 120,
    "jti": "j-1", "events": {LOGOUT_EVENT: {}},
}  # fmt: skip
GONE = object()
"""Stands for a claim that is left out."""


def token(claims: Mapping[str, object], changes: Mapping[str, object], typ: str = "JWT", key: ECKey = KEY) -> str:
    said = {name: value for name, value in {**claims, **changes}.items() if value is not GONE}
    return sign_compact({"typ": typ, "kid": "p1"}, said, key, "ES256")


def part(content: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_a_token_that_holds_says_who_it_is() -> None:
    checked = check_id_token(token(CLAIMS, {}), ROW, KEYS, "n-1", NOW)
    who = read_claims(checked, ROW, load_world().directory)
    assert (who.name, who.assurance, who.session) == ("Suvi Esimerkki", "substantial", "x-1")
    assert "140395" not in repr(who)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"iss": GONE}, {"aud": "another"}, {"aud": GONE}, {"aud": []},
        {"aud": ["another"], "azp": "saattaen"}, {"aud": ["saattaen", "another"]},
        {"aud": ["saattaen", "another"], "azp": "another"}, {"aud": "saattaen", "azp": "another"},
        {"aud": ["saattaen", 7], "azp": "saattaen"}, {"exp": AT - 31}, {"exp": GONE}, {"exp": "soon"}, {"exp": True},
        {"iat": AT + 31}, {"iat": AT - 601}, {"iat": GONE}, {"nonce": "n-2"}, {"nonce": GONE}, {"nonce": ["n-1"]},
    ],
)  # fmt: skip
def test_an_id_token_with_a_claim_that_does_not_fit_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(NotIdentified):
        check_id_token(token(CLAIMS, changes), ROW, KEYS, "n-1", NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"acr": GONE}, {"acr": "loa1"}, {"acr": "loa3"}, {"acr": ["loa2"]}, {"sub": GONE}, {"sub": ""}, {"name": GONE},
        {"code": GONE}, {"code": "140395-9023"}, {"code": 7}, {"hidden": 1}, {"hidden": "yes"}, {"hidden": None},
        {"auth_time": GONE},
    ],
)  # fmt: skip
def test_a_token_that_says_too_little_of_somebody_identifies_nobody(changes: dict[str, object]) -> None:
    checked = check_id_token(token(CLAIMS, changes), ROW, KEYS, "n-1", NOW)
    with pytest.raises(NotIdentified):
        read_claims(checked, ROW, load_world().directory)


@pytest.mark.parametrize("value, flag", [(True, True), ("1", True), ("true", True), ("0", False), (False, False)])
def test_a_safety_flag_is_read_as_it_is_said(value: object, flag: bool) -> None:
    checked = check_id_token(token(CLAIMS, {"hidden": value}), ROW, KEYS, "n-1", NOW)
    assert read_claims(checked, ROW, load_world().directory).non_disclosure is flag


def _unsigned() -> str:
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(CLAIMS)}."


def _by_public_key_as_secret() -> str:
    secret = OctKey.import_key(json.dumps(KEYS.keys[0].as_dict(private=False)))
    return jws.serialize_compact({"alg": "HS256", "kid": "p1"}, json.dumps(CLAIMS).encode(), secret, ["HS256"])


def _with_header(more: Mapping[str, object]) -> str:
    registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    header = {"alg": "ES256", "kid": "p1", **more}
    return jws.serialize_compact(header, json.dumps(CLAIMS).encode(), KEY, registry=registry)


def _by_an_algorithm_that_is_not_listed() -> str:
    key = RSAKey.generate_key(2048, {"kid": "p1"})
    return jws.serialize_compact({"alg": "RS256", "kid": "p1"}, json.dumps(CLAIMS).encode(), key, ["RS256"])


def _with_a_member_twice() -> str:
    said = json.dumps(CLAIMS).replace("{", '{"sub": "other", ', 1)
    return jws.serialize_compact({"alg": "ES256", "kid": "p1"}, said.encode(), KEY, ["ES256"])


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(_unsigned, id="alg none"),
        pytest.param(_by_public_key_as_secret, id="HS256 with the public key"),
        pytest.param(lambda: _with_header({"jwk": KEY.as_dict(private=False)}), id="a key in the token"),
        pytest.param(lambda: _with_header({"typ": "at+jwt"}), id="an access token"),
        pytest.param(lambda: token(CLAIMS, {}, typ="logout+jwt"), id="a logout token"),
        pytest.param(_by_an_algorithm_that_is_not_listed, id="RS256"),
        pytest.param(_with_a_member_twice, id="a claim twice"),
        pytest.param(lambda: token(CLAIMS, {})[:-4] + "AAAA", id="another signature"),
        pytest.param(lambda: token(CLAIMS, {}, key=ECKey.generate_key("P-256")), id="another key"),
        pytest.param(lambda: "x" * 9000, id="too long"),
        pytest.param(lambda: "a.b", id="no token"),
    ],
)
def test_what_is_no_id_token_of_the_provider_is_refused(made: object) -> None:
    assert callable(made)
    with pytest.raises(NotIdentified):
        check_id_token(made(), ROW, KEYS, "n-1", NOW)


def test_a_key_that_is_not_known_may_be_a_new_one() -> None:
    other = sign_compact({"typ": "JWT", "kid": "p2"}, CLAIMS, KEY, "ES256")
    with pytest.raises(KeyUnknown):
        check_id_token(other, ROW, KEYS, "n-1", NOW)


def test_two_keys_of_one_id_are_no_key() -> None:
    twice = KeySet([KEYS.keys[0], ECKey.generate_key("P-256", {"kid": "p1"})])
    with pytest.raises(KeyUnknown):
        check_id_token(token(CLAIMS, {}), ROW, twice, "n-1", NOW)


def test_secrets_among_a_providers_keys_are_left_out() -> None:
    rows = [
        KEY.as_dict(private=True), {"kty": "oct", "k": "c2VjcmV0"}, KEY.as_dict(private=False), {"kty": "EC"}, 7
    ]  # fmt: skip
    assert len(parse_keys(json.dumps({"keys": rows}).encode()).keys) == 1


# Logout tokens.


@pytest.mark.parametrize("changes", [{}, {"sid": GONE}, {"sub": GONE}])
def test_a_logout_token_names_a_session_or_a_person(changes: dict[str, object]) -> None:
    checked = check_logout_token(token(LOGOUT, changes, typ="logout+jwt"), ROW, KEYS, NOW)
    assert checked.text("sid") or checked.text("sub")


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "n-1"}, {"nonce": None}, {"aud": "another"}, {"iss": "https://evil.example"}, {"events": GONE},
        {"events": {}}, {"events": {LOGOUT_EVENT: True}}, {"events": [LOGOUT_EVENT]}, {"jti": GONE}, {"jti": 1},
        {"sid": GONE, "sub": GONE}, {"sid": 1}, {"exp": GONE}, {"exp": AT - 60}, {"iat": AT - 3600},
    ],
)  # fmt: skip
def test_what_is_no_logout_token_ends_nothing(changes: dict[str, object]) -> None:
    with pytest.raises(NotIdentified):
        check_logout_token(token(LOGOUT, changes, typ="logout+jwt"), ROW, KEYS, NOW)


@pytest.mark.parametrize("typ", ["JWT", "at+jwt"])
def test_a_logout_token_says_that_it_is_one(typ: str) -> None:
    with pytest.raises(NotIdentified):
        check_logout_token(token(LOGOUT, {}, typ=typ), ROW, KEYS, NOW)


STAFF = replace(
    ROW, kind=Kind.STAFF, organisation="kela",
    claims=MappingProxyType({
        "name": "name", "organisation": "org", "services": "services", "roles": "roles", "officer": "officer",
    }),
)  # fmt: skip


@pytest.mark.parametrize("row", [ROW, STAFF], ids=["client", "staff"])
def test_a_name_with_somebodys_identity_code_is_no_name(row: ProviderRow) -> None:
    told = {"org": "kela", "name": "Virtanen 020975-9042 Pertti"}
    with pytest.raises(NotIdentified) as refused:
        read_claims(check_id_token(token(CLAIMS, told), row, KEYS, "n-1", NOW), row, load_world().directory)
    assert refused.value.reason == "claims-unfit" and "9042" not in repr(refused.value)


def test_a_worker_who_is_known_by_an_identity_code_is_not_let_in() -> None:
    """A worker's `sub` stands in entries about clients; a client's own is kept as a keyed hash, and stands in none."""
    for sub, fits in (("w-1", True), ("020975-9042", False), ("id:020975-9042", False)):
        checked = check_id_token(token(CLAIMS, {"org": "kela", "sub": sub}), STAFF, KEYS, "n-1", NOW)
        if fits:
            assert read_claims(checked, STAFF, load_world().directory).subject == sub
        else:
            with pytest.raises(NotIdentified):
                read_claims(checked, STAFF, load_world().directory)
    checked = check_id_token(token(CLAIMS, {"sub": "020975-9042"}), ROW, KEYS, "n-1", NOW)
    assert read_claims(checked, ROW, load_world().directory).subject == "020975-9042"
