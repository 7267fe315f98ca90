"""Ids that tell their order: UUIDs of version 7 (RFC 9562), for events and for requests."""

from __future__ import annotations

import secrets
from datetime import datetime

from gateway.directory.instants import to_micros


def new_event_id(at: datetime) -> str:
    """Return a new UUIDv7 for the instant *at*: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = to_micros(at) // 1000 & (1 << 48) - 1
    chance = int.from_bytes(secrets.token_bytes(10))
    value = milliseconds << 80 | 7 << 76 | (chance >> 68) << 64 | 2 << 62 | chance & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
