"""What import-linter cannot say about the rooms: who may make a permit, and what audit stands on."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield each module of *folders* as (path from the root, syntax tree)."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted name of every module that *tree* imports, wherever it does so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_of_the_gateway_has_its_place_in_the_order() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = [contract["layers"] for contract in contracts if contract["id"] == "rooms"]
    placed = set(re.findall(r"gateway\.(\w+)", " ".join(layers)))
    rooms = {
        path.stem for path in (ROOT / "gateway").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    # The settings have a contract of their own.
    assert rooms - placed == {"__init__", "settings"} & rooms


def test_only_the_policy_engines_construct_a_permit() -> None:
    makers = {
        path
        for path, tree in modules("gateway", "adapters", "audit")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) == "Permit" or getattr(node.func, "attr", None) == "Permit")
    }
    assert all(path.startswith("adapters/opa/") for path in makers), makers


def test_audit_stands_on_python_cryptography_and_orjson_alone() -> None:
    allowed = {"audit", "cryptography", "orjson", *sys.stdlib_module_names}
    others = {
        (path, name)
        for path, tree in modules("audit")
        for name in imported(tree)
        if name.partition(".")[0] not in allowed
    }
    assert not others, others


def test_nobody_imports_authlibs_own_jose() -> None:
    users = {
        path
        for path, tree in modules("gateway", "adapters", "audit")
        if any(name == "authlib.jose" or name.startswith("authlib.jose.") for name in imported(tree))
    }
    assert not users, users


def test_fhir_types_are_r4b_and_stop_at_their_adapter() -> None:
    users = {
        (path, name)
        for path, tree in modules("gateway", "adapters", "audit")
        for name in imported(tree)
        if name.startswith("fhir.resources")
        and not (path.startswith("adapters/fhir/") and name.startswith("fhir.resources.R4B"))
    }
    assert not users, users
