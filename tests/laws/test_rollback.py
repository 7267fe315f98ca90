"""An older copy of the database never raises what was withdrawn since: the guard refuses, the way out replays."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.anchor import Anchor
from audit.checkpoint import Signer, parse_note
from audit.errors import AuditError, LogForked
from gateway.consent.mandate_reference import new_reference
from gateway.consent.model import (
    Actor,
    Capture,
    CaptureMethod,
    ClientId,
    Giver,
    GiverKind,
    Prohibition,
    RefusedRow,
    Shown,
)
from gateway.disclosure.release import Refused, Released
from gateway.errors import NotKeptTwice, RolledBack, SettingsError, StoreUnavailable
from gateway.settings import read_settings
from gateway.verification import verify_gateway
from tests.laws.gateway_world import FEEDBACK, PLAN, Laws
from tests.laws.guarded_place import Place, empty_place
from tests.parts.postgres import ON_BOTH
from tests.simulators.checkpoints import sign_checkpoint


@pytest.fixture(params=ON_BOTH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place for an installation."""
    with empty_place(request.param, tmp_path) as place:
        yield place


async def test_a_consent_withdrawn_since_the_copy_stays_refused_after_the_way_out(place: Place) -> None:
    async with place.open() as laws:
        document, of_another = await laws.deposit(), await laws.deposit("maija")
        consent = await laws.give()
        await laws.give("maija")
        assert isinstance(await laws.ask(laws.read_of(document)), Released)
    place.copy()
    async with place.open() as laws:
        await laws.gateway.recording.withdraw(consent.id)
        assert isinstance(await laws.ask(laws.read_of(document)), Refused)
    place.put_back()

    with pytest.raises(RolledBack, match="saattaen safe replay"):
        async with place.open():
            pass

    async with place.open(guarded=False) as laws:
        done = laws.gateway.replay_kept()
        assert done is not None
        origin, result = done
        assert origin.endswith("-2")
        assert result.done == {"consent.withdrawn": 1}
        assert laws.gateway.replay_kept() is None
    async with place.open() as laws:
        assert isinstance(await laws.ask(laws.read_of(document)), Refused)
        assert laws.entries()[-1].b["reasons"] == ["withdrawn"]
        assert isinstance(await laws.ask(laws.read_of(of_another)), Released)
        found = verify_gateway(laws.gateway)
        assert found.sound, found.sentences()
        assert any("ended by a restore" in sentence for sentence in found.sentences())
        assert (await laws.web.get(f"/audit/log/{origin.rpartition('/')[2]}/checkpoint")).status_code == 200


async def test_everything_protective_since_the_copy_is_done_again(place: Place) -> None:
    async with place.open() as laws:
        recording, client = laws.gateway.recording, await laws.client("suvi")
        spent, narrowed, standing = await laws.deposit(), await laws.give("maija"), await laws.deposit("maija")
        await laws.give("suvi", laws.row(once=True))
        relation = await laws.relate("ari")
        lifted = await recording.prohibit(client, category=FEEDBACK)
        assert isinstance(await laws.ask(laws.read_of(standing)), Released)
    place.copy()
    async with place.open() as laws:
        recording, gateway = laws.gateway.recording, laws.gateway
        client, shown = await laws.client("suvi"), narrowed.shown
        assert isinstance(await laws.ask(laws.read_of(spent)), Released)
        later = laws.row(until=laws.clock.now() + timedelta(days=1))
        await recording.change(narrowed.id, (later,), shown)
        await recording.end_relation(relation, Actor(service="sote-keskus"))
        await recording.prohibit(client, recipient="kela")
        pause = await recording.pause(await laws.client("maija"))
        await recording.lift_prohibition(lifted.id)
        await recording.refuse(client, (RefusedRow("kela", PLAN, None),))
        await gateway.clients.suspend(await laws.client("ari"), suspended=True, by=Actor(system="officer"))
        await gateway.clients.mark(client, non_disclosure=True, by=Actor(system="officer"))
        await gateway.log.submit(gateway.partners.suspending("kela-system", by="officer"))
    place.put_back()
    async with place.open(guarded=False) as laws:
        done = laws.gateway.replay_kept()
        assert done is not None
        kinds = "spent changed refused".split()
        wanted = {f"consent.{kind}": 1 for kind in kinds} | dict.fromkeys(
            ("prohibition.given", "prohibition.lifted", "relation.ended", "client.suspended", "client.marked",
             "partner.suspended"), 1
        ) | {"prohibition.given": 2}  # fmt: skip
        assert done[1].done == wanted
    async with place.open() as laws:
        for document in (spent, standing):
            assert isinstance(await laws.ask(laws.read_of(document)), Refused)
        open_ones = [
            one for one in await _prohibitions(laws, await laws.client("suvi")) if one.lifted_at is None
        ]  # fmt: skip
        assert [one.recipient for one in open_ones] == ["kela"]
        assert await laws.gateway.recording.pauses_of(await laws.client("maija")) == (pause,)
        assert next(one for one in laws.gateway.partners.list() if one.id == "kela-system").suspended
        found = verify_gateway(laws.gateway)
        assert found.sound, found.sentences()


async def test_the_end_of_a_mandate_since_the_copy_holds_again(place: Place) -> None:
    async with place.open() as laws:
        client, document = await laws.client("suvi"), await laws.deposit()
        reference, unused = (new_reference(one * 32, laws.clock.now()) for one in "ab")
        laws.gateway.mandates.add(client, GiverKind.MANDATE, reference)
        wording = laws.gateway.wordings.current()
        shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
        giver, capture = Giver(GiverKind.MANDATE, reference), Capture(CaptureMethod.SELF_SERVICE)
        given = await laws.gateway.recording.give(client, [laws.row()], capture, shown, giver=giver)
        assert isinstance(await laws.ask(laws.read_of(document)), Released)
    place.copy()
    async with place.open() as laws:
        await laws.gateway.recording.end_mandate_of(given.consent.id, Actor(system="operator"))
        # Under this one nothing was given: its end is all that there is to keep.
        await laws.gateway.recording.end_mandate(client, unused, Actor(system="operator"))
        laws.clock.advance(timedelta(seconds=1))
        chosen = laws.clock.now()
    place.put_back()
    async with place.open(guarded=False) as laws:
        done = laws.gateway.replay_kept()
        assert done is not None
        assert done[1].done == {"mandate.ended": 2}
    async with place.open() as laws:
        assert isinstance(await laws.ask(laws.read_of(document)), Refused)
        for one in (reference, unused):
            assert await laws.gateway.recording.is_mandate_over(client, one)
        # What was chosen in the register after the end stands: the end is as of when it was said first.
        later = new_reference("a" * 32, chosen)
        laws.gateway.mandates.add(client, GiverKind.MANDATE, later)
        anew = Giver(GiverKind.MANDATE, later)
        await laws.gateway.recording.give(client, [laws.row()], capture, shown, giver=anew)
        assert isinstance(await laws.ask(laws.read_of(document)), Released)
        found = verify_gateway(laws.gateway)
        assert found.sound, found.sentences()


async def _prohibitions(laws: Laws, client: ClientId) -> tuple[Prohibition, ...]:
    standing = laws.gateway.office.stores.standing
    return await laws.gateway.database.reading(lambda connection: standing.prohibitions_of(connection, client))


async def test_a_second_restore_of_the_same_copy_leads_to_a_third_log(place: Place) -> None:
    async with place.open() as laws:
        document, consent = await laws.deposit(), await laws.give()
    place.copy()
    async with place.open() as laws:
        await laws.gateway.recording.withdraw(consent.id)
    for number in (2, 3):
        if number == 3 and place.url.startswith("postgresql"):
            break  # A database is put back under one name there.
        place.put_back()
        async with place.open(guarded=False) as laws:
            done = laws.gateway.replay_kept()
            assert done is not None
            assert done[0].endswith(f"-{number}")
        async with place.open() as laws:
            assert isinstance(await laws.ask(laws.read_of(document)), Refused)
            assert verify_gateway(laws.gateway).sound


async def test_a_way_out_that_was_killed_before_its_end_is_gone_again(place: Place) -> None:
    async with place.open() as laws:
        document, consent = await laws.deposit(), await laws.give()
    place.copy()
    async with place.open() as laws:
        await laws.gateway.recording.withdraw(consent.id)
    place.put_back()
    anchor = (place.folder / "safe" / "anchor.json").read_bytes()
    async with place.open(guarded=False) as laws:
        assert laws.gateway.replay_kept() is not None
    # The new log is committed, and the anchor was not moved any more.
    (place.folder / "safe" / "anchor.json").write_bytes(anchor)
    with pytest.raises(RolledBack):
        async with place.open():
            pass
    async with place.open(guarded=False) as laws:
        done = laws.gateway.replay_kept()
        assert done is not None
        assert (done[0][-2:], done[1].done) == ("-3", {})
    async with place.open() as laws:
        assert isinstance(await laws.ask(laws.read_of(document)), Refused)
        found = verify_gateway(laws.gateway)
        assert found.sound, found.sentences()


async def test_a_copy_of_the_old_year_leads_to_a_log_of_the_new_one_that_never_was(place: Place) -> None:
    place.now = datetime(2026, 12, 31, 12, tzinfo=UTC)
    async with place.open() as laws:
        document, consent = await laws.deposit(), await laws.give()
    place.copy()
    async with place.open() as laws:
        laws.clock.set(datetime(2027, 1, 1, 12, tzinfo=UTC))
        await laws.gateway.recording.withdraw(consent.id)
        assert laws.entries()[-1].origin.endswith("/2027")
    place.put_back()
    place.now = datetime(2027, 1, 1, 13, tzinfo=UTC)
    with pytest.raises(RolledBack):
        async with place.open():
            pass
    async with place.open(guarded=False) as laws:
        done = laws.gateway.replay_kept()
        assert done is not None
        assert done[0].endswith("/2027-2")
    async with place.open() as laws:
        assert isinstance(await laws.ask(laws.read_of(document)), Refused)
        found = verify_gateway(laws.gateway)
        assert found.sound, found.sentences()
        laws.clock.set(datetime(2028, 1, 1, 12, tzinfo=UTC))
        await laws.deposit()
        assert laws.entries()[-1].origin.endswith("/2028")
        assert verify_gateway(laws.gateway).sound


async def test_a_gateway_that_is_no_demo_serves_no_partner_with_a_demos_key(tmp_path: Path) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path}/main.db")
    async with place.open() as laws:
        laws.gateway.check_partner_keys()
        real = replace(laws.gateway, settings=place.settings.model_copy(update={"demo": False}))
        with pytest.raises(SettingsError, match="demo's keys"):
            real.check_partner_keys()


async def test_a_withdrawal_that_cannot_be_kept_stands_and_is_answered_once_it_is_kept(tmp_path: Path) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path}/main.db")
    async with place.open() as laws:
        document, consent = await laws.deposit(), await laws.give()
        safe = tmp_path / "safe"
        safe.rename(tmp_path / "unmounted")
        assert laws.gateway.safe is not None and not laws.gateway.safe.is_usable()
        with pytest.raises(NotKeptTwice):
            await laws.gateway.recording.withdraw(consent.id)
        assert isinstance(await laws.ask(laws.read_of(document)), Refused)
        with pytest.raises(NotKeptTwice):  # Asked again, it stands already, and is not kept yet.
            await laws.gateway.recording.withdraw(consent.id)
        (tmp_path / "unmounted").rename(safe)
        assert laws.gateway.safe.is_usable()
        await laws.gateway.recording.withdraw(consent.id)
        assert laws.gateway.safe is not None
        assert [one.kind for one in laws.gateway.safe.kept().events].count("consent.withdrawn") == 1


async def test_an_ordinary_read_writes_nothing_to_the_second_volume(tmp_path: Path) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path}/main.db")
    async with place.open() as laws:
        document = await laws.deposit()
        await laws.give()
        await laws.gateway.log.keep()
        before = (tmp_path / "safe" / "anchor.json").read_bytes()
        assert isinstance(await laws.ask(laws.read_of(document)), Released)
        assert (tmp_path / "safe" / "anchor.json").read_bytes() == before


async def test_what_a_process_died_before_keeping_is_kept_by_the_next(tmp_path: Path) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path}/main.db")
    async with place.open() as laws:
        await laws.deposit()
        consent = await laws.give()
        (tmp_path / "safe").rename(tmp_path / "unmounted")
        with pytest.raises(NotKeptTwice):
            await laws.gateway.recording.withdraw(consent.id)
    (tmp_path / "unmounted").rename(tmp_path / "safe")
    async with place.open() as laws:
        await laws.gateway.log.keep()
        assert laws.gateway.safe is not None
        assert laws.gateway.safe.kept().events[-1].kind == "consent.withdrawn"


async def test_a_store_that_loses_entries_under_a_running_gateway_is_signed_no_more(tmp_path: Path) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path}/main.db")
    async with place.open() as laws:
        await laws.give()
    async with place.open() as laws:
        assert laws.gateway.safe is not None
        volume = laws.gateway.safe.volume
        anchor = volume.anchor()
        assert anchor is not None
        await laws.deposit()
        await laws.gateway.log.keep()
    ahead = volume.anchor()
    assert ahead is not None
    volume.write(anchor)
    shutil.copy(tmp_path / "main.db", tmp_path / "copy.db")
    async with place.open() as laws:
        volume.write(replace(ahead, notes=_grown(ahead)))
        with pytest.raises(LogForked):
            await laws.gateway.log.keep()
        with pytest.raises(StoreUnavailable):
            await laws.gateway.log.submit(laws.gateway.partners.suspending("kela-system", by="officer"))


async def test_a_gateway_whose_database_loses_a_withdrawal_under_it_releases_nothing_more(place: Place) -> None:
    async with place.open() as laws:
        document, consent = await laws.deposit(), await laws.give()
    place.copy()
    async with place.open() as laws:
        await laws.gateway.recording.withdraw(consent.id)
        place.put_back_under_a_running_gateway()
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await laws.ask(laws.read_of(document))
        assert "has lost its end" in (laws.gateway.log.broken or "")
        ready = await laws.web.get("/health/ready")
        assert (ready.status_code, ready.json()["parts"]["log"]) == (503, False), ready.text
    with pytest.raises(RolledBack, match="saattaen safe replay"):
        async with place.open():
            pass
    async with place.open(guarded=False) as laws:
        done = laws.gateway.replay_kept()
        assert done is not None
        assert done[1].done == {"consent.withdrawn": 1}
    async with place.open() as laws:
        assert isinstance(await laws.ask(laws.read_of(document)), Refused)
        found = verify_gateway(laws.gateway)
        assert found.sound, found.sentences()


async def test_the_second_volume_accepts_no_second_history_that_is_longer_than_the_first(place: Place) -> None:
    async with place.open() as laws:
        document, consent = await laws.deposit(), await laws.give()
    place.copy()
    async with place.open() as laws:
        await laws.gateway.recording.withdraw(consent.id)
    place.put_back()
    anchor = (place.folder / "safe" / "anchor.json").read_bytes()
    async with place.open(guarded=False) as laws:  # As a process that never saw the end that was lost.
        for _ in range(4):
            assert isinstance(await laws.ask(laws.read_of(document)), Released)
        with pytest.raises(LogForked, match="is not the one"):
            await laws.gateway.log.keep()
        with pytest.raises(StoreUnavailable):
            await laws.ask(laws.read_of(document))
    assert (place.folder / "safe" / "anchor.json").read_bytes() == anchor
    with pytest.raises(RolledBack):
        async with place.open():
            pass
    async with place.open(guarded=False) as laws:
        assert laws.gateway.replay_kept() is not None
    async with place.open() as laws:
        assert isinstance(await laws.ask(laws.read_of(document)), Refused)


def _grown(anchor: Anchor) -> dict[str, bytes]:
    """The notes of an anchor, of a log that went on."""

    def grow(note: bytes) -> bytes:
        checkpoint = parse_note(note).checkpoint
        return sign_checkpoint(replace(checkpoint, size=checkpoint.size + 99), [Signer(bytes(range(32)))])

    return {origin: grow(note) for origin, note in anchor.notes.items()}


async def test_a_lost_second_volume_begins_again_from_the_log(tmp_path: Path) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path}/main.db")
    async with place.open() as laws:
        consent = await laws.give()
        await laws.gateway.recording.withdraw(consent.id)
    shutil.rmtree(tmp_path / "safe")
    with pytest.raises(SettingsError, match="cannot be read"):
        async with place.open():
            pass
    async with place.open(guarded=False) as laws:
        assert laws.gateway.safe is not None
        laws.gateway.safe.create()
    async with place.open() as laws:
        assert laws.gateway.safe is not None
        assert [one.kind for one in laws.gateway.safe.kept().events][-1] == "consent.withdrawn"


async def test_a_missing_or_altered_file_of_kept_events_stops_the_way_out(tmp_path: Path) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path}/main.db")
    async with place.open() as laws:
        whose: list[str] = []
        for name in ("suvi", "maija"):
            consent = await laws.give(name)
            await laws.gateway.recording.withdraw(consent.id)
            whose += [consent.id, consent.client, laws.code(name), laws.world.clients[name].name]
        safe = laws.gateway.safe
        assert safe is not None
        files = sorted((tmp_path / "safe" / "events").iterdir())
        assert len(files) > 2
        kept = [one.read_bytes() for one in files]
        assert not [secret for secret in whose for one in kept if secret.encode() in one]
        files[0].rename(files[0].with_suffix(".away"))
        with pytest.raises(AuditError, match="missing"):
            safe.kept()
        shutil.copy(files[1], files[0])
        with pytest.raises(AuditError, match="does not open"):
            safe.kept()


def test_outside_a_demo_the_second_volume_is_named_or_refused_knowingly(tmp_path: Path) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path}/main.db")
    given = place.settings.model_dump() | {"demo": False, "safe": None}
    with pytest.raises(SettingsError, match="SAATTAEN_SAFE"):
        read_settings(**given)
    assert read_settings(**(given | {"safe": "none"})).safe_folder is None
