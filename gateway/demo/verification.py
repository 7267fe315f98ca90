"""The log of an open gateway proves itself with the gateway's own keys."""

from __future__ import annotations

from gateway.disclosure.verification import Verification, verify_database
from gateway.open_gateway import Gateway


def verify_gateway(gateway: Gateway) -> Verification:
    """Check everything there is in the gateway's database, under the directory that it judges by."""
    log = gateway.log
    with gateway.log_store.read() as reader:
        origins = [head.origin for head in reader.heads()]
    signing = [one for origin in origins for one in log.signing(origin)]
    retired = [one for origin in origins for one in log.verifiers(origin) if one not in signing]
    return verify_database(gateway.log_store, gateway.keys, signing, directory=gateway.directory, retired=retired)


def has_doubts(found: Verification) -> bool:
    """Return whether something is wrong or could not be checked: where nothing was erased, nothing may be open."""
    unchecked = [*found.tree.unchecked, *(found.order.unchecked if found.order is not None else ["order law"])]
    return not found.sound or bool(unchecked)
