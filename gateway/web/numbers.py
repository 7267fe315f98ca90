"""The numbers by which people speak of a consent or a receipt, the client and the worker alike."""

from __future__ import annotations


def number_of(id: str) -> str:
    """Return the number by which a person speaks of a consent or a receipt, as in 7F3K-2M9Q: a part of its random
    id."""
    short = id[:8].upper()
    return f"{short[:4]}-{short[4:]}"
