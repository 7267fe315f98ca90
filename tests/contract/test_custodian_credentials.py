"""How a custodian's server knows us: by a token that our key asks for, or by our certificate."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from adapters.custodian.fhir_server.connection import ServerConnection
from adapters.custodian.fhir_server.credentials import read_key
from adapters.custodian.fhir_server.mapping import (
    ClientCertificate,
    ClientCredentials,
    Credentials,
    Limits,
    NoCredentials,
    Patience,
    Server,
)
from adapters.custodian.fhir_server.simulator import SimulatedServer, Tls, simulated_server
from gateway.errors import CustodianUnavailable, SettingsError


@asynccontextmanager
async def connected(
    server: SimulatedServer, credentials: Credentials, authorities: Path | None = None
) -> AsyncIterator[ServerConnection]:
    described = Server("s", server.base, credentials, authorities, Patience(30, 30, 30), Limits())
    async with ServerConnection(described) as connection:
        yield connection


@pytest.fixture
def server() -> Iterator[SimulatedServer]:
    with simulated_server() as running:
        running.token = "a token that nobody has"
        yield running


@pytest.fixture
def credentials(server: SimulatedServer, tmp_path: Path) -> ClientCredentials:
    key = ECKey.generate_key("P-384", auto_kid=True)
    (tmp_path / "key.json").write_text(json.dumps(key.as_dict(private=True)))
    endpoint = server.base.removesuffix("/fhir") + "/token"
    return ClientCredentials(endpoint, "saattaen", tmp_path / "key.json", "system/CarePlan.rs")


async def test_a_token_is_asked_for_once_and_used_again(
    server: SimulatedServer, credentials: ClientCredentials
) -> None:
    async with connected(server, credentials) as connection:
        for _ in range(3):
            await connection.search("CarePlan", {"_count": "1"})
    (assertion,) = server.assertions
    token = jwt.decode(assertion, read_key(credentials.key), algorithms=["ES384"])
    claims = token.claims
    assert token.header["kid"] == read_key(credentials.key).kid
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("saattaen", "saattaen", credentials.token_endpoint)
    assert 0 < claims["exp"] - time.time() <= 300
    assert len(claims["jti"]) > 20


async def test_a_token_that_was_revoked_is_replaced(server: SimulatedServer, credentials: ClientCredentials) -> None:
    async with connected(server, credentials) as connection:
        await connection.search("CarePlan", {})
        server.token = "another"
        with pytest.raises(CustodianUnavailable):
            await connection.search("CarePlan", {})
        await connection.search("CarePlan", {})
    first, second = server.assertions
    assert first != second


async def test_a_token_endpoint_that_is_down_is_a_custodian_that_is(
    server: SimulatedServer, credentials: ClientCredentials
) -> None:
    async with connected(server, credentials) as connection:
        server.stop()
        with pytest.raises(CustodianUnavailable):
            await connection.search("CarePlan", {})
        server.start()
        await connection.search("CarePlan", {})


async def test_without_credentials_a_server_that_wants_some_gives_nothing(server: SimulatedServer) -> None:
    async with connected(server, NoCredentials()) as connection:
        with pytest.raises(CustodianUnavailable, match="401"):
            await connection.search("CarePlan", {})


@pytest.mark.parametrize("content", ["no JSON", "{}", '{"kty":"oct","k":"AAAA","kid":"1"}'])
def test_a_key_that_is_none_stops_the_start(tmp_path: Path, content: str) -> None:
    (tmp_path / "key.json").write_text(content)
    with pytest.raises(SettingsError):
        read_key(tmp_path / "key.json")


async def test_a_next_page_is_asked_for_at_our_own_address_alone(server: SimulatedServer) -> None:
    server.token = None
    async with connected(server, NoCredentials()) as connection:
        for link in (
            "http://10.0.0.1/fhir?_getpages=1",
            f"{server.base}.example/fhir?_getpages=1",
            f"{server.base}@10.0.0.1/?_getpages=1",
            server.base.removesuffix("/fhir") + "/elsewhere?_getpages=1",
            f"{server.base}?patient.identifier=urn:oid:1.2.246.21%7C140395-9022",
            f"{server.base}?_getpages=1#there",
            f"{server.base}/../elsewhere?_getpages=1",
            f"{server.base}/a\r\nb",
        ):
            with pytest.raises(CustodianUnavailable, match="next page"):
                await connection.next_page(link)
    assert server.asked == []


class Authority:
    """A certificate authority for one test."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.key = folder, name, ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(name, self.key, self.key, x509.BasicConstraints(True, 0))
        self.file = self._write(f"{name}.pem", self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Issue a certificate of that name for this machine; return the files of it and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name, key, self.key, x509.BasicConstraints(False, None))
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return (
            self._write(f"{self.name}-{name}.pem", certificate.public_bytes(serialization.Encoding.PEM)),
            self._write(f"{self.name}-{name}.key", pem),
        )

    def _sign(
        self, name: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, use: x509.BasicConstraints
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        subject, issuer = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in (name, self.name))
        return (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1)).not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
            .add_extension(use, True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
            .sign(by, hashes.SHA256())
        )  # fmt: skip

    def _write(self, name: str, content: bytes) -> Path:
        file = self.folder / name
        file.write_bytes(content)
        return file


async def test_a_certificate_lets_us_in_and_no_other_does(tmp_path: Path) -> None:
    ours, others = Authority(tmp_path, "ours"), Authority(tmp_path, "others")
    with simulated_server(Tls(*ours.issue("server"), ours.file)) as server:
        async with connected(server, ClientCertificate(*ours.issue("saattaen")), ours.file) as connection:
            assert b"searchset" in await connection.search("CarePlan", {})
        for credentials, trusted in (
            (NoCredentials(), ours.file),
            (ClientCertificate(*others.issue("saattaen")), ours.file),
            # A server that shows another authority's certificate is not asked.
            (ClientCertificate(*ours.issue("saattaen")), others.file),
        ):
            async with connected(server, credentials, trusted) as connection:
                with pytest.raises(CustodianUnavailable):
                    await connection.search("CarePlan", {})
