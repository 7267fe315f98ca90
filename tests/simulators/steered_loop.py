"""An event loop whose time jumps ahead when told: what is to be waited for is over at once, on a busy machine too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")


class SteeredLoop(asyncio.SelectorEventLoop):
    """Its time goes as the machine's does, and further at each `advance`: whoever waits so long has waited."""

    _ahead = 0.0

    def time(self) -> float:
        """Return the loop's time in seconds."""
        return super().time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let so many seconds have passed."""
        self._ahead += seconds


def on_steered_time(test: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """Run a test on such a loop of its own; `pass_time` steers it."""

    @wraps(test)
    def run(*given: P.args, **named: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=SteeredLoop) as runner:
            runner.run(test(*given, **named))

    return run


def pass_time(seconds: float) -> None:
    """Let so many seconds have passed for all that waits on the loop of this test."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteeredLoop)
    loop.advance(seconds)
