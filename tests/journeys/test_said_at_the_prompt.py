"""What somebody is told at the prompt who mistypes: a sentence that names what was meant, and nothing is made."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.custodian.fhir_server.load import load_custodians
from adapters.sql import schema
from adapters.sql.backup import back_up
from adapters.sql.engine import open_database
from adapters.sql.manifest import Manifest
from adapters.tokens.login.providers import load_providers
from audit.checkpoint import Signer
from gateway.cli import TOLD, app
from gateway.demo.world import WORLD
from gateway.directory.load import load_directory
from gateway.errors import SettingsError

RUN = CliRunner()
BINARY = bytes(range(128, 256))


def said(*arguments: object) -> str:
    """Run a command that is stopped; return the sentence in which it is told."""
    outcome = RUN.invoke(app, [str(one) for one in arguments])
    assert outcome.exit_code == 1, outcome.output
    assert isinstance(outcome.exception, TOLD), outcome.exception
    return str(outcome.exception)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a file of each kind that is given to commands, and one of none."""
    (tmp_path / "binary").write_bytes(BINARY)
    (tmp_path / "words").write_text("These are words.")
    (tmp_path / "log.vkey").write_text(Signer(bytes(range(32))).verifier("gw.saattaen.example/audit/2026").vkey())
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [{"kty": "EC", "kid": "a"}]}))
    return tmp_path


def test_a_mistyped_copy_is_told_of_and_nothing_is_made_in_its_place(place: Path) -> None:
    for more in ((), ("--vkey", place / "log.vkey")):
        assert said("verify", place / "typo.db", *more) == f"There is no file at {place / 'typo.db'}."
    assert not (place / "typo.db").exists()


def test_a_copy_is_verified_without_changing_it(place: Path) -> None:
    url = f"sqlite:///{place}/main.db"
    database = open_database(url)
    schema.upgrade(database)
    database.close()
    made = back_up(url, place / "copy", "main database", datetime.now(UTC))
    copy = place / "copy" / made.file
    names = sorted(one.name for one in copy.parent.iterdir())
    outcome = RUN.invoke(app, ["verify", str(copy), "--vkey", str(place / "log.vkey")])
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    assert Manifest.read(copy.parent).sha256 == made.sha256
    assert sorted(one.name for one in copy.parent.iterdir()) == names


@pytest.mark.parametrize("file", ["binary", "words"])
def test_a_file_that_is_no_copy_is_told_of(place: Path, file: str) -> None:
    assert "cannot be read" in said("verify", place / file, "--vkey", place / "log.vkey")


def test_a_file_that_holds_no_text_is_named(place: Path) -> None:
    binary = place / "binary"
    for arguments in (
        ("receipt", "verify", binary, "--keys", place / "keys.json"),
        ("receipt", "verify", place / "words", "--keys", binary),
        ("log", "check", binary, "--vkey", place / "log.vkey"),
        ("log", "check", place / "words", "--vkey", binary),
        ("verify", place, "--vkey", binary),
        ("verify", place / "words", "--vkey", binary),
    ):
        assert said(*arguments) == f"{binary} is not a text file."


def test_a_file_of_something_else_does_not_condemn_a_receipt(place: Path) -> None:
    assert said("receipt", "verify", place / "words", "--keys", place / "words") == f"{place / 'words'} is no JWK Set."
    assert "holds no verifier keys" in said("log", "check", place / "words", "--vkey", place / "words")
    assert "holds no receipt" in said("log", "check", place / "keys.json", "--vkey", place / "log.vkey")


def test_verifier_keys_that_are_not_there_are_named(place: Path) -> None:
    assert said("verify", place, "--vkey", place / "typo") == f"There is no file at {place / 'typo'}."


def test_a_demo_that_is_not_there_is_told_of(place: Path) -> None:
    assert "There is no demo in" in said("verify", "--demo", "--folder", place / "typo")
    assert not (place / "typo").exists()


def test_the_version_is_told_and_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    outcome = RUN.invoke(app, ["--version"])
    assert (outcome.exit_code, outcome.output) == (0, f"saattaen {project['version']}\n")


def test_a_file_of_the_settings_that_is_not_there_is_named_whole_and_with_its_setting(place: Path) -> None:
    directory = load_directory(WORLD)
    for load, setting in ((load_custodians, "SAATTAEN_CUSTODIANS"), (load_providers, "SAATTAEN_IDENTIFICATION")):
        with pytest.raises(SettingsError) as told:
            load(place / "typo.yaml", directory)
        assert str(told.value) == f"{setting}: there is no file at {place / 'typo.yaml'}."
