"""A start for inspection beside a gateway that serves: log and health are shown, nothing is written or released."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from adapters.sql.engine import DatabaseUnfit
from adapters.sql.inspecting import open_for_inspection
from gateway.demo.population import identifier_of
from gateway.errors import ReadOnly
from gateway.http.openapi import PREFIX
from tests.contract.databases import database_url
from tests.parts.ports import free_ports
from tests.parts.postgres import ON_BOTH, private_postgres
from tests.serving.installation import Installation, demo_world, installed, serving


@dataclass
class Inspected:
    """An installation, and the environment of a process that may only look at it."""

    at: Installation
    port: int
    environment: dict[str, str]

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask the process that inspects."""
        return self.ask("GET", path, **headers)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Ask it in another way."""
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.request(method, url, headers=headers, json=body, timeout=60, trust_env=False)


@pytest.fixture(params=ON_BOTH)
def inspected(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Inspected]:
    """An installation on either database; on PostgreSQL inspected by a role that may read and nothing else."""
    with installed(request.param, tmp_path, free_ports()) as at:
        port = free_ports()
        environment = {"SAATTAEN_PORT": str(port)}
        if request.param == "postgresql":
            urls = {name: make_url(at.environment[name]) for name in ("SAATTAEN_DATABASE", "SAATTAEN_KEY_DATABASE")}
            make = "DO $$ BEGIN CREATE ROLE inspector LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            for name, url in urls.items():
                may = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO inspector"
                private_postgres().run_sql(make, may, database=url.database or "")
                environment[name] = url.set(username="inspector").render_as_string(False)
        yield Inspected(at, port, environment)


def size_of(at: Installation) -> int:
    """How many entries the log has."""

    async def size(gateway: object) -> int:
        with gateway.log_store.read() as reader:  # type: ignore[attr-defined]
            return int(reader.heads()[-1].size)

    return at.do(size)


def test_log_and_health_are_shown_beside_a_gateway_that_serves_and_all_else_is_refused(inspected: Inspected) -> None:
    at = inspected.at
    with serving(at) as gateway, serving(at, "--read-only", **inspected.environment) as shown:
        gateway.wait_until("Serving")
        shown.wait_until("read-only")
        token = at.token()
        sent = {"authorization": f"Bearer {token}"}
        read = f"/fhir/CarePlan/{at.document}"
        assert httpx.get(at.base + read, headers=sent, timeout=60, trust_env=False).status_code == 200
        size = size_of(at)
        vkey = inspected.get("/audit/log.vkey").text
        year = vkey.split("+")[0].rpartition("/")[2]
        assert inspected.get(f"/audit/log/{year}/checkpoint").text.splitlines()[1] == str(size)
        # What the other process has released since can be proved and opened here.
        assert inspected.get(f"/audit/log/{year}/proof?index={size - 1}").status_code == 200
        assert inspected.get(f"/audit/log/{year}/opening/{size - 1}", **sent).status_code == 200
        assert inspected.get("/health/ready").status_code == 200
        assert inspected.get("/fhir/metadata").status_code == 200
        suvi = identifier_of(demo_world().clients["suvi"])
        for method, path in (
            ("GET", read), ("POST", "/fhir/CarePlan/_search"), ("POST", "/oauth/token"), ("POST", "/oauth/revoke"),
            ("POST", f"{PREFIX}/consents/{at.consent}/withdraw"), ("POST", "/health/ready"), ("GET", "/fhir/Consent/x"),
        ):  # fmt: skip
            refused = inspected.ask(method, path, {"client": suvi}, **sent)
            assert refused.status_code == 503, path
            assert "read-only" in refused.text
            assert "inspection" in refused.text
        assert size_of(at) == size
        assert shown.stop() == 0


def test_not_a_byte_of_the_databases_changes(tmp_path: Path) -> None:
    with installed("sqlite", tmp_path, free_ports()) as at:
        files = [tmp_path / "saattaen.db", tmp_path / "keys.db"]
        before = [hashlib.sha256(file.read_bytes()).digest() for file in files]
        with serving(at, "--read-only", "--workers", "2") as shown:
            shown.wait_until("read-only")
            assert httpx.get(f"{at.base}/health/ready", timeout=60, trust_env=False).status_code == 200
            assert httpx.get(f"{at.base}/fhir/CarePlan/x", timeout=60, trust_env=False).status_code == 503
        assert [hashlib.sha256(file.read_bytes()).digest() for file in files] == before


@pytest.mark.parametrize("kind", ON_BOTH)
def test_a_database_that_is_inspected_cannot_be_written_by_any_way(kind: str, tmp_path: Path) -> None:
    with database_url(kind, tmp_path) as url:
        assert url is not None
        if kind == "sqlite":
            with pytest.raises(DatabaseUnfit, match="not there"):
                open_for_inspection(url)
            (tmp_path / "main.db").touch()
        database = open_for_inspection(url)
        with pytest.raises(ReadOnly), database.write():
            pass
        for open_one in (database.read, database.engine.connect):
            with pytest.raises(DBAPIError), open_one() as connection:
                connection.execute(text("CREATE TABLE x (y INTEGER)"))
        database.close()
