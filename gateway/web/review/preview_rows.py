"""Which rows a preview is of where only recipient and category are named: every way in which a yes could open it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from gateway.consent.checks import CONSENT_BASES
from gateway.consent.model import GrantRow
from gateway.directory.model import Directory

_SHORTLY = timedelta(days=1)
"""A preview takes its rows as in force now; the end that they bear decides nothing."""


def rows_for(
    directory: Directory, recipient: str, category: str, ticks: Collection[str], now: datetime,
    *, custodian: str = "", purpose: str = "",
) -> tuple[GrantRow, ...]:  # fmt: skip
    """Return a row for each custodian whose consent may carry the category there, and each purpose of the recipient's.

    Empty where no consent could open it.
    """
    to = directory.service(recipient)
    if to is None:
        return ()
    custodians = [
        code
        for code, row in directory.services.items()
        if code != recipient and custodian in ("", code)
        for flow in (directory.flow(category, row.kind, to.kind, now),)
        if flow is not None and not CONSENT_BASES.isdisjoint(flow.bases)
    ]
    return tuple(
        GrantRow(one, recipient, category, code, now, now + _SHORTLY, frozenset(ticks) & set(directory.sensitivities))
        for one in custodians
        for code in _purposes(directory, to.kind, now)
        if purpose in ("", code)
    )


def _purposes(directory: Directory, kind: str, now: datetime) -> tuple[str, ...]:
    """Return the purposes for which somebody in such a service may ask."""
    rows = [role for code in directory.roles if (role := directory.role(code, now)) is not None and kind in role.kinds]
    return tuple(sorted({purpose for role in rows for purpose in role.purposes}))
