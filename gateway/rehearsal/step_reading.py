"""Each kind of step, from its row to its value. The keys are those of the table in the cases' README, and no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.consent.model import CaptureMethod, RelationKind
from gateway.demo.population import system_of
from gateway.directory.rows import Row
from gateway.disclosure.decision import REASONS
from gateway.rehearsal import reading
from gateway.rehearsal.case import (
    Act,
    Advance,
    AskedGrant,
    Change,
    Confirm,
    Deposit,
    GiveConsent,
    MoveTo,
    Notified,
    Permitted,
    Prohibit,
    Refuse,
    Refused,
    Relate,
    Representative,
    Request,
    Search,
    See,
    SeenEntry,
    Suspend,
    Unprohibit,
    Verify,
    Withdraw,
)
from gateway.rehearsal.reading import Known, client, is_free, new_name, one_of, optional_one_of, refused_code, service

_ASSURANCES = ("low", "substantial", "high")
_SEEN_KINDS = (
    "decision", "disclosure", "consent.given", "consent.changed", "consent.withdrawn", "consent.refused",
)  # fmt: skip
_TOLD_KINDS = ("consent.withdrawn", "consent.changed")


def _deposit(row: Row, known: Known) -> Act:
    directory = known.world.directory
    name, category = new_name(row, known.documents), reading.category(row, known)
    shape = directory.categories.get(category)
    known.documents[name] = category
    sections: dict[str, tuple[str, ...]] = {}
    if row.has("sections"):
        labelled = row.row("sections")
        for section in labelled.content:
            if shape is not None and section not in shape.sections:
                labelled.fault(section, f"is no section of {category}")
            sections[section] = reading.some_of(labelled, section, directory.sensitivities, "sensitivity")
    content = row.row("content").content if row.has("content") else None
    return Deposit(
        name, service(row, "by", known), client(row, known), category,
        reading.some_of(row, "labels", directory.sensitivities, "sensitivity"), sections,
        reading.optional_service(row, "referrer", known), reading.optional_instant(row, "dated"), content,
    )  # fmt: skip


def _grants(row: Row, known: Known) -> tuple[AskedGrant, ...]:
    free, directory = is_free(row), known.world.directory
    grants = []
    for one in row.rows("grants"):
        sensitivities = one.texts("sensitivities", required=False)
        if not free and (unknown := sorted(set(sensitivities) - directory.sensitivities.keys())):
            one.fault("sensitivities", f"{', '.join(unknown)}: no such sensitivity")
        grant = AskedGrant(
            custodian=service(one, "custodian", known, free=free),
            recipient=service(one, "recipient", known, free=free),
            category=reading.category(one, known, free=free),
            purpose=one_of(one, "purpose", directory.purposes, "purpose of the directory", free=free),
            until=reading.instant(one, "until"),
            valid_from=reading.optional_instant(one, "from"),
            sensitivities=sensitivities,
            once=one.flag("once"),
            dated_from=reading.optional_instant(one, "dated_from"),
            dated_until=reading.optional_instant(one, "dated_until"),
        )
        one.done()
        grants.append(grant)
    if not grants:
        row.fault("grants", "at least one grant is needed")
    return tuple(grants)


def _give(row: Row, known: Known) -> Act:
    name, refused = new_name(row, known.consents), refused_code(row)
    known.consents[name] = refused is None
    grants = _grants(row, known)
    capture = optional_one_of(row, "capture", [str(method) for method in CaptureMethod], "method of capture")
    by = reading.optional_service(row, "by", known)
    capture = capture or "self-service"
    if capture != "self-service" and by is None and grants:
        by = grants[0].custodian
    evidence = optional_one_of(row, "evidence", ["none"], "way to leave evidence out; `none` is")
    language = optional_one_of(row, "language", ["fi", "sv", "en"], "language")
    return GiveConsent(
        name, client(row, known), grants, capture, by, evidence is None, _giver(row), language, refused
    )  # fmt: skip


def _giver(row: Row) -> Representative | None:
    if optional := row.content.get("giver"):
        if isinstance(optional, str):
            one_of(row, "giver", ["client"], "giver; `client` is, or a mapping with `representative`")
            return None
        giver = row.row("giver")
        kind = one_of(giver, "representative", ["guardian", "mandate", "trustee"], "kind of representative")
        until = reading.optional_instant(giver, "until")
        register = optional_one_of(giver, "register", ["none"], "way to leave the register out; `none` is")
        giver.done()
        return Representative(kind, until, register is None)
    return None


def _refuse(row: Row, known: Known) -> Act:
    free = is_free(row)
    recipient, category = service(row, "recipient", known, free=free), reading.category(row, known, free=free)
    return Refuse(client(row, known), recipient, category, refused_code(row))


def _prohibit(row: Row, known: Known) -> Act:
    free, name, refused = is_free(row), new_name(row, known.prohibitions), refused_code(row)
    known.prohibitions[name] = refused is None
    recipient = service(row, "recipient", known, free=free) if row.has("recipient") else None
    category = reading.category(row, known, free=free) if row.has("category") else None
    return Prohibit(name, client(row, known), recipient, category, refused)


def _unprohibit(row: Row, known: Known) -> Act:
    standing = [name for name, stands in known.prohibitions.items() if stands]
    return Unprohibit(one_of(row, "name", standing, "prohibition of an earlier step"))


def _confirm(row: Row, known: Known) -> Act:
    by = one_of(row, "by", ["client", *known.world.directory.services], "service of the world, nor `client`")
    return Confirm(reading.consent(row, "consent", known), None if by == "client" else by, refused_code(row))


def _change(row: Row, known: Known) -> Act:
    return Change(reading.consent(row, "consent", known), _grants(row, known), refused_code(row))


def _withdraw(row: Row, known: Known) -> Act:
    told = reading.optional_service(row, "told", known)
    return Withdraw(reading.consent(row, "consent", known), told, refused_code(row))


def _relate(row: Row, known: Known) -> Act:
    kind = one_of(row, "kind", [str(kind) for kind in RelationKind], "kind of relation")
    parties = row.texts("parties")
    for unknown in () if is_free(row) else sorted(set(parties) - known.world.directory.services.keys()):
        row.fault("parties", f"{unknown!r} is no service of the world")
    if len(parties) < 2:
        row.fault("parties", "the custodian and at least one recipient are needed")
    by = reading.optional_service(row, "by", known) or (parties[0] if parties else "?")
    return Relate(
        kind, client(row, known), parties, by, reading.optional_instant(row, "from"),
        reading.optional_instant(row, "until"), row.optional_text("section"), refused_code(row),
    )  # fmt: skip


def _request(row: Row, known: Known) -> Act:
    free, directory = is_free(row), known.world.directory
    by = service(row, "by", known)
    expected = reading.expectation(row, required=True)
    permit = expected.flag("permit")
    if not expected.has("permit"):
        expected.fault("permit", "is missing: true or false")
    document = one_of(row, "document", known.documents, "document of an earlier step")
    expect = _permitted(expected, document, known) if permit else _refused(expected)
    expected.done()
    reasons = expect.reasons or () if isinstance(expect, Refused) else ()
    system = optional_one_of(row, "system", [system_of(one) for one in directory.services], "partner system")
    return Request(
        by,
        system or system_of(by),
        one_of(row, "role", directory.roles, "role of the directory", free=free),
        client(row, known),
        document,
        one_of(row, "purpose", directory.purposes, "purpose of the directory", free=free),
        optional_one_of(row, "assurance", _ASSURANCES, "level of assurance") or "substantial",
        optional_one_of(row, "basis", directory.laws, "basis", free=free or "basis-not-applicable" in reasons),
        expect,
    )


def _permitted(row: Row, document: str, known: Known) -> Permitted:
    directory = known.world.directory
    shape = directory.categories.get(known.documents.get(document, ""))
    sections = shape.sections if shape is not None else ()
    what = f"section of the category of {document!r}"
    return Permitted(
        optional_one_of(row, "basis", directory.laws, "basis"),
        reading.consent(row, "consent", known) if row.has("consent") else None,
        reading.some_of(row, "present", sections, what),
        reading.some_of(row, "absent", sections, what),
    )


def _refused(row: Row) -> Refused:
    return Refused(reading.some_of(row, "reasons", REASONS, "reason code") if row.has("reasons") else None)


def _search(row: Row, known: Known) -> Act:
    directory = known.world.directory
    expected = reading.expectation(row, required=True)
    documents = reading.some_of(expected, "documents", known.documents, "document of an earlier step", required=True)
    expected.done()
    return Search(
        service(row, "by", known),
        one_of(row, "role", directory.roles, "role of the directory"),
        client(row, known),
        reading.category(row, known) if row.has("category") else None,
        one_of(row, "purpose", directory.purposes, "purpose of the directory"),
        documents,
    )


def _suspend(row: Row, known: Known) -> Act:
    return Suspend(one_of(row, "system", [system_of(one) for one in known.world.directory.services], "partner system"))


def _see(row: Row, known: Known) -> Act:
    expected = reading.expectation(row, required=True)
    entries = []
    for one in expected.rows("entries"):
        entries.append(
            SeenEntry(
                one_of(one, "kind", _SEEN_KINDS, "kind of entry that is listed"),
                reading.optional_service(one, "by", known),
                one.optional_text("outcome"),
                optional_one_of(one, "basis", known.world.directory.laws, "basis"),
            )
        )
        one.done()
    expected.done()
    return See(one_of(row, "by", ["client", "officer"], "one who looks"), client(row, known), tuple(entries))


def _notified(row: Row, known: Known) -> Act:
    kinds = []
    for one in row.rows("expect"):
        kinds.append(one_of(one, "kind", _TOLD_KINDS, "kind of message that is compared"))
        one.done()
    if row.has("client") == row.has("service"):
        row.fault(None, "either `client` or `service` is needed")
    whom = client(row, known) if row.has("client") else None
    return Notified(whom, reading.optional_service(row, "service", known), tuple(kinds))


def _verify(row: Row, known: Known) -> Act:
    one_of(row, "expect", ["ok"], "outcome; `ok` is")
    return Verify()


def _under(word: str, read: Callable[[Row, Known], Act]) -> Callable[[Row, Known], Act]:
    def within(step: Row, known: Known) -> Act:
        row = step.row(word)
        act = read(row, known)
        row.done()
        return act

    return within


STEPS: Mapping[str, Callable[[Row, Known], Act]] = {
    "deposit": _under("deposit", _deposit),
    "consent": _under("consent", _give),
    "refuse": _under("refuse", _refuse),
    "prohibit": _under("prohibit", _prohibit),
    "unprohibit": _under("unprohibit", _unprohibit),
    "confirm": _under("confirm", _confirm),
    "change": _under("change", _change),
    "withdraw": _under("withdraw", _withdraw),
    "relation": _under("relation", _relate),
    "request": _under("request", _request),
    "search": _under("search", _search),
    "suspend": _under("suspend", _suspend),
    "advance": lambda row, known: Advance(reading.duration(row, "advance")),
    "at": lambda row, known: MoveTo(reading.instant(row, "at")),
    "see": _under("see", _see),
    "notified": _under("notified", _notified),
    "verify": _under("verify", _verify),
}
"""How each step is read, by its word."""
