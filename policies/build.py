"""Compile the policies for the embedded engine, or say with `--check` that what is shipped is what they say.

Writes three files, all kept in git, so that the gateway runs on machines without OPA:
`policies/saattaen/release/data.json` (the revision, which every decision repeats), `adapters/opa/bundle/policy.wasm`
and `adapters/opa/bundle/manifest.json`. The revision is a digest of the sources, tests left out. OPA's output is the
same bytes for the same sources, since it is always called from the same folder with relative paths.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

POLICIES = Path(__file__).resolve().parent
REPOSITORY = POLICIES.parent
REVISION = POLICIES / "saattaen" / "release" / "data.json"
BUNDLE = REPOSITORY / "adapters" / "opa" / "bundle"
WASM = BUNDLE / "policy.wasm"
MANIFEST = BUNDLE / "manifest.json"
ENTRYPOINTS = ("saattaen/disclosure/decision", "saattaen/disclosure/decisions")
BUILD = "run policies/build.py (make policies) with the pinned OPA on the PATH"


class Stale(Exception):
    """What is shipped does not belong to the sources; the text says what to do."""


def digest_of_sources() -> str:
    """Return the SHA-256 over name, length and bytes of each policy, in the order of their names; tests left out."""
    digest = hashlib.sha256()
    for source in sorted(POLICIES.glob("saattaen/**/*.rego"), key=lambda path: path.relative_to(POLICIES).as_posix()):
        if source.name.endswith("_test.rego"):
            continue
        content = source.read_bytes()
        digest.update(f"{source.relative_to(POLICIES).as_posix()}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def compile_wasm(opa: str) -> bytes:
    """Return the module that *opa* makes of the policies. Raises CalledProcessError when they do not compile."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle.tar.gz"
        arguments = [opa, "build", "--target", "wasm", "--optimize", "1", "--ignore", "*_test.rego", "--bundle", "."]
        for entrypoint in ENTRYPOINTS:
            arguments += ["--entrypoint", entrypoint]
        # The path of a source goes into the module: a relative one is the same on every machine.
        subprocess.run([*arguments, "--output", str(bundle)], cwd=POLICIES, check=True)  # noqa: S603
        with tarfile.open(bundle) as archive:
            module = archive.extractfile("/policy.wasm")
            if module is None:
                raise Stale("OPA's bundle holds no module")
            return module.read()


def version_of(opa: str) -> str:
    """Return the version that *opa* says it is."""
    said = subprocess.run([opa, "version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    return said.splitlines()[0].removeprefix("Version:").strip()


def build(opa: str) -> None:
    """Write revision, module and manifest."""
    revision = digest_of_sources()
    _write(REVISION, {"revision": revision})
    module = compile_wasm(opa)
    BUNDLE.mkdir(parents=True, exist_ok=True)
    WASM.write_bytes(module)
    _write(
        MANIFEST,
        {
            "revision": revision,
            "wasm_sha256": hashlib.sha256(module).hexdigest(),
            "opa_version": version_of(opa),
            "entrypoints": list(ENTRYPOINTS),
        },
    )


def check(opa: str | None) -> None:
    """Raise Stale unless revision, module and manifest belong to the sources.

    Where *opa* is of the version that the manifest names, the module is also compiled again and compared byte for byte.
    """
    revision = digest_of_sources()
    try:
        manifest = json.loads(MANIFEST.read_bytes())
        released = json.loads(REVISION.read_bytes())["revision"]
        module = WASM.read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise Stale(f"a compiled file is missing or broken: {BUILD}") from error
    if not revision == manifest["revision"] == released:
        raise Stale(f"the policies have changed since they were compiled: {BUILD}")
    if hashlib.sha256(module).hexdigest() != manifest["wasm_sha256"]:
        raise Stale(f"the module is not the one in the manifest: {BUILD}")
    if opa is not None and version_of(opa) == manifest["opa_version"] and compile_wasm(opa) != module:
        raise Stale(f"OPA {manifest['opa_version']} makes another module of these policies: {BUILD}")


def find_opa() -> str | None:
    """Return the OPA on the PATH, or the one that `go install` left, or None."""
    return shutil.which("opa") or shutil.which("opa", path=str(Path.home() / "go" / "bin"))


def main() -> int:
    """Build, or check; return the exit status."""
    parser = argparse.ArgumentParser(description="Compile the policies for the embedded engine.")
    parser.add_argument("--check", action="store_true", help="fail when what is shipped does not belong to the sources")
    arguments = parser.parse_args()
    opa = find_opa()
    try:
        if arguments.check:
            check(opa)
        elif opa is None:
            raise Stale("there is no opa on the PATH")
        else:
            build(opa)
    except (Stale, subprocess.CalledProcessError) as error:
        print(f"policies: {error}", file=sys.stderr)
        return 1
    return 0


def _write(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
