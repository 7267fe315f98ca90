"""Who a client is: what the register keeps sealed under the client's own key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from gateway.directory.identity_code import Identifier, PersonalIdentityCode


@dataclass(frozen=True, slots=True)
class Person:
    """A client's name, identifiers, own channels and way to be spoken to. It prints without any of them."""

    identifiers: tuple[Identifier, ...] = field(repr=False)
    name: str = field(default="", repr=False)
    language: str = "fi"
    register: str = "plain"
    channels: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The client's own channels, kind -> address: where codes and notices go. Never a partner's."""
    born: date | None = field(default=None, repr=False)

    def birth_date(self) -> date | None:
        """Return the date of birth, told or carried by a personal identity code; None where neither is there."""
        codes = (one.value for one in self.identifiers)
        carried = (code.birth_date for code in codes if isinstance(code, PersonalIdentityCode))
        return self.born or next(carried, None)
