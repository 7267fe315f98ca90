"""What is read and what ends it: a lane is one client with one document; its ground is given, read under, and ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from adapters.fhir.sample_texts import TEXTS
from gateway.consent.model import Actor, Capture, CaptureMethod, ClientId, ConsentId, GrantRow, RelationKind, Shown
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.open_gateway import Gateway
from tests.stress.wire import Wire

CUSTODIAN, RECIPIENT, CATEGORY, PURPOSE = "sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support"
HEALTH = TEXTS[CATEGORY]["health"].encode()
"""What a released plan holds only while the tick for health stands."""
KINDS = ("withdrawal", "prohibition", "tick", "relation")
_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_WORKER = Actor(service=CUSTODIAN, system=f"{CUSTODIAN}-system", worker="w-1")


def code_of(number: int) -> PersonalIdentityCode:
    """Return an artificial identity code of the 900 series."""
    digits = f"150390{900 + number:03d}"
    return PersonalIdentityCode.parse(f"150390-{digits[6:]}{_CHECK[int(digits) % 31]}")


@dataclass
class Lane:
    """One client, one document. *phase* is even while nothing is open and odd from a giving's begin to the answer of
    its end; *kind* is what stands or has just ended."""

    code: PersonalIdentityCode
    client: ClientId
    path: str
    phase: int = 0
    kind: str = "withdrawal"
    reads_in_phase: int = 0

    @property
    def identifier(self) -> Mapping[str, str]:
        """The client as a body names it."""
        return {"system": Identifier.personal(self.code).authority, "value": self.code.reveal()}

    def turn(self) -> None:
        """Go on to the next phase."""
        self.phase += 1
        self.reads_in_phase = 0


class Grounds:
    """Gives grounds through a gateway of the harness's own, and ends them at one of the serving ones."""

    def __init__(self, gateway: Gateway, wire: Wire) -> None:
        self._gateway, self._wire = gateway, wire
        wording = gateway.wordings.current()
        self._shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)

    async def give(self, lane: Lane) -> str:
        """Let a ground for reading stand; return what names it."""
        recording = self._gateway.recording
        if lane.kind == "relation":
            made = await recording.record_relation(
                lane.client, RelationKind("joint-service"), CUSTODIAN, (RECIPIENT,), by=_WORKER, evidence="decision 7"
            )
            return made.id
        ticks = frozenset({"health"}) if lane.kind == "tick" else frozenset[str]()
        capture = Capture(CaptureMethod.SELF_SERVICE)
        given = await recording.give(lane.client, (self._row(ticks),), capture, self._shown)
        return given.consent.id

    async def end(self, lane: Lane, ground: str) -> str | None:
        """End the ground; it is over when this returns. Return what has to be lifted before the next one."""
        about: dict[str, object] = {"client": lane.identifier}
        match lane.kind:
            case "withdrawal":
                await self._wire.post(f"/api/v1/consents/{ground}/withdraw", about)
            case "prohibition":
                return str((await self._wire.post("/api/v1/prohibitions", about | {"recipient": RECIPIENT}))["id"])
            case "tick":
                await self._gateway.recording.change(ConsentId(ground), (self._row(frozenset()),), self._shown)
            case _:
                await self._wire.post(f"/api/v1/relations/{ground}/end", None)
        return None

    async def clear(self, lane: Lane, ground: str, prohibition: str | None) -> None:
        """Take away what the end left, so that the next ground is the only one."""
        recording = self._gateway.recording
        if prohibition is not None:
            await recording.lift_prohibition(prohibition)
        if lane.kind in ("prohibition", "tick"):
            await recording.withdraw(ConsentId(ground))

    def _row(self, ticks: frozenset[str]) -> GrantRow:
        now = self._gateway.clock.now()
        return GrantRow(
            CUSTODIAN, RECIPIENT, CATEGORY, PURPOSE, now - timedelta(minutes=1), now + timedelta(days=90), ticks
        )
