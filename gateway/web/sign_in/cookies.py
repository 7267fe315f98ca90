"""The cookies of the human edge: what they are called, and that nothing but our own pages gets them."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

_LONGEST = 128


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie. Under https its name bears `__Host-`, so that no other host and no plain http can set it."""

    name: str
    is_secure: bool
    seconds: int | None = None
    """How long the browser keeps it; None is until it is closed."""

    @classmethod
    def named(cls, name: str, base_url: str, seconds: int | None = None) -> Cookie:
        """Return the cookie of an installation at *base_url*. Plain http is this machine itself (`settings`)."""
        is_secure = base_url.startswith("https://")
        return cls(f"__Host-{name}" if is_secure else name, is_secure, seconds)

    def read(self, request: Request) -> str | None:
        """Return its value; None where it is absent or too long to be one of ours."""
        value = request.cookies.get(self.name)
        return value if value and len(value) <= _LONGEST else None

    def put(self, response: Response, value: str) -> None:
        """Set it. Lax, so that it comes along when a provider sends the browser back here."""
        response.set_cookie(
            self.name, value, max_age=self.seconds, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )

    def clear(self, response: Response) -> None:
        """Take it away."""
        response.delete_cookie(self.name, path="/", secure=self.is_secure, httponly=True, samesite="lax")
