"""Reads of the same statement that come at the same time travel to PostgreSQL as one, and each gets its own answer.

Beginning a statement costs server and driver more than answering it. Nobody is waited for: a read is sent one pass of
the event loop after it was asked, with whatever else was asked meanwhile. All of them were asked before the statement
began, so each sees what was committed before it was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from adapters.sql.direct import Fields, Statement
from gateway.errors import StoreUnavailable

MOST = 64
"""How many questions one statement answers."""
_WAITING = 512

Values = Sequence[object]
Answer = Sequence[Fields] | Exception
Send = Callable[[Statement, Sequence[Values]], Awaitable[Sequence[Answer]]]


def gathered(one: Statement, types: Sequence[str]) -> str:
    """Return *one* as a statement that answers many questions: an array of values for each parameter, of these types.

    Each row begins with the number of its question, from 1.
    """
    places = {name: f"asked.value{number}" for number, name in enumerate(one.names)}
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, 1))
    columns = ", ".join(f"value{number}" for number in range(len(types)))
    # With OFFSET the question is planned by itself, by the index that it has when it is asked alone.
    return (
        f"SELECT asked.question, answer.* FROM unnest({arrays}) WITH ORDINALITY AS asked ({columns}, question) "  # noqa: S608
        f"CROSS JOIN LATERAL ({one.in_place_of(places)} OFFSET 0) AS answer"
    )


class Gathering:
    """Gathers what is asked in one pass of the loop. *send* returns the answers in the order of its questions."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._open: dict[str, _Batch] = {}
        self._waiting = 0

    async def fetch(self, one: Statement, values: Values) -> Sequence[Fields]:
        """Return the rows; raises StoreUnavailable, at once when too many wait already."""
        if self._waiting >= _WAITING:
            raise StoreUnavailable("too many reads wait for the database")
        batch = self._open.get(one.numbered)
        if batch is None or len(batch.questions) >= MOST:
            batch = self._open[one.numbered] = _Batch(one)
            asyncio.get_running_loop().call_soon(self._begin, batch)
        self._waiting += 1
        try:
            return await batch.answer_to(values)
        finally:
            self._waiting -= 1

    def _begin(self, batch: _Batch) -> None:
        if self._open.get(batch.statement.numbered) is batch:
            del self._open[batch.statement.numbered]
        batch.run(self._send)


class _Batch:
    """Questions of one statement, and who waits for each answer."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.questions: list[Values] = []
        self._waiting: list[asyncio.Future[Answer]] = []
        self._left = 0
        self._task: asyncio.Task[None] | None = None

    async def answer_to(self, values: Values) -> Sequence[Fields]:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.questions.append(values)
        self._waiting.append(future)
        self._left += 1
        try:
            answer = await future
        finally:
            self._left -= 1
            if self._left == 0 and self._task is not None:
                # Either it is done, or nobody waits for it any more.
                self._task.cancel()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run(self, send: Send) -> None:
        if self._left:
            self._task = asyncio.get_running_loop().create_task(self._run(send))

    async def _run(self, send: Send) -> None:
        answers: Sequence[Answer]
        try:
            answers = await send(self.statement, self.questions)
        except Exception as error:
            # Each is told as though it had asked alone.
            answers = [error] * len(self._waiting)
        for future, answer in zip(self._waiting, answers, strict=True):
            if not future.done():
                future.set_result(answer)
