"""What a form says of who decides in a client's place, and what the register of mandates says to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.consent.model import Giver, GiverKind
from gateway.directory.identity_code import IdentityCodeError, PersonalIdentityCode
from gateway.disclosure.desk_entries import DeskEntries
from gateway.errors import StoreUnavailable
from gateway.web.desk.desk import CAPACITIES, Desk, Entered
from gateway.web.desk.whom import Whom
from gateway.web.forms import Form
from gateway.web.language import N_

_SILENT: Final = N_("The register of mandates does not answer now. Without its answer nobody decides for another.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it: who decides, by the register; or the faults of the form, by field, and the page's status."""

    capacity: str
    giver: Giver | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    status: int = 422


async def ask_register(
    desk: Desk, entries: DeskEntries, entered: Entered, whom: Whom, form: Form, refusal: str
) -> Asked:
    """Ask after somebody of the form, `capacity` and `code`; *refusal* says that they may not. No page shows the code
    again, and none tells why the register said no."""
    capacity, code = form.text("capacity"), _code(form.text("code", most=40))
    faults: dict[str, str] = {}
    if capacity not in CAPACITIES:
        faults["capacity"] = N_("Choose in which capacity they decide.")
    if code is None:
        faults["code"] = N_("This is not a personal identity code. It has eleven characters.")
    if faults or code is None or desk.mandates is None:
        return Asked(capacity, faults=faults)
    # Who asks the register about two people leaves an entry, whatever it answers: the client sees it.
    await entries.asked_register(whom.client, entered.requester)
    principal = whom.identifier.value
    if not isinstance(principal, PersonalIdentityCode):
        return Asked(capacity, faults={"code": refusal})
    try:
        giver = await desk.mandates.verify(code, principal, GiverKind(capacity))
    except StoreUnavailable:
        return Asked(capacity, faults={"code": _SILENT}, status=503)
    return Asked(capacity, giver, {} if giver is not None else {"code": refusal})


def _code(text: str) -> PersonalIdentityCode | None:
    try:
        return PersonalIdentityCode.parse(text)
    except IdentityCodeError:
        return None
