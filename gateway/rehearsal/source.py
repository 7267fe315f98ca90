"""Reading a file of several YAML documents so that every mistake names file, case, step and key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from gateway.directory.source import Faults, KeyPath, Plain, read_mapping

_FREE = "content"
"""The one key under which numbers are numbers: a FHIR resource. Everywhere else `2026` is a year."""


@dataclass
class CaseFaults(Faults):
    """The mistakes of one case."""

    case: str = "?"

    def add(self, path: KeyPath, says: str) -> None:
        """Note a mistake: `file:line: case id: step 3: request.expect: says`."""
        near = path
        while near and near not in self.lines:
            near = near[:-1]
        line = self.lines.get(near)
        parts = [f"{self.file}{'' if line is None else f':{line}'}", f"case {self.case}"]
        if len(path) > 1 and path[0] == "steps" and isinstance(index := path[1], int):
            parts.append(f"step {index + 1}")
            path = path[2:]
        if path:
            parts.append(".".join(str(part) for part in path))
        self.found.append(": ".join((*parts, says)))


def read_documents(path: Path) -> tuple[list[tuple[dict[str, Plain], CaseFaults]], list[str]]:
    """Return each document of a file with the mistakes found so far, and the mistakes of the file as a whole."""
    try:
        nodes = list(YAML(typ="safe", pure=True).compose_all(path.read_text("utf-8")))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = "" if mark is None else f":{mark.line + 1}"
        return [], [f"{path.name}{line}: not YAML: {error.problem or error.context}"]
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        return [], [f"{path.name}: cannot be read: {type(error).__name__}"]
    documents: list[tuple[dict[str, Plain], CaseFaults]] = []
    for number, node in enumerate(nodes, 1):
        faults = CaseFaults(path.name, case=_id_of(node) or f"number {number} of the file")
        if isinstance(node, MappingNode):
            documents.append((read_mapping(node, faults, _scalar), faults))
        else:
            faults.add((), "a mapping is expected")
            documents.append(({}, faults))
    return documents, [] if nodes else [f"{path.name}: holds no case"]


def _id_of(node: Node | None) -> str | None:
    if not isinstance(node, MappingNode):
        return None
    values = (value for key, value in node.value if key.value == "id" and isinstance(value, ScalarNode))
    return next((str(value.value) for value in values), None)


def _scalar(tag: str, text: str, path: KeyPath, faults: Faults) -> Plain:
    match tag:
        case "str" | "timestamp":
            return text
        case "bool":
            return text.lower() == "true"
        case "null":
            return None
        case "int" if _FREE in path:
            return int(text)
        case "int":
            return text
        case _:
            faults.add(path, "only text, whole numbers, true, false and nothing are used here")
            return None
