"""The facts of an entry for an officer, section by section, each value as the log has it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.directory.instants import HELSINKI, from_micros
from gateway.disclosure.opened import Opened

_INSTANTS = frozenset({
    "t", "dated", "good_until", "until", "from", "since", "given_at", "not_before", "dated_from", "dated_until",
    "ended", "due",
})  # fmt: skip
_MICROS = 10**14
"""Less than this is no instant of these years."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of an entry. `closed` says why it cannot be read, empty where it can."""

    letter: str
    rows: Sequence[tuple[str, str]]
    closed: str = ""


def facts_of(entry: Opened) -> Sequence[Section]:
    """Return the sections: s whom it is about and what it rests on, a who acted, b the rest."""
    return [
        Section(letter, list(_rows("", content)) if content is not None else [], entry.closed.get(letter, ""))
        for letter, content in (("s", entry.s), ("a", entry.a), ("b", entry.b))
    ]


def _rows(name: str, value: object) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _rows(f"{name}.{key}" if name else str(key), one)
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for number, one in enumerate(value, 1):
            yield from _rows(f"{name}[{number}]", one)
    else:
        yield name, _said(name.rpartition(".")[2], value)


def _said(key: str, value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() if key in _INSTANTS and value > _MICROS:
            return from_micros(value).astimezone(HELSINKI).isoformat(timespec="milliseconds")
        case list():
            return ", ".join(_said("", one) for one in value)
        case _:
            return str(value)
