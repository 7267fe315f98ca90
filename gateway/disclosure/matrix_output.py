"""The matrix in words: a cell as sentences, the whole as an aligned table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import orjson

from gateway.directory.instants import HELSINKI, from_micros
from gateway.directory.model import Directory
from gateway.disclosure.matrix import Cell, Matrix, Seen
from gateway.disclosure.phrases import Eye, Phrases


class MatrixWords:
    """Tells a matrix in one language to a client or an officer."""

    def __init__(self, directory: Directory, phrases: Phrases, eye: Eye, language: str) -> None:
        self._directory, self._phrases, self._eye, self._language = directory, phrases, eye, language

    def tell(self, one: Cell | Seen) -> list[str]:
        """Return what a cell, or one row of it, says: whether it may be seen, on which basis and until when, or why
        not."""
        seen = one.told if isinstance(one, Cell) else one
        if seen.holder:
            return [self._cell("holder")]
        if not seen.permitted:
            return [self.reason(seen.reason or "")]
        if seen.document is None:
            said = "could-see"
        else:
            said = "may-see-part" if seen.withheld or (isinstance(one, Cell) and one.differs) else "may-see"
        lines = [self._cell(said), self.basis(seen)]
        if seen.until is not None:
            day = from_micros(seen.until).astimezone(HELSINKI)
            lines.append(self._cell("until").format(day=day.day, month=day.month, year=day.year))
        return lines

    def reason(self, code: str) -> str:
        """Return a reason in the present."""
        if code in self._phrases.groups[f"cells.{self._eye}"]:
            return self._cell(code)
        return self._phrases.explain(code, self._eye, self._language)

    def basis(self, seen: Seen) -> str:
        """Return on which basis it may be seen."""
        section = seen.section_of_law if seen.basis in ("statutory", "joint-service") else None
        if self._eye is Eye.CLIENT:
            told = self._phrases.basis(seen.basis or "", self._language, section)
        else:
            told = self._phrases.basis_told(seen.basis or "", self._language, section)
        return self._phrases.text("words", "basis", self._language).format(text=told)

    def sections(self, codes: Sequence[str]) -> list[str]:
        """Return the names of sections."""
        names = [(code, self._directory.name("section", code)) for code in codes]
        return [code if name is None else name.text(self._language) for code, name in names]

    def table(self, matrix: Matrix) -> str:
        """Return the matrix as text: a recipient at a time, a line each category, and the caveats first. Where nobody
        is named it says so, for nothing printed could mean anything."""
        lines = [self._phrases.text("caveats", code, self._language) for code in matrix.caveats]
        if not matrix.recipients:
            lines.append(self._phrases.text("words", "nobody-named", self._language))
        for recipient in matrix.recipients:
            cells = matrix.of_recipient(recipient)
            if not cells:
                continue
            lines.append(self._directory.services[recipient].name.text(self._language))
            names = [self._directory.categories[cell.category].name.text(self._language) for cell in cells]
            width = max(map(len, names))
            for cell, name in zip(cells, names, strict=True):
                lines.append(f"  {_sign(cell)} {name.ljust(width)}  {' '.join(self.tell(cell))}")
                if cell.permitted and cell.told.withheld:
                    lines.append(f"    {''.ljust(width)}  - {', '.join(self.sections(cell.told.withheld))}")
        return "".join(f"{line}\n" for line in lines)

    def json(self, matrix: Matrix) -> str:
        """Return the matrix as JSON: codes as they are, each cell with its sentences beside them."""
        told = {
            "at": matrix.at.isoformat(), "recipients": matrix.recipients, "categories": matrix.categories,
            "policy": matrix.policy, "directory": matrix.directory,
            "caveats": [[code, self._phrases.text("caveats", code, self._language)] for code in matrix.caveats],
            "cells": [
                {
                    "recipient": cell.recipient, "category": cell.category, "permitted": cell.permitted,
                    "told": self.tell(cell), "seen": [asdict(one) for one in cell.seen],
                }
                for recipient in matrix.recipients
                for cell in matrix.of_recipient(recipient)
            ],
        }  # fmt: skip
        return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n"

    def _cell(self, code: str) -> str:
        return self._phrases.text(f"cells.{self._eye}", code, self._language)


def _sign(cell: Cell) -> str:
    """Return a sign that is no colour: seen, not seen, or its own."""
    return "=" if cell.told.holder else "+" if cell.permitted else "-"
