"""Keys are rotated while requests run: nothing that is valid is refused, and what has ended is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.keyring.ring import KeyRing
from adapters.sql.desk_records import SqlDeskRecords
from adapters.sql.engine import Database, open_database
from adapters.sql.sealing import Sealing
from audit.checkpoint import Verifier, verify_note
from audit.errors import SignatureInvalid
from gateway.composition import opened
from gateway.consent.desk_records import AnswerKind, DeskAnswer
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.disclosure.release import Released
from gateway.rotation import rehash_identifiers
from gateway.serving.sweeping import Sweep
from gateway.verification import verify_gateway
from tests.laws.gateway_world import PLAN, STRANGER, Laws, demo_world
from tests.laws.guarded_place import Place, empty_place
from tests.laws.test_restore_drill import saattaen
from tests.parts.postgres import ON_BOTH

PATIENTLY = ("--patience", "300")
"""How long a command waits for processes that will look, on a machine that may stand still for a while."""


@pytest.fixture(params=ON_BOTH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place, whose clock is the machine's."""
    with empty_place(request.param, tmp_path, datetime.now(UTC)) as place:
        yield place


@pytest.fixture
def file_place(tmp_path: Path) -> Iterator[Place]:
    """The same on SQLite, for what asks no database."""
    with empty_place("sqlite", tmp_path, datetime.now(UTC)) as place:
        yield place


async def _renew(sweeps: list[Sweep]) -> None:
    while True:
        for sweep in sweeps:
            await sweep.renew_once()
        await asyncio.sleep(0.05)


@asynccontextmanager
async def renewing(*gateways: Laws) -> AsyncIterator[None]:
    """Do what each serving process does every second, more often, and once more at the end."""
    sweeps = [Sweep(laws.gateway) for laws in gateways]
    task = asyncio.create_task(_renew(sweeps))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    for sweep in sweeps:
        await sweep.renew_once()


async def _rotated(place: Place, laws: Laws, kind: str, request: Callable[[], object], *, other: Laws) -> int:
    """Rotate by the command while *request* is made again and again by two gateways; return how often it was made."""
    async with renewing(laws), AsyncExitStack() as late:
        running = asyncio.create_task(asyncio.to_thread(saattaen, place, "keys", "rotate", kind, *PATIENTLY))
        made = 0
        while not running.done():
            await request()  # type: ignore[misc]
            made += 1
            if made == 4:
                # Until it looks too the command waits for it, however slow this machine is with the requests.
                await late.enter_async_context(renewing(other))
            await asyncio.sleep(0.01)
        status, said = await running
        assert status == 0, said
    return made


@pytest.mark.parametrize("kind", ["tokens", "receipts", "keks", "log", "lookup"])
async def test_no_valid_request_fails_while_a_key_is_rotated(place: Place, kind: str) -> None:
    async with place.open() as laws, place.open() as other:
        document = await laws.deposit()
        await laws.give()
        before, keys = KeyRing.load(place.settings.keys, demo=True), laws.gateway.log.verifiers("x/audit/2026")
        code, number = laws.code("suvi"), iter(range(10_000))

        async def request() -> None:
            # What one process signed, stored or wrapped, the other reads.
            one, two = (laws, other) if next(number) % 2 else (other, laws)
            one._tokens.clear()
            token = await one.token()
            read = await two.web.get(f"/fhir/CarePlan/{document}", headers={"authorization": f"Bearer {token}"})
            assert read.status_code == 200, read.text
            assert (await two.search(code)).json()["entry"]
            consent = await one.give("maija")
            await two.gateway.recording.withdraw(consent.id)

        assert await _rotated(place, laws, kind, request, other=other) > 3
        after = KeyRing.load(place.settings.keys, demo=True)
        assert laws.gateway.live.ring == other.gateway.live.ring == after
        await request()
        if kind == "tokens":
            assert before.tokens.current != after.tokens.current
        elif kind == "receipts":
            assert len(laws.gateway.receipt_keys.jwks()["keys"]) == 2  # type: ignore[arg-type]
        elif kind == "keks":
            assert laws.gateway.keys.count_wrapped_with(before.keks.current) == 0
        elif kind == "lookup":
            assert (len(after.lookup_keys), after.lookup_keys == before.lookup_keys) == (1, False)
        elif kind == "log":
            _check_signatures(laws, keys[0], both=True)
            (old,) = (one.id for one in KeyRing.status(place.settings.keys) if one.kind == kind and not one.current)
            assert saattaen(place, "keys", "retire", "log", old)[0] == 0
            laws.gateway.renew_keys()
            other.gateway.renew_keys()
            await request()
            _check_signatures(laws, keys[0], both=False)
        found = verify_gateway(laws.gateway)
        assert found.sound, found.sentences()
        assert isinstance(await laws.ask(laws.read_of(document)), Released)


def _check_signatures(laws: Laws, old: Verifier, *, both: bool) -> None:
    note = laws.gateway.log.checkpoint_now()
    origin = note.decode().split("\n", 1)[0]
    verify_note(note, [laws.gateway.log.verifier(origin)])
    if both:
        verify_note(note, [Verifier(origin, old.public)])
    else:
        with pytest.raises(SignatureInvalid):
            verify_note(note, [Verifier(origin, old.public)])


async def test_a_process_that_does_not_look_is_named_and_nothing_further_is_changed(place: Place) -> None:
    async with place.open() as laws, place.open() as other:
        before = KeyRing.load(place.settings.keys, demo=True)
        async with renewing(laws):
            for kind in ("tokens", "keks", "lookup", "tokens"):
                status, said = await asyncio.to_thread(saattaen, place, "keys", "rotate", kind, "--patience", "0.5")
                again = "finish-lookup" if kind == "lookup" else f"rotate {kind}"
                assert (status, f"process {os.getpid()}" in said, again in said) == (1, True, True), said
        found = KeyRing.load(place.settings.keys, demo=True)
        for now, then in ((found.tokens, before.tokens), (found.keks, before.keks)):
            assert now.current == then.current
        assert (len(found.tokens.private), len(found.keks.secrets), len(found.lookup_keys)) == (2, 2, 2)
        assert found.lookup_keys[0] == before.lookup_keys[0]
        async with renewing(laws, other):
            for command in (("rotate", "tokens"), ("rotate", "keks"), ("finish-lookup",)):
                status, said = await asyncio.to_thread(saattaen, place, "keys", *command, *PATIENTLY)
                assert status == 0, said
        after = laws.gateway.live.ring
        # It went on from there: the keys that were added then are the ones in use.
        assert set(after.tokens.private) == set(found.tokens.private)
        assert (after.tokens.current, after.keks.current) != (before.tokens.current, before.keks.current)
        assert (set(after.keks.secrets), after.lookup_keys) == (set(found.keks.secrets), found.lookup_keys[1:])


async def test_a_rotation_whose_wrapping_was_not_finished_is_finished_before_another_begins(place: Place) -> None:
    async with place.open() as laws:
        await laws.deposit()
        before = KeyRing.load(place.settings.keys, demo=True)
        promoted = KeyRing.rotate(place.settings.keys, "keks", at=datetime.now(UTC))
        assert laws.gateway.keys.count_wrapped_with(before.keks.current) > 0
        async with renewing(laws):
            status, said = await asyncio.to_thread(saattaen, place, "keys", "rotate", "keks", *PATIENTLY)
        assert status == 0, said
        assert laws.gateway.live.ring.keks == promoted.keks
        assert laws.gateway.keys.count_wrapped_with(before.keks.current) == 0


async def test_a_log_key_that_was_given_away_is_not_rotated_here(file_place: Place, tmp_path: Path) -> None:
    async with file_place.open():
        pass
    KeyRing.give_log(file_place.settings.keys, tmp_path / "given")
    status, said = await asyncio.to_thread(saattaen, file_place, "keys", "rotate", "log")
    assert (status, "rotate-given" in said, "Traceback" in said) == (1, True, False), said


async def test_a_ring_that_was_replaced_while_a_gateway_opened_is_the_one_it_uses(place: Place) -> None:
    async with place.open():
        pass

    def rotated_meanwhile(url: str, patience: float) -> Database:
        KeyRing.rotate(place.settings.keys, "tokens", at=datetime.now(UTC))
        return open_database(url, patience)

    async with opened(place.settings, demo_world().directory, open_store=rotated_meanwhile) as gateway:
        on_disk = KeyRing.load(place.settings.keys, demo=True)
        assert gateway.live.ring == on_disk
        assert gateway.roll.behind(on_disk.name) == ()
        assert gateway.access_tokens.keys.current == on_disk.tokens.current


async def test_a_token_of_a_key_that_has_gone_is_refused(file_place: Place) -> None:
    async with file_place.open() as laws:
        document = await laws.deposit()
        await laws.give()
        assert (await laws.read(document)).status_code == 200
        for _ in range(2):  # One former key stays trusted, since tokens live five minutes.
            KeyRing.rotate(file_place.settings.keys, "tokens", at=datetime.now(UTC))
        assert laws.gateway.renew_keys()
        assert (await laws.read(document)).status_code == 401


async def test_a_retired_identifier_stays_unknown_under_the_new_key_and_a_new_person_is_found(place: Place) -> None:
    async with place.open() as laws:
        world = laws.world
        retired = Identifier.personal(world.clients["suvi"].code)
        with laws.gateway.database.write() as connection:
            laws.gateway.register.retire(connection, retired)
            connection.commit()
        former = laws.gateway.live.ring
        async with renewing(laws):
            status, said = await asyncio.to_thread(saattaen, place, "keys", "rotate", "lookup", *PATIENTLY)
        assert status == 0, said
        assert laws.gateway.live.ring.lookup_keys != former.lookup_keys
        assert await laws.gateway.desk.find(retired) is None
        assert await laws.gateway.desk.find(Identifier.personal(world.clients["maija"].code)) is not None


async def test_an_interrupted_rotation_of_the_lookup_key_is_finished_by_its_command(place: Place) -> None:
    async with place.open() as laws:
        KeyRing.add(place.settings.keys, "lookup", at=datetime.now(UTC))
        assert laws.gateway.renew_keys()
        assert await laws.client("suvi")
        status, said = await asyncio.to_thread(saattaen, place, "keys", "rotate", "lookup")
        assert (status, "finish-lookup" in said) == (1, True), said
        async with renewing(laws):
            status, said = await asyncio.to_thread(saattaen, place, "keys", "finish-lookup", *PATIENTLY)
        assert status == 0, said
        assert len(laws.gateway.live.ring.lookup_keys) == 1
        assert await laws.client("suvi")


async def test_a_desk_meets_a_person_under_the_same_reference_while_the_lookup_key_is_rotated_and_after(
    place: Place,
) -> None:
    async with place.open() as laws:
        gateway, who = laws.gateway, Identifier.personal(PersonalIdentityCode.parse(STRANGER))
        other = Identifier.personal(laws.world.clients["maija"].code)

        def desks() -> SqlDeskRecords:
            return SqlDeskRecords(
                gateway.database, Sealing(gateway.keys), gateway.register.lookups, gateway.clock.now
            )  # fmt: skip

        first, before = await desks().contact("kuntakokeilu", who), gateway.register.lookup(who)
        held = DeskAnswer(
            first.ref, AnswerKind.REFUSED, "kuntakokeilu", PLAN, laws.clock.now(), laws.clock.now() + timedelta(days=60)
        )
        await desks().note("kuntakokeilu", [held])
        new = KeyRing.add(place.settings.keys, "lookup", at=datetime.now(UTC))
        rehash_identifiers(place.settings, new)
        KeyRing.promote(place.settings.keys, "lookup", new)
        assert gateway.renew_keys() and gateway.register.lookup(who) != before
        # Both keys are looked for, and what is new is stored under the new one.
        assert (await desks().contact("kuntakokeilu", who)).ref == first.ref
        second = await desks().contact("kuntakokeilu", other)
        async with renewing(laws):
            status, said = await asyncio.to_thread(saattaen, place, "keys", "finish-lookup", *PATIENTLY)
        assert status == 0, said
        assert len(gateway.register.lookups(who)) == 1
        assert (await desks().contact("kuntakokeilu", who)).ref == first.ref
        assert (await desks().contact("kuntakokeilu", other)).ref == second.ref
        assert [one.ref for one in await desks().answers("kuntakokeilu")] == [first.ref]
