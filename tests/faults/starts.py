"""The table of faults that a start meets: a row a fault. Those that are met while serving stand in table.py."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.keyring.ring import KeyRing
from tests.laws.gateway_world import demo_world


@dataclass(frozen=True)
class StartFault:
    """One row: how the fault is caused, and what the operator gets: the start's sentence and the doctor's part.

    Nobody is served meanwhile and nothing is written; once the cause is gone the next start is well.
    """

    name: str
    cause: Callable[[Path], AbstractContextManager[None]]
    """Spoils the folder of keys, or of policies, and mends it."""
    said: str
    """What the start's sentence says, as a pattern."""
    doctor: str = ""
    """The part that `saattaen doctor` says is wrong; it looks at the policies that are installed, not at a copy."""


def _put_back(spoil: Callable[[Path], None]) -> Callable[[Path], AbstractContextManager[None]]:
    """Return the cause that *spoil* is, undone by the folder of before."""

    @contextmanager
    def cause(folder: Path) -> Iterator[None]:
        kept = folder.with_name(f"{folder.name}-kept")
        shutil.copytree(folder, kept)
        spoil(folder)
        try:
            yield
        finally:
            shutil.rmtree(folder)
            kept.rename(folder)

    return cause


def _gone(keys: Path) -> None:
    (keys / "log.json").unlink()


def _another(keys: Path) -> None:
    other = keys.with_name("other")
    KeyRing.create(other, demo=True, at=demo_world().now)
    shutil.copy2(other / "log.json", keys / "log.json")


def _broken(keys: Path) -> None:
    (keys / "log.json").write_text((keys / "log.json").read_text()[:-20])


def _readable(keys: Path) -> None:
    (keys / "log.json").chmod(0o644)


def _truncated(bundle: Path) -> None:
    module = (bundle / "policy.wasm").read_bytes()
    (bundle / "policy.wasm").write_bytes(module[: len(module) // 2])


def _without_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()


def _unpinned(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"wasm_sha256": "0" * 64}))


KEYS: tuple[StartFault, ...] = (
    StartFault("the signing key is missing", _put_back(_gone), "log", "keys"),
    StartFault("the signing key is another", _put_back(_another), "not the one that signed", "log"),
    StartFault("the signing key is broken", _put_back(_broken), "log", "keys"),
    StartFault("the signing key is readable to others", _put_back(_readable), "log", "keys"),
)
BUNDLES: tuple[StartFault, ...] = (
    StartFault("the policies' bundle is truncated", _put_back(_truncated), "make policies"),
    StartFault("the policies' bundle has no manifest", _put_back(_without_manifest), "make policies"),
    StartFault("the policies are not the pinned ones", _put_back(_unpinned), "make policies"),
)
