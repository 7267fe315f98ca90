"""The policies themselves: formatted, strict, tested in full, and compiled into what is shipped."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest


def sources(repository: Path) -> list[str]:
    return [path.relative_to(repository).as_posix() for path in sorted(repository.glob("policies/**/*.rego"))]


def opa(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["opa", *arguments], cwd=repository, capture_output=True, text=True, check=False)


@pytest.mark.needs_opa
def test_the_policies_are_formatted(repository: Path) -> None:
    done = opa(repository, "fmt", "--fail", "--list", *sources(repository))
    assert done.returncode == 0, done.stdout


@pytest.mark.needs_opa
def test_the_policies_pass_strict_checks_against_the_schema(repository: Path) -> None:
    done = opa(repository, "check", "--strict", "--schema", "policies/schemas", *sources(repository))
    assert done.returncode == 0, done.stderr


@pytest.mark.needs_opa
def test_the_policies_pass_their_own_tests_and_these_reach_every_line(repository: Path) -> None:
    # By itself OPA gives each test five seconds, which a busy machine may need.
    patient = ("test", "--timeout", "2m")
    done = opa(repository, *patient, *sources(repository))
    assert done.returncode == 0, done.stdout
    done = opa(repository, *patient, "--coverage", "--threshold", "100", *sources(repository))
    assert done.returncode == 0, done.stderr


@pytest.mark.needs_opa
def test_the_schema_finds_a_misspelt_fact(repository: Path, tmp_path: Path) -> None:
    policies = tmp_path / "policies"
    shutil.copytree(repository / "policies", policies)
    spoilt = policies / "saattaen" / "suspension" / "suspension.rego"
    spoilt.write_text(spoilt.read_text().replace("input.client.suspended", "input.client.suspnded"))
    done = opa(tmp_path, "check", "--strict", "--schema", "policies/schemas", *sources(tmp_path))
    assert done.returncode != 0
    assert "suspnded" in done.stderr


def test_each_ground_is_one_package_in_the_folder_of_its_name_with_its_test(repository: Path) -> None:
    for path in sources(repository):
        source = repository / path
        if source.name.endswith("_test.rego"):
            continue
        package = next(line for line in source.read_text().splitlines() if line.startswith("package "))
        assert package == f"package saattaen.{source.parent.name}"
        test = source.with_name(f"{source.stem}_test.rego")
        first = next(line for line in test.read_text().splitlines() if line.startswith("test_"))
        assert first.startswith("test_empty_input_"), f"{test.name} does not begin with empty input"


def test_what_is_shipped_is_what_the_policies_say(repository: Path) -> None:
    build_script(repository).check(shutil.which("opa"))


def test_a_changed_policy_is_found_stale(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository / "policies", tmp_path / "policies")
    shutil.copytree(repository / "adapters" / "opa" / "bundle", tmp_path / "adapters" / "opa" / "bundle")
    script = build_script(tmp_path)
    script.check(None)
    policy = tmp_path / "policies" / "saattaen" / "existence" / "existence.rego"
    before = policy.read_text()
    policy.write_text(before + "\n")
    with pytest.raises(script.Stale, match="have changed"):
        script.check(None)
    policy.write_text(before)
    module = tmp_path / "adapters" / "opa" / "bundle" / "policy.wasm"
    module.write_bytes(module.read_bytes() + b"\0")
    with pytest.raises(script.Stale, match="not the one in the manifest"):
        script.check(None)
    module.unlink()
    with pytest.raises(script.Stale, match="missing or broken"):
        script.check(None)


def build_script(repository: Path) -> ModuleType:
    """`policies/build.py` of this checkout; it is no part of any package."""
    spec = importlib.util.spec_from_file_location("build_policies", repository / "policies" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
