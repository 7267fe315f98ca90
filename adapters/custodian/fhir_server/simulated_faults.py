"""How the simulated server misbehaves, and what it then makes of the resources that it found."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from enum import Enum

import orjson

from adapters.custodian.fhir_server.simulated_resources import CATEGORY_OF, PERSON_OF, meta_of, patient_of
from gateway.disclosure.sections import Document, Json


class Fault(Enum):
    """How the server misbehaves, at searches; being down is told by `SimulatedServer.stop`."""

    SLOW = "does not answer"
    TRICKLES = "sends a byte now and then"
    HUGE = "sends two gigabytes"
    BROKEN = "answers 500"
    REDIRECTS = "redirects to a private address"
    NOT_JSON = "sends what is not JSON"
    NOT_FHIR = "sends a resource that is not of R4's form"
    WRONG_TYPE = "sends another resource type"
    WRONG_CATEGORY = "sends a document of another category"
    WRONG_CLIENT = "sends another client's document"
    ANOTHER = "sends another document of the client beside the one asked for"
    NO_LABELS = "forgets the security labels"
    ODD_LABELS = "says security labels that nobody knows"
    CHANGES = "changes the document at each look, without counting versions"
    LEADS_AWAY = "says that the next page lies at a private address"


def bent(
    fault: Fault | None, kind: str, found: Sequence[Document], patients: Sequence[str], looks: int
) -> list[Document]:
    """Return the resources of a search as a server with that fault sends them; *looks* counts its searches."""
    sent = [copy.deepcopy(one) for one in found]
    element, person = CATEGORY_OF.get(kind, "category"), PERSON_OF.get(kind, "subject")
    for one in sent:
        match fault:
            case Fault.NOT_FHIR:
                one["status"] = {"odd": True}
            case Fault.WRONG_TYPE:
                one["resourceType"] = "Basic"
            case Fault.WRONG_CATEGORY:
                one[element] = _other_category(one[element])
            case Fault.WRONG_CLIENT:
                others = [id_ for id_ in patients if id_ != patient_of(kind, one)]
                one[person] = {"reference": f"Patient/{others[0] if others else 'nobody'}"}
            case Fault.NO_LABELS:
                one["meta"] = {key: value for key, value in meta_of(one).items() if key != "security"}
            case Fault.ODD_LABELS:
                one["meta"] = meta_of(one) | {"security": [{"system": "urn:example:labels", "code": "X9"}]}
            case Fault.CHANGES:
                one["title"] = f"Changed {looks} times"
            case _:
                pass
    if sent and fault is Fault.ANOTHER:
        sent.append(copy.deepcopy(sent[0]) | {"id": f"{sent[0]['id']}-too"})
    return sent


def _other_category(value: Json) -> Json:
    text = orjson.dumps(value)
    here, there = b'"work-ability-plan"', b'"activation-plan"'
    other: Json = orjson.loads(text.replace(here, there) if here in text else text.replace(there, here))
    return other
