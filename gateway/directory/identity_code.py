"""Finnish personal identity codes, kept out of sight: the value leaves this type only through `reveal`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn, final

from stdnum.exceptions import ValidationError
from stdnum.fi import hetu

from gateway.directory.identity_trace import holds_identity_code
from gateway.directory.instants import HELSINKI
from gateway.errors import RequestInvalid

NATIONAL_AUTHORITY = "urn:oid:1.2.246.21"
"""The assigning authority of personal identity codes."""

_SHAPE = re.compile(r"\d{6}[-+YXWVUA-F]\d{3}[0-9A-FHJ-NPR-Y]", re.ASCII)
_OID = re.compile(r"urn:oid:(0|[1-9]\d*)(\.(0|[1-9]\d*))*", re.ASCII)
_CENTURIES = {"+": 1800} | dict.fromkeys("-YXWVU", 1900) | dict.fromkeys("ABCDEF", 2000)


class IdentityCodeError(RequestInvalid):
    """Not a personal identity code. The text never holds what was given."""


@final
class PersonalIdentityCode:
    """One person's identity code, all eleven characters: codes that differ in the separator alone are different people.

    Make it with `parse`. Printing, formatting, pickling and errors never show the value; a page may show `masked`.
    """

    __slots__ = ("__value",)
    __value: str

    def __init__(self) -> None:
        raise TypeError("make it with PersonalIdentityCode.parse")

    @classmethod
    def parse(cls, text: str, *, at: datetime | None = None) -> PersonalIdentityCode:
        """Return the code that *text* says, after stripping spaces and raising to upper case; nothing else is repaired.

        The date must exist and, given *at*, not lie after it. The 900 series is accepted; `is_temporary` tells it.
        Raises IdentityCodeError.
        """
        # Non-ASCII is refused first: upper() could turn it into ASCII, and python-stdnum turns other dashes into '-'.
        stripped = text.strip()
        value = stripped.upper() if stripped.isascii() else ""
        if not _SHAPE.fullmatch(value):
            raise IdentityCodeError("not a personal identity code: eleven characters are needed, as in ddmmyy-nnnc")
        try:
            hetu.validate(value, allow_temporary=True)
        except ValidationError:
            # Without `from None` the library's exception could carry the value into a traceback.
            detail = "not a personal identity code: its date, number or check character is wrong"
            raise IdentityCodeError(detail) from None
        code = object.__new__(cls)
        object.__setattr__(code, "_PersonalIdentityCode__value", value)
        if at is not None and code.birth_date > at.astimezone(HELSINKI).date():
            raise IdentityCodeError("not a personal identity code: its date lies in the future")
        return code

    def reveal(self) -> str:
        """Return the eleven characters: for keyed digests, encryption and registers that ask for them; not for logs."""
        return self.__value

    @property
    def birth_date(self) -> date:
        """The date of birth that the code carries; its century is told by the separator."""
        value = self.__value
        return date(_CENTURIES[value[6]] + int(value[4:6]), int(value[2:4]), int(value[:2]))

    @property
    def is_temporary(self) -> bool:
        """Whether the code is of the 900 series: artificial, and an identifier only together with its issuer."""
        return self.__value[7] == "9"

    @property
    def masked(self) -> str:
        """What a page shows to the person and to who works with them: `140395-****`."""
        return self.__value[:7] + "****"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PersonalIdentityCode) and self.__value == other.__value

    def __hash__(self) -> int:
        return hash((PersonalIdentityCode, self.__value))

    def __repr__(self) -> str:
        return "<personal identity code>"

    __str__ = __repr__

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a personal identity code does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a personal identity code does not change")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a personal identity code is not pickled")

    def __copy__(self) -> PersonalIdentityCode:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> PersonalIdentityCode:
        return self


@dataclass(frozen=True, slots=True, repr=False)
class Identifier:
    """An identifier of a person: who assigned it, the value and, for a temporary code, who issued it.

    One person's identifier has one form, whoever writes it: else what is recorded of it would protect a twin. Make it
    with `personal` or `assigned`.
    """

    authority: str
    value: PersonalIdentityCode | str
    issuer: str | None = None

    @classmethod
    def personal(cls, code: PersonalIdentityCode, issuer: str | None = None) -> Identifier:
        """Return the identifier of a personal identity code; who issued it counts of a temporary one alone."""
        return cls(NATIONAL_AUTHORITY, code, issuer if code.is_temporary else None)

    @classmethod
    def assigned(cls, authority: str, value: str, issuer: str | None, *, at: datetime | None = None) -> Identifier:
        """Return the identifier that somebody wrote with its *authority*, a URI, whose scheme may be in any case.

        A value that has the shape of a personal identity code is one of the national authority, or none. Raises
        IdentityCodeError.
        """
        named = _folded(authority)
        if named == NATIONAL_AUTHORITY:
            return cls.personal(PersonalIdentityCode.parse(value, at=at), issuer)
        if named.startswith("urn:oid:") and not _OID.fullmatch(named):
            raise IdentityCodeError("not an authority: an object identifier is numbers with dots between them")
        if holds_identity_code(value):
            raise IdentityCodeError(f"a personal identity code is of {NATIONAL_AUTHORITY}")
        return cls(named, value, issuer)

    @property
    def is_complete(self) -> bool:
        """Whether it names one person: a temporary code without its issuer does not (the demo alone lets it pass)."""
        return not (isinstance(self.value, PersonalIdentityCode) and self.value.is_temporary and self.issuer is None)

    def canonical(self) -> bytes:
        """Return the bytes to key a look-up digest on, different for every identifier. They hold the value."""
        value = self.value.reveal() if isinstance(self.value, PersonalIdentityCode) else self.value
        parts = (self.authority, "" if self.issuer is None else "i" + self.issuer, value)
        return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)

    def __repr__(self) -> str:
        return f"<identifier of {self.authority}>"

    __str__ = __repr__


def _folded(authority: str) -> str:
    """Return a URI as all of its writings that mean the same: scheme and namespace of a URN are in any case (RFC 8141),
    scheme and host of an address too."""
    steps = 2 if authority[:4].lower() == "urn:" else 3
    separator = ":" if steps == 2 else "/"
    *head, rest = authority.split(separator, steps)
    return separator.join([*(one.lower() for one in head), rest]) if len(head) == steps else authority.lower()
