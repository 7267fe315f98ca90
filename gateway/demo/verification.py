"""The log of an open gateway proves itself: tree, signatures and sealed sections, and the order law."""

from __future__ import annotations

from dataclasses import dataclass

from audit.verify import verify_rows
from gateway.composition import Gateway
from gateway.disclosure.opened import Opener
from gateway.disclosure.order_law import check_order


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found: how many entries were looked at, what is wrong, and what could not be looked at."""

    entries: int
    wrong: tuple[str, ...]
    unchecked: tuple[str, ...]


def verify_gateway(gateway: Gateway) -> Verified:
    """Check every log of the gateway's database with the gateway's own keys."""
    with gateway.log_store.read() as reader:
        verifiers = [gateway.log.verifier(head.origin) for head in reader.heads()]
        report = verify_rows(reader, verifiers, gateway.keys)
        order = check_order(Opener(gateway.keys).read_all(reader), gateway.directory)
    wrong = (*map(str, report.findings), *map(str, order.faults))
    return Verified(report.entries, wrong, (*map(str, report.unchecked), *order.unchecked))
