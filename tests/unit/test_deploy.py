"""What is deployed fits the program: settings that exist, users without rights, files that are there."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gateway.cli import app
from gateway.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
ROOT = DEPLOY.parent
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
KNOWN = {f"SAATTAEN_{name.upper()}" for name in Settings.model_fields} | {"SAATTAEN_DB_PASSWORD"}
COMMANDS = {command.name for command in app.registered_commands}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file, its anchors resolved."""
    return YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text())  # type: ignore[no-any-return]


def test_every_container_is_read_only_and_without_capabilities(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["user"] not in ("root", "0"), name
        assert ":" in service["image"] or service["image"] == "saattaen", name


def test_only_the_gateway_reaches_out_and_listens_on_this_host_alone(compose: dict[str, Any]) -> None:
    assert compose["networks"]["inside"]["internal"] is True
    outside = {name for name, one in compose["services"].items() if "outside" in one["networks"]}
    assert outside == {"gateway"}
    assert {name: one["ports"] for name, one in compose["services"].items() if "ports" in one} == {
        "gateway": ["127.0.0.1:8440:8440"]
    }


def test_containers_and_units_set_what_the_program_reads(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert {name for name in service.get("environment", {}) if name.startswith("SAATTAEN_")} <= KNOWN
    wanted = {name for name, field in Settings.model_fields.items() if field.is_required()}
    given = compose["services"]["gateway"]["environment"]
    lines = (DEPLOY / "systemd" / "saattaen.env").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for names in (set(given), set(settings)):
        assert {f"SAATTAEN_{name.upper()}" for name in wanted} | {"SAATTAEN_SAFE"} <= names <= KNOWN


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    assert not re.findall(r"\$\{\w*PASSWORD(?!:\?)\S*\}", text)
    served = compose["services"]["gateway"]["environment"]
    assert served["SAATTAEN_DATABASE"].startswith("postgresql+psycopg://saattaen_app:")


def test_files_that_are_mounted_and_copied_are_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or source.startswith("${") or (DEPLOY / source).exists(), source
    container = (DEPLOY / "Containerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.*)$", container, re.MULTILINE):
        assert all((ROOT / source).exists() for source in line.split()[:-1]), line


def test_the_image_runs_as_a_user_of_its_own_and_installs_by_hash() -> None:
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    stages = [at for at, line in enumerate(lines) if line.startswith("FROM ")]
    assert len(stages) == 2
    assert [line for line in lines[stages[1] :] if line.startswith("USER")] == ["USER saattaen"]
    assert not any(line.startswith("ADD ") for line in lines)
    whole = "\n".join(lines)
    assert "--require-hashes" in whole
    assert whole.index("apt-get") < whole.index("USER saattaen")


@pytest.mark.parametrize("unit", UNITS, ids=[one.name for one in UNITS])
def test_units_are_hardened_and_run_commands_that_exist(unit: Path) -> None:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text())
    service = parser["Service"]
    assert service["User"].startswith("saattaen")
    assert service["ProtectSystem"] == "strict"
    assert (service["NoNewPrivileges"], service["CapabilityBoundingSet"], service["UMask"]) == ("true", "", "0077")
    program, command = service["ExecStart"].split()[:2]
    assert program == "/opt/saattaen/.venv/bin/saattaen"
    assert command in COMMANDS


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on the PATH")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    copies = []
    for unit in (DEPLOY / "systemd").glob("saattaen*.*"):
        if unit.suffix in (".service", ".timer"):
            copy = tmp_path / unit.name
            copy.write_text(unit.read_text().replace("/opt/saattaen/.venv/bin/saattaen", "/bin/true"))
            copies.append(str(copy))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *copies], capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr.replace("\n", "")) == (0, "")


@pytest.mark.parametrize("timer", sorted((DEPLOY / "systemd").glob("*.timer")), ids=lambda one: one.name)
def test_a_timer_starts_a_unit_that_is_there_and_the_guide_enables_it(timer: Path) -> None:
    assert timer.with_suffix(".service").exists()
    enabled = [line for line in (DEPLOY / "README.md").read_text().splitlines() if line.startswith("systemctl enable")]
    assert timer.name in " ".join(enabled)
    assert "Persistent=true" in timer.read_text()
