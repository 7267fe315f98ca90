"""The lock files: exact, hashed, free of addresses, and above every version with a known hole."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")

# The first version of each in which every hole known to us is closed, and the last hole that it closed.
FLOORS = {
    "authlib": ("1.9.9", "CVE-2026-116672 and those before it"),
    "joserfc": ("1.8.0", "CVE-2026-75509"),
    "starlette": ("1.3.1", "CVE-2026-54283"),
    "python-multipart": ("0.0.32", "CVE-2026-40347"),
    "pysqlite3": ("0.6.1", "SQLite's WAL-reset bug"),
}

# Python's JOSE libraries with open holes, or that we must not have two of.
NEVER = ("python-jose", "pyjwt", "ecdsa")

PIN = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(\[[a-z0-9,-]+\])?==(?P<version>\S+)"
    r"(?P<marker> ;[^-]*?)?(?P<hashes>( +--hash=sha256:[0-9a-f]{64})+)\s*"
)
ADDRESS = re.compile(r"://|@ |--(extra-)?index|--find.links|--trusted.host|(^|\s|=)[./~]*/\w")


def pins(lock: str) -> dict[str, tuple[Version, list[str]]]:
    """Return name -> (version, hashes) of *lock*; anything in it that is neither a pin nor a comment is an error."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, tuple[Version, list[str]]] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        pin = PIN.fullmatch(line)
        assert pin, f"{lock}: not a pin with hashes: {line[:100]}"
        found[canonicalize_name(pin["name"])] = (Version(pin["version"]), pin["hashes"].split())
    return found


def declared(*extras: str) -> list[Requirement]:
    """Return what pyproject.toml asks for, with the given extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return [Requirement(line) for line in asked]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_an_exact_version_with_hashes(lock: str) -> None:
    assert len(pins(lock)) > 20


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize(("name", "floor"), [(name, floor) for name, (floor, _) in FLOORS.items()])
def test_no_version_with_a_known_hole_is_locked(lock: str, name: str, floor: str) -> None:
    assert pins(lock)[name][0] >= Version(floor)


@pytest.mark.parametrize("name", ["authlib", "joserfc", "python-multipart", "pysqlite3"])
def test_pyproject_does_not_allow_a_version_with_a_known_hole(name: str) -> None:
    (asked,) = [requirement for requirement in declared() if canonicalize_name(requirement.name) == name]
    below = Version(FLOORS[name][0] + ".dev0")
    assert not asked.specifier.contains(below, prereleases=True)


@pytest.mark.parametrize("lock", LOCKS)
def test_libraries_with_open_holes_are_not_locked(lock: str) -> None:
    assert not set(NEVER) & set(pins(lock))


@pytest.mark.parametrize(("lock", "extras"), [("requirements.lock", ()), ("requirements-dev.lock", ("dev",))])
def test_the_lock_satisfies_pyproject(lock: str, extras: tuple[str, ...]) -> None:
    locked = pins(lock)
    for requirement in declared(*extras):
        version, _ = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{lock}: {requirement} but {version}"


def test_developers_run_the_very_versions_that_users_run() -> None:
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_address_and_no_path(lock: str) -> None:
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        # The head says by which command the file was made, with options that keep addresses out.
        if not line.startswith("#    pip-compile "):
            assert not ADDRESS.search(line), line
