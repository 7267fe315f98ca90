"""Steps about documents: deposited by custodians, asked for and searched by partners, all over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
import orjson

from adapters.fhir.samples import make_sample, sections_in
from adapters.tokens.acting import Acting
from gateway.demo.partner import PartnerSystem, any_worker, worker
from gateway.demo.population import system_of, written
from gateway.directory.identity_code import Identifier
from gateway.disclosure.opened import Opened
from gateway.http.fhir_deposits import DEPOSIT_SCOPE
from gateway.rehearsal.case import NOT_AVAILABLE, REQUEST_INVALID, Deposit, Permitted, Refused, Request, Search
from gateway.rehearsal.officer import entries_since, mark
from gateway.rehearsal.stage import Stage, StoredDocument, Unexpected, expect, say

_ANSWERS = frozenset({"decision", "disclosure", "custodian.read"})
_OWN_HEADERS = frozenset({"x-request-id", "date"})
_NOBODYS = "0" * 32


async def deposit(stage: Stage, step: Deposit) -> None:
    """Put a document at disposal as its custodian's system does."""
    directory = stage.world.directory
    content: object = step.content
    if content is None:
        content = make_sample(
            step.category, directory, Identifier.personal(stage.world.clients[step.client].code),
            step.dated or stage.clock.now(), step.labels, step.sections, custodian=step.by, referrer=step.referrer,
        )  # fmt: skip
    acting, path = any_worker(directory, step.by), f"/fhir/{stage.path_type(step.category)}"
    answer = await stage.system(system_of(step.by)).ask(acting, DEPOSIT_SCOPE, "POST", path, body=content, fhir=True)
    if answer.status_code != 201:
        raise Unexpected(f"the deposit was not taken: {told(answer)}")
    id_ = urlsplit(answer.headers["location"]).path.rpartition("/")[2]
    stage.documents[step.name] = StoredDocument(id_, step.category)


async def request(stage: Stage, step: Request) -> None:
    """Ask for one document, and compare answer and entry with what the case expects."""
    document = stage.documents[step.document]
    type_ = stage.path_type(document.category)
    acting = worker(stage.world.directory, step.by, step.role, step.purpose, assurance=step.assurance)
    system = stage.system(step.system)
    before = mark(stage.gateway)
    headers = {"saattaen-basis": step.basis} if step.basis is not None else {}
    answer = await _read(system, acting, type_, document.id, headers)
    entries = entries_since(stage.gateway, before, _ANSWERS)
    if len(entries) != 1:
        raise Unexpected(f"one entry in the log was expected for this request, {len(entries)} came ({told(answer)})")
    match step.expect:
        case Permitted() as permitted:
            _check_permitted(stage, permitted, document, answer, entries[0])
        case Refused() as refused:
            _check_refused(refused, answer, entries[0])
            if REQUEST_INVALID not in _reasons(entries[0]):
                _check_uniform(answer, await _read(system, acting, type_, _NOBODYS, headers))


async def search(stage: Stage, step: Search) -> None:
    """Search a client's documents, of each type where no category is named, and compare what came."""
    directory = stage.world.directory
    acting, system = worker(directory, step.by, step.role, step.purpose), stage.system(system_of(step.by))
    categories = directory.categories if step.category is None else (step.category,)
    found: list[str] = []
    for type_ in sorted({stage.path_type(category) for category in categories}):
        form = {"patient.identifier": written(stage.identifier(step.client))}
        form |= {"category": step.category} if step.category is not None else {}
        answer = await system.ask(acting, f"system/{type_}.s", "POST", f"/fhir/{type_}/_search", form=form)
        if answer.status_code != 200:
            raise Unexpected(f"the search of {type_} was not answered: {told(answer)}")
        bundle = orjson.loads(answer.content)
        if "total" in bundle:
            raise Unexpected(f"the search of {type_} tells a total")
        found += [stage.name_of(entry["resource"]["id"]) for entry in bundle.get("entry", [])]
    expect("documents", sorted(step.documents), sorted(found))


def told(answer: httpx.Response) -> str:
    """Return what an answer says, for a report: its status and its error's code and sentence."""
    try:
        said = orjson.loads(answer.content)
        if said.get("resourceType") == "OperationOutcome":
            issues = said["issue"]
            code = issues[0]["details"]["coding"][0]["code"]
            places = "; ".join(
                f"{' '.join(one.get('expression', []))} {one.get('diagnostics', '')}".strip() for one in issues[:3]
            )
            return f"{answer.status_code} {code}: {places}"
        return f"{answer.status_code} {said.get('reason') or said.get('code') or ''} {said.get('detail') or ''}".strip()
    except (orjson.JSONDecodeError, AttributeError, KeyError, IndexError, TypeError):
        return f"{answer.status_code}"


async def _read(
    system: PartnerSystem, acting: Acting, type_: str, document: str, headers: Mapping[str, str]
) -> httpx.Response:
    return await system.ask(acting, f"system/{type_}.r", "GET", f"/fhir/{type_}/{document}", headers=headers)


def _check_permitted(
    stage: Stage, expected: Permitted, document: StoredDocument, answer: httpx.Response, entry: Opened
) -> None:
    if answer.status_code != 200:
        raise Unexpected(f"expected a permit, came a refusal: {say(_reasons(entry))} ({answer.status_code})")
    expect("the entry that the answer names", answer.headers.get("saattaen-entry"), f"{entry.origin}/{entry.index}")
    if expected.basis is not None:
        expect("basis", expected.basis, _basis(entry))
    if expected.consent is not None:
        relied = _relied_on(entry, document.id)
        names = [name for name, id_ in stage.consents.items() if id_ in relied]
        if expected.consent not in names:
            raise Unexpected(f"consent: expected {expected.consent}, relied on was {say(names)}")
    layout = stage.world.directory.layouts[document.category]
    there = sections_in(orjson.loads(answer.content), layout)
    if missing := set(expected.present) - there:
        raise Unexpected(f"sections: {say(missing)} should be there; there are {say(there)}")
    if kept := set(expected.absent) & there:
        raise Unexpected(f"sections: {say(kept)} should not be there; there are {say(there)}")


def _check_refused(expected: Refused, answer: httpx.Response, entry: Opened) -> None:
    if answer.status_code == 200:
        raise Unexpected(f"expected a refusal {say(expected.reasons)}, came a permit on {say(_basis(entry))}")
    expect("kind and outcome of the entry", ("decision", "deny"), (entry.kind, entry.outcome))
    reasons = _reasons(entry)
    if expected.reasons is not None:
        expect("reasons", sorted(expected.reasons), sorted(reasons))
    status, code = (400, REQUEST_INVALID) if REQUEST_INVALID in reasons else (404, NOT_AVAILABLE)
    if answer.status_code != status or f" {code}:" not in f" {told(answer)}":
        raise Unexpected(f"outwardly expected {status} {code}, came {told(answer)}")


def _check_uniform(answer: httpx.Response, nobodys: httpx.Response) -> None:
    """Raise Unexpected unless this refusal is what an id that nobody has is answered with."""
    for what, ours, theirs in (
        ("status", answer.status_code, nobodys.status_code),
        ("headers", _headers(answer), _headers(nobodys)),
        ("body", answer.content, nobodys.content),
    ):
        if ours != theirs:
            raise Unexpected(f"the refusal can be told from that of an unknown document by its {what}")


def _headers(answer: httpx.Response) -> list[tuple[bytes, bytes]]:
    return sorted((name, value) for name, value in answer.headers.raw if name.decode().lower() not in _OWN_HEADERS)


def _reasons(entry: Opened) -> list[str]:
    reasons = (entry.b or {}).get("reasons")
    return [str(one) for one in reasons] if isinstance(reasons, list) else []


def _basis(entry: Opened) -> str | None:
    match entry.b:
        case {"documents": [{"basis": str(basis)}]}:
            return basis
        case _:
            return None


def _relied_on(entry: Opened, document: str) -> set[str]:
    reliance = (entry.s or {}).get("reliance")
    row = reliance.get(document) if isinstance(reliance, Mapping) else None
    grants = row.get("grants") if isinstance(row, Mapping) else None
    return {str(one[1]) for one in grants} if isinstance(grants, list) else set()
