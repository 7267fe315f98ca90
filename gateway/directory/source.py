"""Reading a YAML file so that every fault can be told with its file, line and key path, all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Plain: TypeAlias = "str | int | bool | list[Plain] | dict[str, Plain] | None"
KeyPath: TypeAlias = "tuple[str | int, ...]"

_SCALARS: Mapping[str, Callable[[str], Plain]] = {
    "str": str,
    "timestamp": str,  # instants.parse_instant reads dates, with Helsinki's midnight
    "int": int,
    "bool": lambda text: text.lower() == "true",
    "null": lambda text: None,
}


@dataclass
class Faults:
    """The faults found so far in one file, and the lines that its keys stand on."""

    file: str
    lines: dict[KeyPath, int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)

    def add(self, path: KeyPath, says: str) -> None:
        """Note a fault at a key path; the line is that of the nearest key that the file has."""
        near = path
        while near and near not in self.lines:
            near = near[:-1]
        line = self.lines.get(near)
        where = ".".join(str(part) for part in path) or "(whole file)"
        self.found.append(f"{self.file}{'' if line is None else f':{line}'}: {where}: {says}")


Scalar: TypeAlias = Callable[[str, str, KeyPath, Faults], Plain]
"""Reads a leaf by the short name of its YAML tag (`str`, `int`, ...), its text and its key path."""


def read_yaml(path: Path) -> tuple[dict[str, Plain], Faults]:
    """Return a YAML file's content and its faults so far: duplicate keys, anchors, tags and numbers that we do not use.

    Dates stay text. A file that cannot be read or parsed at all gives an empty mapping and one fault.
    """
    faults = Faults(path.name)
    try:
        text = path.read_text(encoding="utf-8")
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        faults.add((), f"not YAML{'' if mark is None else f', line {mark.line + 1}'}: {error.problem or error.context}")
        return {}, faults
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        faults.add((), f"cannot be read: {type(error).__name__}")
        return {}, faults
    if not isinstance(node, MappingNode):
        faults.add((), "a mapping is expected")
        return {}, faults
    return read_mapping(node, faults, _scalar), faults


def read_mapping(node: MappingNode, faults: Faults, scalar: Scalar) -> dict[str, Plain]:
    """Return the plain content of a whole document, each key's line noted in *faults*; *scalar* reads its leaves."""
    return _mapping(node, (), faults, scalar)


def _mapping(node: MappingNode, path: KeyPath, faults: Faults, scalar: Scalar) -> dict[str, Plain]:
    content: dict[str, Plain] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            faults.add(path, f"line {line}: a key must be plain text")
            continue
        key = str(key_node.value)
        here = (*path, key)
        if key in content:
            faults.add(here, f"duplicate key, again on line {line}")
            continue
        faults.lines[here] = line
        content[key] = _plain(value_node, here, faults, scalar)
    return content


def _plain(node: Node, path: KeyPath, faults: Faults, scalar: Scalar) -> Plain:
    # Anchors could build rings and hide what a row says; neither lists nor cases need them.
    if node.anchor is not None:
        faults.add(path, "anchors and aliases are not used here")
        return None
    if isinstance(node, MappingNode):
        return _mapping(node, path, faults, scalar)
    if isinstance(node, SequenceNode):
        items: list[Plain] = []
        for index, item in enumerate(node.value):
            faults.lines[(*path, index)] = item.start_mark.line + 1
            items.append(_plain(item, (*path, index), faults, scalar))
        return items
    return scalar(str(node.tag).rpartition(":")[2], str(node.value), path, faults)


def _scalar(tag: str, text: str, path: KeyPath, faults: Faults) -> Plain:
    read = _SCALARS.get(tag)
    if read is None:
        faults.add(path, "only text, whole numbers, true, false and nothing are used here")
        return None
    try:
        return read(text)
    except ValueError:
        faults.add(path, "a whole number is expected")
        return None
