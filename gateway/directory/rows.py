"""One row of a code list, read key by key: each fault is noted with its key path and reading goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from gateway.directory.instants import YEARS, parse_instant
from gateway.directory.model import Contact, LocalizedName
from gateway.directory.period import ALWAYS, Period
from gateway.directory.source import Faults, KeyPath, Plain

_T = TypeVar("_T")


@dataclass
class Row:
    """A mapping at a key path. A faulty value is noted and read as an empty one; `done` notes keys nobody asked for."""

    content: Mapping[str, Plain]
    path: KeyPath
    faults: Faults
    asked: set[str] = field(default_factory=set)

    def fault(self, key: str | int | None, says: str) -> None:
        """Note a fault at a key of this row, or at the row itself."""
        self.faults.add(self.path if key is None else (*self.path, key), says)

    def has(self, key: str) -> bool:
        """Return whether the key is there."""
        return key in self.content

    def _read(self, key: str, kind: type[_T], says: str, empty: _T, required: bool) -> _T:
        self.asked.add(key)
        if key not in self.content:
            if required:
                self.fault(key, "is missing")
            return empty
        value = self.content[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fault(key, f"{says} is expected")
            return empty
        return value

    def text(self, key: str) -> str:
        """Return a text that must be there and not be blank."""
        value = self._read(key, str, "a text", "?", required=True)
        if not value.strip():
            self.fault(key, "is empty")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None where the key is absent."""
        return self.text(key) if self.has(key) else None

    def number(self, key: str) -> int:
        """Return a whole number from 1."""
        value = self._read(key, int, "a whole number", 1, required=True)
        if value < 1:
            self.fault(key, "must be 1 or more")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false; absent is false."""
        return self._read(key, bool, "true or false", False, required=False)

    def texts(self, key: str, *, required: bool = True) -> tuple[str, ...]:
        """Return a list of texts, in order; a repeated one is a fault."""
        items = self._read(key, list, "a list", [], required=required)
        found: list[str] = []
        for index, item in enumerate(items):
            if not isinstance(item, str) or not item.strip():
                self.faults.add((*self.path, key, index), "a text is expected")
            elif item in found:
                self.faults.add((*self.path, key, index), f"{item!r} is listed twice")
            else:
                found.append(item)
        return tuple(found)

    def row(self, key: str, *, required: bool = True) -> Row:
        """Return the mapping under a key."""
        content = self._read(key, dict, "a mapping", {}, required=required)
        return Row(content, (*self.path, key), self.faults)

    def rows(self, key: str, *, required: bool = True) -> Iterator[Row]:
        """Yield the mappings of a list."""
        for index, item in enumerate(self._read(key, list, "a list", [], required=required)):
            if isinstance(item, dict):
                yield Row(item, (*self.path, key, index), self.faults)
            else:
                self.faults.add((*self.path, key, index), "a mapping is expected")

    def each(self) -> Iterator[tuple[str, Row]]:
        """Yield every key of this mapping with the mapping under it."""
        for key in self.content:
            yield key, self.row(key)

    def versions(self, key: str) -> Iterator[Row]:
        """Yield the one mapping under a key, or each of a list of dated ones."""
        if isinstance(self.content.get(key), list):
            yield from self.rows(key)
        else:
            yield self.row(key)

    def name(self, key: str = "name") -> LocalizedName:
        """Return a name in its languages."""
        row = self.row(key)
        name = LocalizedName(row.text("fi"), row.text("sv"), row.text("en"), row.optional_text("easy"))
        row.done()
        return name

    def contact(self, key: str) -> Contact:
        """Return whom to ask."""
        row = self.row(key)
        contact = Contact(row.text("name"), row.text("phone"), row.text("email"))
        row.done()
        return contact

    def period(self) -> Period:
        """Return the row's `[from, until)`; dates begin at midnight in Helsinki."""
        start, until = (self._instant(key) for key in ("from", "until"))
        period = Period(start, until)
        if period.is_empty:
            self.fault("until", "must be later than `from`")
            return ALWAYS
        return period

    def _instant(self, key: str) -> datetime | None:
        if (text := self.optional_text(key)) is None:
            return None
        try:
            if (at := parse_instant(text)).year not in YEARS:
                raise ValueError("not a date from 1900 to 2200")
            return at
        except ValueError as error:
            self.fault(key, str(error))
            return None

    def done(self) -> None:
        """Note every key that was not asked for."""
        for key in self.content:
            if key not in self.asked:
                self.fault(key, "is not a key we know here")
