"""The sample documents of the demo world, put at disposal through the API by their custodians' systems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from adapters.fhir.samples import make_sample
from gateway.demo.partner import PartnerSystem, any_worker
from gateway.demo.population import system_of
from gateway.demo.world import World
from gateway.directory.identity_code import Identifier
from gateway.errors import GatewayError
from gateway.http.fhir_deposits import DEPOSIT_SCOPE


@dataclass(frozen=True, slots=True)
class Sample:
    """One document of the demo world."""

    name: str
    custodian: str
    client: str
    category: str
    referrer: str | None = None


SAMPLES = (
    Sample("suvi-plan", "sote-keskus", "suvi", "work-ability-plan"),
    Sample("suvi-feedback", "terveystarkastus", "suvi", "health-check-feedback", "kuntakokeilu"),
    Sample("suvi-referral", "kuntakokeilu", "suvi", "referral-summary"),
    Sample("suvi-score", "sote-keskus", "suvi", "self-assessment"),
    Sample("sirpa-plan", "sosiaalityo", "sirpa", "work-ability-plan"),
    Sample("sirpa-handover", "sosiaalityo", "sirpa", "handover"),
    Sample("ari-statement", "sote-keskus", "ari", "medical-statement-b"),
    Sample("ari-notice", "tyopaja", "ari", "interruption-notice"),
    Sample("maija-plan", "sote-keskus", "maija", "work-ability-plan"),
    Sample("maija-therapist", "sote-keskus", "maija", "therapist-feedback"),
    Sample("valteri-assessment", "tyopaja", "valteri", "work-assessment"),
    Sample("valteri-activation", "kuntakokeilu", "valteri", "activation-plan"),
)


def sample_named(name: str) -> Sample:
    """Return one of the samples. Raises StopIteration for a name that none has."""
    return next(sample for sample in SAMPLES if sample.name == name)


def path_type(world: World, category: str) -> str:
    """Return the FHIR type at whose address documents of a category lie."""
    resource = world.directory.categories[category].resource
    return "Bundle" if resource == "Composition" else resource


async def deposit_samples(
    world: World, systems: Mapping[str, PartnerSystem], there: Mapping[str, str], now: datetime,
    outside: Callable[[Sample], bool] = lambda sample: False,
) -> dict[str, str]:  # fmt: skip
    """Deposit the samples that are not *there* yet; return our id of each, by its name. Raises GatewayError.

    Those that lie *outside*, with their custodian, are not deposited.
    """
    ids = dict(there)
    for sample in SAMPLES:
        if sample.name in ids or outside(sample):
            continue
        content = make_sample(
            sample.category, world.directory, Identifier.personal(world.clients[sample.client].code), now,
            custodian=sample.custodian, referrer=sample.referrer,
        )  # fmt: skip
        system, path = systems[system_of(sample.custodian)], f"/fhir/{path_type(world, sample.category)}"
        acting = any_worker(world.directory, sample.custodian)
        answer = await system.ask(acting, DEPOSIT_SCOPE, "POST", path, body=content, fhir=True)
        if answer.status_code != 201:
            raise GatewayError(f"The sample document {sample.name} was not taken ({answer.status_code}).")
        ids[sample.name] = urlsplit(answer.headers["location"]).path.rpartition("/")[2]
    return ids
