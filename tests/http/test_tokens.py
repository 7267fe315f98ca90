"""Partner systems get tokens, use them and take them back."""

from __future__ import annotations

import asyncio
import json

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from sqlalchemy import text

from adapters.tokens.acting import Acting
from adapters.tokens.keys import ASSERTION_ALGORITHMS, TokenKeys
from adapters.tokens.simulator import SimulatedPartner
from gateway.directory.business_id import organisation_oid
from tests.http.conftest import TokenDesk
from tests.parts.partner import BASE, TOKEN_ENDPOINT, PartnerSystem, SteeredClock, extensions, make_key


async def test_a_registered_key_gets_a_token_that_names_who_acts(desk: TokenDesk, system: PartnerSystem) -> None:
    answer = await desk.ask(system.form(scope="system/CarePlan.r saattaen/consents"))
    body = answer.json()
    assert answer.status_code == 200
    assert (body["token_type"], body["expires_in"], body["scope"]) == (
        "bearer",
        300,
        "system/CarePlan.r saattaen/consents",
    )
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    used = (await desk.me(body["access_token"])).json()
    assert used.pop("token_id")
    assert used == {
        "system": "kuntakokeilu-system", "organisation": "tyollisyysalue", "service": "kuntakokeilu",
        "role": "omavalmentaja", "purpose": "employment-support", "assurance": "substantial", "person": "worker-7",
        "person_name": "Olli Omavalmentaja", "scope": "saattaen/consents system/CarePlan.r",
    }  # fmt: skip


@pytest.mark.parametrize("algorithm", ASSERTION_ALGORITHMS)
@pytest.mark.parametrize("typ", ["JWT", "client-authentication+jwt"])
async def test_each_algorithm_and_both_types_are_accepted(
    desk: TokenDesk, clock: SteeredClock, algorithm: str, typ: str
) -> None:
    system = PartnerSystem(clock, algorithm=algorithm, key=make_key(algorithm))
    desk.enrol(system)
    answer = await desk.ask(system.form(system.assertion(typ=typ)))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("audience", [BASE, TOKEN_ENDPOINT])
async def test_the_audience_may_be_the_issuer_or_the_token_endpoint(
    desk: TokenDesk, system: PartnerSystem, audience: str
) -> None:
    assert (await desk.ask(system.form(system.assertion(system.claims(aud=audience))))).status_code == 200


async def test_a_clock_slightly_ahead_is_accepted_and_one_far_ahead_is_not(
    desk: TokenDesk, system: PartnerSystem
) -> None:
    now = int(desk.clock.now().timestamp())
    ahead = system.claims(iat=now + 10, nbf=now + 10, exp=now + 310)
    assert (await desk.ask(system.form(system.assertion(ahead)))).status_code == 200
    for changed in ({"iat": now + 11}, {"nbf": now + 11}, {"iat": now + 61, "exp": now + 100}):
        assert (await desk.ask(system.form(system.assertion(system.claims(**changed))))).json()[
            "error"
        ] == "invalid_client"


async def test_the_gateways_clock_rules_and_not_the_machines(desk: TokenDesk, system: PartnerSystem) -> None:
    desk.clock.move(-20 * 365 * 86400)
    token = await desk.token(system)
    assert (await desk.me(token)).status_code == 200
    desk.clock.move(299.999)
    assert (await desk.me(token)).status_code == 200
    desk.clock.move(0.001)
    assert (await desk.me(token)).status_code == 401


async def test_smart_v1_scopes_are_granted_as_v2(desk: TokenDesk, system: PartnerSystem) -> None:
    answer = await desk.ask(system.form(scope="system/CarePlan.read system/Task.* system/CarePlan.rs"))
    assert answer.json()["scope"] == "system/CarePlan.rs system/Task.cruds"


@pytest.mark.parametrize(
    "scope",
    [
        None, "", " ", "system/CarePlan.rs  saattaen/consents", "system/CarePlan.cruds", "system/*.rs", "system/Goal.r",
        "system/CarePlan.sr", "system/CarePlan.rr", "system/CarePlan.rs?category=x", "user/CarePlan.rs",
        "patient/CarePlan.rs", "openid", "offline_access", "saattaen/deposits", "saattaen/everything",
        "system/CarePlan.",
    ],
)  # fmt: skip
async def test_a_scope_beyond_the_registered_ones_is_refused(
    desk: TokenDesk, system: PartnerSystem, scope: str | None
) -> None:
    answer = await desk.ask(system.form(scope=scope))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    "changed",
    [
        {"organization_id": None}, {"organization_id": "urn:oid:1.2.246.10.x"}, {"organization_id": 5},
        {"organization_id": "urn:oid:1.2.246.10.09900002"}, {"purpose_of_use": None}, {"purpose_of_use": []},
        {"purpose_of_use": "https://saattaen.example/fhir/CodeSystem/purpose#care"},
        {"purpose_of_use": ["https://saattaen.example/fhir/CodeSystem/purpose#care"] * 2},
        {"purpose_of_use": ["http://terminology.hl7.org/CodeSystem/v3-ActReason#TREAT"]},
        {"purpose_of_use": ["https://saattaen.example/fhir/CodeSystem/purpose#"]}, {"purpose_of_use": [None]},
        {"subject_id": None}, {"subject_id": ""}, {"subject_id": "a\u0000b"}, {"subject_id": ["x"]},
        {"subject_id": "140395-9022"}, {"subject_name": None}, {"subject_name": "x" * 201}, {"subject_role": None},
        {"subject_role": "omavalmentaja"}, {"subject_role": "https://other.example/role#omavalmentaja"},
        {"service": None}, {"service": "Kunta kokeilu"}, {"service": {}}, {"assurance": None}, {"assurance": "max"},
        {"assurance": []},
    ],
)  # fmt: skip
async def test_a_claim_missing_or_misshapen_is_invalid_request(
    desk: TokenDesk, system: PartnerSystem, changed: dict[str, object]
) -> None:
    answer = await desk.ask(system.form(system.assertion(system.claims(extensions=extensions(**changed)))))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "140395" not in answer.text


@pytest.mark.parametrize("value", [None, [], {}, {"hl7-b2b": 1}, {"hl7-b2b": extensions()["hl7-b2b"]}])
async def test_an_assertion_without_extensions_is_invalid_request(
    desk: TokenDesk, system: PartnerSystem, value: object
) -> None:
    answer = await desk.ask(system.form(system.assertion(system.claims(extensions=value))))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_false_claim_still_gets_a_token_for_the_policy_judges_it(
    desk: TokenDesk, system: PartnerSystem
) -> None:
    desk.apply(desk.register.suspending(system.id, by="test"))
    claimed = extensions(organization_id="urn:oid:1.2.246.10.99000034", service="kela", assurance="low")
    answer = await desk.ask(system.form(system.assertion(system.claims(extensions=claimed))))
    used = (await desk.me(answer.json()["access_token"])).json()
    assert (used["organisation"], used["service"], used["assurance"]) == ("urn:oid:1.2.246.10.99000034", "kela", "low")


def test_the_organisations_urn_is_the_directorys_oid() -> None:
    assert extensions()["hl7-b2b"]["organization_id"] == "urn:oid:" + organisation_oid("9900002-6")


@pytest.mark.parametrize(
    "changed, error",
    [
        ({"grant_type": None}, "invalid_request"), ({"grant_type": 'password"\\'}, "unsupported_grant_type"),
        ({"client_assertion_type": None}, "invalid_client"), ({"client_assertion_type": "x"}, "invalid_client"),
        ({"client_assertion": None}, "invalid_client"), ({"client_assertion": ""}, "invalid_client"),
        ({"client_id": "another"}, "invalid_client"), ({"client_secret": "x"}, "invalid_client"),
        ({"resource": "https://other.example/fhir"}, "invalid_target"), ({"scope": "x" * 17000}, "invalid_request"),
    ],
)  # fmt: skip
async def test_a_wrong_parameter_is_refused_by_its_name(
    desk: TokenDesk, system: PartnerSystem, changed: dict[str, str | None], error: str
) -> None:
    form = {**system.form(), **{name: value for name, value in changed.items() if value is not None}}
    for name, value in changed.items():
        if value is None:
            del form[name]
    answer = await desk.ask(form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_client_id_and_resource_may_be_given_when_they_agree(desk: TokenDesk, system: PartnerSystem) -> None:
    assert (await desk.ask(system.form(client_id=system.id, resource=BASE + "/fhir"))).status_code == 200


async def test_a_revoked_token_ends_at_once_and_revoking_again_is_the_same(
    desk: TokenDesk, system: PartnerSystem, clock: SteeredClock
) -> None:
    token, other = await desk.token(system), await desk.token(system)
    assert (await desk.me(token)).status_code == 200
    for _ in range(2):
        answer = await desk.client.post("/oauth/revoke", data=system.form(token=token, grant_type=None, scope=None))
        assert (answer.status_code, answer.json()) == (200, {})
        assert (await desk.me(token)).status_code == 401
    assert (await desk.me(other)).status_code == 200


async def test_a_partner_revokes_its_own_tokens_alone_and_learns_nothing(
    desk: TokenDesk, system: PartnerSystem, clock: SteeredClock
) -> None:
    stranger = PartnerSystem(clock, id="kela-system")
    desk.enrol(stranger)
    token = await desk.token(system)
    for value in (token, "nonsense", system.assertion(), "a.b.c"):
        answer = await desk.client.post("/oauth/revoke", data=stranger.form(token=value, grant_type=None, scope=None))
        assert (answer.status_code, answer.json()) == (200, {})
    assert (await desk.me(token)).status_code == 200
    answer = await desk.client.post("/oauth/revoke", data={"token": token})
    assert answer.json()["error"] == "invalid_client"
    answer = await desk.client.post("/oauth/revoke", data=stranger.form(grant_type=None, scope=None))
    assert answer.json()["error"] == "invalid_request"


async def test_a_token_ends_when_its_key_is_trusted_no_more(desk: TokenDesk, system: PartnerSystem) -> None:
    token = await desk.token(system)
    assert (await desk.me(token)).status_code == 200
    fresh = {**make_key("ES256").as_dict(private=True)}
    desk.tokens.trust(TokenKeys("new", {"new": {name: str(value) for name, value in fresh.items()}}))
    assert (await desk.me(token)).status_code == 401
    assert (await desk.me(await desk.token(system))).status_code == 200


async def test_a_new_key_beside_the_old_one_lets_a_partner_change_over(
    desk: TokenDesk, system: PartnerSystem, clock: SteeredClock
) -> None:
    renewed = PartnerSystem(clock, kid="key-2")
    desk.apply(desk.register.adding_keys(system.id, renewed.jwks(), by="test"))
    await desk.token(system)
    await desk.token(renewed)
    desk.apply(desk.register.changing(system.id, jwks=renewed.jwks(), by="test"))
    await desk.token(renewed)
    assert (await desk.ask(system.form())).json()["error"] == "invalid_client"


async def test_one_assertion_counts_once_however_many_come_at_once(desk: TokenDesk, system: PartnerSystem) -> None:
    form = system.form()
    answers = await asyncio.gather(*(desk.ask(form) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 11


async def test_metadata_is_what_the_standards_ask_for(desk: TokenDesk) -> None:
    server = (await desk.client.get("/.well-known/oauth-authorization-server")).json()
    AuthorizationServerMetadata(server).validate()
    assert server["issuer"] == BASE
    assert server["token_endpoint"] == TOKEN_ENDPOINT
    for path in ("/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration"):
        answer = await desk.client.get(path, headers={"accept": "application/fhir+json"})
        assert answer.headers["content-type"] == "application/json"
        smart = answer.json()
        assert {"token_endpoint", "grant_types_supported", "capabilities"} <= smart.keys()
        assert smart["code_challenge_methods_supported"] == ["S256"]
        assert {"RS384", "ES384"} & set(smart["token_endpoint_auth_signing_alg_values_supported"])
    resource = (await desk.client.get("/.well-known/oauth-protected-resource/fhir")).json()
    assert (resource["resource"], resource["authorization_servers"]) == (BASE + "/fhir", [BASE])
    assert resource["bearer_methods_supported"] == ["header"]


async def test_the_published_keys_verify_tokens_and_hold_no_secret(desk: TokenDesk, system: PartnerSystem) -> None:
    tokens = (await desk.client.get("/oauth/jwks.json")).json()
    receipts = (await desk.client.get("/.well-known/saattaen/receipt-keys.json")).json()
    for row in tokens["keys"] + receipts["keys"]:
        assert row.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert not {row["kid"] for row in tokens["keys"]} & {row["kid"] for row in receipts["keys"]}
    assert json.dumps(tokens).count(desk.keys.tokens.current) == 1


async def test_no_log_line_holds_a_token_an_assertion_or_a_name(
    desk: TokenDesk, system: PartnerSystem, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    assertion = system.assertion()
    token = (await desk.ask(system.form(assertion))).json()["access_token"]
    await desk.me(token)
    await desk.ask(system.form(assertion))
    for secret in (token, assertion, "Omavalmentaja", system.jwks()[20:60]):
        assert secret not in caplog.text


async def test_a_scope_that_was_not_asked_for_opens_nothing(desk: TokenDesk, system: PartnerSystem) -> None:
    for scope, status in (("system/CarePlan.rs", 403), ("system/Task.r", 403), ("system/Task.rs", 200)):
        token = (await desk.ask(system.form(scope=scope))).json()["access_token"]
        answer = await desk.client.get("/tasks", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == status
        assert status == 200 or 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_the_simulated_partner_speaks_as_the_real_one(desk: TokenDesk, clock: SteeredClock) -> None:
    made = SimulatedPartner.create("sote-keskus-system")
    partner = SimulatedPartner.from_private_jwk(made.id, made.private_jwk())
    desk.apply(
        desk.register.adding(
            partner.id,
            organisation="hyvinvointialue",
            services=["sote-keskus"],
            scope="system/*.rs",
            jwks=partner.public_jwks(),
            by="test",
        )
    )
    acting = Acting(
        organisation="urn:oid:1.2.246.10.99000018",
        service="sote-keskus",
        role="laakari",
        purpose="care",
        assurance="high",
        person="worker-1",
        person_name="Liisa Lääkäri",
    )
    form = partner.token_form(acting, scope="system/CarePlan.r", token_endpoint=TOKEN_ENDPOINT, at=clock.now())
    used = (await desk.me((await desk.ask(form)).json()["access_token"])).json()
    assert (used["role"], used["person_name"], used["assurance"]) == ("laakari", "Liisa Lääkäri", "high")


async def test_broken_keys_in_the_register_are_a_503(desk: TokenDesk, system: PartnerSystem) -> None:
    with desk.database.write() as connection:
        connection.execute(text("UPDATE partner SET jwks = '{}'"))
        connection.commit()
    assert (await desk.ask(system.form())).status_code == 503
