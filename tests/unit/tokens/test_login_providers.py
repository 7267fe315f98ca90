"""The file of providers: what it may say, and that a demo's providers serve no real installation."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from ruamel.yaml import YAML

from adapters.suomifi.account import load_register
from adapters.tokens.login.providers import BrokenProviders, load_providers
from gateway.consent.checks import MandateScope
from gateway.demo.provider.installing import IDENTIFICATION, install_providers
from gateway.demo.world import World, load_world
from gateway.errors import SettingsError

Change = Callable[[dict[str, dict[str, object]]], None]


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


@pytest.fixture
def file(tmp_path: Path, world: World) -> Path:
    install_providers(tmp_path, world, "http://127.0.0.1:8440", lambda: datetime(2026, 11, 27, tzinfo=UTC))
    return tmp_path / IDENTIFICATION


def rewrite(file: Path, change: Callable[[dict[str, object]], None]) -> None:
    content = YAML(typ="safe", pure=True).load(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def real(file: Path) -> None:
    """Take the marks of a demo away."""
    key = ECKey.generate_key("P-256", {"kid": "real"}).as_dict(private=True)
    for one in file.parent.glob("*.jwk.json"):
        one.write_text(json.dumps(key))
    rewrite(file, lambda content: content.pop("demo"))  # type: ignore[arg-type, return-value]


def test_the_demo_writes_what_the_gateway_reads(file: Path, world: World) -> None:
    rows = load_providers(file, world.directory, demo=True)
    assert set(rows) == {"suomifi", "hyvinvointialue", "tyollisyysalue", "kela"}
    assert rows["kela"].organisation == "kela"
    assert "secret" not in repr(load_register(file))


def test_a_demos_providers_serve_no_real_installation(file: Path, world: World) -> None:
    with pytest.raises(BrokenProviders) as broken:
        load_providers(file, world.directory)
    assert any("anyone may say to be anyone" in fault for fault in broken.value.faults)


def test_a_demos_keys_serve_no_real_installation_without_the_mark_either(file: Path, world: World) -> None:
    rewrite(file, lambda content: content.pop("demo"))  # type: ignore[arg-type, return-value]
    with pytest.raises(BrokenProviders, match="is a demo's"):
        load_providers(file, world.directory)


def test_a_real_installation_has_providers_of_its_own(file: Path, world: World) -> None:
    real(file)
    assert set(load_providers(file, world.directory)) >= {"suomifi", "kela"}


@pytest.mark.parametrize(
    "name, value",
    [
        ("issuer", "http://id.example"), ("issuer", "https://id.example?x=1"), ("issuer", "ftp://id.example"),
        ("organisation", "nobody"), ("kind", "anyone"), ("least", "low"), ("least", "very"),
        ("algorithms", ["none"]), ("algorithms", ["HS256"]), ("key", "missing.json"), ("audience", "anybody"),
        ("claims", {"name": "name"}), ("assurance", {"a": "very"}), ("nonsense", "x"), ("issuer", "http://127.0.0.1:8441"),
    ],
)  # fmt: skip
def test_a_fault_in_a_row_stops_the_start(file: Path, world: World, name: str, value: object) -> None:
    def change(content: dict[str, object]) -> None:
        content["providers"]["kela"][name] = value  # type: ignore[index]

    rewrite(file, change)
    with pytest.raises(BrokenProviders):
        load_providers(file, world.directory, demo=True)


def test_a_key_that_others_can_read_stops_the_start(file: Path, world: World) -> None:
    (file.parent / "kela.jwk.json").chmod(0o644)
    with pytest.raises(BrokenProviders, match="open to others"):
        load_providers(file, world.directory, demo=True)


def test_secrets_of_the_register_that_others_can_read_stop_the_start(file: Path) -> None:
    (file.parent / "mandates.json").chmod(0o644)
    with pytest.raises(SettingsError, match="open to others"):
        load_register(file)


def test_topics_of_mandates_are_data_and_one_topic_gives_one_thing(file: Path) -> None:
    account = load_register(file)
    assert account is not None
    assert set(account.topics) == set(MandateScope) and all(account.topics.values())

    def change(topics: object) -> None:
        rewrite(file, lambda content: content["mandates"].update({"topics": topics}))  # type: ignore[attr-defined]

    change({"manage": ["a"]})
    account = load_register(file)
    assert account is not None and account.topics == {MandateScope.MANAGE: ("a",), MandateScope.SEE: ()}
    for wrong in ({"see": ["a"]}, {"manage": ["a"], "see": ["a"]}, {"manage": ["a"], "own": ["b"]}, {"manage": "a"}):
        change(wrong)
        with pytest.raises(SettingsError):
            load_register(file)
