"""Nobody makes an entry vanish by its index row: what an entry is found by is compared with what is signed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.sql.log_search import SqlSearchStore
from gateway.disclosure.entry_proof import Check, EntryProofs, Finding
from gateway.disclosure.index_law import SectionKeys
from gateway.disclosure.opened import Opened
from gateway.verification import verify_gateway
from tests.laws.by_hand import edit
from tests.laws.gateway_world import Laws, installed, open_world


@pytest.fixture
async def told_of(tmp_path: Path) -> AsyncIterator[Laws]:
    """A gateway on SQLite where a client's document was released."""
    async with open_world(installed(tmp_path)) as laws:
        document = await laws.deposit()
        await laws.give()
        assert (await laws.read(document)).status_code == 200
        yield laws


def the_release(laws: Laws) -> Opened:
    """The entry of the release."""
    return next(one for one in laws.entries() if one.kind == "disclosure")


async def index_step(laws: Laws, entry: Opened) -> tuple[Finding, tuple[str, ...]]:
    """What the check of one entry says of its index row."""
    gateway = laws.gateway
    proofs = EntryProofs(
        SqlSearchStore(gateway.database), gateway.keys, gateway.log.head_verifiers, gateway.directory
    )  # fmt: skip
    proved = await proofs.prove(entry.origin, entry.index)
    assert proved is not None
    return next((one.finding, one.details) for one in proved.steps if one.check is Check.INDEX)


FORGED = {
    "a client's token taken away": ("subject_token = NULL", "subject_token"),
    "another's token": (
        "subject_token = (SELECT max(subject_token) FROM audit_index o WHERE o.subject_token <> "
        "audit_index.subject_token)",
        "subject_token",
    ),
    "a worker's token taken away": ("actor_token = NULL", "actor_token"),
    "another worker's token": ("actor_token = 'x'", "actor_token"),
    "another recipient": ("recipient = 'kela'", "recipient"),
    "another custodian": ("custodian = 'kela'", "custodian"),
    "another requester": ("requester = 'kela-system'", "requester"),
    "another category": ("category = 'medical-statement-b'", "category"),
    "another basis": ("basis = 'joint-service'", "basis"),
    "no basis": ("basis = NULL", "basis"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "column"), FORGED.values(), ids=FORGED)
async def test_an_index_row_that_says_otherwise_than_its_entry_is_told(
    told_of: Laws, change: str, column: str
) -> None:  # fmt: skip
    entry = the_release(told_of)
    assert verify_gateway(told_of.gateway).sound
    assert await index_step(told_of, entry) == (Finding.HOLDS, ())
    # The row is sorted under a combination of its own, as a whole forgery would sort it.
    edit(told_of.gateway.database, f"UPDATE audit_index SET {change} WHERE idx = :at", at=entry.index)  # noqa: S608
    edit(
        told_of.gateway.database,
        "INSERT INTO audit_combination (log, id, kind, outcome, basis, category, recipient, custodian, requester) "
        "SELECT log, (SELECT max(id) + 1 FROM audit_combination), kind, outcome, basis, category, recipient, "
        "custodian, requester FROM audit_index WHERE idx = :at",
        at=entry.index,
    )
    edit(
        told_of.gateway.database,
        "UPDATE audit_index SET combination = (SELECT max(id) FROM audit_combination) WHERE idx = :at",
        at=entry.index,
    )
    found = verify_gateway(told_of.gateway)
    assert [str(one) for one in found.tree.findings] == [
        f"{entry.origin}: entry {entry.index}: the index row says otherwise than the entry: {column}"
    ]
    assert await index_step(told_of, entry) == (Finding.FAILS, (column,))


async def test_an_entry_about_nobody_is_not_told_to_anybody(told_of: Laws) -> None:
    edit(
        told_of.gateway.database,
        "UPDATE audit_index SET subject_token = (SELECT max(subject_token) FROM audit_index) WHERE idx = 0",
    )
    found = verify_gateway(told_of.gateway)
    assert [str(one).rpartition(": ")[2] for one in found.tree.findings] == ["subject_token"]


def test_a_key_that_is_gone_makes_no_token() -> None:
    assert SectionKeys({}).token("s", "x") is None
