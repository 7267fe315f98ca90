"""Valid documents of every category for demo, rehearsals and tests: every section has a text of its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from adapters.fhir.labels import label_codings
from adapters.fhir.sample_frame import SampleFrame
from adapters.fhir.sample_texts import TEXTS
from adapters.fhir.terms import DOCUMENT_SYSTEM, LABEL_EXTENSION, REFERRER_EXTENSION
from gateway.directory.identity_code import Identifier
from gateway.directory.instants import HELSINKI
from gateway.directory.layout import SECTION_EXTENSION, Layout
from gateway.directory.model import Directory
from gateway.disclosure.cut import SERVICE_SYSTEM
from gateway.disclosure.minimise import document_in
from gateway.disclosure.sections import Document, Json
from gateway.disclosure.sections import sections_in as sections_of_document


def make_sample(
    category: str,
    directory: Directory,
    identifier: Identifier,
    dated: datetime,
    labels: Collection[str] = (),
    sections: Mapping[str, Collection[str]] | None = None,
    *,
    only: Collection[str] | None = None,
    custodian: str | None = None,
    referrer: str | None = None,
) -> Document:
    """Return a document that `intake.parse_document` accepts; of a Composition's category, its document Bundle.

    *labels* are sensitivities of the whole, *sections* those added to sections. It has every section of the category,
    or those in *only*. *custodian* and *referrer* are codes of services. Raises KeyError for an unknown category.
    """
    row, layout = directory.categories[category], directory.layouts[category]
    text = {section: TEXTS[category][section] for section in row.sections if only is None or section in only}
    resource = _MAKERS[row.resource](SampleFrame(row, layout, directory, identifier, dated, custodian), text)
    whole: Document = {"resourceType": row.resource, "meta": {"profile": [layout.profile]}, "language": "fi"}
    if codings := label_codings(labels, directory):
        whole["meta"] = {"profile": [layout.profile], "security": codings}
    extensions: list[Json] = [
        {
            "url": LABEL_EXTENSION,
            "extension": [{"url": "section", "valueCode": section}, {"url": "label", "valueCoding": coding}],
        }
        for section, added in (sections or {}).items()
        for coding in label_codings(added, directory)
    ]
    if referrer is not None:
        service: Document = {"system": SERVICE_SYSTEM, "value": referrer}
        extensions.append({"url": REFERRER_EXTENSION, "valueIdentifier": service})
    contained = resource.pop("contained", None)
    if contained:
        whole["contained"] = contained
    if extensions:
        whole["extension"] = extensions
    whole |= resource
    return whole if row.resource != "Composition" else _bundle(whole, dated)


def sections_in(document: Document, layout: Layout) -> set[str]:
    """Return the sections that a document holds: deposited or released, of a document Bundle its Composition."""
    return sections_of_document(document_in(document), layout)


def _care_plan(frame: SampleFrame, text: Mapping[str, str]) -> Document:
    contained: list[Json] = []
    goals: list[Json] = []
    activities: list[Json] = []
    plan: Document = {
        "status": "active",
        "intent": "plan",
        "category": [frame.kind],
        "title": frame.title,
        "subject": frame.client,
    }
    coded = frame.category.code == "work-ability-plan"
    for section, words in text.items():
        if section in ("goals", "own-words"):
            name = f"goal-{section}"
            goal: Document = {"resourceType": "Goal", "id": name, "lifecycleStatus": "active"}
            if coded:
                goal["category"] = [frame.section(section)]
            goal |= {"description": {"text": words}, "subject": frame.client}
            if section == "own-words":
                goal["expressedBy"] = {"type": "Patient", "display": "asiakas itse"}
            contained.append(goal)
            goals.append({"reference": f"#{name}"})
        elif section == "responsibilities":
            worker: Document = {
                "role": [{"text": words}],
                "member": {"type": "Practitioner", "display": "Vastuutyöntekijä Olli Esimerkki"},
                "onBehalfOf": frame.author,
            }
            contained.append({"resourceType": "CareTeam", "id": "team", "status": "active", "participant": [worker]})
        elif section == "period":
            plan["period"] = {"start": frame.day(0), "end": frame.day(180)}
        else:
            detail: Document = {"kind": "Task", "status": "scheduled", "description": words}
            if coded:
                detail = {"kind": "Task", "code": frame.section(section), "status": "scheduled", "description": words}
            activities.append({"detail": detail})
    if "period" not in frame.category.sections:
        plan["period"] = {"start": frame.day(0), "end": frame.day(180)}
    plan |= {"created": frame.dated, "author": frame.author, "contributor": [{"type": "Patient", "display": "asiakas"}]}
    if "responsibilities" in text:
        plan["careTeam"] = [{"reference": "#team"}]
    if goals:
        plan["goal"] = goals
    if activities:
        plan["activity"] = activities
    if contained:
        plan["contained"] = contained
    return plan


def _composition(frame: SampleFrame, text: Mapping[str, str]) -> Document:
    sections: list[Json] = [
        {
            "title": frame.section_title(section),
            "code": frame.section(section),
            "text": {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{words}</p></div>'},
        }
        for section, words in text.items()
    ]
    return {
        "status": "final",
        "type": frame.kind,
        "subject": frame.client,
        "date": frame.dated,
        "author": [frame.author],
        "title": frame.title,
        "attester": [
            {"mode": "professional", "time": frame.dated, "party": frame.author},
            {"mode": "personal", "time": frame.dated},
        ],
        "custodian": frame.author,
        "section": sections,
    }


def _service_request(frame: SampleFrame, text: Mapping[str, str]) -> Document:
    inputs: list[Json] = [
        {"type": frame.section(section), "valueString": words}
        for section, words in text.items()
        if section not in ("why-now", "request")
    ]
    request: Document = {"status": "active", "intent": "order", "category": [frame.kind], "priority": "routine"}
    if "request" in text:
        request["code"] = {"text": text["request"]}
    request["subject"] = frame.client
    if "request" in text:
        request["occurrenceDateTime"] = frame.day(30)
    request |= {"authoredOn": frame.dated, "requester": frame.author}
    if "why-now" in text:
        request["reasonCode"] = [{"text": text["why-now"]}]
    if inputs:
        task: Document = {
            "resourceType": "Task",
            "id": "task",
            "status": "requested",
            "intent": "order",
            "focus": {"reference": "#"},
            "for": frame.client,
            "input": inputs,
        }
        request["contained"] = [task]
    return request


def _communication(frame: SampleFrame, text: Mapping[str, str]) -> Document:
    notice: Document = {
        "status": "completed",
        "category": [frame.kind],
        "subject": frame.client,
        "sent": frame.dated,
        "sender": frame.author,
    }
    if "reason-code" in text:
        notice["reasonCode"] = [{"text": text["reason-code"]}]
    payload: list[Json] = [
        {"extension": [{"url": SECTION_EXTENSION, "valueCode": section}], "contentString": words}
        for section, words in text.items()
        if section != "reason-code"
    ]
    if payload:
        notice["payload"] = payload
    return notice


def _observation(frame: SampleFrame, text: Mapping[str, str]) -> Document:
    observation: Document = {
        "status": "final",
        "category": [frame.kind],
        "code": {"text": "Työkykypistemäärä 0-10, asiakkaan oma arvio"},
        "subject": frame.client,
        "effectiveDateTime": frame.dated,
        "performer": [{"type": "Patient", "display": "asiakas"}],
    }
    if "score" in text:
        observation |= {"valueInteger": 5, "interpretation": [{"text": text["score"]}]}
    return observation


def _document_reference(frame: SampleFrame, text: Mapping[str, str]) -> Document:
    data = text.get("document", "").encode()
    attachment: Document = {
        "contentType": "text/plain",
        "language": "fi",
        "data": base64.b64encode(data).decode(),
        "size": len(data),
        "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
        "title": frame.title,
    }
    return {
        "status": "current",
        "docStatus": "final",
        "type": frame.kind,
        "subject": frame.client,
        "date": frame.at.isoformat(timespec="microseconds"),
        "author": [frame.author],
        "custodian": frame.author,
        "content": [{"attachment": attachment}],
    }


def _task(frame: SampleFrame, text: Mapping[str, str]) -> Document:
    inputs: list[Json] = [{"type": frame.section(section), "valueString": words} for section, words in text.items()]
    return {
        "status": "requested",
        "intent": "proposal",
        "priority": "routine",
        "code": frame.kind,
        "for": frame.client,
        "authoredOn": frame.dated,
        "requester": frame.author,
        "input": inputs,
    }


def _bundle(composition: Document, dated: datetime) -> Document:
    subject = hashlib.sha256(dated.isoformat().encode()).hexdigest()[:32]
    urn = f"urn:uuid:{subject[:8]}-{subject[8:12]}-4{subject[13:16]}-8{subject[17:20]}-{subject[20:]}"
    return {
        "resourceType": "Bundle",
        "identifier": {"system": DOCUMENT_SYSTEM, "value": urn},
        "type": "document",
        "timestamp": dated.astimezone(HELSINKI).isoformat(),
        "entry": [{"fullUrl": urn, "resource": composition}],
    }


_MAKERS: Mapping[str, Callable[[SampleFrame, Mapping[str, str]], Document]] = {
    "CarePlan": _care_plan,
    "Composition": _composition,
    "ServiceRequest": _service_request,
    "Communication": _communication,
    "Observation": _observation,
    "DocumentReference": _document_reference,
    "Task": _task,
}
