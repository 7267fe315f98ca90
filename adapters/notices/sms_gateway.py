"""Notices by SMS, through an operator's gateway: one POST of JSON with a bearer token, as they all have in some form.

The number stands in the body, never in an address. The reference is the notice's id: a gateway sends it once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from gateway.consent.ports import Notice, NoticePutOff, NoticeRefused

_TIMEOUT = httpx.Timeout(10.0)
_OURS_TO_MEND = frozenset({401, 402, 403, 404, 405, 408, 425, 429})
"""Answers that tell of us, of the gateway's address or of the hour, not of the number."""


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """Where messages are handed over, as which sender, with which token."""

    address: str
    sender: str
    token: str = field(repr=False)


class SmsChannel:
    """Hands notices to an SMS gateway, each in a connection of its own; *transport* is the network or a simulator's."""

    def __init__(self, gateway: SmsGateway, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._gateway, self._transport = gateway, transport

    async def send(self, notice: Notice) -> None:
        """Hand it over. Raises NoticeRefused where the gateway refuses this message, NoticePutOff else."""
        gateway = self._gateway
        body = {"to": notice.address, "from": gateway.sender, "text": notice.text, "reference": notice.id}
        headers = {"Authorization": f"Bearer {gateway.token}"}
        try:
            async with httpx.AsyncClient(
                transport=self._transport, timeout=_TIMEOUT, follow_redirects=False, trust_env=False
            ) as client:
                answer = await client.post(gateway.address, json=body, headers=headers)
        except httpx.HTTPError:
            raise NoticePutOff("sms-unreachable", down=True) from None
        if answer.is_success:
            return
        fault = f"sms-{answer.status_code}"
        if answer.is_client_error and answer.status_code not in _OURS_TO_MEND:
            raise NoticeRefused(fault)
        raise NoticePutOff(fault, down=True)
