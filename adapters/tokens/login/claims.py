"""From a checked token's claims to who it is: the provider's words by its row's map, ours by the directory."""

from __future__ import annotations

from adapters.tokens.login.checked_token import CheckedToken
from adapters.tokens.login.providers import ProviderRow
from gateway.directory.identity_code import IdentityCodeError, PersonalIdentityCode
from gateway.directory.identity_trace import holds_identity_code
from gateway.directory.model import Directory
from gateway.identification import ASSURANCES, Identified, Kind, NotIdentified

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def read_claims(checked: CheckedToken, row: ProviderRow, directory: Directory) -> Identified:
    """Return who a token's claims name. Raises NotIdentified where that or the assurance is in doubt."""
    acr = checked.text("acr")
    level = row.assurance.get(acr) if acr is not None else None
    if level is None or ASSURANCES.index(level) < ASSURANCES.index(row.least):
        raise NotIdentified("assurance-too-low")
    subject, name, at = checked.text("sub"), checked.text(row.claims["name"], 200), checked.instant("auth_time")
    # Both stand in entries about clients, as who acted. No client is found by them: a code of somebody's is none here.
    held = (name,) if row.kind is Kind.CLIENT else (subject, name)
    if subject is None or name is None or at is None or any(one and holds_identity_code(one) for one in held):
        raise NotIdentified("claims-unfit")
    session = checked.text("sid")
    if row.kind is Kind.CLIENT:
        return Identified(
            row.name, row.kind, subject, session, name, level, at,
            identity_code=_identity_code(checked, row), non_disclosure=_flag(checked, row, "non_disclosure"),
        )  # fmt: skip
    if checked.text(row.claims["organisation"]) != row.organisation:
        raise NotIdentified("claims-unfit")
    # A provider knows services and groups that are none of ours: those grant nothing here.
    services = tuple(
        one for one in _texts(checked, row, "services")
        if (known := directory.service(one)) is not None and known.organisation == row.organisation
    )  # fmt: skip
    roles = tuple(one for one in _texts(checked, row, "roles") if one in directory.roles)
    return Identified(
        row.name, row.kind, subject, session, name, level, at, organisation=row.organisation, services=services,
        roles=roles, is_officer=_flag(checked, row, "officer"),
    )  # fmt: skip


def _identity_code(checked: CheckedToken, row: ProviderRow) -> PersonalIdentityCode:
    try:
        return PersonalIdentityCode.parse(checked.text(row.claims["identity_code"]) or "", at=checked.at)
    except IdentityCodeError:
        raise NotIdentified("claims-unfit") from None


def _flag(checked: CheckedToken, row: ProviderRow, name: str) -> bool:
    value = checked.claims.get(row.claims[name], False) if name in row.claims else False
    # Attributes of old are texts; a number or anything else is no answer.
    flag = value if isinstance(value, bool) else _FLAGS.get(value) if isinstance(value, str) else None
    if flag is None:
        raise NotIdentified("claims-unfit")
    return flag


def _texts(checked: CheckedToken, row: ProviderRow, name: str) -> list[str]:
    value = checked.claims.get(row.claims[name], [])
    if not isinstance(value, list) or len(value) > 100 or not all(isinstance(one, str) for one in value):
        raise NotIdentified("claims-unfit")
    return value
