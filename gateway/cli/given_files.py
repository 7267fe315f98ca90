"""Files that whoever types a command names: read whole, or refused in a sentence that names them."""

from __future__ import annotations

from pathlib import Path

import orjson

from audit.checkpoint import Verifier, parse_vkey
from audit.errors import AuditError
from gateway.errors import RequestInvalid


def read_bytes(file: Path) -> bytes:
    """Return what the file holds. Raises RequestInvalid where there is none, or it cannot be read."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise RequestInvalid(f"There is no file at {file}.") from None
    except OSError as error:
        raise RequestInvalid(f"{file} cannot be read: {error.strerror}.") from None


def read_text(file: Path) -> str:
    """Return the text of the file. Raises RequestInvalid for one that holds none."""
    try:
        return read_bytes(file).decode("utf-8")
    except UnicodeDecodeError:
        raise RequestInvalid(f"{file} is not a text file.") from None


def read_vkeys(file: Path) -> list[Verifier]:
    """Return a log's verifier keys, one a line. Raises RequestInvalid for a file of anything else."""
    try:
        found = [parse_vkey(line) for line in read_text(file).split()]
    except AuditError:
        found = []
    if not found:
        raise RequestInvalid(f"{file} holds no verifier keys (GET /audit/log.vkey, a line a log).")
    return found


def read_jwk_set(file: Path) -> bytes:
    """Return a JWK Set as it stands in the file. Raises RequestInvalid for a file of anything else."""
    text = read_text(file)
    try:
        whole = orjson.loads(text)
    except orjson.JSONDecodeError:
        whole = None
    keys = whole.get("keys") if isinstance(whole, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(one, dict) and "kty" in one for one in keys):
        raise RequestInvalid(f"{file} is no JWK Set.")
    return text.encode()
