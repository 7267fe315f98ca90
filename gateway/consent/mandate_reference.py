"""By which reference a mandate is known here: whose it is, and when it was chosen.

A reference that we make is new at each choosing, since what the register is asked by is sealed by it; its first part
names the mandate itself, the same at each choosing, so that an end ends what rests on all of them. A reference of
another's making is the mandate's name as it stands.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime

from gateway.consent.model import GiverKind
from gateway.directory.identity_code import PersonalIdentityCode
from gateway.directory.instants import from_micros, to_micros

_OURS = re.compile(r"(valtuudet-[0-9a-f]{32})@([0-9]{1,16})-[0-9a-f]{32}", re.ASCII)


NamesMandate = Callable[[PersonalIdentityCode, PersonalIdentityCode, GiverKind], str]
"""Returns the 32 hex digits that name the mandate of a bearer, the first, for a client; they tell neither."""


def naming(keyed: Callable[[str, str], str]) -> NamesMandate:
    """Return what names mandates by a keyed hash of two texts, which must stay the same for as long as consents do."""

    def name(bearer: PersonalIdentityCode, client: PersonalIdentityCode, kind: GiverKind) -> str:
        # No party has a colon in its code, so this is no party's reference of anybody.
        return keyed(f"mandate:{kind}", f"{bearer.reveal()} {client.reveal()}")

    return name


def new_reference(mandate: str, at: datetime) -> str:
    """Return a reference of its own for one choosing of a mandate; *mandate* is 32 hex digits that name it."""
    return f"valtuudet-{mandate}@{to_micros(at)}-{secrets.token_hex(16)}"


def mandate_of(reference: str) -> str:
    """Return the name of the mandate that a reference leads to: of one client, one kind and one bearer."""
    ours = _OURS.fullmatch(reference)
    return reference if ours is None else ours[1]


def is_over(reference: str, ended: datetime | None) -> bool:
    """Return whether a reference leads to nothing since the mandate's end was recorded at *ended*; None is never.

    What was chosen after that in the register rests on its word of then. A reference that does not tell when it was
    chosen is over for good.
    """
    ours = _OURS.fullmatch(reference)
    return ended is not None and (ours is None or from_micros(int(ours[2])) <= ended)
