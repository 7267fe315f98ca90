"""An installation of its own for each fault, on either store."""

from __future__ import annotations

from tests.laws.conftest import place

__all__ = ["place"]
