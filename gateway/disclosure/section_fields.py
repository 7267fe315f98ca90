"""Typed reading of opened sections: a field that is missing or of another type raises `Malformed`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Fields: TypeAlias = Mapping[str, object]


class Malformed(Exception):
    """A section lacks a field, or it is of another type than its kind of entry has."""


def text(fields: Fields, key: str) -> str:
    """Return a text."""
    value = fields.get(key)
    if not isinstance(value, str):
        raise Malformed(key)
    return value


def optional_text(fields: Fields, key: str) -> str | None:
    """Return a text, None where there is none."""
    return None if fields.get(key) is None else text(fields, key)


def number(fields: Fields, key: str) -> int:
    """Return a whole number; true and false are none."""
    value = fields.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(key)
    return value


def optional_number(fields: Fields, key: str) -> int | None:
    """Return a whole number, None where there is none."""
    return None if fields.get(key) is None else number(fields, key)


def flag(fields: Fields, key: str) -> bool:
    """Return true or false."""
    value = fields.get(key)
    if not isinstance(value, bool):
        raise Malformed(key)
    return value


def texts(fields: Fields, key: str) -> tuple[str, ...]:
    """Return a list of texts."""
    value = fields.get(key)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Malformed(key)
    return tuple(value)


def within(fields: Fields, key: str) -> Fields:
    """Return an object."""
    value = fields.get(key)
    if not isinstance(value, dict):
        raise Malformed(key)
    return value


def rows(fields: Fields, key: str) -> Sequence[Fields]:
    """Return a list of objects; a field that is not there is an empty one."""
    value = fields.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Malformed(key)
    return value


def lists(fields: Fields, key: str) -> Sequence[Sequence[object]]:
    """Return a list of lists."""
    value = fields.get(key)
    if not isinstance(value, list) or not all(isinstance(one, list) for one in value):
        raise Malformed(key)
    return value
