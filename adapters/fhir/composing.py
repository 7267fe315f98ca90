"""Documents made of plain text, a text for each section: for services that have no system of their own to deposit from.

What is composed here passes the same acceptance as any partner's deposit: nothing is assumed of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Final

import orjson

from adapters.fhir.labels import label_codings
from adapters.fhir.terms import CATEGORY_SYSTEM, DOCUMENT_SYSTEM, LABEL_EXTENSION
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.instants import HELSINKI
from gateway.directory.layout import SECTION_SYSTEM
from gateway.directory.model import Directory
from gateway.disclosure.cut import SERVICE_SYSTEM
from gateway.disclosure.sections import Document, Json

COMPOSABLE: Final = ("work-ability-plan", "health-check-feedback", "referral-summary")
"""The categories that can be composed; others need what plain text does not tell."""
_PLAN_LASTS = timedelta(days=180)

Texts = Mapping[str, str]


def compose(
    category: str, directory: Directory, identifier: Identifier, custodian: str, at: datetime, texts: Texts,
    labels: Mapping[str, Collection[str]],
) -> tuple[str, bytes]:  # fmt: skip
    """Return the resource type to deposit under and the bytes of a document that *custodian* writes at the instant
    *at*.

    *texts* has a text for each section that is there, *labels* the sensitivities added to sections. Raises KeyError
    for a category that cannot be composed.
    """
    row, layout = directory.categories[category], directory.layouts[category]
    said = {section: texts[section].strip() for section in row.sections if texts.get(section, "").strip()}
    maker = _MAKERS[category]
    whole: Document = {"resourceType": row.resource, "meta": {"profile": [layout.profile]}, "language": "fi"}
    body = maker(_Frame(category, row.name.fi, directory, identifier, custodian, at), said)
    if contained := body.pop("contained", None):
        whole["contained"] = contained
    extensions: list[Json] = [
        {
            "url": LABEL_EXTENSION,
            "extension": [{"url": "section", "valueCode": section}, {"url": "label", "valueCoding": coding}],
        }
        for section in said
        for coding in label_codings(labels.get(section, ()), directory)
    ]
    if extensions:
        whole["extension"] = extensions
    whole |= body
    if row.resource != "Composition":
        return row.resource, orjson.dumps(whole)
    return "Bundle", orjson.dumps(_bundle(whole, at))


class _Frame:
    """What every document needs beside its sections."""

    def __init__(
        self, category: str, title: str, directory: Directory, identifier: Identifier, custodian: str, at: datetime
    ) -> None:
        self.title = title[:1].upper() + title[1:]
        coding: Document = {"system": CATEGORY_SYSTEM, "code": category, "display": title}
        self.kind: Document = {"coding": [coding], "text": self.title}
        value = identifier.value
        code = value.reveal() if isinstance(value, PersonalIdentityCode) else value
        named: Document = {"use": "official", "system": identifier.authority, "value": code}
        if identifier.issuer is not None:
            named["assigner"] = {"identifier": {"system": "urn:ietf:rfc:3986", "value": identifier.issuer}}
        self.client: Document = {"identifier": named}
        self.author: Document = {
            "type": "Organization",
            "identifier": {"system": SERVICE_SYSTEM, "value": custodian},
            "display": directory.services[custodian].name.fi,
        }
        self.at = at.astimezone(HELSINKI)
        self.dated = self.at.isoformat()


def _plan(frame: _Frame, said: Texts) -> Document:
    contained: list[Json] = []
    plan: Document = {
        "status": "active", "intent": "plan", "category": [frame.kind], "title": frame.title, "subject": frame.client,
        "period": {"start": frame.at.date().isoformat(), "end": (frame.at + _PLAN_LASTS).date().isoformat()},
        "created": frame.dated, "author": frame.author,
    }  # fmt: skip
    goals: list[Json] = []
    activities: list[Json] = []
    for section, words in said.items():
        if section in ("goals", "own-words"):
            goal: Document = {
                "resourceType": "Goal", "id": f"goal-{section}", "lifecycleStatus": "active",
                "category": [_section(section)], "description": {"text": words}, "subject": frame.client,
            }  # fmt: skip
            if section == "own-words":
                goal["expressedBy"] = {"type": "Patient", "display": "asiakas itse"}
            contained.append(goal)
            goals.append({"reference": f"#goal-{section}"})
        elif section == "responsibilities":
            member: Document = {"role": [{"text": words}], "onBehalfOf": frame.author}
            contained.append({"resourceType": "CareTeam", "id": "team", "status": "active", "participant": [member]})
            plan["careTeam"] = [{"reference": "#team"}]
        else:
            detail: Document = {
                "kind": "Task", "code": _section(section), "status": "scheduled", "description": words,
            }  # fmt: skip
            activities.append({"detail": detail})
    for element, items in (("goal", goals), ("activity", activities), ("contained", contained)):
        if items:
            plan[element] = items
    return plan


def _composition(frame: _Frame, said: Texts) -> Document:
    sections: list[Json] = [
        {
            "title": section.replace("-", " ").capitalize(),
            "code": _section(section),
            "text": {"status": "additional", "div": _narrative(words)},
        }
        for section, words in said.items()
    ]
    return {
        "status": "final", "type": frame.kind, "subject": frame.client, "date": frame.dated, "author": [frame.author],
        "title": frame.title, "attester": [{"mode": "professional", "time": frame.dated, "party": frame.author}],
        "custodian": frame.author, "section": sections,
    }  # fmt: skip


def _referral(frame: _Frame, said: Texts) -> Document:
    request: Document = {
        "status": "active", "intent": "order", "category": [frame.kind], "priority": "routine",
    }  # fmt: skip
    if "request" in said:
        request["code"] = {"text": said["request"]}
    request |= {"subject": frame.client, "authoredOn": frame.dated, "requester": frame.author}
    if "why-now" in said:
        request["reasonCode"] = [{"text": said["why-now"]}]
    inputs: list[Json] = [
        {"type": _section(section), "valueString": words}
        for section, words in said.items()
        if section not in ("why-now", "request")
    ]
    if inputs:
        request["contained"] = [{
            "resourceType": "Task", "id": "task", "status": "requested", "intent": "order",
            "focus": {"reference": "#"}, "for": frame.client, "input": inputs,
        }]  # fmt: skip
    return request


def _section(code: str) -> Document:
    return {"coding": [{"system": SECTION_SYSTEM, "code": code}]}


def _narrative(words: str) -> str:
    """Return plain text as XHTML: a paragraph for each line, everything else of it only text."""
    lines = (line.strip() for line in words.splitlines())
    paragraphs = "".join(f"<p>{escape(line, quote=False)}</p>" for line in lines if line)
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>'


def _bundle(composition: Document, at: datetime) -> Document:
    name = secrets.token_hex(16)
    urn = f"urn:uuid:{name[:8]}-{name[8:12]}-4{name[13:16]}-8{name[17:20]}-{name[20:]}"
    return {
        "resourceType": "Bundle", "identifier": {"system": DOCUMENT_SYSTEM, "value": urn}, "type": "document",
        "timestamp": at.astimezone(HELSINKI).isoformat(), "entry": [{"fullUrl": urn, "resource": composition}],
    }  # fmt: skip


_MAKERS: Final[Mapping[str, Callable[[_Frame, Texts], Document]]] = {
    "work-ability-plan": _plan, "health-check-feedback": _composition, "referral-summary": _referral,
}  # fmt: skip
