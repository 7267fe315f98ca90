"""Cut many questions into batches that one call to an engine may cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import orjson

from adapters.opa.decision import verify_cost
from gateway.errors import EngineUnavailable

MAX_BYTES = 256 * 1024
MAX_QUESTIONS = 50


def encode(facts: Mapping[str, object]) -> bytes:
    """Return *facts* as JSON; a key cannot be there twice, since a mapping has each once.

    Raises TooManyGrants, and EngineUnavailable for what JSON cannot say.
    """
    verify_cost(facts)
    try:
        return orjson.dumps(facts)
    except TypeError as error:
        raise EngineUnavailable("the facts cannot be put as JSON") from error


def batches(questions: Sequence[Mapping[str, object]]) -> Iterator[list[bytes]]:
    """Yield the *questions* as JSON, in order, in batches of bounded size; a batch holds at least one."""
    batch: list[bytes] = []
    size = 0
    for question in questions:
        encoded = encode(question)
        if batch and (size + len(encoded) > MAX_BYTES or len(batch) == MAX_QUESTIONS):
            yield batch
            batch, size = [], 0
        batch.append(encoded)
        size += len(encoded)
    if batch:
        yield batch
