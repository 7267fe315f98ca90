"""The client's identifier as it travels: in a POST body, never in a URL."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from gateway.directory.identity_code import NATIONAL_AUTHORITY, Identifier, IdentityCodeError
from gateway.http.schemas.base import Incoming, InputInvalid, Line, ShortText, fault


def _without_blanks(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise fault("must be a URI such as urn:oid:1.2.246.21")
    return text


Authority = Annotated[
    str, Field(pattern=r"^(urn:|https://)[!-~]{1,190}$", max_length=200), AfterValidator(_without_blanks)
]


class ClientIdentifier(Incoming):
    """Who assigned the identifier, and its value; a temporary identity code (900 series) names its issuer too."""

    system: Authority = Field(examples=[NATIONAL_AUTHORITY])
    value: Line = Field(max_length=200, examples=["140395-9022"])
    issuer: ShortText | None = Field(default=None, max_length=200)

    def to_domain(self, at: datetime, *, demo: bool = False) -> Identifier:
        """Return the identifier. Raises InputInvalid, which never repeats the value.

        In a demo a temporary code counts without its issuer: all codes there are of that series.
        """
        try:
            identifier = Identifier.assigned(self.system, self.value, self.issuer, at=at)
        except IdentityCodeError as error:
            if self.system != NATIONAL_AUTHORITY:
                raise _invalid("client", error.detail) from error
            detail = "must be a personal identity code of eleven characters whose date and check character are right"
            raise _invalid("client.value", detail) from error
        if not identifier.is_complete and not demo:
            raise _invalid("client.issuer", "is required with a temporary code: name who issued it")
        return identifier


def _invalid(path: str, detail: str) -> InputInvalid:
    return InputInvalid("The client's identifier cannot be used as it stands.", ((path, detail),))
