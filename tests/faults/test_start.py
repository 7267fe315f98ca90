"""What stops a start: a sentence that says what to do, nothing written, and the next start is well once it is done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from adapters.keyring import KeyRing
from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.shipped import SHIPPED
from adapters.sql.engine import DatabaseUnfit
from gateway.composition import opened
from gateway.disclosure.release import Released
from gateway.errors import EngineUnavailable, SettingsError
from tests.laws.gateway_world import demo_world, open_world, settings_in


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


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "the signing key is missing": (_gone, "log"),
    "the signing key is another": (_another, "not the one that signed"),
    "the signing key is broken": (_broken, "log"),
    "the signing key is readable to others": (_readable, "log"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_start_without_its_signing_key_is_refused_with_a_sentence(place: Path, fault: str) -> None:
    cause, said = FAULTS[fault]
    async with open_world(place) as laws:
        document = await laws.deposit()
        await laws.give()
        before = laws.entries()
    keys = place / "keys"
    kept = place / "kept"
    shutil.copytree(keys, kept)
    cause(keys)
    with pytest.raises(SettingsError, match=said) as refused:
        async with open_world(place):
            pass
    assert refused.value.detail.endswith(".")
    shutil.rmtree(keys)
    kept.rename(keys)
    async with open_world(place) as laws:
        assert [entry.event_id for entry in laws.entries()] == [entry.event_id for entry in before]
        assert isinstance(await laws.ask(laws.read_of(document)), Released)
        assert laws.verify() == []


def _truncated(bundle: Path) -> None:
    module = (bundle / "policy.wasm").read_bytes()
    (bundle / "policy.wasm").write_bytes(module[: len(module) // 2])


def _without_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()


def _unpinned(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"wasm_sha256": "0" * 64}))


@pytest.mark.parametrize("cause", [_truncated, _without_manifest, _unpinned])
async def test_a_start_on_a_truncated_bundle_is_refused_with_a_sentence(
    tmp_path: Path, cause: Callable[[Path], None]
) -> None:
    bundle = Path(shutil.copytree(SHIPPED, tmp_path / "bundle"))
    cause(bundle)
    with pytest.raises(EngineUnavailable, match="make policies"):
        EmbeddedEngine(bundle)


async def test_a_start_on_a_database_that_is_not_there_is_refused_with_a_sentence(place: Path) -> None:
    settings = settings_in(place)
    url = make_url(settings.database)
    other = url.set(database=f"{url.database}x").render_as_string(False)
    gone = settings.model_copy(update={"database": other})
    with pytest.raises(DatabaseUnfit, match=r"saattaen migrate|cannot be used: .*does not exist"):
        async with opened(gone, demo_world().directory):
            pass
