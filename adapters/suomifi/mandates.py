"""A simulator of the register of guardians and mandates: an honest small world in memory behind `MandateRegister`.

The real register is asked over the network by the same port; it answers for one act and is never cached.
"""

from __future__ import annotations

from datetime import datetime

from gateway.consent.checks import Mandate
from gateway.consent.model import ClientId, GiverKind
from gateway.consent.ports import MandateRegister


class SimulatedMandates:
    """Knows the mandates that it was told of, until they end."""

    def __init__(self) -> None:
        self._mandates: dict[tuple[ClientId, GiverKind, str], datetime | None] = {}
        self._registers: list[MandateRegister] = []

    def lead_on_to(self, register: MandateRegister) -> None:
        """Ask *register* too for what is not known here: what people chose in it (`valtuudet`), or showed at a desk."""
        self._registers.append(register)

    def add(self, client: ClientId, kind: GiverKind, reference: str, until: datetime | None = None) -> None:
        """Register a mandate that covers consents. *kind* is guardian or mandate."""
        self._mandates[client, kind, reference] = until

    def end(self, client: ClientId, kind: GiverKind, reference: str) -> None:
        """Take a mandate out of the register."""
        self._mandates.pop((client, kind, reference), None)

    async def find(self, client: ClientId, kind: GiverKind, reference: str, at: datetime) -> Mandate | None:
        """Return the mandate if it stands at *at*; its end is exclusive."""
        key = (client, kind, reference)
        if key not in self._mandates:
            for register in self._registers:
                found = await register.find(client, kind, reference, at)
                if found is not None:
                    return found
            return None
        until = self._mandates[key]
        return Mandate(kind, reference, until) if until is None or at < until else None
