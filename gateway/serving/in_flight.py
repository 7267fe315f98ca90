"""What is being answered: requests are counted from beginning to end, so that one can wait for those begun before."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send


class InFlight:
    """A layer around an application that knows which requests were begun before an instant and have not ended."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._begun = _Begun()
        self._former: list[_Begun] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        begun = self._begun
        begun.number += 1
        try:
            await self._app(scope, receive, send)
        finally:
            begun.number -= 1
            if not begun.number and begun is not self._begun:
                begun.ended.set()

    async def settled(self) -> None:
        """Return once every request that was begun before this call has ended; what begins later is not waited for."""
        former, self._begun = self._begun, _Begun()
        self._former = [one for one in (*self._former, former) if one.number]
        for one in tuple(self._former):
            await one.ended.wait()


class _Begun:
    def __init__(self) -> None:
        self.number = 0
        self.ended = asyncio.Event()
