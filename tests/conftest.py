"""What every test may rely on: which programs are here, where the shared vectors are, how long Hypothesis may look."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"

# .ci/run has installed everything, so there a skipped test is a failed one.
MAY_SKIP = not os.environ.get("SAATTAEN_CI")

# Machines that run tests are shared and slow at times: a law is judged by its truth, not by its speed. And a run judges
# the code that it is given, by the same examples each time; with SAATTAEN_SEARCH=1 it looks for others.
settings.register_profile(
    "saattaen", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow],
    derandomize=not os.environ.get("SAATTAEN_SEARCH"),
)  # fmt: skip
settings.load_profile("saattaen")


def _has_opa() -> bool:
    return shutil.which("opa") is not None


def _has_go() -> bool:
    return shutil.which("go") is not None


def _has_java() -> bool:
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None:
        return False
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    return version is not None and int(version[1]) >= 17


def _has_postgres() -> bool:
    return shutil.which("initdb") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _has_node() -> bool:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)", said)
    return version is not None and int(version[1]) >= 20


def _has_chromium() -> bool:
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


NEEDS: dict[str, tuple[str, Callable[[], bool]]] = {
    "needs_opa": ("OPA on the PATH", cache(_has_opa)),
    "needs_go": ("Go on the PATH", cache(_has_go)),
    "needs_java": ("Java 17 and Maven on the PATH", cache(_has_java)),
    "needs_node": ("Node 20 and npm on the PATH", cache(_has_node)),
    "needs_chromium": ("Chromium on the PATH", cache(_has_chromium)),
    "needs_postgres": ("PostgreSQL's server programs", cache(_has_postgres)),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip by name each test whose mark names a program that is not here."""
    for item in items:
        for mark, (what, is_here) in NEEDS.items():
            if item.get_closest_marker(mark) and not is_here():
                item.add_marker(pytest.mark.skip(reason=f"needs {what}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where nothing may be skipped, turn a skipped test into a failed one that says what it lacked."""
    report = yield
    if report.skipped and not MAY_SKIP and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} may not be skipped here: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that would skip itself."""
    report = yield
    if report.skipped and not MAY_SKIP:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} may not be skipped here: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds this project."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """`shared("vectors/ihe-pcf")` is that path beside the repository; without it the test is skipped by name."""

    def find(path: str) -> Path:
        found = SHARED / path
        if not found.exists():
            pytest.skip(f"needs ../shared/{path}")
        return found

    return find


@pytest.fixture(scope="session")
def random_facts() -> int:
    """How many random questions the engines and the oracle are asked: SAATTAEN_RANDOM_FACTS, 10,000 in CI."""
    return int(os.environ.get("SAATTAEN_RANDOM_FACTS", "300"))
