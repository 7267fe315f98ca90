"""Reads the facts of one question by one statement, which is one snapshot of all of them.

Unknown clients and documents lead to the decoy client, so that every question costs the same statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from adapters.sql.database import Database
from adapters.sql.direct import Dialect, Statement
from adapters.sql.tables.clients import DECOY_CLIENT
from gateway.disclosure.snapshot import (
    ClientStanding,
    DocumentFacts,
    Epochs,
    GrantFacts,
    PartnerStanding,
    ProhibitionFacts,
    RefusalFacts,
    RelationFacts,
    Snapshot,
)
from gateway.disclosure.whole import Whole
from gateway.errors import StoreUnavailable

MAX_DOCUMENTS = 200
"""A search never judges more documents than this; more are a reason to narrow the search, told as none.

Of those that lie outside and were met it is told of as many besides: what was met takes the place of nothing of ours.
"""

_DOCUMENT = "id, version, custodian, category, resource, dated, labels, sections, client, source"
_GRANT = (
    "id, consent, version, custodian, recipient, category, purpose, valid_from, until, sensitivities, single_use, "
    "document, dated_from, dated_until, withdrawn, confirmed_at, spent_by, ended_at, seq, by_client"
)


def _partner(say: Dialect, suspended: str = "suspended") -> str:
    return (
        f"(SELECT {say.row(f'organisation, {suspended}')} FROM partner WHERE id = :system), "  # noqa: S608
        f"(SELECT {say.values('service')} FROM "
        "(SELECT service FROM partner_service WHERE partner = :system ORDER BY service) AS acts)"
    )


_STOPPED = "suspended OR EXISTS (SELECT 1 FROM revoked_token WHERE jti = :token)"
"""A token that is revoked while its request is on the way opens no more than a system that is suspended."""


def _facts(say: Dialect, client: str, documents: str) -> str:
    """Return the statement for the client that the expression *client* finds, with the rows of *documents*."""
    own = "client = cs.client"
    return (
        "SELECT cs.client, cs.epoch, cs.suspended, cs.non_disclosure, cs.told_of_all, "  # noqa: S608
        "(SELECT epoch FROM partner_state WHERE partner = :system), (SELECT epoch FROM world_state WHERE id = 1), "
        f"{_partner(say, _STOPPED)}, "
        f"(SELECT {say.rows(_DOCUMENT)} FROM ({documents}) AS found), "
        f"(SELECT {say.rows(_GRANT)} FROM (SELECT {_GRANT} FROM consent_grant "
        f"WHERE {own} AND recipient = :recipient AND NOT replaced ORDER BY seq DESC, id) AS candidates), "
        f"(SELECT {say.rows('recipient, category')} FROM "
        f"(SELECT DISTINCT recipient, category FROM consent_grant WHERE {own} AND NOT replaced) AS named), "
        f"(SELECT {say.rows('id, recipient, category, by_client')} FROM (SELECT id, recipient, category, by_client "
        f"FROM prohibition WHERE {own} AND lifted_at IS NULL ORDER BY id) AS standing), "
        f"(SELECT {say.rows('id, kind, custodian, recipients, valid_from, until, ended_at, section')} FROM "
        f"(SELECT * FROM relation WHERE {own} ORDER BY id) AS recorded), "
        f"(SELECT {say.rows('recipient, category, by_client')} FROM refusal WHERE {own} AND lifted_at IS NULL) "
        f"FROM client_state cs WHERE cs.client = {client}"
    )


def _of_document(say: Dialect) -> str:
    where = "id = :document AND resource = :resource"
    client = f"coalesce((SELECT client FROM document WHERE {where}), '{DECOY_CLIENT}')"  # noqa: S608
    return _facts(say, client, f"SELECT {_DOCUMENT} FROM document WHERE {where}")  # noqa: S608


def _of_client(say: Dialect) -> str:
    found = "SELECT client FROM client_identifier WHERE lookup = :lookup AND NOT retired"
    ours, met = (
        f"SELECT {_DOCUMENT} FROM (SELECT {_DOCUMENT} FROM document WHERE client = cs.client "  # noqa: S608
        f"AND category {say.among('categories')} AND source IS {lies} ORDER BY dated DESC, id LIMIT {MAX_DOCUMENTS}) "
        "AS held"
        for lies in ("NULL", "NOT NULL")
    )
    return _facts(say, f"coalesce(({found}), '{DECOY_CLIENT}')", f"{ours} UNION ALL {met}")


_BY_DOCUMENT = Statement(_of_document)
_BY_CLIENT = Statement(_of_client)
_BY_NOBODY = Statement(
    lambda say: _facts(say, f"'{DECOY_CLIENT}'", f"SELECT {_DOCUMENT} FROM document WHERE id = NULL")  # noqa: S608
)
_STANDING = Statement(lambda say: f"SELECT {_partner(say)}")


def _whole(say: Dialect) -> str:
    own = "client = cs.client"
    return (
        "SELECT cs.client, cs.epoch, cs.suspended, cs.non_disclosure, (SELECT epoch FROM world_state WHERE id = 1), "  # noqa: S608
        f"(SELECT {say.rows(_DOCUMENT)} FROM (SELECT {_DOCUMENT} FROM document WHERE {own} "
        f"ORDER BY dated DESC, id) AS held), "
        f"(SELECT {say.rows(_GRANT)} FROM (SELECT {_GRANT} FROM consent_grant WHERE {own} AND NOT replaced "
        "ORDER BY seq DESC, id) AS candidates), "
        f"(SELECT {say.rows('id, recipient, category, by_client')} FROM (SELECT id, recipient, category, by_client "
        f"FROM prohibition WHERE {own} AND lifted_at IS NULL ORDER BY id) AS standing), "
        f"(SELECT {say.rows('id, kind, custodian, recipients, valid_from, until, ended_at, section')} FROM "
        f"(SELECT * FROM relation WHERE {own} ORDER BY id) AS recorded), "
        f"(SELECT {say.rows('recipient, category, by_client')} FROM refusal WHERE {own} AND lifted_at IS NULL), "
        f"(SELECT {say.rows('recipient, category')} FROM (SELECT DISTINCT recipient, category FROM consent_request "
        f"WHERE {own} AND state IN ('requested', 'deferred')) AS waiting), "
        f"(SELECT {say.rows('partner, service, organisation, suspended')} FROM (SELECT partner, service, organisation, "
        "suspended FROM partner_service JOIN partner ON partner.id = partner_service.partner) AS acting), "
        "(SELECT created FROM client WHERE id = cs.client) "
        "FROM client_state cs WHERE cs.client = :client"
    )


_WHOLE = Statement(_whole)


class SqlFactReader:
    """The facts as the main database has them."""

    def __init__(self, database: Database) -> None:
        self._direct = database.direct

    async def for_document(
        self, system: str, recipient: str, document: str, resource: str, token: str = ""
    ) -> Snapshot:
        """Read one document's facts with its client's; see `FactReader`."""
        asked = {
            "system": system, "token": token, "recipient": recipient, "document": document, "resource": resource
        }  # fmt: skip
        return await self._snapshot(_BY_DOCUMENT, asked)

    async def for_client(
        self, system: str, recipient: str, lookup: bytes, categories: tuple[str, ...], token: str = ""
    ) -> Snapshot:
        """Read a client's facts with its documents of *categories*; see `FactReader`."""
        named = orjson.dumps(categories).decode()
        asked = {
            "system": system, "token": token, "recipient": recipient, "lookup": lookup, "categories": named
        }  # fmt: skip
        return await self._snapshot(_BY_CLIENT, asked)

    async def for_nobody(self, system: str, token: str = "") -> Snapshot:
        """Read the partner's standing beside the decoy's facts; see `FactReader`."""
        return await self._snapshot(_BY_NOBODY, {"system": system, "token": token, "recipient": ""})

    async def standing(self, system: str) -> PartnerStanding:
        """Return the partner system as it is registered now; one that is not stands as suspended."""
        ((partner, services),) = await self._direct.fetch(_STANDING, {"system": system})
        return _standing(system, partner, services)

    async def whole(self, client: str) -> Whole | None:
        """Return all that any request about a client would be judged by; see `WholeReader`."""
        rows: Any = await self._direct.fetch(_WHOLE, {"client": client})
        if not rows:
            return None
        (
            known, epoch, suspended, non_disclosure, of_world, documents, grants, prohibitions, relations, refusals,
            asked, systems, created,
        ) = rows[0]  # fmt: skip
        return Whole(
            epochs=Epochs(epoch, 0, of_world),
            client=ClientStanding(known, known != DECOY_CLIENT, bool(suspended), bool(non_disclosure)),
            documents=tuple(map(_document, orjson.loads(documents))),
            grants=tuple(map(_grant, orjson.loads(grants))),
            prohibitions=_prohibitions(prohibitions),
            relations=tuple(map(_relation, orjson.loads(relations))),
            refusals=_refusals(refusals),
            asked=frozenset((to, category) for to, category in orjson.loads(asked)),
            systems=_systems(orjson.loads(systems)),
            since=created,
        )

    async def _snapshot(self, statement: Statement, asked: Mapping[str, object]) -> Snapshot:
        rows: Any = await self._direct.fetch(statement, asked)
        if len(rows) != 1:
            raise StoreUnavailable("a client, the world or the decoy has no state")
        (
            client, epoch, suspended, non_disclosure, told_of_all, of_partner, of_world, partner, services, documents,
            grants, named, prohibitions, relations, refusals,
        ) = rows[0]  # fmt: skip
        recipient = asked["recipient"]
        return Snapshot(
            epochs=Epochs(epoch, of_partner or 0, of_world),
            client=ClientStanding(
                client, client != DECOY_CLIENT, bool(suspended), bool(non_disclosure), bool(told_of_all)
            ),
            partner=_standing(str(asked["system"]), partner, services),
            documents=tuple(map(_document, orjson.loads(documents))),
            grants=tuple(map(_grant, orjson.loads(grants))),
            prohibitions=_prohibitions(prohibitions),
            relations=tuple(row for row in map(_relation, orjson.loads(relations)) if recipient in row.recipients),
            refusals=_refusals(refusals),
            named=frozenset((to, category) for to, category in orjson.loads(named)),
        )


def _standing(system: str, partner: object, services: object) -> PartnerStanding:
    if partner is None:
        return PartnerStanding(system, "", (), suspended=True)
    organisation, suspended = orjson.loads(str(partner))
    return PartnerStanding(system, organisation, tuple(orjson.loads(str(services))), bool(suspended))


def _prohibitions(rows: str) -> tuple[ProhibitionFacts, ...]:
    return tuple(ProhibitionFacts(one, to, category, bool(own)) for one, to, category, own in orjson.loads(rows))


def _refusals(rows: str) -> tuple[RefusalFacts, ...]:
    return tuple(RefusalFacts(to, category, bool(own)) for to, category, own in orjson.loads(rows))


def _systems(rows: list[list[Any]]) -> dict[str, tuple[PartnerStanding, ...]]:
    services: dict[str, list[str]] = {}
    standing: dict[str, tuple[str, bool]] = {}
    for system, service, organisation, suspended in rows:
        services.setdefault(system, []).append(service)
        standing[system] = (organisation, bool(suspended))
    found: dict[str, list[PartnerStanding]] = {}
    for system in sorted(services):
        organisation, suspended = standing[system]
        acts_for = tuple(sorted(services[system]))
        for service in acts_for:
            found.setdefault(service, []).append(PartnerStanding(system, organisation, acts_for, suspended))
    return {service: tuple(those) for service, those in found.items()}


def _document(row: list[Any]) -> DocumentFacts:
    document, version, custodian, category, resource, dated, labels, sections, client, source = row
    return DocumentFacts(
        document, version, custodian, category, resource, dated, tuple(labels.split()),
        {section: tuple(added) for section, added in orjson.loads(sections).items()}, client, source,
    )  # fmt: skip


def _grant(row: list[Any]) -> GrantFacts:
    (
        grant, consent, version, custodian, recipient, category, purpose, valid_from, until, sensitivities, single_use,
        document, dated_from, dated_until, withdrawn, confirmed_at, spent_by, ended_at, seq, by_client,
    ) = row  # fmt: skip
    return GrantFacts(
        grant, consent, version, custodian, recipient, category, purpose, valid_from, until,
        tuple(sensitivities.split()), bool(single_use), document, dated_from, dated_until, bool(withdrawn),
        confirmed_at is not None, spent_by is not None, ended_at is not None, seq, bool(by_client),
    )  # fmt: skip


def _relation(row: list[Any]) -> RelationFacts:
    relation, kind, custodian, recipients, valid_from, until, ended_at, section = row
    named = tuple(recipients.split())
    return RelationFacts(relation, kind, custodian, named, valid_from, until, ended_at is not None, section)
