"""Attacks on assertions and access tokens (security.md 3.2): each ends in invalid_client or 401, and never in a 500."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from tests.http.conftest import TokenDesk
from tests.parts.partner import BASE, TOKEN_ENDPOINT, PartnerSystem, b64, make_key, sign


def _public(system: PartnerSystem) -> dict[str, Any]:
    return dict(system.key.as_dict(private=False))


def _unsigned(system: PartnerSystem) -> str:
    return b64(json.dumps({"alg": "none", "typ": "JWT", "kid": system.kid}).encode()) + "." + b64(
        json.dumps(system.claims()).encode()
    ) + "."  # fmt: skip


def _hmac_with_public_key(system: PartnerSystem) -> str:
    header = b64(json.dumps({"alg": "HS256", "typ": "JWT", "kid": system.kid}).encode())
    message = header + "." + b64(json.dumps(system.claims()).encode())
    assert isinstance(system.key, ECKey)
    return message + "." + b64(hmac.digest(system.key.as_pem(private=False), message.encode(), "sha256"))


def _raw(text: str) -> Callable[[PartnerSystem], str]:
    """An assertion whose claims are this text, with %s for the good claims' inside."""
    return lambda system: system.assertion((text % json.dumps(system.claims())[1:-1]).encode())


def _raw_header(text: str) -> Callable[[PartnerSystem], str]:
    return lambda system: sign(text.encode(), json.dumps(system.claims()).encode(), system.key, "ES256")


def _header(**members: Any) -> Callable[[PartnerSystem], str]:
    return lambda system: system.assertion(**members)


def _claims(**changed: Any) -> Callable[[PartnerSystem], str]:
    return lambda system: system.assertion(system.claims(**changed))


def _times(**offsets: float | None) -> Callable[[PartnerSystem], str]:
    def make(system: PartnerSystem) -> str:
        now = int(system.clock.now().timestamp())
        return system.assertion(
            system.claims(**{name: None if value is None else now + value for name, value in offsets.items()})
        )

    return make


def _own_key_in_header(system: PartnerSystem) -> str:
    attacker = make_key("ES256")
    header = {"alg": "ES256", "typ": "JWT", "kid": system.kid, "jwk": attacker.as_dict(private=False)}
    return sign(header, json.dumps(system.claims()).encode(), attacker)


def _padded(system: PartnerSystem) -> str:
    return system.assertion() + "="


def _respelled_signature(system: PartnerSystem) -> str:
    # The last of the characters that spell 64 bytes has four unused bits: a lax decoder takes sixteen spellings.
    assertion = system.assertion()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return assertion[:-1] + alphabet[alphabet.index(assertion[-1]) + 1]


ATTACKS: dict[str, Callable[[PartnerSystem], str]] = {
    "alg none": _unsigned,
    "alg None": _header(alg="None"),
    "HS256 with the public key": _hmac_with_public_key,
    "RS256": _header(alg="RS256"),
    "ES256K": _header(alg="ES256K"),
    "alg of another key type": _header(alg="PS256"),
    "alg of another curve": _header(alg="ES384"),
    "alg a number": _header(alg=256),
    "alg missing": _raw_header('{"typ":"JWT","kid":"key-1"}'),
    "a key in the header": _own_key_in_header,
    "a key URL": _header(jku=BASE + "/keys"),
    "a certificate URL": _header(x5u=BASE + "/certificate"),
    "a certificate": _header(x5c=["MIIB"]),
    "crit unknown": _header(crit=["exp"]),
    "crit empty": _header(crit=[]),
    "b64 false": _header(b64=False, crit=["b64"]),
    "zip": _header(zip="DEF"),
    "typ of an access token": _header(typ="at+jwt"),
    "typ of an event": _header(typ="secevent+jwt"),
    "typ missing": _header(typ=None),
    "typ a list": _header(typ=["JWT"]),
    "kid missing": _header(kid=None),
    "kid unknown": _header(kid="key-2"),
    "kid a path": _header(kid="../../keys/tokens.json"),
    "kid a number": _header(kid=1),
    "header member twice": _raw_header('{"alg":"none","alg":"ES256","typ":"JWT","kid":"key-1"}'),
    "header a list": _raw_header('["alg"]'),
    "header no JSON": _raw_header("alg"),
    "header deep": _raw_header('{"alg":' + "[" * 2000 + "]" * 2000 + "}"),
    "claim twice": _raw('{"sub":"kela-system",%s}'),
    "exp NaN": _raw('{%s,"nbf":NaN}'),
    "exp infinite": _raw('{"nbf":1e999,%s}'),
    "lone surrogate": _raw('{"x":"\\ud800",%s}'),
    "claims a list": _raw("[{%s}]"),
    "claims deep": _raw('{%s,"x":' + "[" * 1500 + "]" * 1500 + "}"),
    "claims in Latin-1": lambda system: system.assertion(b'{"sub":"\xe4"}'),
    "aud an array": _claims(aud=[TOKEN_ENDPOINT]),
    "aud two servers": _claims(aud=[TOKEN_ENDPOINT, "https://other.example"]),
    "aud another server": _claims(aud="https://other.example/token"),
    "aud the FHIR base": _claims(aud=BASE + "/fhir"),
    "aud with a slash": _claims(aud=BASE + "/"),
    "aud missing": _claims(aud=None),
    "iss another": _claims(iss="kela-system"),
    "iss missing": _claims(iss=None),
    "iss an array": _claims(iss=["kuntakokeilu-system"]),
    "sub unknown": _claims(iss="nobody", sub="nobody"),
    "sub missing": _claims(sub=None),
    "sub an object": _claims(sub={"x": 1}),
    "sub with NUL": _claims(iss="kuntakokeilu-system\u0000", sub="kuntakokeilu-system\u0000"),
    "exp missing": _claims(exp=None),
    "exp a string": _claims(exp="9999999999"),
    "exp true": _claims(exp=True),
    "exp huge": _claims(exp=10**400),
    "exp ten years ahead": _times(exp=315_360_000),
    "exp 301 s ahead": _times(exp=301),
    "exp 301 s ahead without iat": _times(exp=301, iat=None),
    "exp 311 s ahead, iat 10 s ahead": _times(exp=311, iat=10),
    "exp now": _times(exp=0),
    "exp past": _times(exp=-1),
    "iat in the future": _times(iat=60, exp=200),
    "iat long past": _times(iat=-3600),
    "nbf in the future": _times(nbf=60),
    "nbf a string": _claims(nbf="soon"),
    "jti missing": _claims(jti=None),
    "jti a number": _claims(jti=7),
    "jti empty": _claims(jti=""),
    "jti long": _claims(jti="x" * 256),
    "jti with NUL": _claims(jti="a\u0000b"),
    "signature missing": lambda system: system.assertion().rpartition(".")[0] + ".",
    "signature of zeros": lambda system: system.assertion().rpartition(".")[0] + "." + b64(bytes(64)),
    "signature by another": lambda system: PartnerSystem(system.clock).assertion(),
    "signature padded": _padded,
    "signature respelled": _respelled_signature,
    "five parts": lambda system: system.assertion() + ".a.b",
    "JSON serialization": lambda system: json.dumps({"payload": "e30", "signatures": []}),
    "too long": lambda system: system.assertion(system.claims(x="y" * 6100)),
    "spaces around": lambda system: f" {system.assertion()} ",
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_forged_or_careless_assertion_is_refused(desk: TokenDesk, system: PartnerSystem, attack: str) -> None:
    answer = await desk.ask(system.form(ATTACKS[attack](system)))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


async def test_the_good_assertion_beside_the_attacks_passes(desk: TokenDesk, system: PartnerSystem) -> None:
    assert (await desk.ask(system.form())).status_code == 200


async def test_a_partners_key_does_not_speak_for_another(desk: TokenDesk, system: PartnerSystem) -> None:
    other = PartnerSystem(system.clock, id="kela-system", kid="kela-key")
    desk.enrol(other)
    for kid in ("kela-key", "key-1"):
        forged = other.assertion(system.claims(), kid=kid)
        assert (await desk.ask(system.form(forged))).json()["error"] == "invalid_client"


async def test_nobody_learns_which_clients_and_keys_there_are(desk: TokenDesk, system: PartnerSystem) -> None:
    answers = {
        (await desk.ask(system.form(ATTACKS[attack](system)))).content
        for attack in ("sub unknown", "kid unknown", "signature by another", "RS256", "typ of an access token")
    }
    assert len(answers) == 1


async def test_a_used_assertion_stays_used_in_another_spelling(desk: TokenDesk, system: PartnerSystem) -> None:
    claims = system.claims()
    assert (await desk.ask(system.form(system.assertion(claims)))).status_code == 200
    again = system.assertion(json.dumps(claims, indent=1).encode())
    assert (await desk.ask(system.form(again))).json()["error"] == "invalid_client"
    assert (await desk.client.post("/oauth/revoke", data=system.form(again, token="x"))).json()[
        "error"
    ] == "invalid_client"


async def test_a_used_assertion_stays_used_when_the_clock_is_set_back(desk: TokenDesk, system: PartnerSystem) -> None:
    form = system.form()
    assert (await desk.ask(form)).status_code == 200
    desk.clock.move(1000)
    assert (await desk.ask(system.form())).status_code == 200
    desk.clock.move(-1000)
    assert (await desk.ask(form)).json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "body, kind",
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", "application/x-www-form-urlencoded"),
        (b"scope=a&scope=b", "application/x-www-form-urlencoded"),
        (b"%ff=1", "application/x-www-form-urlencoded"), (b"\xff=1", "application/x-www-form-urlencoded"),
        (b"novalue", "application/x-www-form-urlencoded"), (b"a=1&" * 21, "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded"),
        (b'{"grant_type":"client_credentials"}', "application/json"), (b"", "text/plain"), (b"", ""),
    ],
)  # fmt: skip
async def test_a_body_that_two_readers_may_read_differently_is_refused(desk: TokenDesk, body: bytes, kind: str) -> None:
    for path in ("/oauth/token", "/oauth/revoke"):
        answer = await desk.client.post(path, content=body, headers={"content-type": kind})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_parameters_in_the_address_or_a_second_authentication_are_refused(
    desk: TokenDesk, system: PartnerSystem
) -> None:
    answer = await desk.client.post("/oauth/token?grant_type=client_credentials", data=system.form())
    assert answer.json()["error"] == "invalid_request"
    answer = await desk.client.post("/oauth/token", data=system.form(), headers={"authorization": "Basic eDp5"})
    assert answer.json()["error"] == "invalid_request"


def _alter(token: str, header: dict[str, Any], claims: dict[str, Any], desk: TokenDesk, *, trusted: bool = True) -> str:
    """Return the token with other members, signed anew by our own key: only the check of the members can tell."""
    parts = [json.loads(urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]
    head = {name: value for name, value in {**parts[0], **header}.items() if value is not None}
    body = {name: value for name, value in {**parts[1], **claims}.items() if value is not None}
    key = desk.tokens.keys.signing if trusted else make_key("ES256")
    return sign(head, json.dumps(body).encode(), key, "ES256")


@pytest.mark.parametrize(
    "header, claims",
    [
        ({"typ": None}, {}), ({"typ": "JWT"}, {}), ({"typ": "secevent+jwt"}, {}), ({"typ": "logout+jwt"}, {}),
        ({"typ": "client-authentication+jwt"}, {}), ({"alg": "none"}, {}), ({"alg": "HS256"}, {}), ({"kid": None}, {}),
        ({"kid": "other"}, {}), ({"crit": ["exp"]}, {}), ({"jwk": {}}, {}), ({}, {"iss": "https://other.example"}),
        ({}, {"aud": BASE}), ({}, {"aud": [BASE + "/fhir"]}), ({}, {"aud": None}), ({}, {"exp": None}),
        ({}, {"exp": 9_999_999_999}), ({}, {"exp": True}), ({}, {"iat": None}), ({}, {"jti": None}), ({}, {"jti": 3}),
        ({}, {"scope": None}), ({}, {"scope": ["system/CarePlan.rs"]}), ({}, {"client_id": "kela-system"}),
        ({}, {"sub": "kela-system"}), ({}, {"client_id": None, "sub": None}), ({}, {"extensions": None}),
        ({}, {"extensions": {"hl7-b2b": {}, "saattaen": {}}}),
    ],
)  # fmt: skip
async def test_an_access_token_of_another_kind_or_shape_is_refused(
    desk: TokenDesk, system: PartnerSystem, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    token = await desk.token(system)
    assert (await desk.me(_alter(token, {}, {}, desk))).status_code == 200
    assert (await desk.me(_alter(token, header, claims, desk))).status_code == 401


async def test_a_token_by_a_strange_key_or_with_the_public_key_as_secret_is_refused(
    desk: TokenDesk, system: PartnerSystem
) -> None:
    token = await desk.token(system)
    assert (await desk.me(_alter(token, {}, {}, desk, trusted=False))).status_code == 401
    public = desk.tokens.keys.signing
    assert isinstance(public, ECKey)
    secret = OctKey.import_key(public.as_pem(private=False).hex())
    message = b64(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": desk.keys.tokens.current}).encode())
    message += "." + token.split(".")[1]
    forged = message + "." + b64(hmac.digest(secret.raw_value, message.encode(), hashlib.sha256))
    assert (await desk.me(forged)).status_code == 401


async def test_an_assertion_is_no_access_token_and_an_access_token_no_assertion(
    desk: TokenDesk, system: PartnerSystem
) -> None:
    assert (await desk.me(system.assertion())).status_code == 401
    token = await desk.token(system)
    assert (await desk.ask(system.form(token))).json()["error"] == "invalid_client"


async def test_a_remembered_token_lends_nothing_to_one_that_differs_in_a_character(
    desk: TokenDesk, system: PartnerSystem
) -> None:
    token = await desk.token(system)
    assert (await desk.me(token)).status_code == 200
    for place in (3, len(token) // 2, len(token) - 1):
        other = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert (await desk.me(other)).status_code == 401


@pytest.mark.parametrize("scheme", ["Basic", "DPoP", "Token", ""])
async def test_the_token_stands_in_one_bearer_header(desk: TokenDesk, system: PartnerSystem, scheme: str) -> None:
    token = await desk.token(system)
    answer = await desk.client.get("/fhir/me/x", headers={"authorization": f"{scheme} {token}".strip()})
    assert answer.status_code == 401
    assert (await desk.client.get("/fhir/me/x", headers={"authorization": f"bearer {token}"})).status_code == 200


async def test_a_token_elsewhere_or_twice_is_refused_and_counted(desk: TokenDesk, system: PartnerSystem) -> None:
    token = await desk.token(system)
    good = ("authorization", f"Bearer {token}")
    for answer in (
        await desk.client.get("/fhir/me/x"),
        await desk.client.get(f"/fhir/me/x?access_token={token}"),
        await desk.client.get(f"/fhir/me/x?access_token={token}", headers=[good]),
        await desk.client.get("/fhir/me/x?ACCESS%5Ftoken=", headers=[good]),
        await desk.client.get("/fhir/me/x", headers=[good, good]),
        await desk.client.get("/fhir/me/x", headers=[("cookie", f"access_token={token}")]),
        await desk.client.post("/me/x", data={"access_token": token}),
        await desk.client.get("/fhir/me/x", headers=[("authorization", f"Bearer {token},Bearer {token}")]),
        await desk.client.get("/fhir/me/x", headers=[("authorization", "Bearer " + "a" * 9000)]),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert desk.refused == 9


async def test_a_401_tells_where_to_get_a_token_and_nothing_of_the_fault(
    desk: TokenDesk, system: PartnerSystem
) -> None:
    token = await desk.token(system)
    desk.clock.move(301)
    ended, forged = await desk.me(token), await desk.me("a.b.c")
    absent = await desk.client.get("/fhir/me/x")
    assert "oauth-protected-resource/fhir" in ended.headers["www-authenticate"]
    assert ended.headers["www-authenticate"] == forged.headers["www-authenticate"]
    assert "error" not in absent.headers["www-authenticate"]
    said = [{**answer.json(), "id": ""} for answer in (ended, forged, absent)]
    assert said[0] == said[1] == said[2]
    assert said[0]["resourceType"] == "OperationOutcome"


_TOKENISH = st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P")), max_size=200)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_TOKENISH, st.binary(max_size=80), st.binary(max_size=80))
async def test_no_token_whatever_is_a_server_error(desk: TokenDesk, text: str, first: bytes, second: bytes) -> None:
    for token in (text, f"{b64(first)}.{b64(second)}.{b64(first)}"):
        assert (await desk.me(token)).status_code == 401
        answer = await desk.ask(PartnerSystem(desk.clock).form(token))
        assert answer.json()["error"] == "invalid_client"
