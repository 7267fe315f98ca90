"""PostgreSQL's own programs are told secrets where no other user of the machine can read them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from adapters.sql.backup import back_up
from adapters.sql.libpq import told_in_private
from tests.parts.postgres import private_postgres

WITH_SECRETS = "postgresql+psycopg://u:in-url@db.example/main?password=in-query&sslpassword=of-key&sslmode=verify-full"


def test_no_secret_of_a_url_stands_in_the_arguments_of_a_program() -> None:
    with told_in_private(make_url(WITH_SECRETS)) as (named, environment):
        assert named == "postgresql://u@db.example/main?service=saattaen&sslmode=verify-full"
        assert environment["PGPASSWORD"] == "in-query"  # As the driver has it: the query stands before the user's part.
        services = Path(environment["PGSERVICEFILE"])
        assert services.read_text(encoding="utf-8") == "[saattaen]\nsslpassword=of-key\n"
        assert (services.stat().st_mode & 0o077, services.parent.stat().st_mode & 0o077) == (0, 0)
    assert not services.parent.exists()


def test_without_such_a_secret_there_is_no_file() -> None:
    with told_in_private(make_url("postgresql+psycopg://u:p@db.example/main")) as (named, environment):
        assert named == "postgresql://u@db.example/main"
        assert "PGSERVICEFILE" not in environment


def test_a_copy_is_made_with_a_secret_in_the_url_and_refused_beside_a_service_of_ones_own(tmp_path: Path) -> None:
    server = private_postgres()
    url = make_url(server.new_database(server.migrated_template()))
    secret = url.update_query_dict({"sslpassword": "of-key", "password": "in-query"})
    made = back_up(secret.render_as_string(False), tmp_path / "copy", "main", datetime.now(UTC))
    assert made.schema is not None
    listed = subprocess.run(
        ["pg_restore", "--list", tmp_path / "copy" / made.file], capture_output=True, text=True, check=True
    )
    assert "audit_leaf" in listed.stdout
    with (
        pytest.raises(ValueError, match="sslpassword belongs"),
        told_in_private(secret.update_query_dict({"service": "mine"})),
    ):
        pass
