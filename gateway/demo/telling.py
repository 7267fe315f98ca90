"""What the demo says as it plays: one line a step, who asked what and what came back."""

from __future__ import annotations

import os
import sys
from typing import TextIO

_GREEN, _RED, _DIM, _BOLD, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"


class Teller:
    """Numbers the steps and remembers whether all went as told. Colours are for a terminal alone."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._colours = self._out.isatty() and not os.environ.get("NO_COLOR")
        self._number = 0
        self.failed = 0

    def say(self, text: str = "") -> None:
        """Say a line that is no step."""
        print(text, file=self._out, flush=True)

    def head(self, text: str) -> None:
        """Say a headline."""
        self.say(self._in(_BOLD, text))

    def step(self, asked: str, came: str, wrong: str | None = None) -> None:
        """Tell a step; *wrong* says what should have come where something else did."""
        self._number += 1
        sign = self._in(_GREEN, "ok") if wrong is None else self._in(_RED, "NO")
        line = f"{self._number:2}. {sign} {asked} {self._in(_DIM, '->')} {came}"
        if wrong is not None:
            self.failed += 1
            line += f"; {self._in(_RED, wrong)}"
        self.say(line)

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colours else text
