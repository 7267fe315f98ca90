"""Ids that tell their order: UUIDs of version 7 (RFC 9562), for events and for requests."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from gateway.directory.instants import to_micros


def new_event_id(at: datetime) -> str:
    """Return a new UUIDv7 for the instant *at*: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = to_micros(at) // 1000 & (1 << 48) - 1
    value = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(UUID(int=value))
