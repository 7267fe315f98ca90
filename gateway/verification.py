"""The log of an open gateway proves itself with the gateway's own keys."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.sql.log_store import SqlLogReader
from adapters.sql.standing_rows import SqlStandingRows
from audit.store import LogReader
from gateway.consent.model import ClientId
from gateway.disclosure.order_partners import Registered, differing_partners
from gateway.disclosure.verification import Verification, verify_database
from gateway.open_gateway import Gateway


def verify_gateway(gateway: Gateway) -> Verification:
    """Check everything there is in the gateway's database, under the directory that it judges by."""
    log = gateway.log
    with gateway.log_store.read() as reader:
        origins = [head.origin for head in reader.heads()]
    signing = [one for origin in origins for one in log.signing(origin)]
    retired = [one for origin in origins for one in log.verifiers(origin) if one not in signing]
    before = gateway.partners.registered()

    def standing(reader: LogReader) -> SqlStandingRows:
        if not isinstance(reader, SqlLogReader):
            raise TypeError("what stands is read through the log's own connection")
        register, connection = gateway.register, reader.connection
        return SqlStandingRows(connection, lambda client: register.person(connection, ClientId(client)) is not None)

    found = verify_database(
        gateway.log_store, gateway.keys, signing, directory=gateway.directory, retired=retired, standing=standing
    )
    _check_partners(found, before, gateway.partners.registered())
    told = {} if found.order is None else found.order.client_records
    with gateway.database.read() as connection:
        for client, what in gateway.register.misled(connection, told):
            found.tree.found("register", f"client {client}", what)
    return found


def _check_partners(found: Verification, before: Sequence[Registered], after: Sequence[Registered]) -> None:
    """Compare the register of partner systems with the log's last word of each. What was changed while the log was read
    is not compared: the entry may stand on either side of what was read."""
    if found.order is None:
        return
    changing = {row.id for row in set(before) ^ set(after)}
    for id, what in differing_partners(found.order.partners, after, all_known=found.order.partners_known):
        if id in changing:
            found.tree.skipped("register", f"partner system {id}", "it was changed while the log was read")
        else:
            found.tree.found("register", f"partner system {id}", what)


def has_doubts(found: Verification) -> bool:
    """Return whether something is wrong or could not be checked: where nothing was erased, nothing may be open."""
    unchecked = [*found.tree.unchecked, *(found.order.unchecked if found.order is not None else ["order law"])]
    return not found.sound or bool(unchecked)
