"""The log's key in another process: what it refuses nobody gets, and when it comes back nothing needs a start."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest

from adapters.keyring.ring import KeyRing
from adapters.signer.client import RemoteSigner
from adapters.signer.server import SigningServer
from audit.checkpoint import Checkpoint, Signer, Step, verify_note
from audit.errors import NotSigned
from audit.merkle import Frontier
from gateway.disclosure.release import Refused, Released
from gateway.errors import SettingsError, StoreUnavailable
from gateway.settings import Settings
from gateway.verification import verify_gateway
from tests.laws.guarded_place import Place


class Signing(Place):
    """A place whose log is signed by another process."""

    @property
    def settings(self) -> Settings:
        """The settings, with the socket once the key was given away."""
        found = super().settings
        given = (self.folder / "signer").exists()
        return found.model_copy(update={"signer": self.folder / "sign.socket"}) if given else found

    @contextmanager
    def signing(self, allowed: int | None = None) -> Iterator[SigningServer]:
        """Run the process for a while, in a thread of this one."""

        def read() -> tuple[list[Signer], list[Signer]]:
            seeds, former = KeyRing.log_keys(self.folder / "signer", demo=True)
            return [Signer(seed) for seed in seeds], [Signer(seed) for seed in former]

        who = os.geteuid() if allowed is None else allowed
        server = SigningServer(self.folder / "sign.socket", self.folder / "signed.json", read, [who])
        thread = Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.close()
            thread.join(5)


@pytest.fixture
async def place(tmp_path: Path) -> Signing:
    """A gateway that served with a key of its own, which was then given away."""
    place = Signing(tmp_path, f"sqlite:///{tmp_path}/main.db")
    async with place.open():
        pass
    KeyRing.give_log(place.folder / "keys", place.folder / "signer")
    return place


async def test_a_log_goes_on_under_a_key_that_was_given_away(place: Signing) -> None:
    with place.signing():
        async with place.open() as laws:
            document = await laws.deposit()
            await laws.give()
            assert isinstance(await laws.ask(laws.read_of(document)), Released)
            found = verify_gateway(laws.gateway)
            assert found.sound, found.sentences()
            assert not laws.gateway.live.ring.log_seeds


async def test_when_the_signing_process_is_away_nothing_is_released_and_it_needs_no_start_after(place: Signing) -> None:
    async with AsyncExitStack() as opened:
        with place.signing():
            laws = await opened.enter_async_context(place.open())
            document, consent = await laws.deposit(), await laws.give()
            assert (await laws.read(document)).status_code == 200
        answer = await laws.read(document)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        with pytest.raises(StoreUnavailable):
            await laws.gateway.recording.withdraw(consent.id)
        with place.signing():
            assert (await laws.read(document)).status_code == 200
            await laws.gateway.recording.withdraw(consent.id)
            assert isinstance(await laws.ask(laws.read_of(document)), Refused)
            assert verify_gateway(laws.gateway).sound


async def test_an_older_database_is_not_signed_even_where_the_second_volume_went_with_it(place: Signing) -> None:
    with place.signing():
        async with place.open() as laws:
            document, consent = await laws.deposit(), await laws.give()
        place.copy()
        shutil.copytree(place.folder / "safe", place.folder / "old-safe")
        async with place.open() as laws:
            await laws.gateway.recording.withdraw(consent.id)
            assert isinstance(await laws.ask(laws.read_of(document)), Refused)
        place.put_back()
        shutil.rmtree(place.folder / "safe")
        (place.folder / "old-safe").rename(place.folder / "safe")
        async with place.open() as laws:
            answer = await laws.read(document)
            assert answer.status_code == 503
            with pytest.raises(StoreUnavailable, match="old copy"):
                await laws.gateway.log.submit(laws.gateway.partners.suspending("kela-system", by="officer"))


async def test_a_key_that_is_rotated_in_the_signing_process_is_noticed_by_both(place: Signing) -> None:
    with place.signing():
        async with place.open() as laws:
            (old,) = laws.gateway.log.verifiers("x/audit/2026")
            signer = place.folder / "signer"
            KeyRing.promote(signer, "log", KeyRing.add(signer, "log", at=place.now))
            new, same = laws.gateway.log.verifiers("x/audit/2026")
            assert (same, new != old) == (old, True)
            await laws.deposit()
            assert verify_gateway(laws.gateway).sound
            note = laws.gateway.log.checkpoint_now()
            origin = note.decode().split("\n", 1)[0]
            for one in laws.gateway.log.verifiers(origin):
                verify_note(note, [one])


async def test_a_user_who_may_not_ask_gets_no_signature(place: Signing) -> None:
    with place.signing(allowed=os.geteuid() + 1), pytest.raises(NotSigned, match="does not answer"):
        RemoteSigner(place.folder / "sign.socket").verifier("x/audit/2026")


async def test_a_key_in_both_places_or_in_none_stops_the_start(place: Signing) -> None:
    with pytest.raises(SettingsError, match="SAATTAEN_SIGNER"):
        async with Place(place.folder, place.url).open():
            pass
    shutil.copy(place.folder / "signer" / "log.json", place.folder / "keys" / "log.json")
    with place.signing(), pytest.raises(SettingsError, match="give it away"):
        async with place.open():
            pass


def test_a_signature_costs_one_short_round_trip(tmp_path: Path) -> None:
    seed = bytes(range(32))
    server = SigningServer(
        tmp_path / "s", tmp_path / "state.json", lambda: ([Signer(seed)], []), [os.geteuid()]
    )  # fmt: skip
    Thread(target=server.serve, daemon=True).start()
    signer, frontier, seconds = RemoteSigner(tmp_path / "s"), Frontier(), []
    for batch in range(50):
        base = (frontier.size, frontier.to_bytes())
        leaves = [bytes([batch, number]) * 16 for number in range(64)]
        for leaf in leaves:
            frontier.push(leaf)
        began = time.perf_counter()
        signer.sign_step(Step(Checkpoint("x/audit/2026", frontier.size, frontier.root()), *base, b"", leaves))
        seconds.append(time.perf_counter() - began)
    signer.close()
    server.close()
    print(f"a batch of 64: median {statistics.median(seconds) * 1000:.2f} ms")
    assert statistics.median(seconds) < 0.1
