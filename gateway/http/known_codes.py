"""Which codes of a body the directory does not know, each with its place. The use case judges, this helps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.directory.model import Directory
from gateway.http.schemas.base import InputInvalid
from gateway.http.schemas.consent import GrantBody
from gateway.http.strict_route import MAX_FAULTS


def check_rows(grants: Sequence[GrantBody], directory: Directory, at: datetime) -> None:
    """Raise InputInvalid with every code of the rows that the directory does not know at the instant *at*."""
    faults: list[tuple[str, str]] = []
    for number, grant in enumerate(grants):
        unknown = {
            "custodian": directory.service(grant.custodian) is None,
            "recipient": directory.service(grant.recipient) is None,
            "category": directory.category(grant.category, at) is None,
            "purpose": grant.purpose not in directory.purposes,
            "sensitivities": not directory.sensitivities.keys() >= set(grant.sensitivities),
        }
        places = [f"grants[{number}].{key}" for key, is_unknown in unknown.items() if is_unknown]
        faults += [(place, "must be a code of the directory") for place in places]
    if faults:
        raise InputInvalid("Some codes are not in the directory.", tuple(faults[:MAX_FAULTS]))
