"""The compiled policies as shipped: the module, and the manifest that pins it (written by `policies/build.py`)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import orjson

from gateway.errors import EngineUnavailable

SHIPPED = Path(__file__).parent / "bundle"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A module whose digest is the manifest's, and the revision of the policies that it was made of."""

    revision: str
    module: bytes


def read_bundle(folder: Path = SHIPPED) -> Bundle:
    """Return the bundle in *folder*. Raises EngineUnavailable when it is missing, broken or not the pinned one."""
    try:
        manifest = orjson.loads((folder / "manifest.json").read_bytes())
        module = (folder / "policy.wasm").read_bytes()
        revision, pinned = manifest["revision"], manifest["wasm_sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineUnavailable("the compiled policies are missing or broken: run make policies") from error
    if not isinstance(revision, str) or not revision:
        raise EngineUnavailable("the manifest of the compiled policies names no revision: run make policies")
    if hashlib.sha256(module).hexdigest() != pinned:
        raise EngineUnavailable("the compiled policies are not those of their manifest: run make policies")
    return Bundle(revision=revision, module=module)
