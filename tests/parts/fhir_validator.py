"""HAPI's FHIR validator, asked from tests: is this JSON what R4 and these profiles say it must be?"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent / "fhir-validator"
IHE_PROFILES = Path(__file__).parents[3] / "shared" / "vectors" / "ihe-profiles"

# Maven's first run fetches some 60 libraries; a validation of a few hundred files stays far below this.
PATIENCE_SECONDS = 900

_FILE_LINE = re.compile(r"^(?P<path>.+): (?P<errors>\d+) errors, \d+ messages, \d+ ms$")
_FINDING_LINE = re.compile(r"^ {3}(?P<severity>ERROR|FATAL) (?P<place>[^:]*): (?P<message>.*)$")
_UNREAD_PROFILE = "profile not read: "


@dataclass(frozen=True, slots=True)
class Finding:
    """One error that the validator found: in which file, at which element, and what is wrong."""

    file: Path
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.file.name}: {self.place}: {self.message}"


def ihe_profiles() -> Path:
    """Return the folder of IHE's PCF and BALP profiles; skip the test by name where it is not to be had."""
    if not IHE_PROFILES.is_dir():
        pytest.skip("IHE's profiles (../shared/vectors/ihe-profiles) are not here")
    return IHE_PROFILES


def validate(files: Iterable[Path], profiles: Sequence[Path] = ()) -> list[Finding]:
    """Return every error in *files*, judged by FHIR R4 and by the conformance resources in the folders *profiles*.

    Raises RuntimeError when the validator could not judge one of them: no verdict is never a good one. The test that
    calls this bears the mark `needs_java`.
    """
    asked = [Path(file).resolve() for file in files]
    if not asked:
        return []
    folders = [part for folder in profiles for part in ("-p", str(Path(folder).resolve(strict=True)))]
    build = _built()
    classpath = f"{build / 'target' / 'classes'}{os.pathsep}{(build / 'cp.txt').read_text(encoding='utf-8').strip()}"
    run = subprocess.run(
        [_program("java"), "-cp", classpath, "FhirValidate", *folders, *map(str, asked)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    judged, findings, counted = _read(run.stdout)
    if run.returncode not in (0, 1) or judged != asked or counted != len(findings):
        raise RuntimeError(f"the FHIR validator gave no verdict (exit {run.returncode}): {run.stdout}\n{run.stderr}")
    return findings


def _read(output: str) -> tuple[list[Path], list[Finding], int]:
    """Return the files that *output* speaks of, the findings in them, and how many it said there are."""
    judged: list[Path] = []
    findings: list[Finding] = []
    counted = 0
    for line in output.splitlines():
        if line.startswith(_UNREAD_PROFILE):
            raise RuntimeError(line)
        if of_file := _FILE_LINE.match(line):
            judged.append(Path(of_file["path"]))
            counted += int(of_file["errors"])
        elif finding := _FINDING_LINE.match(line):
            findings.append(Finding(judged[-1], finding["place"], finding["message"]))
        elif findings and not line.startswith(("   ", "ready ", "total ")):
            # A message of several lines goes on here.
            last = findings.pop()
            findings.append(Finding(last.file, last.place, f"{last.message} {line.strip()}"))
    return judged, findings, counted


def _built() -> Path:
    """Return the folder with the compiled validator, building it first when these sources were never built."""
    build = _build_folder()
    build.mkdir(parents=True, exist_ok=True)
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Test workers start at once; one builds, the others wait for it.
        if not (build / "done").exists():
            shutil.copytree(SOURCES, build, dirs_exist_ok=True)
            made = subprocess.run(
                [_program("mvn"), "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=cp.txt"],
                cwd=build,
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
            if made.returncode != 0:
                raise RuntimeError(f"Maven could not build the FHIR validator: {made.stdout}{made.stderr}")
            (build / "done").touch()
    return build


def _build_folder() -> Path:
    if chosen := os.environ.get("SAATTAEN_FHIR_VALIDATOR_BUILD"):
        return Path(chosen).resolve()
    digest = hashlib.sha256()
    for source in sorted(path for path in SOURCES.rglob("*") if path.is_file()):
        digest.update(source.relative_to(SOURCES).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / f"saattaen-fhir-validator-{digest.hexdigest()[:16]}"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on the PATH")
    return found
