"""Group commit: who shares a transaction, who falls out of it alone, and what a failed COMMIT means."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from audit.checkpoint import Signer
from audit.entry import Draft
from audit.errors import (
    CommitFailed,
    CommitUnknown,
    EntryInvalid,
    LogBroken,
    LogBusy,
    LogForked,
    ProofInvalid,
    SignatureInvalid,
)
from audit.log import Committed, Dropped, Log
from audit.merkle import Tree, leaf_hash, verify_inclusion
from audit.proof import LogProof, parse_log_proof
from audit.store import DurabilityLost, LogHashes
from audit.verify import verify_not_rolled_back, verify_rows
from audit.writing import EventExists, Rejected, Survey, Writing
from tests.simulators.memory_keys import MemoryKeys
from tests.simulators.steered_loop import on_steered_time, pass_time
from tests.unit.audit.log_world import (
    NAME,
    ORIGIN,
    SIGNER,
    Failure,
    MemoryStore,
    SteeredClock,
    Write,
    Years,
    draft,
    new_log,
)

NEXT = f"{NAME}/audit/2027"


class Gate:
    """An item that holds the writer until it is let go, so that others gather behind it."""

    def __init__(self) -> None:
        self.entered, self.go = threading.Event(), threading.Event()

    def apply(self, tx: Writing[list[str]], at: int) -> tuple[str, list[object]]:
        self.entered.set()
        assert self.go.wait(5)
        return "gate", []


async def behind_a_gate(log: Log[list[str]]) -> tuple[Gate, asyncio.Task[object]]:
    gate = Gate()
    task = asyncio.create_task(log.submit(gate))  # type: ignore[arg-type]
    await asyncio.to_thread(gate.entered.wait, 5)
    return gate, task


def test_the_first_log_begins_with_its_own_entry_and_an_item_gets_its_place() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    [one] = log.commit([Write("first")])
    assert isinstance(one, Committed)
    assert [entry.index for entry in one.entries] == [1]
    assert one.entries[0].origin == ORIGIN
    assert one.size == 2
    assert store.tables.rows == ["first"]
    assert store.tables.events[(ORIGIN, 0)].row.kind == "log.start"
    receipt = log.receipt_now(ORIGIN, 1)
    assert parse_log_proof(receipt.to_text()) == receipt
    assert receipt.checkpoint == one.checkpoint == log.checkpoint_now()
    entry = store.tables.leaves[(ORIGIN, 1)].entry
    receipt.verify(entry, [SIGNER.verifier(ORIGIN)])
    with pytest.raises(ProofInvalid):
        LogProof(0, receipt.path, receipt.checkpoint).verify(entry, [SIGNER.verifier(ORIGIN)])


async def test_all_that_waits_shares_one_transaction() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    log.commit([Write()])
    before = store.commits
    gate, first = await behind_a_gate(log)
    waiting = [asyncio.create_task(log.submit(Write(str(at)))) for at in range(20)]
    await asyncio.sleep(0)
    assert log.load().waiting == 20
    gate.go.set()
    done = await asyncio.gather(first, *waiting)
    assert store.commits == before + 2
    assert len({one.size for one in done[1:]}) == 1  # type: ignore[union-attr]
    assert store.tables.rows[1:] == [str(at) for at in range(20)]
    for one in done[1:]:
        assert isinstance(one, Committed)
        place = one.entries[0]
        with store.read() as reader:
            proof = Tree(LogHashes(reader, place.origin), one.size).inclusion_proof(place.index)
        assert one.proof().path == tuple(proof)
        leaf = leaf_hash(store.tables.leaves[(place.origin, place.index)].entry)
        root = SIGNER.verifier(ORIGIN)
        verify_inclusion(leaf, place.index, one.size, proof, _root(one.checkpoint, root))


def _root(note: bytes, verifier: object) -> bytes:
    from audit.checkpoint import Verifier, verify_note

    assert isinstance(verifier, Verifier)
    return verify_note(note, [verifier]).root


async def test_an_item_that_rejects_itself_or_fails_falls_out_alone() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    good, stale, bad, odd, last = await asyncio.gather(
        log.submit(Write("good")),
        log.submit(Write("stale", rejected="judge again")),
        log.submit(Write("bad", error=RuntimeError("no"))),
        log.submit(Write("odd", drafts=[draft(body={"x": {1, 2}})])),
        log.submit(Write("last")),
        return_exceptions=True,
    )
    assert isinstance(good, Committed)
    assert isinstance(last, Committed)
    assert stale == Dropped("judge again")
    assert isinstance(bad, RuntimeError)
    assert isinstance(odd, EntryInvalid)
    assert store.tables.rows == ["good", "last"]
    assert store.tables.heads[ORIGIN].size == 3


async def test_a_batch_of_nothing_but_rejected_items_commits_nothing() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    log.commit([Write()])
    before = store.commits
    assert await log.submit(Write(rejected="no")) == Dropped("no")
    assert store.commits == before


async def test_an_event_id_that_is_there_already_falls_out_alone() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    one = draft()
    log.commit([Write("first", drafts=[one])])
    again, within, good = await asyncio.gather(
        log.submit(Write("again", drafts=[one])),
        log.submit(Write("twice", drafts=[(two := draft()), two])),
        log.submit(Write("good")),
        return_exceptions=True,
    )
    assert isinstance(again, EventExists)
    assert isinstance(within, EventExists)
    assert isinstance(good, Committed)
    assert store.tables.rows == ["first", "good"]


async def test_a_cancelled_waiter_harms_nobody() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    gate, first = await behind_a_gate(log)
    normal = asyncio.create_task(log.submit(Write("normal")))
    urgent = asyncio.create_task(log.submit(Write("urgent"), urgent=True))
    other = asyncio.create_task(log.submit(Write("other")))
    await asyncio.sleep(0)
    normal.cancel()
    urgent.cancel()
    first.cancel()
    await asyncio.sleep(0)
    gate.go.set()
    assert isinstance(await other, Committed)
    # What was asked for urgently is done even when nobody waits any more; the rest need not be.
    assert store.tables.rows == ["urgent", "other"]


async def test_the_urgent_lane_goes_first_and_is_never_shed() -> None:
    store, log = (store := MemoryStore()), new_log(store, queue=2, batch=4)
    gate, first = await behind_a_gate(log)
    waiting = [asyncio.create_task(log.submit(Write(f"n{at}"))) for at in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(LogBusy):
        await log.submit(Write("too much"))
    waiting += [asyncio.create_task(log.submit(Write(f"u{at}"), urgent=True)) for at in range(5)]
    await asyncio.sleep(0)
    gate.go.set()
    await asyncio.gather(first, *waiting)
    assert store.tables.rows == ["u0", "u1", "u2", "u3", "u4", "n0", "n1"]


async def test_a_commit_that_did_nothing_and_failed_is_told_to_all_and_never_retried() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    log.commit([Write("first")])
    store.failures = [Failure(OSError("full"))]
    items = [Write("a"), Write("b")]
    outcomes = await asyncio.gather(*(log.submit(item) for item in items), return_exceptions=True)
    assert [type(one) for one in outcomes] == [CommitFailed, CommitFailed]
    assert store.tables.rows == ["first"]
    assert [item.calls for item in items] == [1, 1]
    assert isinstance(await log.submit(Write("after")), Committed)


async def test_a_commit_that_did_its_work_and_then_failed_counts_as_done() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    log.commit([Write("first")])
    store.failures = [Failure(OSError("lost"), after=True)]
    outcomes = await asyncio.gather(log.submit(Write("a")), log.submit(Write("b")))
    assert [one.entries[0].index for one in outcomes if isinstance(one, Committed)] == [2, 3]
    assert store.tables.rows == ["first", "a", "b"]
    assert store.tables.heads[ORIGIN].size == 4


def fall(fallen: MemoryStore) -> None:
    fallen.down = True


@pytest.mark.parametrize("was_written", [True, False])
async def test_a_commit_in_doubt_is_settled_once_the_store_answers_again(was_written: bool) -> None:
    store, log = (store := MemoryStore()), new_log(store)
    log.commit([Write("first")])
    store.failures = [Failure(OSError("lost"), after=was_written, then=fall)]
    with pytest.raises(CommitUnknown):
        await log.submit(Write("a"))
    with pytest.raises(ConnectionError):
        await log.submit(Write("b"))
    store.down = False
    assert isinstance(await log.submit(Write("c")), Committed)
    # Never appended again, whatever became of it, and nothing in between.
    assert store.tables.rows == (["first", "a", "c"] if was_written else ["first", "c"])
    assert store.tables.heads[ORIGIN].size == 1 + len(store.tables.rows)
    with store.read() as reader:
        assert not verify_rows(reader, [SIGNER.verifier(ORIGIN)]).findings


async def test_a_part_of_a_batch_in_doubt_stops_the_log_for_an_operator() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    log.commit([Write("first")])
    items = [Write("a"), Write("b")]
    store.failures = [Failure(OSError("lost"), after=True, then=fall)]
    outcomes = await asyncio.gather(*(log.submit(one) for one in items), return_exceptions=True)
    assert [type(one) for one in outcomes] == [CommitUnknown, CommitUnknown]
    store.down = False
    del store.tables.events[(ORIGIN, 3)]
    for _ in range(2):
        with pytest.raises(LogBroken, match="a part of a batch"):
            await log.submit(Write("c"))


async def test_rows_without_an_entry_in_doubt_do_not_stop_the_log() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    log.commit([Write("first")])
    store.failures = [Failure(OSError("lost"), after=True, then=fall)]
    with pytest.raises(CommitUnknown):
        await log.submit(Write("a", drafts=[]))
    store.down = False
    assert isinstance(await log.submit(Write("b")), Committed)


async def test_a_disk_that_failed_during_a_commit_stops_the_log() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    log.commit([Write("first")])
    store.failures = [Failure(DurabilityLost("disk"), after=True)]
    with pytest.raises(CommitUnknown):
        await log.submit(Write("a"))
    with pytest.raises(LogBroken):
        await log.submit(Write("b"))
    with pytest.raises(LogBroken):
        log.commit([Write("c")])
    # A new process finds the store as it is and goes on.
    assert isinstance(new_log(store).commit([Write("d")])[0], Committed)


@on_steered_time
async def test_a_silent_store_is_not_waited_for_without_end_and_what_is_urgent_is_written_in_the_end() -> None:
    store, log = (store := MemoryStore()), new_log(store, patience=20.0)
    log.commit([Write("first")])
    gate, first = await behind_a_gate(log)
    normal = asyncio.create_task(log.submit(Write("normal")))
    urgent = asyncio.create_task(log.submit(Write("urgent"), urgent=True))
    await asyncio.sleep(0)
    pass_time(20.0)
    with pytest.raises(CommitUnknown):
        await first
    with pytest.raises(LogBusy):
        await normal
    with pytest.raises(LogBusy):
        await log.submit(Write("later"))
    gate.go.set()
    assert isinstance(await urgent, Committed)
    assert isinstance(await log.submit(Write("after")), Committed)
    assert store.tables.rows == ["first", "urgent", "after"]


def test_a_head_that_another_key_signed_is_noticed() -> None:
    store = MemoryStore()
    new_log(store).check_key()
    new_log(store).commit([Write("first")])
    new_log(store).check_key()
    other = Log(store, MemoryKeys(), [Signer(b"another key's seed of 32 bytes..")], SteeredClock(), NAME, Years())
    with pytest.raises(SignatureInvalid):
        other.check_key()


async def test_a_store_that_is_down_fails_every_waiter_and_nothing_else() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    store.down = True
    with pytest.raises(ConnectionError):
        await log.submit(Write("a"))
    store.down = False
    assert isinstance(await log.submit(Write("b")), Committed)


def test_a_year_begins_at_midnight_in_helsinki_with_one_transaction() -> None:
    clock = SteeredClock(datetime(2026, 12, 31, 21, 59, 58, tzinfo=UTC), timedelta(0))
    store, years = MemoryStore(), Years()
    log = Log(store, MemoryKeys(), [SIGNER], clock, NAME, years)
    log.commit([Write("old")])
    clock.at = datetime(2026, 12, 31, 22, 0, 0, tzinfo=UTC)
    before = store.commits
    [one] = log.commit([Write("new")])
    assert isinstance(one, Committed)
    assert store.commits == before + 2
    assert (one.entries[0].origin, one.entries[0].index) == (NEXT, 1)
    old = store.tables.heads[ORIGIN]
    assert old.ended
    assert store.tables.events[(ORIGIN, old.size - 1)].row.kind == "log.end"
    assert years.seen == [(None, None), (ORIGIN, old.note)]
    keys = [SIGNER.verifier(ORIGIN), SIGNER.verifier(NEXT)]
    with store.read() as reader:
        assert verify_rows(reader, keys).findings == []


def test_a_batch_is_split_where_the_year_changes() -> None:
    clock = SteeredClock(datetime(2026, 12, 31, 21, 59, 57, tzinfo=UTC), timedelta(0))
    store, log = (store := MemoryStore()), new_log(store, clock)
    log.commit([Write("first")])
    clock.tick = timedelta(seconds=1)
    outcomes = log.commit([Write(str(at)) for at in range(4)])
    origins = [one.entries[0].origin for one in outcomes if isinstance(one, Committed)]
    assert origins[0] == ORIGIN
    assert origins[-1] == NEXT
    assert origins == sorted(origins)
    orders = [head.started for head in store.tables.heads.values()]
    assert orders == [1, 2]


def test_a_failed_commit_of_a_new_year_leaves_the_old_one_open() -> None:
    clock = SteeredClock(datetime(2026, 12, 31, 21, 0, tzinfo=UTC), timedelta(0))
    store, log = (store := MemoryStore()), new_log(store, clock)
    log.commit([Write("old")])
    clock.at = datetime(2027, 1, 2, tzinfo=UTC)
    store.failures = [Failure(OSError("full"))]
    with pytest.raises(CommitFailed):
        log.commit([Write("new")])
    assert not store.tables.heads[ORIGIN].ended
    assert NEXT not in store.tables.heads
    store.failures = [Failure(OSError("lost"), after=True)]
    assert isinstance(log.commit([Write("new")])[0], Committed)
    assert store.tables.heads[ORIGIN].ended
    assert store.tables.heads[NEXT].size == 2


def test_time_never_goes_backwards_even_over_a_year() -> None:
    clock = SteeredClock(datetime(2027, 1, 1, 0, 0, tzinfo=UTC), timedelta(0))
    store, log = (store := MemoryStore()), new_log(store, clock)
    [late] = log.commit([Write()])
    clock.at = datetime(2026, 6, 1, tzinfo=UTC)
    [early] = log.commit([Write()])
    assert isinstance(late, Committed)
    assert isinstance(early, Committed)
    assert early.entries[0].time == late.entries[0].time
    assert early.entries[0].origin == NEXT


def test_a_restored_backup_is_noticed_before_anything_is_signed() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    log.commit([Write()])
    backup = store.tables
    [one] = log.commit([Write()])
    assert isinstance(one, Committed)
    keys = [SIGNER.verifier(ORIGIN)]
    with store.read() as reader:
        verify_not_rolled_back(reader, one.checkpoint, keys)
    store.tables = backup
    with store.read() as reader, pytest.raises(LogForked, match="backup"):
        verify_not_rolled_back(reader, one.checkpoint, keys)
    new_log(store).commit([Write(), Write()])  # By a process that never saw what was signed.
    with store.read() as reader, pytest.raises(LogForked, match="is not the one"):
        verify_not_rolled_back(reader, one.checkpoint, keys)
    with store.read() as reader:
        assert "rewritten" in str(verify_rows(reader, keys, held=[one.checkpoint]).findings[0])


def _written(log: Log[list[str]], count: int) -> None:
    log.commit([Write() for _ in range(count)])


@pytest.mark.parametrize("since", [0, 1, 300])
def test_a_store_that_loses_its_end_under_a_running_process_is_written_no_more(since: int) -> None:
    store, log = (store := MemoryStore()), new_log(store)
    _written(log, 3)
    copy = store.tables
    _written(log, 1)
    store.tables = copy
    if since:
        _written(new_log(store), since)
    before = store.tables
    with pytest.raises(LogForked, match="a moment ago"):
        _written(log, 1)
    assert log.broken is not None
    with pytest.raises(LogBroken, match="a moment ago"):
        _written(log, 1)
    assert store.tables is before


def test_a_store_that_loses_a_whole_log_under_a_running_process_is_written_no_more() -> None:
    clock = SteeredClock()
    store, log = (store := MemoryStore()), new_log(store, clock)
    _written(log, 3)
    copy = store.tables
    clock.at = datetime(2027, 3, 1, tzinfo=UTC)
    _written(log, 1)
    store.tables = copy
    with pytest.raises(LogForked, match="2027 has 0 entries"):
        _written(log, 1)


@pytest.mark.parametrize("since", [1, 255, 256, 257, 700])
def test_what_another_process_wrote_meanwhile_is_gone_on_from(since: int) -> None:
    clock = SteeredClock()
    store, log = (store := MemoryStore()), new_log(store, clock)
    _written(log, 3)
    _written(new_log(store, clock), since)
    _written(log, 1)
    clock.at = datetime(2027, 3, 1, tzinfo=UTC)
    _written(new_log(store, clock), 1)
    _written(log, 1)
    with store.read() as reader:
        heads = reader.heads()
        assert [head.size for head in heads] == [4 + since + 2, 3]
        assert not verify_rows(reader, [SIGNER.verifier(head.origin) for head in heads]).findings


def test_leaves_that_another_process_altered_meanwhile_are_not_gone_on_from() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    _written(log, 3)
    _written(new_log(store), 2)
    place = (ORIGIN, 4)
    store.tables.leaves[place] = replace(store.tables.leaves[place], leaf=bytes(32))
    with pytest.raises(LogForked, match="is not the one"):
        _written(log, 1)


@dataclass
class Looking:
    """An item that writes an entry alone, and wants to know how many rows there are."""

    looks: list[int]
    rejected: object = None

    @property
    def survey(self) -> Survey[list[str]]:
        return self._look

    def _look(self, rows: list[str], items: Sequence[object]) -> int:
        self.looks.append(len(items))
        return len(rows)

    def apply(self, tx: Writing[list[str]], at: int) -> tuple[object, Sequence[Draft]]:
        if self.rejected is not None:
            raise Rejected(self.rejected)
        return tx.seen, [draft()]


@dataclass
class Other(Looking):
    """One of the same, sharing the survey of *first*."""

    first: Looking | None = None

    @property
    def survey(self) -> Survey[list[str]]:
        assert self.first is not None
        return self.first.survey


async def test_neighbours_that_write_entries_alone_share_a_survey_until_somebody_writes_rows() -> None:
    store, log = (store := MemoryStore()), new_log(store)
    log.commit([Write()])
    first = Looking([])
    others = [Other(first.looks, first=first, rejected="stale" if at == 1 else None) for at in range(4)]
    gate, waiting = await behind_a_gate(log)
    items = [first, others[0], others[1], Write("between"), others[2], others[3]]
    tasks = [asyncio.create_task(log.submit(one)) for one in items]
    await asyncio.sleep(0)
    gate.go.set()
    await waiting
    told = [one.result if isinstance(one, Committed) else one.value for one in await asyncio.gather(*tasks)]
    rows = len(store.tables.rows)
    assert told == [rows - 1, rows - 1, "stale", "between", rows, rows]
    # Those who stand behind a writer are looked up again, for what it wrote may be what they ask for.
    assert first.looks == [3, 2]


async def test_what_is_urgent_does_not_wait_for_those_who_keep_coming() -> None:
    log = new_log(MemoryStore(), batch=10_000, queue=10_000)
    log.commit([Write()])
    coming: list[asyncio.Task[object]] = []

    async def keep_coming() -> None:
        while len(coming) < 3000:
            coming.append(asyncio.create_task(log.submit(Write(str(len(coming))))))
            await asyncio.sleep(0)

    flood = asyncio.create_task(keep_coming())
    await asyncio.sleep(0)
    await log.submit(Write("urgent"), urgent=True)
    assert not flood.done()
    await flood
    await asyncio.gather(*coming)
