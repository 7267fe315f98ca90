"""What passes the socket: a length of four bytes, then JSON. Hashes, sizes and origins; nothing of what entries say."""

from __future__ import annotations

import socket
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

import orjson

from audit.checkpoint import Checkpoint, Step
from audit.merkle import HASH_SIZE

MAX_MESSAGE = 64 << 20


class WireInvalid(Exception):
    """What came is no message of ours."""


def send(connection: socket.socket, message: dict[str, object]) -> None:
    """Send one message."""
    data = orjson.dumps(message)
    connection.sendall(len(data).to_bytes(4) + data)


def receive(connection: socket.socket) -> dict[str, object] | None:
    """Return one message, None where the other side has gone; raises WireInvalid."""
    head = _exactly(connection, 4)
    if head is None:
        return None
    length = int.from_bytes(head)
    if length > MAX_MESSAGE:
        raise WireInvalid("the message is too long")
    data = _exactly(connection, length)
    try:
        message = orjson.loads(data or b"")
    except orjson.JSONDecodeError as error:
        raise WireInvalid("the message is no JSON") from error
    if not isinstance(message, dict):
        raise WireInvalid("the message is no object")
    return message


def packed(step: Step) -> dict[str, object]:
    """Return a step as a message."""
    return {
        "do": "sign", "origin": step.checkpoint.origin, "to": step.checkpoint.size,
        "root": b64encode(step.checkpoint.root).decode(), "size": step.size,
        "frontier": b64encode(step.frontier).decode(), "note": step.note.decode(),
        "leaves": b64encode(b"".join(step.leaves)).decode(),
    }  # fmt: skip


def unpacked(message: dict[str, object]) -> Step:
    """Return the step of a message; raises WireInvalid."""
    try:
        root, frontier, leaves = (_bytes(message[name]) for name in ("root", "frontier", "leaves"))
        origin, to, size, note = (message[name] for name in ("origin", "to", "size", "note"))
    except (KeyError, Base64Error, ValueError) as error:
        raise WireInvalid("the step is incomplete") from error
    if not (isinstance(origin, str) and isinstance(note, str) and type(to) is int and type(size) is int):
        raise WireInvalid("the step has fields of another type")
    if len(root) != HASH_SIZE or len(leaves) % HASH_SIZE or min(to, size) < 0:
        raise WireInvalid("the step has no whole hashes")
    hashes = [leaves[at : at + HASH_SIZE] for at in range(0, len(leaves), HASH_SIZE)]
    return Step(Checkpoint(origin, to, root), size, frontier, note.encode(), hashes)


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("not base64")
    return b64decode(value, validate=True)


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    parts: list[bytes] = []
    while count:
        part = connection.recv(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
