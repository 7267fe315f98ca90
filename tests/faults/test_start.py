"""What stops a start: a sentence that says what to do, nothing written, and the next start is well once it is done."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.shipped import SHIPPED
from adapters.sql.engine import DatabaseUnfit
from gateway.cli.doctor import examine
from gateway.composition import opened
from gateway.demo.world import WORLD
from gateway.disclosure.release import Refused, Released
from gateway.errors import EngineUnavailable, RolledBack, SettingsError
from gateway.settings import Settings
from tests.faults.starts import BUNDLES, KEYS, StartFault
from tests.laws.gateway_world import demo_world, open_world, settings_in
from tests.laws.guarded_place import Place, empty_place
from tests.parts.postgres import ON_BOTH


def _wrong(settings: Settings) -> dict[str, str]:
    """Return what `saattaen doctor` says is wrong, by part."""
    findings = examine(lambda: settings.model_copy(update={"directory": WORLD}))
    return {one.part: one.says for one in findings if one.state == "wrong"}


@pytest.mark.parametrize("fault", KEYS, ids=lambda fault: fault.name)
async def test_a_start_without_its_signing_key_is_refused_with_a_sentence(place: Path, fault: StartFault) -> None:
    async with open_world(place) as laws:
        document = await laws.deposit()
        await laws.give()
        before = laws.entries()
    with fault.cause(place / "keys"):
        with pytest.raises(SettingsError, match=fault.said) as refused:
            async with open_world(place):
                pass
        assert refused.value.detail.endswith(".")
        assert fault.doctor in await asyncio.to_thread(_wrong, settings_in(place))
    async with open_world(place) as laws:
        assert [entry.event_id for entry in laws.entries()] == [entry.event_id for entry in before]
        assert isinstance(await laws.ask(laws.read_of(document)), Released)
        assert laws.verify() == []


@pytest.mark.parametrize("fault", BUNDLES, ids=lambda fault: fault.name)
async def test_a_start_on_a_truncated_bundle_is_refused_with_a_sentence(tmp_path: Path, fault: StartFault) -> None:
    bundle = Path(shutil.copytree(SHIPPED, tmp_path / "bundle"))
    with fault.cause(bundle), pytest.raises(EngineUnavailable, match=fault.said):
        EmbeddedEngine(bundle)
    EmbeddedEngine(bundle)


@pytest.fixture(params=ON_BOTH)
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place for an installation with a second volume."""
    with empty_place(request.param, tmp_path) as place:
        yield place


async def test_a_start_on_an_older_backup_is_refused_until_the_way_out_was_gone(guarded: Place) -> None:
    async with guarded.open() as laws:
        document, of_another = await laws.deposit(), await laws.deposit("maija")
        consent = await laws.give()
        await laws.give("maija")
    guarded.copy()
    async with guarded.open() as laws:
        await laws.gateway.recording.withdraw(consent.id)
        lost = len(laws.entries())
    guarded.put_back()
    # Refused, with a sentence that leads out, before anybody is served; the doctor says the same.
    with pytest.raises(RolledBack, match="saattaen safe replay") as refused:
        async with guarded.open():
            pass
    assert refused.value.detail.endswith(".")
    assert "saattaen safe replay" in (await asyncio.to_thread(_wrong, guarded.settings))["second volume"]
    async with guarded.open(guarded=False) as laws:
        # Nothing was written and nothing is released meanwhile.
        assert len(laws.entries()) < lost
        assert laws.gateway.replay_kept() is not None
    async with guarded.open() as laws:
        # What was withdrawn since the copy stays withdrawn, with an entry; what was not is released again.
        assert isinstance(await laws.ask(laws.read_of(document)), Refused)
        assert (laws.entries()[-1].b or {})["reasons"] == ["withdrawn"]
        assert isinstance(await laws.ask(laws.read_of(of_another)), Released)
    assert "second volume" not in await asyncio.to_thread(_wrong, guarded.settings)


async def test_a_start_on_a_database_that_is_not_there_is_refused_with_a_sentence(place: Path) -> None:
    settings = settings_in(place)
    url = make_url(settings.database)
    other = url.set(database=f"{url.database}x").render_as_string(False)
    gone = settings.model_copy(update={"database": other})
    with pytest.raises(DatabaseUnfit, match=r"saattaen migrate|cannot be used: .*does not exist"):
        async with opened(gone, demo_world().directory):
            pass
