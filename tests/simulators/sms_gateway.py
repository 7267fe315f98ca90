"""A simulator of an SMS gateway: an honest small world in memory, reached as a transport of httpx."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field

import httpx
import orjson

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


@dataclass
class SimulatedSmsGateway:
    """Takes messages for numbers that could be; the same reference is sent once. *down* makes it answer 503."""

    token: str
    down: bool = False
    sent: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was sent, by its reference."""

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return the network on which it answers."""
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            return httpx.Response(503)
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {self.token}"):
            return httpx.Response(401)
        match orjson.loads(request.content):
            case {"to": str(to), "from": str(sender), "text": str(text), "reference": str(reference)}:
                if not _NUMBER.fullmatch(to):
                    return httpx.Response(422, json={"error": "no number"})
                self.sent.setdefault(reference, {"to": to, "from": sender, "text": text})
                return httpx.Response(202, json={"reference": reference})
            case _:
                return httpx.Response(400)
