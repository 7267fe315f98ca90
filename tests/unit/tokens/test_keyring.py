"""Keys on disk: made whole, believed in nothing, rotated without losing what the old ones opened."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.keyring.live import LiveKeys
from adapters.keyring.ring import KeyRing
from adapters.tokens.keys import TokenKeys
from gateway.errors import SettingsError

AT = datetime(2026, 11, 22, 7, tzinfo=UTC)
KINDS = ("tokens", "receipts", "keks", "log", "lookup", "derived")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    KeyRing.create(tmp_path / "keys", demo=False, at=AT)
    return tmp_path / "keys"


def _rewrite(folder: Path, kind: str, change: Callable[[dict[str, object]], object]) -> None:
    path = folder / f"{kind}.json"
    content = json.loads(path.read_text())
    change(content)
    path.chmod(0o600)
    path.write_text(json.dumps(content))
    path.chmod(0o400)


def test_a_new_ring_is_whole_private_and_the_same_when_loaded(folder: Path) -> None:
    ring = KeyRing.load(folder, demo=False)
    assert ring == KeyRing.load(folder, demo=False)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        f"{kind}.json": 0o400 for kind in KINDS
    }
    secrets = [
        ring.log_seeds[0],
        ring.lookup_keys[0],
        ring.code_key,
        ring.etag_key,
        ring.pairwise_key,
        *ring.keks.secrets.values(),
    ]
    assert len(set(secrets)) == 6
    assert {len(secret) for secret in secrets} == {32}
    TokenKeys(ring.tokens.current, ring.tokens.private)
    for secret in secrets:
        assert repr(secret) not in repr(ring)
    assert "'d'" not in repr(ring)


def test_status_names_every_key_and_shows_no_secret(folder: Path) -> None:
    status = KeyRing.status(folder)
    assert [one.kind for one in status] == list(KINDS)
    assert all(one.current for one in status)
    secrets = [
        row.get("secret", row.get("d"))
        for kind in KINDS
        for row in json.loads((folder / f"{kind}.json").read_text())["keys"]
    ]
    assert not any(secret in repr(status) for secret in secrets)


@pytest.mark.parametrize("kind", ["tokens", "receipts", "keks"])
def test_rotation_adds_a_current_key_and_keeps_what_the_old_one_opens(folder: Path, kind: str) -> None:
    before = KeyRing.load(folder, demo=False)
    for _ in range(3):
        after = KeyRing.rotate(folder, kind, at=AT)  # type: ignore[arg-type]
    old, new = getattr(before, kind), getattr(after, kind)
    keys = new.secrets if kind == "keks" else new.private
    assert new.current != old.current
    # Tokens live five minutes; receipts and wrapped keys for ever.
    assert len(keys) == (2 if kind == "tokens" else 4)
    assert (old.current in keys) == (kind != "tokens")
    assert (after.log_seeds[0], after.lookup_keys[0]) == (before.log_seeds[0], before.lookup_keys[0])
    assert after.etag_key == before.etag_key


@pytest.mark.parametrize("kind", ["derived", "others"])
def test_a_key_that_stored_data_hangs_on_does_not_rotate(folder: Path, kind: str) -> None:
    with pytest.raises(SettingsError):
        KeyRing.rotate(folder, kind, at=AT)  # type: ignore[arg-type]


def test_a_logs_former_key_signs_until_it_is_retired_and_verifies_after(folder: Path) -> None:
    before = KeyRing.load(folder, demo=False)
    (old,) = (one.id for one in KeyRing.status(folder) if one.kind == "log")
    new = KeyRing.add(folder, "log", at=AT)
    added = KeyRing.load(folder, demo=False)
    assert (added.log_seeds[0], len(added.log_seeds)) == (before.log_seeds[0], 2)
    with pytest.raises(SettingsError, match="not a former"):
        KeyRing.retire(folder, "log", old, at=AT)
    KeyRing.promote(folder, "log", new)
    promoted = KeyRing.load(folder, demo=False)
    assert promoted.log_seeds == tuple(reversed(added.log_seeds))
    KeyRing.retire(folder, "log", old, at=AT)
    after = KeyRing.load(folder, demo=False)
    assert (after.log_seeds, after.log_former) == (promoted.log_seeds[:1], before.log_seeds)


def test_a_ring_is_read_again_when_a_file_was_replaced_and_stands_when_it_is_broken(folder: Path) -> None:
    live = LiveKeys(folder, demo=False)
    assert live.renewed() is None
    KeyRing.rotate(folder, "tokens", at=AT)
    renewed = live.renewed()
    assert renewed == KeyRing.load(folder, demo=False)
    assert live.renewed() is None
    _rewrite(folder, "keks", lambda content: content.update(v=2))
    with pytest.raises(SettingsError):
        live.renewed()
    assert live.ring == renewed


def test_a_demos_keys_serve_a_demo_alone(tmp_path: Path) -> None:
    KeyRing.create(tmp_path / "demo", demo=True, at=AT)
    assert KeyRing.load(tmp_path / "demo", demo=True).demo
    with pytest.raises(SettingsError, match="demo"):
        KeyRing.load(tmp_path / "demo", demo=False)


def test_keys_are_never_made_over_others(folder: Path) -> None:
    with pytest.raises(SettingsError, match="not empty"):
        KeyRing.create(folder, demo=False, at=AT)


@pytest.mark.parametrize("name, mode", [("", 0o755), ("", 0o710), ("log.json", 0o440), ("keks.json", 0o404)])
def test_keys_open_to_others_stop_the_start(folder: Path, name: str, mode: int) -> None:
    (folder / name).chmod(mode)
    with pytest.raises(SettingsError, match="open to others"):
        KeyRing.load(folder, demo=False)


def test_keys_of_another_user_stop_the_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = folder.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(SettingsError, match="another user"):
        KeyRing.load(folder, demo=False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_or_broken_file_stops_the_start_with_its_name(folder: Path, kind: str) -> None:
    path = folder / f"{kind}.json"
    for text in ("", "[]", "{}", '{"v":1,"demo":false,"current":"x","keys":[]}'):
        path.chmod(0o600)
        path.write_text(text)
        with pytest.raises(SettingsError, match=f"{kind}.json"):
            KeyRing.load(folder, demo=False)
    path.unlink()
    with pytest.raises(SettingsError, match=f"{kind}.json"):
        KeyRing.load(folder, demo=False)


def _first(content: dict[str, object]) -> dict[str, str]:
    rows = content["keys"]
    assert isinstance(rows, list)
    row = rows[0]
    assert isinstance(row, dict)
    return row


@pytest.mark.parametrize(
    "kind, change",
    [
        ("log", lambda content: _first(content).update(secret="AA")),
        ("log", lambda content: _first(content).update(secret="A" * 43)),
        ("lookup", lambda content: _first(content).pop("secret")),
        ("keks", lambda content: content.update(v=2)),
        ("keks", lambda content: content.update(current="other")),
        ("keks", lambda content: content["keys"].append(content["keys"][0])),
        ("keks", lambda content: content.update(demo=True)),
        ("keks", lambda content: content.update(demo="no")),
        ("tokens", lambda content: _first(content).update(d="AQ")),
        ("tokens", lambda content: _first(content).update(x=_first(content)["y"])),
        ("receipts", lambda content: _first(content).update(id="other")),
        ("log", lambda content: content["keys"].append({**content["keys"][0], "id": "second"})),
        ("derived", lambda content: content["keys"].append({**content["keys"][0], "id": "second"})),
    ],
)  # fmt: skip
def test_a_weak_or_contradictory_key_stops_the_start(
    folder: Path, kind: str, change: Callable[[dict[str, object]], object]
) -> None:
    _rewrite(folder, kind, change)
    with pytest.raises(SettingsError):
        KeyRing.load(folder, demo=False)


def test_one_secret_for_two_purposes_stops_the_start(folder: Path) -> None:
    secret = json.loads((folder / "log.json").read_text())["keys"][0]["secret"]
    _rewrite(folder, "lookup", lambda content: _first(content).update(secret=secret))
    with pytest.raises(SettingsError, match="one purpose"):
        KeyRing.load(folder, demo=False)
