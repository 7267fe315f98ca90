"""Keys are rotated while requests run: nothing that is valid is refused, and what has ended is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.keyring import KeyRing
from audit.checkpoint import Verifier, verify_note
from audit.errors import SignatureInvalid
from gateway.demo.verification import verify_gateway
from gateway.directory.identity_code import Identifier
from gateway.disclosure.release import Released
from tests.laws.gateway_world import Laws
from tests.laws.guarded_place import Place
from tests.laws.test_restore_drill import saattaen


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty place, whose clock is the machine's."""
    return Place(tmp_path, f"sqlite:///{tmp_path}/main.db", now=datetime.now(UTC))


async def _renew(*gateways: Laws) -> None:
    """Do what each serving process does every second, more often."""
    while True:
        for laws in gateways:
            laws.gateway.renew_keys()
        await asyncio.sleep(0.05)


async def _rotated(place: Place, laws: Laws, kind: str, request: Callable[[], object], *, other: Laws) -> int:
    """Rotate by the command while *request* is made again and again by two gateways; return how often it was made."""
    renewing = asyncio.create_task(_renew(laws, other))
    running = asyncio.create_task(asyncio.to_thread(saattaen, place, "keys", "rotate", kind, "--noticed", "0.5"))
    made = 0
    while not running.done():
        await request()  # type: ignore[misc]
        made += 1
        await asyncio.sleep(0.01)
    status, said = await running
    assert status == 0, said
    await asyncio.sleep(0.2)
    renewing.cancel()
    with suppress(asyncio.CancelledError):
        await renewing
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


async def test_a_token_of_a_key_that_has_gone_is_refused(place: Place) -> None:
    async with place.open() as laws:
        document = await laws.deposit()
        await laws.give()
        assert (await laws.read(document)).status_code == 200
        for _ in range(2):  # One former key stays trusted, since tokens live five minutes.
            KeyRing.rotate(place.settings.keys, "tokens", at=datetime.now(UTC))
        assert laws.gateway.renew_keys()
        assert (await laws.read(document)).status_code == 401


async def test_a_retired_identifier_stays_unknown_under_the_new_key_and_a_new_person_is_found(place: Place) -> None:
    async with place.open() as laws:
        world = laws.world
        retired = Identifier.personal(world.clients["suvi"].code)
        with laws.gateway.database.write() as connection:
            laws.gateway.register.retire(connection, retired)
            connection.commit()
        status, said = await asyncio.to_thread(saattaen, place, "keys", "rotate", "lookup", "--noticed", "0.1")
        assert status == 0, said
        assert laws.gateway.renew_keys()
        assert await laws.gateway.desk.find(retired) is None
        assert await laws.gateway.desk.find(Identifier.personal(world.clients["maija"].code)) is not None


async def test_an_interrupted_rotation_of_the_lookup_key_is_finished_by_its_command(place: Place) -> None:
    async with place.open() as laws:
        KeyRing.add(place.settings.keys, "lookup", at=datetime.now(UTC))
        assert laws.gateway.renew_keys()
        assert await laws.client("suvi")
        status, said = await asyncio.to_thread(saattaen, place, "keys", "rotate", "lookup", "--noticed", "0.1")
        assert (status, "finish-lookup" in said) == (1, True), said
        status, said = await asyncio.to_thread(saattaen, place, "keys", "finish-lookup", "--noticed", "0.1")
        assert status == 0, said
        assert laws.gateway.renew_keys()
        assert len(laws.gateway.live.ring.lookup_keys) == 1
        assert await laws.client("suvi")
