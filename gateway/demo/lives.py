"""What happened to the demo's other people before anybody signs in as them, and the requests that wait for everyone.

So the pages can be walked to the end in each language, by one person after the other, in one demo.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.tokens.acting import Acting
from gateway.consent.model import Actor, AskedRow, ClientId, RelationKind
from gateway.demo.documents import sample_named
from gateway.demo.partner import any_worker, worker
from gateway.demo.population import system_of
from gateway.demo.stage import Stage
from gateway.errors import GatewayError

Reader = tuple[str, str, str]
"""A service, a role in it and a purpose."""

_COACH: Reader = ("tyohonvalmennus", "tyohonvalmentaja", "employment-support")
_WORKSHOP: Reader = ("tyopaja", "tyohonvalmentaja", "employment-support")
_EMPLOYMENT: Reader = ("kuntakokeilu", "omavalmentaja", "employment-support")
_SOCIAL: Reader = ("sosiaalityo", "omatyontekija", "care-coordination")
_KELA: Reader = ("kela", "kuntoutusasiantuntija", "rehabilitation-decision")
_PENSION: Reader = ("elakelaitos", "kuntoutusasiantuntija", "rehabilitation-decision")
_ASSESSMENT: Reader = ("kuntoutustutkimus", "laakari", "care")


@dataclass(frozen=True, slots=True)
class Life:
    """One person's: who read which document by their consent, or by law; who was refused; and who asks them.

    *asks* are (custodian, category, who asks), in the order in which they are asked: the next one when the one before
    is answered, so that each start of the demo leaves a request that waits.
    """

    client: str
    asks: tuple[tuple[str, str, Reader], ...]
    read: tuple[str, Reader] | None = None
    refused: tuple[str, Reader] | None = None
    section: str | None = None
    """The statute by which the document was read; None where the client consented."""


LIVES = (
    Life("suvi", (("sote-keskus", "work-ability-plan", _COACH), ("sote-keskus", "self-assessment", _COACH))),
    Life(
        "valteri", (("kuntakokeilu", "activation-plan", _WORKSHOP), ("tyopaja", "work-assessment", _SOCIAL)),
        read=("valteri-assessment", _EMPLOYMENT), refused=("valteri-assessment", _SOCIAL),
    ),
    Life(
        "ari", (("sote-keskus", "medical-statement-b", _KELA), ("sote-keskus", "medical-statement-b", _PENSION)),
        read=("ari-notice", _SOCIAL), refused=("ari-statement", _KELA), section="189/2001 22 §",
    ),
    Life(
        "maija", (("sote-keskus", "work-ability-plan", _KELA), ("sote-keskus", "work-ability-plan", _EMPLOYMENT)),
        read=("maija-therapist", _ASSESSMENT), refused=("maija-plan", _KELA),
    ),
    Life(
        "sirpa", (("sosiaalityo", "work-ability-plan", _COACH), ("sosiaalityo", "work-ability-plan", _KELA)),
        read=("sirpa-handover", _COACH), refused=("sirpa-plan", _KELA),
    ),
)  # fmt: skip


async def live(stage: Stage) -> None:
    """Let it all happen: what did once, and a request for everyone who has none. Raises GatewayError."""
    for life in LIVES:
        client = stage.clients[life.client]
        picture = await stage.gateway.recording.for_client(client)
        if not picture.consents and not picture.relations:
            await _happen(stage, life, client)
        if not picture.requests:
            await _ask(stage, life, client)


async def _happen(stage: Stage, life: Life, client: ClientId) -> None:
    if life.read is not None:
        document, reader = life.read
        if life.section is None:
            custodian = sample_named(document).custodian
            recording = any_worker(stage.world.directory, custodian)
            answer = await stage.record_consent(recording, document, _acting(stage, reader))
            if answer.status_code != 201:
                raise GatewayError(f"The consent to {document} was not recorded ({answer.status_code}).")
        else:
            await _relate(stage, client, document, reader, life.section)
        if (await stage.read(document, _acting(stage, reader))).document is None:
            raise GatewayError(f"The document {document} was not shown to {reader[0]}.")
    if life.refused is not None:
        document, reader = life.refused
        if not (await stage.read(document, _acting(stage, reader))).is_empty:
            raise GatewayError(f"The document {document} was shown to {reader[0]}.")


async def _relate(stage: Stage, client: ClientId, document: str, reader: Reader, section: str) -> None:
    custodian = sample_named(document).custodian
    recording = any_worker(stage.world.directory, custodian)
    by = Actor(custodian, system_of(custodian), recording.person, recording.person_name, recording.role)
    await stage.gateway.recording.record_relation(
        client, RelationKind.STATUTORY, custodian, (reader[0],), by=by, section=section, evidence="an interruption"
    )


async def _ask(stage: Stage, life: Life, client: ClientId) -> None:
    """Let the first ask that may: what was answered lately the gateway drops, as it does for anyone."""
    recording = stage.gateway.recording
    for custodian, category, (service, role, purpose) in life.asks:
        asking = worker(stage.world.directory, service, role, purpose)
        by = Actor(service, system_of(service), asking.person, asking.person_name, role)
        await recording.request(client, AskedRow(custodian, service, category, purpose), by)
        if (await recording.for_client(client)).requests:
            return


def _acting(stage: Stage, reader: Reader) -> Acting:
    return worker(stage.world.directory, *reader)
