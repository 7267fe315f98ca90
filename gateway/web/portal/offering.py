"""The rows that a form offers: of a consent as they stand, of one that is over, and of a recipient."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gateway.consent.checks import CONSENT_BASES, may_be_given
from gateway.consent.model import Consent, Grant
from gateway.directory.model import Directory
from gateway.web.portal.cards import Card
from gateway.web.portal.choice import Offered


def rows_left(card: Card) -> list[Offered]:
    """Return the rows that have not ended and could be given now, as they stand: what is over needs no withdrawing, and
    no new version can hold it, nor one whose recipient or flow has ended (`Card.ends_too`)."""
    return [_standing(row.grant) for row in card.rows if row.is_givable]


def rows_again(consent: Consent, directory: Directory, at: datetime) -> list[Offered]:
    """Return the rows that could be given now, without start, end and ticks. Where a recipient has ended, who stands in
    its place now is offered: a permission never follows by itself, but it can be given anew."""
    offered: list[Offered] = []
    for grant in consent.grants:
        row, heir = grant.row, directory.heir(grant.row.recipient, at)
        recipient = row.recipient if directory.in_force(row.recipient, at) or heir is None else heir.code
        if not may_be_given(replace(row, recipient=recipient), directory, at):
            continue
        offered.append(
            Offered(
                grant.id, row.custodian, recipient, row.category, row.purpose, document=row.document,
                dated_from=row.dated_from, dated_until=row.dated_until, once=row.once,
            )
        )  # fmt: skip
    return offered


def recipients(directory: Directory, at: datetime) -> list[str]:
    """Return the services to which a permission can be given at all, in the directory's order."""
    return [
        code for code in directory.services
        if directory.in_force(code, at) and rows_for(code, directory, at) and purposes_of(code, directory, at)
    ]  # fmt: skip


def rows_for(recipient: str, directory: Directory, at: datetime, purpose: str = "") -> list[Offered]:
    """Return what may be given to a recipient by permission: each category from each custodian that stands."""
    to = directory.services[recipient]
    offered: list[Offered] = []
    for category in directory.categories:
        if directory.category(category, at) is None:
            continue
        for code, service in directory.services.items():
            if code == recipient or not directory.in_force(code, at):
                continue
            flow = directory.flow(category, service.kind, to.kind, at)
            if flow is not None and not CONSENT_BASES.isdisjoint(flow.bases):
                offered.append(Offered(f"{category}.{code}", code, recipient, category, purpose))
    return offered


def purposes_of(recipient: str, directory: Directory, at: datetime) -> list[str]:
    """Return the purposes for which somebody who works in a recipient may ask."""
    kind = directory.services[recipient].kind
    roles = (directory.role(code, at) for code in directory.roles)
    named = {purpose for role in roles if role is not None and kind in role.kinds for purpose in role.purposes}
    return [code for code in directory.purposes if code in named]


def _standing(grant: Grant) -> Offered:
    row = grant.row
    return Offered(
        grant.id, row.custodian, row.recipient, row.category, row.purpose, row.valid_from, row.until,
        row.sensitivities, row.document, row.dated_from, row.dated_until, row.once,
    )  # fmt: skip
