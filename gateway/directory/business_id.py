"""Finnish business ids (Y-tunnus) and the OID that follows from one."""

from __future__ import annotations

import re

from stdnum.exceptions import ValidationError
from stdnum.fi import ytunnus

_SHAPE = re.compile(r"\d{7}-\d", re.ASCII)


def parse_business_id(text: str) -> str:
    """Return the business id as `NNNNNNN-N`, checked. Raises ValueError; whether it is assigned is not known here."""
    if not _SHAPE.fullmatch(text):
        raise ValueError("not a business id: seven digits, a hyphen and a check digit are needed")
    try:
        ytunnus.validate(text)
    except ValidationError:
        raise ValueError("not a business id: its check digit is wrong") from None
    return text


def organisation_oid(business_id: str) -> str:
    """Return the organisation's OID in the Finnish tree: 1.2.246.10 and the id without leading zeros and hyphen."""
    return "1.2.246.10." + parse_business_id(business_id).replace("-", "").lstrip("0")
